"""The groups of a pattern that fits a line: which of them are numbers of it, and which are metrics."""

from __future__ import annotations

import re

from runlens.sources.text.pairs import Field, Place


def all_numbers(found: re.Match[str], numbers: dict[int, int]) -> bool:
    """Whether the counters that a pattern found are numbers, not parts of names."""
    starts = [found.start(name) for name in found.groupdict() if name != "split" and found[name] is not None]
    return all(start in numbers for start in starts)


def named_groups(found: re.Match[str], numbers: dict[int, int]) -> tuple[Field, ...]:
    """The metrics of groups that are called `x_` and their name."""
    return tuple(
        Field(name[2:], Place((numbers[found.start(name)],)))
        for name, text in found.groupdict().items()
        if name.startswith("x_") and text is not None and found.start(name) in numbers
    )
