"""How often a curve turns: noise of neighbours that know nothing of each other turns at two of three points."""

from __future__ import annotations

import numpy as np

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
    change = np.diff(value)
    up = change[change != 0.0] > 0.0
    return float(np.mean(up[1:] != up[:-1])) if len(up) > 1 else 1.0
