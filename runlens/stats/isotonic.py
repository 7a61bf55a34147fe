"""Monotone curves through noisy points: isotonic regression, then a shape-preserving cubic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from scipy.interpolate import PchipInterpolator

Floats = npt.NDArray[np.float64]


def isotonic(value: Floats) -> Floats:
    """Least-squares fit that never falls, of one or many columns at once.

    Parameters
    ----------
    value : ndarray of float64, shape (n,) or (n, m)
        Finite; each column is fitted by itself, all points weigh the same.

    Returns
    -------
    ndarray of float64, same shape
        The fit; empty input gives empty output.

    Notes
    -----
    By the max-min formula (Robertson, Wright and Dykstra, *Order Restricted Statistical Inference*, 1988, theorem
    1.4.4): the fit at k is the largest, over starts i <= k, of the smallest mean of i..j over ends j >= k. That takes
    n^2 numbers a column and no Python loop over columns; meant for n up to about a hundred.
    """
    y = value[:, None] if value.ndim == 1 else value
    n, m = y.shape
    if n == 0:
        return value.copy()
    total = np.concatenate([np.zeros((1, m)), np.cumsum(y, axis=0)])
    length = np.arange(1, n + 1)[None, :] - np.arange(n)[:, None]  # of the stretch i..j
    means = (total[None, 1:] - total[:-1, None]) / np.where(length > 0, length, 1)[:, :, None]
    means[length <= 0] = np.inf
    from_end = np.minimum.accumulate(means[:, ::-1], axis=1)[:, ::-1]  # smallest mean of i..j over j >= k
    from_end[length <= 0] = -np.inf  # k before i: not a start
    fit: Floats = from_end.max(axis=0)
    return fit[:, 0] if value.ndim == 1 else fit


def monotone_curve(x: Floats, value: Floats) -> PchipInterpolator:
    """A curve through the isotonic fit that neither overshoots nor falls (PCHIP; Fritsch and Butland 1984).

    Parameters
    ----------
    x : ndarray of float64, shape (n,)
        Strictly increasing, n >= 2.
    value : ndarray of float64, shape (n,) or (n, m)
        Finite; higher is better.

    Returns
    -------
    scipy.interpolate.PchipInterpolator
        Call it with positions clipped to [x[0], x[-1]]: outside, a cubic means nothing.
    """
    from scipy.interpolate import PchipInterpolator

    return PchipInterpolator(x, isotonic(value), axis=0)
