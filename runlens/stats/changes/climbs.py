"""A learning rate that came down and smoothly climbs again to the end: a schedule that was stepped too often."""

from __future__ import annotations

import numpy as np

from runlens.stats.robust import Floats

LOW = 0.1
"""Share of the peak that the rate must have come down to."""
HIGH = 0.3
"""Share of the peak that it must be up to again at the end."""
LASTS = 0.15
"""Share of the points that the climb must cover: warm-ups are shorter."""
SMOOTH = 0.95
"""Share of its changes that go up."""
PARTS = 64
"""Parts of the log in which valleys are counted: of two and more the schedule is cyclic."""


def climbs_again(rate: Floats) -> int | None:
    """Position of the lowest point from which a rate climbs to the end of the log; None if it does not.

    Parameters
    ----------
    rate : ndarray of float64, shape (n,)
        Finite, in order of steps. Cyclic schedules, with more than one valley, are none, nor are warm-ups, which have
        no peak before them.
    """
    n = len(rate)
    if n < 20:
        return None
    first = int(np.argmax(rate[: n // 2]))
    peak = float(rate[first])
    at = first + int(np.argmin(rate[first:]))
    climb = rate[at:]
    if not peak > 0.0 or float(rate[at]) > LOW * peak or float(rate[-1]) < HIGH * peak or len(climb) < LASTS * n:
        return None
    if float(np.mean(np.diff(climb) >= 0.0)) < SMOOTH or float(np.max(np.diff(climb))) > 0.2 * peak:
        return None
    coarse = rate[first : at + 1][:: max(1, (at - first) // PARTS)]
    return at if float(np.mean(np.diff(coarse) <= 0.0)) >= SMOOTH else None
