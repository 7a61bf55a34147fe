"""Whether a curve came to its level bit by bit, as one that nears its floor does, or broke off its descent."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from runlens.stats.log_blocks import log_blocks, log_steps
from runlens.stats.robust import Floats, Steps

KNEES = 250
"""Places at which the break is tried, and time constants."""
REACH = 2.0
"""Log step before the level that is looked at: an approach comes from 80 % to 1 % within three time constants, a factor
of 4 to 7 in steps, and the bend at the start of a power law is none of its end."""
SOONER = 3.0
"""How much earlier, in log step, the shortest time constant is."""
POWERS = (0.01, 0.3, 0.6)
"""Exponents of the power law that breaks off; the smallest is a straight line against log step."""
HEIGHTS = (0.1, 1.0, 4.0, 16.0)
"""Heights of the start above the floor, in floors: in log loss an approach by 400 % is no exponential any more."""
AS_WELL = 0.98
"""A bend counts as smooth if a break leaves at least this part of the squares that the smooth curve leaves: 196 of 199
power laws that were broken off lie below it, and 14 of 15 healthy curves that near a floor above."""


def nears_floor(y: Floats, step: Steps, since: int, arrived: int) -> bool:
    """Whether an exponential approach to a floor fits the curve about as well as a straight descent that breaks off.

    Parameters
    ----------
    y : ndarray of float64, shape (n,)
    step : ndarray of int64 or float64, shape (n,)
        Log loss over strictly increasing steps; both finite.
    since : int
        Position from which on the curve is looked at: the descent and the level after it.
    arrived : int
        Position at which the level begins; of the descent no more than `REACH` before it counts.

    Returns
    -------
    bool
        False where fewer than 8 blocks are left. The straight descent is one against log step; each block weighs as
        many as it has points.
    """
    x = log_steps(step)
    since = max(since, int(np.searchsorted(x, x[arrived] - REACH)))
    edges, level = log_blocks(y, step, since)
    if len(edges) < 9:
        return False
    at = np.array([x[a:b].mean() for a, b in pairwise(edges)])
    knees = np.linspace(at[2], at[-3], KNEES)[:, None]
    weight = np.diff(edges).astype(np.float64)
    ahead = np.maximum(0.0, knees - at)
    broken = min(_least_squares(np.expm1(power * ahead) / power, level, weight) for power in POWERS)
    # the time constant may lie before the descent that is looked at: several of them pass until a floor is reached
    constants = np.linspace(at[0] - SOONER, at[-3], KNEES)[:, None]
    left = np.exp(-np.exp(at - constants))
    smooth = min(_least_squares(np.log1p(height * left), level, weight) for height in HEIGHTS)
    return broken >= AS_WELL * smooth


def _least_squares(shapes: Floats, level: Floats, weight: Floats) -> float:
    """Smallest weighted sum of squares that a level and a multiple of one of the shapes (K, B) leave of (B,) blocks."""
    weight = weight / weight.sum()
    u = shapes - (shapes @ weight)[:, None]
    v = level - level @ weight
    along = (u * v) @ weight
    size = (u * u) @ weight
    explained = np.divide(along**2, size, out=np.zeros_like(along), where=size > 1e-12)
    return float((v * v) @ weight - explained.max())
