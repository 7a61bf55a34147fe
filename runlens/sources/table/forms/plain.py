"""Lines of a table that hold nothing but numbers, as those of most short tables do: taken all at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from runlens.sources.table.forms.dialect import DELIMITERS
from runlens.sources.table.store import Columns


def add_numbers(lines: Sequence[str], names: Sequence[str], delimiter: str, columns: Columns) -> bool:
    """Add lines with a number in every cell, as those of most logs; False, with none added, if any is another."""
    values = full_numbers(lines, names, delimiter)
    if values is None:
        return False
    at = np.arange(len(lines)) + columns.rows
    if not columns.rows:
        columns.every = at
    for name, value in zip(names, values, strict=True):
        columns.add(name, at, value)
    columns.rows += len(lines)
    return True


def full_numbers(lines: Sequence[str], names: Sequence[str], delimiter: str) -> npt.NDArray[np.float64] | None:
    """The numbers of lines that `all_numbers` takes and that have no empty cell; None where any line is another.

    Returns
    -------
    ndarray of float64, shape (columns, lines), or None
        Taken by numpy's parser in a third of the time; it rounds as `float` does and knows no other numbers.
    """
    if not _may_be(lines, names, delimiter) or not all(lines):  # which the parser would pass over
        return None
    try:
        found = np.loadtxt(lines, delimiter=delimiter, comments=None, ndmin=2)
    except ValueError:  # an empty cell, no number, or another count of cells
        return None
    return np.ascontiguousarray(found.T) if found.shape == (len(lines), len(names)) else None


def all_numbers(lines: Sequence[str], names: Sequence[str], delimiter: str) -> list[list[str]]:
    """The cells of lines each of which has as many as the head, and a number at its end.

    Parameters
    ----------
    lines : sequence of str
        Whole lines without their ends.
    names : sequence of str
        The head.
    delimiter : str
        Of the dialect.

    Returns
    -------
    list of list of str
        A row a line. Empty where any line is another, holds anything but digits, signs and empty cells, or could be the
        head again, and where blanks divide the cells: each line is then to be looked at by itself, which costs five
        times as much.
    """
    if not _may_be(lines, names, delimiter):
        return []
    rows = [line.split(delimiter) for line in lines]
    if {*map(len, rows)} != {len(names)}:
        return []
    try:
        for cells in rows:
            float(cells[-1])
    except ValueError:
        return []
    return rows


def never_falls(raw: bytes, names: Sequence[str], name: str) -> bool:
    """Whether a column is known to hold numbers alone, none smaller than the one before; a quick look, for many files.

    Parameters
    ----------
    raw : bytes
        All of a file.
    names : sequence of str
        Its columns; two or more, and nothing but them in its first line, or nothing is known.
    name : str
        The column.
    """
    head, _, body = raw.partition(b"\n")
    if not raw.isascii() or b"\r" in raw or not body.strip():
        return False
    delimiter = next((d for d in DELIMITERS if len(names) > 1 and head.decode().split(d) == list(names)), None)
    if delimiter is None:
        return False
    try:
        found = np.loadtxt(
            body.decode().split("\n"), delimiter=delimiter, comments=None, ndmin=1, usecols=names.index(name)
        )
    except ValueError:
        return False
    return bool((found[1:] >= found[:-1]).all() and not np.isnan(found[0]))


def _may_be(lines: Sequence[str], names: Sequence[str], delimiter: str) -> bool:
    """Whether lines hold nothing but digits, signs and empty cells, and none of them can be the head again."""
    if not lines or not names or delimiter not in DELIMITERS:
        return False
    only = _numbers(delimiter)
    return only.fullmatch(names[0]) is None and only.fullmatch("\n".join(lines)) is not None


@lru_cache(maxsize=8)
def _numbers(delimiter: str) -> re.Pattern[str]:
    return re.compile(rf"[-+.0-9eE\n{re.escape(delimiter)}]*")
