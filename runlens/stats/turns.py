"""How often a curve turns: noise of neighbours that know nothing of each other turns at two of three points."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from runlens.growing import chosen, counted, differences
from runlens.stats.robust import Floats

NOISY = 0.58
"""Rate of turns below which neighbours share their noise. White noise, however heavy its tails, turns at 2/3 of the
points (Kendall and Stuart, The Advanced Theory of Statistics, vol. 3, 45.18); running means of any length, and
exponential ones, at 1/2 and less (simulated, 1,000 points: 0.62-0.69 against 0.39-0.53)."""


def turns(value: Floats) -> float:
    """Share of changes that go the other way than the one before.

    Parameters
    ----------
    value : ndarray of float64, shape (n,)
        Finite. Values that repeat the one before are left out.

    Returns
    -------
    float
        1 for fewer than three different values in a row.
    """
    (moved,) = chosen("moves", (differences(value),), lambda change: change != 0.0)
    if len(moved) < 2:
        return 1.0
    return counted("turns", (moved,), _turned, back=1) / (len(moved) - 1)


def _turned(moved: Floats) -> npt.NDArray[np.bool_]:
    up = moved > 0.0
    return np.asarray(up[1:] != up[:-1])
