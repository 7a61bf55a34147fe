"""Where a learning rate leaves its own schedule: jumps told apart from what schedules do by themselves.

Schedules jump too: steps down, warm restarts, a constant warm-up that ends. A break is a jump that is taken back, a
fall to zero, a warm-up in the middle, or a rise above all that was before.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import bottleneck as bn
import numpy as np
import numpy.typing as npt

from runlens.growing import greatest
from runlens.growing import places as positions
from runlens.stats.changes.climbs import climbs_again
from runlens.stats.distinct import distinct
from runlens.stats.robust import Floats, Steps
from runlens.stats.spans import spans

Kind = Literal["zero", "bump", "dip", "rewarmed", "raised", "restarted", "climbs"]

MOST = 256
"""Jumps that are looked into, the first ones: each is followed for a tenth of the log, and a rate that jumps more often
does so by its schedule."""
JUMP = 1.5
"""Factor between two logged points that may be a jump: no common schedule changes that much in one logged point once
its warm-up is over, and where a sparse log makes it, its neighbours change as fast."""
STEEPER = 5.0
"""A jump is so many times as steep as the typical point around it."""
NEAR = 17
"""Points around a jump that say what is typical."""
FLOOR = 1e-6
"""A rate below this share of the peak is zero: even five tenfold steps down stay above it."""
SAME = 1.5
"""Factor within which a rate is back where it was: the schedule went on meanwhile."""
FEWEST_ZEROS = 5
"""Logged points that are no touch of zero, as at the turn of a cosine."""
SAMPLE = 1 << 15
"""About as many rates tell how a log rounds."""


@dataclass(frozen=True, slots=True)
class Break:
    """One place where the rate left its schedule. Positions are indices of the points given."""

    kind: Kind
    first: int
    """First point off the schedule."""
    last: int
    """Last point off the schedule (`n - 1` if it never came back)."""
    before: float
    """The rate just before."""
    extreme: float
    """The rate farthest off."""


def breaks(step: Steps, rate: Floats, short: float = 0.1, zero: float = 0.02) -> list[Break]:
    """All breaks of one rate, in order.

    Parameters
    ----------
    step : ndarray of int64 or float64, shape (n,)
        Strictly increasing.
    rate : ndarray of float64, shape (n,)
        Finite; negative values count as zero.
    short : float
        Share of the run within which a jump must be taken back to be a bump or a dip, and a ramp done to be a warm-up.
    zero : float
        Share of the run from which a rate of zero is a break.

    Returns
    -------
    list of Break
        Empty for fewer than 8 points. A rate that is zero throughout is one break of kind `zero`.
    """
    n = len(rate)
    if n < 8:
        return []
    peak = float(greatest(rate))
    if peak <= 0:
        return [Break("zero", 0, n - 1, 0.0, 0.0)]
    span = float(step[-1] - step[0])
    found = list(_zeros(step, rate, zero * span, peak))
    if (low := climbs_again(rate)) is not None:
        found.append(Break("climbs", low, n - 1, float(rate[low]), float(rate[-1])))
    places = jumps(step, rate)[:MOST].tolist()
    if not places:
        return found
    covered = np.zeros(n, dtype=bool)
    for one in found:
        covered[one.first : one.last + 2] = True
    up_to = np.maximum.accumulate(rate[: places[-1]])
    falls = positions("falls", (rate,), lambda rates: rates[1:] < rates[:-1], back=1)
    still_rising = int(falls[0]) - 1 if len(falls) else n - 1
    for at in places:
        if covered[at]:
            continue
        reach = int(np.searchsorted(step, math.floor(step[at] + short * span), side="right"))
        early = at <= still_rising + 1 and step[at] - step[0] <= 0.2 * span
        new = _up(rate, at, reach, up_to, early) if rate[at] > rate[at - 1] else _down(rate, at, reach)
        if new is not None:
            found.append(new)
            covered[new.first : new.last + 2] = True
    return sorted(found, key=lambda b: b.first)


def jumps(step: Steps, rate: Floats) -> npt.NDArray[np.int64]:
    """Positions of the points that stand apart from the one before them by a jump, and by more than rounding does."""
    lowest = FLOOR * float(greatest(rate))
    likely = positions(("apart", lowest), (rate,), lambda rates: _apart(rates, lowest), back=1) - 1
    likely = likely[np.abs(rate[likely + 1] - rate[likely]) > 1.5 * quantum(rate)] if len(likely) else likely
    if not len(likely):
        return likely
    around = likely[:, None] + np.arange(-(NEAR // 2), NEAR // 2 + 1)
    outside = (around < 0) | (around > len(rate) - 2)
    at = np.clip(around, 0, len(rate) - 2)
    pace = np.abs(np.log(np.maximum(rate[at + 1], lowest) / np.maximum(rate[at], lowest))) / (step[at + 1] - step[at])
    typical = bn.nanmedian(np.where(outside, np.nan, pace), axis=1)
    return np.asarray(likely[pace[:, NEAR // 2] > STEEPER * typical] + 1)


def _apart(rate: Floats, lowest: float) -> npt.NDArray[np.bool_]:
    """Which points but the first are apart from the one before them by `JUMP`."""
    out = np.empty(len(rate) - 1, dtype=bool)
    for first, last in spans(len(out)):
        held = np.maximum(rate[first : last + 1], lowest)
        out[first:last] = (held[1:] > JUMP * held[:-1]) | (JUMP * held[1:] < held[:-1])
    return out


def quantum(rate: Floats) -> float:
    """The unit to which a log rounded the rates, such as 1e-4; 0 if it did not, or if that cannot be told."""
    levels = distinct(rate[:: max(1, len(rate) // SAMPLE)])
    levels = levels[levels > 0]
    if len(levels) < 3:
        return 0.0
    parts = levels / levels[0]
    return float(levels[0]) if bool(np.all(np.abs(parts - np.rint(parts)) < 1e-3)) else 0.0


def _zeros(step: Steps, rate: Floats, shortest: float, peak: float) -> Iterator[Break]:
    """Stretches at zero after the rate was positive. The end of a cosine that is logged with few digits is none."""
    lowest = FLOOR * peak
    flat = positions(("flat", lowest), (rate,), lambda rates: rates <= lowest)
    if not len(flat):
        return
    cuts = np.flatnonzero(np.diff(flat) > 1)
    starts, ends = np.append(flat[0], flat[cuts + 1]), np.append(flat[cuts], flat[-1]) + 1
    # a cosine is below half a unit for 0.45 sqrt(unit / peak) of its length
    shortest += np.sqrt(quantum(rate) / peak) * float(step[-1] - step[0])
    for first, end in zip(starts.tolist(), ends.tolist(), strict=True):
        if first > 0 and end - first >= FEWEST_ZEROS and step[end - 1] - step[first] >= shortest:
            yield Break("zero", first, end - 1, float(rate[first - 1]), 0.0)


def _up(rate: Floats, at: int, reach: int, up_to: Floats, early: bool) -> Break | None:
    before = float(rate[at - 1])
    back = np.flatnonzero(rate[at:reach] <= SAME * before)
    if before > 0 and len(back) and not early:
        end = at + int(back[0])
        if rate[end] >= before / SAME and rate[end - 1] > SAME * rate[end]:
            return Break("bump", at, end - 1, before, float(bn.nanmax(rate[at:end])))
    if early:
        return None  # a warm-up, by steps or at once
    if rate[at] > SAME * up_to[at - 1]:
        return Break("raised", at, _undone(rate, at) - 1, before, float(rate[at]))
    top = _top(rate, at)
    return Break("restarted", at, top, before, float(rate[top]))


def _undone(rate: Floats, at: int) -> int:
    """Where a jump up at `at` is taken back by a jump down of about its size; the end of the log if it is not."""
    times = rate[at] / max(float(rate[at - 1]), np.finfo(float).tiny)
    down = rate[at:-1] / np.maximum(rate[at + 1 :], np.finfo(float).tiny)
    same = np.flatnonzero((down > JUMP) & (down > times / SAME) & (down < times * SAME))
    return at + 1 + int(same[0]) if len(same) else len(rate)


def _top(rate: Floats, at: int) -> int:
    """Where a rate that rises at `at` stands highest before it falls again, or stays."""
    falls = np.diff(rate[at:]) <= 0
    return at + int(np.argmax(falls)) if falls.any() else len(rate) - 1


def _down(rate: Floats, at: int, reach: int) -> Break | None:
    """A fall that is undone soon: at once (a dip) or by a ramp (a warm-up). One that stays is none."""
    before = float(rate[at - 1])
    again = np.flatnonzero(rate[at + 1 : reach] >= before / SAME)
    if not len(again) or before <= 0:
        return None
    end = at + 1 + int(again[0])
    way, top = rate[at:end], _top(rate, end)
    # the foot of a warm restart that goes on to a peak of its own, or the end of a schedule and the start of the next
    if rate[top] > 2.0 * SAME * before or (rate[top] > SAME * before and _at_its_own_pace(rate, at)):
        return Break("restarted", at, top, before, float(rate[top]))
    ramp = len(distinct(way[way > 1.05 * way[0]])) >= 2 and bool(np.all(np.diff(way) >= 0))
    return Break("rewarmed" if ramp else "dip", at, end - 1, before, float(way.min()))


def _at_its_own_pace(rate: Floats, at: int) -> bool:
    """Whether a rate falls at a point by no more than it did from one point to the next on its way down before."""
    falls = -np.diff(rate[:at])
    rises = np.flatnonzero(falls <= 0)
    way = falls[int(rises[-1]) + 1 :] if len(rises) else falls
    return bool(len(way) and rate[at - 1] - rate[at] <= way.max())
