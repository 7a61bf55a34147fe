"""Tables of one run that was left and taken up again: Lightning's `version_0/metrics.csv`, `version_1/metrics.csv`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from runlens.errors import ReadError
from runlens.model import Series
from runlens.sources.table.axis import axis_of
from runlens.sources.table.build import Built
from runlens.sources.table.reading import read_file
from runlens.sources.worded import one_numbering, renumbered

VERSION = re.compile(r"version_(\d+)")
_LARGEST = 1 << 26
"""Bytes up to which a table is read to see where it begins and ends."""


def are_attempts(files: Sequence[Path]) -> bool:
    """Whether files of one name stand in the folders of versions of one run."""
    return len(files) > 1 and len({f.name for f in files}) == 1 and all(VERSION.fullmatch(f.parent.name) for f in files)


def chains(files: Sequence[Path]) -> list[list[Path]]:
    """Versions in the order of their numbers, those together that go on where the one before was left.

    One goes on if its first step lies beyond the first steps of that one and not beyond its end; one that begins anew
    is a run of its own, and so is one that cannot be read.
    """
    out: list[list[Path]] = []
    before: tuple[int, int, int] | None = None
    for file in sorted(files, key=_number):
        span = _span(file)
        if out and before and span and before[0] + before[2] < span[0] <= before[1] + 2 * before[2]:
            out[-1].append(file)
        else:
            out.append([file])
        before = span
    return out


def one_after_another(parts: Sequence[Built]) -> tuple[dict[str, Series], dict[str, tuple[str, ...]]]:
    """The series of attempts by name, in the order written, and the words of those that number words.

    A column that one attempt holds as words is one of words: each attempt numbers its own, and here they are numbered
    together.
    """
    texts = one_numbering([part.texts for part in parts])
    out = {}
    for name in dict.fromkeys(name for part in parts for name in part.series):
        pieces = [part.series[name] for part in parts if name in part.series]
        if name in texts:
            own = [part for part in parts if name in part.texts]
            pieces = [renumbered(part.series[name], part.texts[name], texts[name]) for part in own]
        columns = (np.concatenate([getattr(p, c) for p in pieces]) for c in ("step", "time", "value"))
        out[name] = Series(name, *columns)
    return out, texts


def _number(file: Path) -> int:
    found = VERSION.fullmatch(file.parent.name)
    return int(found[1]) if found else -1


def _span(file: Path) -> tuple[int, int, int] | None:
    """First step, last step and the usual stride of a table; None where it tells none."""
    try:
        if file.stat().st_size > _LARGEST:
            return None
        axis = axis_of(read_file(file).columns, str(file))
    except (ReadError, OSError):
        return None
    step = np.unique(axis.step[axis.own])
    if not axis.name or len(step) < 2:
        return None
    return int(step[0]), int(step[-1]), max(int(np.median(np.diff(step))), 1)
