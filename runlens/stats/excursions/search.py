"""Stretches in which a curve stands away from where it was: found one after the other, each once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import bottleneck as bn
import numpy as np

from runlens.stats.excursions import level as levels
from runlens.stats.excursions.ahead import BLOCK, Ahead, coming_median
from runlens.stats.excursions.kept import Kept
from runlens.stats.excursions.quiet import may_fall, may_rise
from runlens.stats.excursions.scan import bars_of, may_depart, next_departure, standardise
from runlens.stats.robust import Floats, Steps, median

SHORT = 16
"""An excursion of fewer points is cut out; after a longer one the curve is taken up anew from its peak."""
CONFIRM = (5, 17)
"""Medians of so many points to come must be back, so that neither one lucky point nor a short dip ends it."""
MERGE = 0.75
"""A rise that starts when less than a quarter of the last one is undone belongs to it."""
DIP = 512
"""A fall that lasts for more points is a new level."""
MOST_AHEAD = 1 << 16
"""Points looked over at once for the end of an excursion."""

FEWEST = 8
"""Points below which there is no level to depart from."""


@dataclass(frozen=True, slots=True)
class Excursion:
    """One stretch away from the old level. Positions are indices of the curve that was searched."""

    first: int
    """Onset."""
    peak: int
    """Farthest point."""
    end: int
    """First position that is back at `level`, or n if none is."""
    sign: int
    """+1 for a rise, -1 for a fall."""
    level: float
    """Level before the onset, in the unit of the curve."""
    expected: float
    """What was expected at the onset."""
    sigma: float
    """Noise about the onset, one standard deviation."""
    back: bool
    """Whether it came back to `level` and stayed there."""


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """How much a curve must rise to be an excursion."""

    sigmas: float = 6.0
    """Standard deviations, at least."""
    rise: float = 0.03
    """Rise above the old level, at least (log loss: share)."""
    tolerance: float = 0.01
    """A curve is back within one sigma, or within this, of the old level."""
    grain: float = 0.0
    """Step to which the curve was rounded, in its unit."""
    lasting: float = 1.0
    """Share of `sigmas` that is enough for a rise that lasts (`scan.LASTS`)."""

    @property
    def floor(self) -> float:
        """Least noise assumed, so that a constant curve has some, and one step of a rounded one is no spike."""
        return max(self.rise / 30.0, 0.5 * self.grain)


def excursions(y: Floats, step: Steps, want: Sensitivity, kept: Kept | None = None) -> list[Excursion]:
    """All excursions of a curve, in order of onset.

    Parameters
    ----------
    y : ndarray of float64, shape (n,)
        Finite.
    step : ndarray of int64 or float64, shape (n,)
        Not decreasing.
    want : Sensitivity
    kept : Kept, optional
        What was worked out when the curve was shorter; what is found does not depend on it.

    Returns
    -------
    list of Excursion
        Empty for fewer than `FEWEST` points.
    """
    n = len(y)
    if n < FEWEST:
        return []
    raw = y
    falls = levels.settled_from(step, SHORT)
    level: levels.Level | None = None
    if may_rise(y, want.rise) or may_fall(y, want.rise, falls):
        least = want.sigmas * min(1.0, want.lasting), want.sigmas

        def departs(known: levels.Level, first: int = 0, last: int = n) -> bool:
            return may_depart(y, known, want.rise, want.floor, least, falls, first, last)

        if kept is None:
            level = levels.fit_where(y, step, departs)
        else:
            whole = levels.fit(y, step, kept)
            asked = want.rise, want.floor, *least, falls, whole.scale
            if kept.departs(asked, n, lambda first, last: departs(whole, first, last)):
                level = replace(whole, expected=whole.expected.copy(), recent=whole.recent.copy())
            else:
                kept.calm = []  # those that stand there belong to the curve before this one
    if level is None:
        return []
    bars = bars_of(y, level, want.floor, want.sigmas, want.lasting, kept)
    ahead = Ahead(raw, step, CONFIRM[-1])
    found: list[Excursion] = []
    at, origin, begin = levels.NARROWEST, 0, 0.0
    while True:
        at, sign = next_departure(y, level, bars, want.rise, want.floor, at, falls)
        if not sign:
            return found
        new = _follow(ahead, step, level, _onset(y, level, want.floor, at, sign), at, sign, want)
        if sign * (raw[new.peak] - new.level) <= want.rise:  # above what was to come, not above what was
            at = max(at + 1, new.end)
            continue
        if sign > 0 and found and belongs(raw, found[-1], new):
            found[-1] = joined(raw, found[-1], new)
        else:
            found.append(new)
        if new.end - new.first < (SHORT if sign > 0 else DIP) and (sign > 0 or new.back):
            y = y.copy() if y is raw else y
            y[new.first : new.end] = np.nan
            levels.patch(level, y, step, new.end, min(n, new.end + 4 * levels.WINDOW), origin, begin)
            at = new.end
        else:
            origin = _summit(raw, new) if sign > 0 else new.first
            begin = float(step[origin]) if sign > 0 else begin  # a fall goes on with the same decay
            levels.patch(level, y, step, origin, min(n, origin + 8 * levels.WINDOW), origin, begin)
            at = origin + levels.NARROWEST


def _onset(y: Floats, level: levels.Level, floor: float, at: int, sign: int) -> int:
    """The first of the points that lead up to `at` without a gap, each raised by a tenth of what `at` is, or more."""
    low = max(levels.NARROWEST, at - levels.HOLD)
    z = sign * standardise(y, level, low, at, floor)
    raised = (z > 2.5) & (z > 0.1 * sign * standardise(y, level, at, at + 1, floor))
    calm = np.flatnonzero(~raised)
    return low + int(calm[-1]) + 1 if len(calm) else at


def _follow(
    ahead: Ahead, step: Steps, level: levels.Level, onset: int, at: int, sign: int, want: Sensitivity
) -> Excursion:
    """The excursion that starts at `onset`, followed until the curve is back and stays.

    A rise must come back to the old level; a fall to where the decay would have led from there.
    """
    raw, n = ahead.raw, len(ahead.raw)
    rate = levels.decay_rate(raw, step, onset) if sign < 0 else 0.0
    before = float(level.recent[onset])
    sigma = max(float(level.sigma[onset]), want.floor)
    near = max(sigma, want.tolerance)
    end, size, a = n, 256, at + 1
    while a < n:
        if size >= BLOCK:
            fall = rate * levels.log_steps(step[onset], ahead.last_step) if rate else None
            possible = ahead.first_possible(a, sign, before + sign * near, fall)
            if possible == n:
                break
            a, size = possible, size if possible == a else BLOCK
        b = min(n, a + size)
        part = slice(a, min(n, b + CONFIRM[-1]))
        away = sign * (raw[part] - before)
        if rate:
            away -= rate * levels.log_steps(step[onset], step[part])
        back = _first_back(away, b - a, near, sigma)
        if back < b - a:
            end = a + back
            break
        a, size = b, min(size * 4, MOST_AHEAD)
    return Excursion(
        onset, ahead.peak(sign, onset, end), end, sign, before, float(level.expected[onset]), sigma, end < n
    )


def _first_back(away: Floats, most: int, near: float, sigma: float) -> int:
    """First of `most` positions that is back at 0 and stays there, by the points to come; `most` if none is."""
    calm = away[:most] <= near + 2.0 * sigma
    first = int(np.argmax(calm)) if calm.any() else most
    for count in CONFIRM if first < most else ():
        calm[first:] &= coming_median(away[first:], count)[: most - first] <= near
    where = np.flatnonzero(calm[first:])
    return first + int(where[0]) if len(where) else most


def _summit(raw: Floats, one: Excursion) -> int:
    """Where the curve of a long excursion first turns: no higher smoothed point for a while after it."""
    ahead = coming_median(raw[one.first : min(one.end, one.first + 4096)], 3)
    wait = max(SHORT, len(raw) // 50)
    best = 0
    while higher := int(np.argmax(ahead[best : best + wait])):
        best += higher
    top = one.first + best
    return top + int(np.argmax(raw[top : min(one.end, top + 3)]))


def belongs(raw: Floats, last: Excursion, new: Excursion) -> bool:
    """Whether a new rise starts before the last one has come down."""
    if last.sign < 0 or new.first >= last.end:
        return False
    if new.first <= last.first:
        return True
    wide = max(3, (new.first - last.first) // 8)
    top = float(bn.nanmax(coming_median(raw[last.first : new.first + 1], wide)))
    now = median(raw[max(last.first, new.first - wide) : new.first])
    return now - last.level >= MERGE * (top - last.level)


def joined(raw: Floats, one: Excursion, other: Excursion) -> Excursion:
    """One excursion made of two: the onset and the level of the earlier."""
    early = one if one.first <= other.first else other
    peak = one.peak if raw[one.peak] >= raw[other.peak] else other.peak
    end = max(one.end, other.end)
    return replace(early, peak=peak, end=end, back=end < len(raw))
