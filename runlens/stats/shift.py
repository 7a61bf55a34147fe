"""Whether an excursion is a spike, or the curve has moved to other ground: a new data stage, replayed data."""

from __future__ import annotations

from typing import Literal

import numpy as np

from runlens.stats.excursions import Excursion
from runlens.stats.outcome import Ending
from runlens.stats.robust import Floats, median

Kind = Literal["spike", "shift-up", "shift-down", "dip", "drift-down"]

OVERSHOOT = 1.6
"""A spike overshoots where it settles by more than this; a new stage starts where it goes on from."""
ABRUPT = 5
"""A change of ground is done within so many points."""


def kind_of(y: Floats, step: Floats, one: Excursion, end: Ending, until: int) -> Kind:
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
        return "shift-down" if _abrupt(y, one, until) else "drift-down"
    if one.back:
        return "shift-up" if _falls_below(y, step, one, until) else "spike"
    if end.outcome in ("diverged", "unresolved") or until - one.first < 3 * ABRUPT:
        return "spike"
    return "shift-up" if _abrupt(y, one, until) else "spike"


def _abrupt(y: Floats, one: Excursion, until: int) -> bool:
    """Whether the curve goes at once to where it stays, neither short of it nor far beyond."""
    settled = one.sign * (median(y[(one.first + until) // 2 : until]) - one.level)
    early = one.sign * (y[one.first : min(until, one.first + 64)] - one.level)
    at_once = median(early[1 : 1 + ABRUPT])
    if one.sign < 0:
        settled = median(early[ABRUPT:])
        return bool(at_once > 0.7 * settled)
    return bool(0.7 * settled < at_once < OVERSHOOT * settled and early.max() < 2 * OVERSHOOT * settled)


def _falls_below(y: Floats, step: Floats, one: Excursion, until: int) -> bool:
    """Whether the curve, once back, goes on to well below where the old trend led: the data became easier."""
    width = one.end - one.first
    if width < ABRUPT:
        return False
    reach = max(4 * width, 64)
    later = y[one.end + reach // 2 : min(until, one.end + reach)]
    back_to = max(0, one.first - 2 * reach)
    if len(later) < ABRUPT or one.first - back_to < 2 * ABRUPT:
        return False
    middle = (back_to + one.first) // 2
    older, newer = median(y[back_to:middle]), median(y[middle : one.first])
    distance = np.log((step[min(until, one.end + reach) - 1] + 1) / (step[one.first] + 1))
    covered = np.log((step[one.first] + 1) / (step[back_to] + 1))
    trend = max(older - newer, 0.0) * 2.0 * distance / covered if covered > 0 else 0.0
    return bool(newer - median(later) > 2.0 * trend + 3.0 * one.sigma)
