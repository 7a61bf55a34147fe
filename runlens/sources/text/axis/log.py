"""A log with its rows on their axis, the one that was read last: what is found is looked through, and read next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from runlens.errors import ReadError
from runlens.sources.appended import Trainings
from runlens.sources.contract import HEAD
from runlens.sources.table.forms.packed import BROKEN, allowed
from runlens.sources.text.axis.steps import Axis, axis_of
from runlens.sources.text.gather import Gathered
from runlens.sources.text.launches import launches
from runlens.sources.text.loops import with_evaluations
from runlens.sources.text.rows import Rows, rows_of
from runlens.sources.text.stretches import is_packed
from runlens.sources.text.writers import told_apart
from runlens.sources.unread import is_said_to_be_a_log

LARGEST = 1 << 26
"""Bytes up to which a log is looked through for several runs when it is found."""

FEWEST = 2
"""Points that the longest series must have: a single line of numbers is a result, not a run."""


@dataclass(frozen=True, slots=True)
class Log:
    """A log and where its trainings begin."""

    gathered: Gathered
    broken: Sequence[str]
    """Why it breaks off."""
    rows: Rows
    axis: Axis
    held: Trainings


@lru_cache(maxsize=1)
def last_log(path: Path, size: int, changed: int) -> Log:
    """The log that was read last: what is found is read next, and of several trainings one after the other.

    `size` and `changed` (ns) tell one state of a file from another.
    """
    from runlens.sources.carried.text import gathered_of  # which is made of what this folder holds

    broken: list[str] = []
    gathered = gathered_of(path, broken, allowed(path))
    rows = told_apart(with_evaluations(rows_of(gathered, changed / 1e9)))
    axis = axis_of(rows)
    return Log(gathered, broken, rows, axis, launches(rows, axis, path, gathered.begun))


def counts_in_all(path: Path) -> bool:
    """Whether a text that is named as a log is one by all of its lines: such as rows that stand hundreds of redraws of
    a bar apart, which a look at its beginning, middle and end meets by chance.
    """
    if is_packed(path) or not is_said_to_be_a_log(path):
        return False
    try:
        there = path.stat()
        if not HEAD < there.st_size <= LARGEST:
            return False
        return _counts(path, there.st_size, there.st_mtime_ns)
    except (*BROKEN, OSError, ReadError):
        return False


@lru_cache(maxsize=256)  # why a log is left out is asked when all of a folder were looked through
def _counts(path: Path, size: int, changed: int) -> bool:
    rows = last_log(path, size, changed).rows
    sizes = [len(at) for layout, at in zip(rows.layouts, rows.where, strict=True) if layout.counts and layout.fields]
    return max(sizes, default=0) >= FEWEST
