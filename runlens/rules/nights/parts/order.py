"""The order of nights: by the clock where it orders them, else by their names."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from runlens.model.twin import Twin

_KEPT = 1e-5
"""Relative error of a value that a record keeps."""
_APART = 0.5
"""Share of a night's length by which nights begin apart, on average, where the clock orders them."""


def in_order(nights: Sequence[Twin]) -> list[Twin]:
    """The nights, the oldest first.

    Where every night tells when it began and they begin one after another, the clock says; runs that were stamped with
    about the same time, as simulated or copied ones are, go by their names, numbers in them by their value.
    """
    if clock_orders(nights):
        return sorted(nights, key=lambda night: night.began)
    return sorted(nights, key=lambda night: natural(night.name))


def clock_orders(nights: Sequence[Twin]) -> bool:
    """Whether these nights begin far enough apart for their clocks to tell their order."""
    if not all(math.isfinite(night.began) and math.isfinite(night.ended) for night in nights):
        return False
    if len(nights) < 2:
        return True
    begins = [night.began for night in nights]
    lengths = sorted(night.ended - night.began for night in nights)
    return max(begins) - min(begins) > _APART * (len(nights) - 1) * lengths[len(lengths) // 2]


def before(own: Twin, nights: Sequence[Twin]) -> list[Twin]:
    """Those of the nights that began before this one; all of them where the clock does not order them."""
    return [n for n in nights if n.began < own.began] if clock_orders([*nights, own]) else list(nights)


def newest_accepted(nights: Sequence[Twin], name: str) -> int:
    """Index of the newest night that was accepted as the new normal of a measure; 0 if none was."""
    return max((at for at, night in enumerate(nights) if name in night.accepted), default=0)


def natural(name: str) -> list[tuple[int, int, str]]:
    """A key by which `night-9` comes before `night-10`."""
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", name) if part]


def same(one: Twin, other: Twin) -> bool:
    """Whether two nights are one run, judged twice: all that was measured of them agrees to what a record keeps."""
    if one.last_step != other.last_step or one.quantities.keys() != other.quantities.keys():
        return False
    values = [(q.value, other.quantities[name].value) for name, q in one.quantities.items()]
    ends = [(c.value[-1], other.curves[r].value[-1]) for r, c in one.curves.items() if r in other.curves]
    return len(ends) == len(one.curves) and all(math.isclose(a, b, rel_tol=_KEPT) for a, b in [*values, *ends])
