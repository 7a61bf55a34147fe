"""Lines of a table that hold nothing but numbers, as those of most short tables do: taken all at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from runlens.sources.table.forms.dialect import DELIMITERS


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
    if not lines or not names or delimiter not in DELIMITERS:
        return []
    only = _numbers(delimiter)
    if only.fullmatch(names[0]) or only.fullmatch("\n".join(lines)) is None:
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


@lru_cache(maxsize=8)
def _numbers(delimiter: str) -> re.Pattern[str]:
    return re.compile(rf"[-+.0-9eE\n{re.escape(delimiter)}]*")
