"""Whether neighbours of a curve share their noise, as those of a running mean do, and how much of it that hides."""

from __future__ import annotations

import numpy as np

from runlens.growing import once
from runlens.stats.robust import Floats, median
from runlens.stats.turns import NOISY, turns

FEWEST = 200
"""Points below which turns are too few to tell: of 200 white ones the rate is known to 0.03."""
EVERY = 1 << 12
"""Points at a multiple of which the stretch that is looked at begins."""
SAMPLE = 1 << 18
"""Points that are looked at, from the middle; of more than these nothing new is learnt."""
BENT_TURNS = 0.70
"""The same for first differences, which no descent enters: white noise arccos(-2/3) / pi (0.732), means 2/3."""
GROWS = 1.15
"""Noise whose size grows by less, where the distance of points is doubled, is at its full size."""


def shared_noise(y: Floats, widest: int) -> float:
    """How many times more the points of a curve scatter over a stretch than neighbours do.

    Parameters
    ----------
    y : ndarray of float64, shape (n,)
        Finite. Incidents may be in it: they are few points, or turn no less than others.
    widest : int
        Longest distance, in points, over which scatter is looked at.

    Returns
    -------
    float
        1 where noise is not shared, where there are fewer than `FEWEST` points, or where there is no noise.
    """
    n = len(y)
    if n < FEWEST:
        return 1.0
    quarter = n // 4  # the steep first part tells of the descent
    first = quarter
    if n - quarter > SAMPLE:  # at a round place, so that a curve that grows is asked of the same stretch for long
        first = max(quarter, (n - SAMPLE) // 2) // EVERY * EVERY
    return float(once(("shared noise", widest), y[first : first + SAMPLE], lambda part: _shared_by(part, widest)))


def _shared_by(part: Floats, widest: int) -> float:
    if turns(part) > NOISY or turns(np.diff(part)) > BENT_TURNS:
        return 1.0
    near = now = _scatter(part, 1)
    if not near > 0.0:
        return 1.0
    distance = 2
    while distance <= min(widest, len(part) // 8):
        before, now = now, _scatter(part, distance)
        if now < GROWS * before:
            break
        distance *= 2
    return max(1.0, now / near)


def _scatter(y: Floats, distance: int) -> float:
    """Typical distance of a point from the middle of those `distance` before and after it: no slope enters."""
    bend = np.abs(y[distance:-distance] - 0.5 * (y[2 * distance :] + y[: -2 * distance]))
    return median(bend)
