"""Fewer points for drawing, with every extreme kept."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from runlens.stats.spans import AT_ONCE, spans


def extremes(value: npt.NDArray[np.float64], points: int) -> npt.NDArray[np.int64]:
    """Positions of about `points` values that keep the minimum and maximum of every bucket.

    Parameters
    ----------
    value : ndarray of float64, shape (n,)
        NaN and infinities are allowed: the first NaN of each bucket that holds one is kept, so a gap stays visible.
    points : int
        At least 4. With `n <= points` every position is returned.

    Returns
    -------
    ndarray of int64
        Increasing; holds 0 and n - 1. Up to 1.5 times `points` where there are NaN. Empty for an empty input.

    Notes
    -----
    One pass over the data; the buckets are of equal length in points, not in steps.
    """
    n = len(value)
    if n <= max(points, 4):
        return np.arange(n, dtype=np.int64)
    buckets = max(points // 2 - 1, 1)
    size = -(-n // buckets)
    kept = [np.array([0, n - 1])]
    for first, last in spans(n, size * max(AT_ONCE // size, 1)):
        part = value[first:last]
        rows = -(-len(part) // size)
        grid = np.append(part, np.full(rows * size - len(part), np.nan)).reshape(rows, size)
        missing = np.isnan(grid)
        start = first + np.arange(rows, dtype=np.int64) * size
        kept.append(np.where(missing, np.inf, grid).argmin(axis=1) + start)
        kept.append(np.where(missing, -np.inf, grid).argmax(axis=1) + start)
        missing.reshape(-1)[len(part) :] = False
        holes = missing.any(axis=1)
        kept.append(missing[holes].argmax(axis=1) + start[holes])
    index = np.sort(np.concatenate(kept)).astype(np.int64)  # np.unique would load numpy.ma
    return index[(index < n) & (np.diff(index, prepend=-1) > 0)]
