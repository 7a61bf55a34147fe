"""Values of a stretch of a column by their rank, exact: of each block of points the values are kept in order."""

from __future__ import annotations

import numpy as np

from runlens.growing.column import Part
from runlens.growing.folds import all_finite
from runlens.growing.maps import ordered

_BLOCK = 1 << 14
"""Points of a block."""
_EACH = 64
"""Of so many ordered values of a block one is looked at first."""
_FEWEST = 4
"""Whole blocks of a stretch below which its values are looked at themselves."""


def ranked(part: Part, length: int, low: int, high: int) -> tuple[float, float] | None:
    """The values of a stretch that `low` and `high` others are below; None where it is as well to sort the stretch.

    Parameters
    ----------
    part : Part
        Its column, and where it begins.
    length : int
        Its points.
    low, high : int
        Ranks from 0, neighbours or the same.

    Notes
    -----
    Between two of the values that are looked at first lie all that may have the ranks: how many are below these is
    counted, so that nothing is taken on trust.
    """
    begin, end = part.first, part.first + length
    first, last = -(-begin // _BLOCK), end // _BLOCK
    if last - first < _FEWEST:
        return None
    column = part.column.view()
    if not all_finite(column):
        return None
    rows = ordered(column, _BLOCK)[first:last]
    loose = np.concatenate([column[begin : first * _BLOCK], column[last * _BLOCK : end]])
    some = np.sort(rows[:, _EACH - 1 :: _EACH], axis=None)
    margin = len(rows) + len(loose) // _EACH + 2
    lower = some[max(low // _EACH - margin, 0)] if low // _EACH > margin else -np.inf
    upper = some[min(high // _EACH + margin, len(some) - 1)] if high // _EACH + margin < len(some) else np.inf
    below, inside = int(np.count_nonzero(loose < lower)), [loose[(loose >= lower) & (loose <= upper)]]
    for row in rows:
        a, b = int(row.searchsorted(lower)), int(row.searchsorted(upper, side="right"))
        below += a
        inside.append(row[a:b])
    among = np.concatenate(inside)
    if below > low or high - below >= len(among):
        return None
    among.partition((low - below, high - below) if high > low else low - below)
    return float(among[low - below]), float(among[high - below])
