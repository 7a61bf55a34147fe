"""The share of steps far above the trailing level: the spike scores of OLMo-core and OLMo 2."""

from __future__ import annotations

import numpy as np

from runlens.stats.robust import Floats
from runlens.stats.rolling import shifted, trailing_mean, trailing_std

CHUNK = 1 << 18


def far_above(value: Floats, window: int, deviations: float, least: float = 0.0) -> Floats:
    """Which points stand above the mean of the `window` points before them by so many standard deviations.

    Parameters
    ----------
    value : ndarray of float64, shape (n,)
        Finite.
    window : int
        Points. The first `window` points are never far above.
    deviations : float
    least : float
        Distance above the mean that a point must have besides, in the unit of the values.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    n = len(value)
    out = np.zeros(n, dtype=bool)
    for start in range(window, n, CHUNK):
        low, high = start - window, min(n, start + CHUNK)
        part = value[low:high]
        mean = shifted(trailing_mean(part, window, window), 1)
        spread = shifted(trailing_std(part, window, window), 1)
        with np.errstate(invalid="ignore"):
            out[start:high] = (part > mean + np.maximum(deviations * spread, least))[window:]
    return out
