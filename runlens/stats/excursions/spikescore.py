"""The share of steps far above the trailing level: the spike scores of OLMo-core and OLMo 2."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from runlens.growing import pieces
from runlens.stats.robust import Floats
from runlens.stats.rolling import shifted, trailing_mean, trailing_std

CHUNK = 1 << 14
"""Points whose window is moved at once: what is found of a stretch of them stays when others are added."""


def share_far_above(value: Floats, window: int, deviations: float, least: float = 0.0) -> float:
    """Share of the points that stand above the mean of the `window` points before them by so many standard deviations.

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
    float
        NaN for no points.
    """
    n = len(value)
    key = "far above", window, deviations, least
    found = pieces(key, value, CHUNK, window, lambda part: int(np.count_nonzero(_of(part, window, deviations, least))))
    return sum(found) / n if n else float("nan")


def _of(part: Floats, window: int, deviations: float, least: float) -> npt.NDArray[np.bool_]:
    """Which points of a stretch but its first `window` are far above."""
    mean = shifted(trailing_mean(part, window, window), 1)
    spread = shifted(trailing_std(part, window, window), 1)
    with np.errstate(invalid="ignore"):
        return np.asarray((part > mean + np.maximum(deviations * spread, least))[window:])
