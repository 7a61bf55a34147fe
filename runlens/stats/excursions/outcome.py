"""How an excursion ended, against the level before its onset."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from runlens.growing import differences
from runlens.stats.excursions.level import decay_rate, log_steps
from runlens.stats.excursions.search import Excursion
from runlens.stats.robust import Floats, Steps, median, sigma, standard_error_of_median

Outcome = Literal["recovered-fast", "recovered-slow", "plateaued", "diverged", "unresolved"]

RISES, FALLS = 0.1, 0.05
"""Share of the excess by which it must change from the middle third of the points since the onset to the last to rise,
or to fall. What falls may yet come back, and is not given up before the time of a slow recovery: of 80 made spikes that
heal, looked at 40 times each, none is given up on the way, 13 were before; what stays is told 13 % later at most."""
LOST = 0.5
"""A run that has lost half of all its progress, on the scale of the curve, has diverged."""
SETTLED = 0.5
"""A curve that kept this share of its excess over the second half of the time since the onset has settled: a recovery
that follows a power law or an exponential would have got farther."""
BACK = 0.75
"""A curve that ends while it keeps less of its excess over the last half of the time since the onset is on its way
back, however long it took. The excess is that above its own decay: an old level reached by learning on is none."""
FEWEST = 8
"""With fewer points after the onset, or before the time of a fast recovery, nothing is said of where it is going."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What became of an excursion."""

    outcome: Outcome
    after: float
    """Level in the end: of the last points before the next excursion or the end of the curve."""
    steps: float | None
    """Steps from the onset until the curve was back, None if it is not."""
    lost: float
    """Share of all progress since the start that is lost in the end (0: none, 1: all; NaN: there was none)."""
    rising: bool
    """Whether it still rises at the end."""


def limits(step: Steps, fast: float, slow: float) -> tuple[float, float]:
    """Steps within which a recovery is fast, or slow.

    Parameters
    ----------
    step : ndarray of int64 or float64, shape (n,)
    fast, slow : float
        Limits for long runs. A short run has at most 5 % and 50 % of its length, but two logged points.
    """
    if len(step) < 2:
        return fast, slow
    span = float(step[-1] - step[0])
    interval = median(differences(step))
    return max(min(fast, 0.05 * span), 2 * interval), max(min(slow, 0.5 * span), 4 * interval)


def ending(
    y: Floats, step: Steps, one: Excursion, until: int, fast: float, slow: float, lost_for_good: bool = False
) -> Ending:
    """Judge one excursion.

    Parameters
    ----------
    y : ndarray of float64, shape (n,)
    step : ndarray of int64 or float64, shape (n,)
    one : Excursion
    until : int
        Position of the next excursion that is one of its own, or n.
    fast, slow : float
        Limits of recovery in steps (see `limits`).
    lost_for_good : bool
        Whether the curve went on to non-finite values and stayed there.
    """
    start = median(y[: max(3, min(one.first // 50, 20))]) if one.first > 3 else float(y[0])
    progress = start - one.level
    if one.back and not lost_for_good:
        took = float(step[one.end] - step[one.first])
        tail = y[one.end : min(until, one.end + 32)] if until > one.end else y[one.end : one.end + 5]
        outcome: Outcome = "recovered-fast" if took <= fast else "recovered-slow"
        return Ending(outcome, median(tail), took, 0.0, False)
    part = y[one.first : until]
    n = len(part)
    size = max(3, min(n // 8, 64))
    after = median(part[-size:]) if n else one.level
    lost = (after - one.level) / progress if progress > 0 else math.nan
    if lost_for_good:
        return Ending("diverged", after, None, lost, False)
    third = n // 3
    middle, last = (median(part[third : 2 * third]), median(part[-third:])) if third else (math.nan, math.nan)
    # a run that is thrown about scatters more than it did before
    scatter = max(one.sigma, sigma(np.diff(part)) / math.sqrt(2.0)) if n > FEWEST else one.sigma
    doubt = 2.0 * standard_error_of_median(scatter, third) * math.sqrt(2.0)
    rising = (
        n >= 3 * FEWEST
        and last - middle > max(doubt, RISES * (last - one.level), 0.0)
        and after > last - 2.0 * standard_error_of_median(scatter, size) * math.sqrt(2.0)
    )
    away, at = _away(y, step, one, until), step[one.first : until]
    falling = third > 1 and _falls(away, at, doubt, slow)
    since = float(step[until - 1] - step[one.first])
    halfway = _halfway(y, step, one, until) - one.level
    if n < FEWEST:
        outcome = "unresolved"
    elif since >= fast and (rising or (lost >= LOST and (since >= slow or not falling))):
        outcome = "diverged"
    elif (since >= slow or (since >= 2 * fast and after - one.level > SETTLED * halfway and not falling)) and (
        until < len(y) or not _on_its_way_back(away, at, one.sigma)
    ):
        outcome = "plateaued"
    else:
        outcome = "unresolved"
    return Ending(outcome, after, None, lost, rising)


def _away(y: Floats, step: Steps, one: Excursion, until: int) -> Floats:
    """Excess above the level before the onset carried on along its own decay, from the onset on."""
    rate = decay_rate(y, step, one.first)
    return y[one.first : until] - one.level + rate * log_steps(step[one.first], step[one.first : until])


def _falls(away: Floats, step: Steps, doubt: float, slow: float) -> bool:
    """Whether the excess gets smaller beyond doubt, and so fast that it would be gone in the time of a slow recovery.

    What creeps down for longer than that, if it goes on like that, is not on its way back.
    """
    third = len(away) // 3
    middle, last = median(away[third : 2 * third]), median(away[-third:])
    fall = middle - last
    if not fall > max(doubt, FALLS * middle):
        return False
    before, now = (float(step[at] - step[0]) for at in (third + third // 2, len(step) - 1 - third // 2))
    return bool(now + max(last, 0.0) / fall * (now - before) <= slow)


def _on_its_way_back(away: Floats, step: Steps, noise: float) -> bool:
    """Whether a curve that ends in an excursion is coming down from it, and not only along with its own decay."""
    middle = int(np.searchsorted(step, 0.5 * (step[0] + step[-1])))
    near = max(2, len(away) // 16)
    half, end = median(away[max(0, middle - near) : middle + near + 1]), median(away[-2 * near :])
    doubt = 3.0 * standard_error_of_median(noise, 2 * near)
    return bool(end < BACK * half - doubt)


def _halfway(y: Floats, step: Steps, one: Excursion, until: int) -> float:
    """Level around the middle of the time since the onset."""
    middle = 0.5 * (step[one.first] + step[until - 1])
    at = int(np.searchsorted(step[one.first : until], middle)) + one.first
    near = max(2, (until - one.first) // 16)
    return median(y[max(one.first, at - near) : at + near + 1])
