"""Curves that cannot leave their level, by what costs next to nothing: the search for excursions need not begin."""

from __future__ import annotations

from dataclasses import dataclass

import bottleneck as bn
import numpy as np

from runlens.growing import folded, greatest, least, mapped
from runlens.stats.excursions.level import HIGHEST, WINDOW
from runlens.stats.robust import Floats
from runlens.stats.spans import spans

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
    return len(y) > 0 and bool(folded("rise", (y,), _climb, _joined).most > _least(y, rise))


def may_fall(y: Floats, rise: float, since: int) -> bool:
    """Whether any point from position `since` on lies `rise` below the highest that its level is taken from."""
    if since >= len(y):
        return False
    falls = mapped("falls from the highest", (y,), _below_highest, back=WINDOW - 1)
    return bool(greatest(falls[since:]) > _least(y, rise))


@dataclass(frozen=True, slots=True)
class _Climb:
    """A stretch of a curve."""

    lowest: float
    highest: float
    most: float
    """Height of a point above the lowest one before it, at most."""


def _climb(y: Floats) -> _Climb:
    lowest, most = np.inf, -np.inf
    for first, last in spans(len(y)):  # of 10 million points two columns would lie beside the curve
        below = np.minimum.accumulate(y[first:last])
        if first:
            np.minimum(below, lowest, out=below)
        lowest = float(below[-1])
        most = max(most, float(np.subtract(y[first:last], below, out=below).max()))
    return _Climb(lowest, float(y.max()), most)


def _joined(one: _Climb, other: _Climb) -> _Climb:
    most = max(one.most, other.most, other.highest - one.lowest)
    return _Climb(min(one.lowest, other.lowest), max(one.highest, other.highest), most)


def _below_highest(y: Floats) -> Floats:
    return np.asarray(bn.move_max(y, window=min(WINDOW, len(y)), min_count=1) - y)


def _least(y: Floats, rise: float) -> float:
    return rise - ROUNDED if max(greatest(y), -least(y)) <= HIGHEST else rise
