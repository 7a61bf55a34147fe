"""Whether an excursion is a spike, or the curve has moved to other ground: a new data stage, replayed data."""

from __future__ import annotations

from typing import Literal

import numpy as np

from runlens.stats.excursions.ahead import coming_median
from runlens.stats.excursions.level import decay_rate, log_steps
from runlens.stats.excursions.outcome import Ending
from runlens.stats.excursions.search import Excursion
from runlens.stats.robust import Floats, Steps, median

Kind = Literal["spike", "shift-up", "shift-down", "dip", "drift-down"]

OVERSHOOT = 1.6
"""A spike overshoots where it settles by more than this; a new stage starts where it goes on from."""
EASIER = 0.05
"""Data is easier if it takes the loss this much below where the trend led (log loss: share)."""
ABRUPT = 5
"""A change of ground is done within so many points."""

LONG = 0.2
"""Part of a curve after which what is not back, and comes down as it did before, has moved to other ground."""
FASTER = 2.0
"""Times its ordinary decay up to which it comes down as before: that is known to half of itself."""


def kind_of(y: Floats, step: Steps, one: Excursion, end: Ending, until: int) -> Kind:
    """Tell spikes from changes of ground.

    Returns
    -------
    Kind
        `spike`: up, and down again or not. `shift-up`: up at once, no overshoot, then on at the new level; or up,
        back, and on to well below what the old trend led to. `shift-down`: down at once and on from there. `dip`:
        down and back. `drift-down`: a descent that only got steeper, which is no incident.
    """
    if one.sign < 0:
        if one.back:
            return "dip"
        return "shift-down" if _abrupt(y, step, one, until, 0.0) else "drift-down"
    gap = median(y[:3]) - one.level
    if y[one.peak] - 3 * one.sigma - one.level > 0.5 * gap > 0:
        return "spike"
    slope = decay_rate(y, step, one.first)
    if end.outcome == "unresolved":
        return "shift-up" if _goes_on(y, step, one, until, slope) else "spike"
    if one.back:
        moved = _heals_by_itself(y, step, one, slope) or _falls_below(y, step, one, until, slope)
        return "shift-up" if moved else "spike"
    if end.outcome == "diverged" or until - one.first < 3 * ABRUPT:
        return "spike"
    return "shift-up" if _abrupt(y, step, one, until, slope) else "spike"


def _abrupt(y: Floats, step: Steps, one: Excursion, until: int, slope: float) -> bool:
    """Whether the curve goes at once to where it stays, neither short of it nor far beyond."""
    away = one.sign * (y[one.first : until] - one.level)
    at_once = median(away[1 : 1 + ABRUPT])
    if one.sign < 0:
        return bool(at_once > 0.7 * median(away[ABRUPT:64]))
    half = len(away) // 2
    middle = (one.first + half + until) // 2
    settled = median(away[half:]) + slope * float(log_steps(step[one.first], step[middle]))
    return bool(
        0.7 * settled < at_once < OVERSHOOT * settled and away[:64].max() - 4.0 * one.sigma < OVERSHOOT * settled
    )


def _heals_by_itself(y: Floats, step: Steps, one: Excursion, slope: float) -> bool:
    """Whether the curve goes up at once, and comes back no faster than its ordinary decay leads it there."""
    away = y[one.first : one.end] - one.level
    if len(away) < 3 * ABRUPT:
        return False
    decay = slope * float(log_steps(step[one.first], step[one.end]))
    at_once = median(away[1 : 1 + ABRUPT])
    at_most = float(coming_median(away, 3).max()) - 3.0 * one.sigma
    return bool(at_most < at_once < OVERSHOOT * decay and median(away[-len(away) // 8 :]) < decay)


def _goes_on(y: Floats, step: Steps, one: Excursion, until: int, slope: float) -> bool:
    """Whether a curve that is not back by the end has long come down no faster than its ordinary decay leads it."""
    long = until - one.first
    part = long // 8
    if long < LONG * until or part < ABRUPT:
        return False
    early, late = y[one.first + 1 : one.first + 1 + part], y[until - part : until]
    decay = slope * float(log_steps(step[one.first + part // 2], step[until - part // 2 - 1]))
    doubt = one.sigma * float(np.sqrt(2.0 / part))
    return _abrupt(y, step, one, until, slope) and 0.0 < median(early) - median(late) < FASTER * decay + 3.0 * doubt


def _falls_below(y: Floats, step: Steps, one: Excursion, until: int, slope: float) -> bool:
    """Whether the curve, once back, goes on to well below where the old trend led: the data became easier."""
    reach = 4 * (one.end - one.first)
    if reach < 4 * ABRUPT or one.end + reach > until or one.first < 4 * reach:
        return False
    later = median(y[one.end + reach // 2 : one.end + reach])
    decay = slope * float(log_steps(step[one.first], step[one.end + reach - 1]))
    return bool(one.level - later > 2.0 * decay + 3.0 * one.sigma + EASIER)
