"""A long series piece by piece."""

from __future__ import annotations

from collections.abc import Iterator

AT_ONCE = 1 << 16
"""Points worked on at a time: temporary arrays stay that small, and in the processor's cache."""


def spans(n: int, size: int = 0) -> Iterator[tuple[int, int]]:
    """First and last (exclusive) of `size` positions at a time (`AT_ONCE` if 0), of `n` in all."""
    size = size or AT_ONCE
    return ((first, min(n, first + size)) for first in range(0, n, size))
