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
NOTHING, WHOLE = 1e-3, 0.95
"""Of several valleys the last tells where the rate came down to this share of its peak, and is up to that share of it
at the end: a cosine that is stepped four times as often, while cyclic schedules end low, or keep to a floor."""


def climbs_again(rate: Floats) -> int | None:
    """Position of the lowest point from which a rate climbs to the end of the log; None if it does not.

    Parameters
    ----------
    rate : ndarray of float64, shape (n,)
        Finite, in order of steps. Cyclic schedules, with more than one valley, are none unless they end at the top of
        a climb from nothing; nor are warm-ups, which have no peak before them.
    """
    n = len(rate)
    if n < 20:
        return None
    first = int(np.argmax(rate[: n // 2]))
    peak = float(rate[first])
    at = first + int(np.argmin(rate[first:]))
    if not peak > 0.0 or float(rate[at]) > LOW * peak or float(rate[-1]) < HIGH * peak:
        return None
    if _climbs(rate[at:], peak, n):
        coarse = rate[first : at + 1][:: max(1, (at - first) // PARTS)]
        return at if float(np.mean(np.diff(coarse) <= 0.0)) >= SMOOTH else None
    bottom = first + np.flatnonzero(rate[first:] <= NOTHING * peak)
    last = int(bottom[-1]) if len(bottom) else at
    return last if float(rate[-1]) >= WHOLE * peak and last > at and _climbs(rate[last:], peak, n) else None


def _climbs(climb: Floats, peak: float, n: int) -> bool:
    """Whether a rate goes up smoothly, for long enough."""
    change = np.diff(climb)
    return len(climb) >= LASTS * n and float(np.mean(change >= 0.0)) >= SMOOTH and float(change.max()) <= 0.2 * peak
