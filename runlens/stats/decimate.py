"""Fewer points for drawing, with every extreme kept."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


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
    buckets = -(-n // size)
    padded = np.full(buckets * size, np.nan)
    padded[:n] = value
    grid = padded.reshape(buckets, size)
    missing = np.isnan(grid)
    start = np.arange(buckets, dtype=np.int64) * size
    lowest = np.where(missing, np.inf, grid).argmin(axis=1) + start
    highest = np.where(missing, -np.inf, grid).argmax(axis=1) + start
    kept = [np.array([0, n - 1]), lowest, highest]
    missing.reshape(-1)[n:] = False
    holes = missing.any(axis=1)
    if holes.any():
        kept.append(missing[holes].argmax(axis=1) + start[holes])
    index = np.sort(np.concatenate(kept)).astype(np.int64)  # np.unique would load numpy.ma
    return index[(index < n) & (np.diff(index, prepend=-1) > 0)]
