"""A long series as a short row of block means that a few wild points cannot move."""

from __future__ import annotations

import numpy as np

from runlens.stats.robust import Floats, difference_sigma, median
from runlens.stats.rolling import centred_median
from runlens.stats.spans import AT_ONCE


def block_midmeans(x: Floats, size: int) -> Floats:
    """Mean of the middle half of each full block: as robust as a median to a quarter of pauses, and less coarse.

    A median of step times that were logged in whole milliseconds only ever takes those values; the midmean moves
    smoothly, and has 1.19 times the variance of a mean for Gaussian points, where a median has 1.57 (Tukey 1977).

    Parameters
    ----------
    x : ndarray of float64, shape (n,), finite
    size : int
        Points in a block; a remainder at the end joins the last block by way of its own middle half if it is at least
        half a block, and is dropped otherwise.

    Returns
    -------
    ndarray of float64, shape (n // size,) or one more
    """
    if size < 1:
        raise ValueError(f"a block needs at least one point, got {size}")
    full, rest = divmod(len(x), size)
    out = midmeans(x[: full * size].reshape(-1, size))
    if full and 2 * rest >= size:
        tail = np.sort(x[full * size :])
        out = np.append(out, tail[rest // 4 : rest - rest // 4].mean())
    return out


def midmeans(blocks: Floats) -> Floats:
    """Mean of the middle half of each row; shape (k, size) gives shape (k,)."""
    full, size = blocks.shape
    out = np.empty(full)
    skip, rows = size // 4, max(AT_ONCE // size, 1)
    for first in range(0, full, rows):
        part = np.sort(blocks[first : first + rows], axis=1)
        np.divide(np.add.reduce(part[:, skip : size - skip], axis=1), size - 2 * skip, out=out[first : first + rows])
    return out


def without_outliers(x: Floats, window: int = 11, sigmas: float = 5.0) -> Floats:
    """The series with single wild points replaced by the median of their neighbours (Hampel's filter).

    Parameters
    ----------
    x : ndarray of float64, shape (n,), finite
    window : int
        Points of the moving median.
    sigmas : float
        A point further than this many robust standard deviations from the moving median is replaced.

    Returns
    -------
    ndarray of float64, shape (n,)
        A change of level passes unharmed: half of the window decides.
    """
    if len(x) < 3:
        return x
    middle = centred_median(x, window)
    away = np.abs(x - middle)
    spread = max(1.4826 * median(away), difference_sigma(x) / 2.0)
    return np.where(away > sigmas * spread, middle, x)
