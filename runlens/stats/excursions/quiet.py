"""Curves that cannot leave their level, by what costs next to nothing: the search for excursions need not begin."""

from __future__ import annotations

import bottleneck as bn
import numpy as np

from runlens.stats.excursions.level import HIGHEST, WINDOW
from runlens.stats.robust import Floats

ROUNDED = 1e-4
"""By so much at most a level that is kept in single precision may be off (`level.HIGHEST`: 1,024 / 2^24)."""


def may_rise(y: Floats, rise: float) -> bool:
    """Whether any point stands `rise` above the lowest point before it: a level is a median of points before.

    Parameters
    ----------
    y : ndarray of float64, shape (n,), finite
    rise : float
        Rise above the old level from which there is an excursion, in the unit of `y`.
    """
    return len(y) > 0 and bool((y - np.minimum.accumulate(y)).max() > _least(y, rise))


def may_fall(y: Floats, rise: float, since: int) -> bool:
    """Whether any point from position `since` on lies `rise` below the highest that its level is taken from."""
    if since >= len(y):
        return False
    highest = bn.move_max(y, window=min(WINDOW, len(y)), min_count=1)
    return bool((highest - y)[since:].max() > _least(y, rise))


def _least(y: Floats, rise: float) -> float:
    return rise - ROUNDED if max(y.max(), -y.min()) <= HIGHEST else rise
