"""Where a curve should be next, and how far its points scatter about that: causal, robust, linear in the points."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import bottleneck as bn
import numpy as np
import numpy.typing as npt

from runlens.stats.robust import Floats, theil_sen
from runlens.stats.rolling import centred_median, trailing_mean, trailing_median, trailing_min

CHUNK = 1 << 18
"""Points worked on at once, which bounds the memory of temporary arrays."""
WINDOW = 128
"""Widest window, points: OLMo-core looks at the last 128 (SpikeMonitor); wider ones lag behind early decay."""
NARROWEST = 4
"""Narrowest window, points."""
SHARE = 0.25
"""A window reaches back over at most this share of the steps since the start, so that power-law decay, which is
straight against log step, stays nearly straight inside it, and unequal log intervals weigh as they should."""
HOLD = 32
"""The level before a point is the lowest of so many: a slow rise must not carry its own reference along."""
YOUNG = 64
"""With fewer points behind, the bend of the decay itself is no noise."""
STEEP = 1024
"""With more points behind no descent is steep: a power law falls by 1 / t a point, far less than points scatter."""
CLEAR = 1.5
"""A blow-up rises by so many standard deviations of its own noise, and so much had been gained before."""
TAIL = 32
"""The noise of the last points is that of so many together: of fewer it cannot be told."""
RUN_THROUGH = 0.3
"""A centred median that hits more than this share of the points runs through them, as it does on a descent, whatever
they scatter: noise is then taken from second differences, which no slope enters (but every spike three times). Of white
noise it hits one point in nine."""
SMOOTH = 9
"""Noise is taken about a centred median of so many points, which follows any descent and any hump that is longer."""
ROUGH_TO_SIGMA = 1.71
"""Standard deviation of Gaussian noise over the median distance to its centred median of `SMOOTH` (simulated)."""
BEND_TO_ROUGH = 1.4826 / (1.2247 * ROUGH_TO_SIGMA)
"""Second differences of Gaussian noise have sqrt(1.5) times its deviation."""


@dataclass(slots=True, eq=False)
class Level:
    """What a curve was expected to do at each point, from the points before it; `patch` renews a stretch."""

    expected: npt.NDArray[np.float32]
    """(n,) the recent level carried on along its own slope, if that falls; NaN where nothing came before."""
    recent: npt.NDArray[np.float32]
    """(n,) median of the newer half of the window: the level before the point."""
    sigma: npt.NDArray[np.float32]
    """(n,) robust standard deviation of points about `expected`: the larger of before and after the point, so that
    a batch that got smaller is no excursion."""


def fit(y: Floats, step: Floats) -> Level:
    """Level and noise of a whole curve.

    Parameters
    ----------
    y : ndarray of float64, shape (n,)
        NaN are points to be left out.
    step : ndarray of float64, shape (n,)
        Not decreasing.
    """
    n = len(y)
    level = Level(*(np.full(n, np.nan, dtype=np.float32) for _ in range(3)))
    for start in range(0, n, CHUNK):
        patch(level, y, step, start, min(n, start + CHUNK))
    return level


def patch(level: Level, y: Floats, step: Floats, first: int, last: int, origin: int = 0, start: float = 0.0) -> None:
    """Renew `level` at positions [first, last).

    Parameters
    ----------
    y, step : ndarray of float64, shape (n,)
        The whole curve, incidents that are over set to NaN.
    origin : int
        Nothing before this position is looked at.
    start : float
        Step at which the present decay began: 0, or where a run was thrown back.
    """
    low = max(origin, first - 4 * WINDOW)
    high = min(len(y), last + 2 * WINDOW)
    expected, newer = _extrapolate(y, step, low, high, origin, start)
    recent = trailing_min(newer, HOLD)
    expected = np.fmin(expected, recent)
    start_level = float(bn.nanmedian(y[:5]))
    lost = _lost_ahead(newer, recent, start_level)
    sigma = _noise(y[low:high], lost, low - origin, high == len(y))
    inside = slice(first - low, last - low)
    level.expected[first:last] = expected[inside]
    level.recent[first:last] = recent[inside]
    level.sigma[first:last] = sigma[inside]


def _lost_ahead(newer: Floats, recent: Floats, start: float) -> Floats:
    """By how much a curve is about to rise where that undoes half of its progress since the start; else 0."""
    ahead = newer[np.minimum(np.arange(len(newer)) + WINDOW, len(newer) - 1)]
    rise, progress = ahead - recent, start - recent
    with np.errstate(invalid="ignore"):
        return np.where(rise > 0.5 * progress, np.fmin(rise, progress), 0.0)


def _noise(y: Floats, lost: Floats, behind: int, ends: bool) -> Floats:
    """Robust standard deviation at each point of a stretch that has `behind` points before it.

    The larger of that of the points before and of those to come. At a blow-up the former alone, because the noise of
    an excursion is no excuse for it; `lost` (see `_lost_ahead`) must then be clear of both.
    """
    n = len(y)
    rough = np.abs(y - centred_median(y, SMOOTH))
    past, coming = _before_and_after(rough, ends)
    age = behind + np.arange(n)
    steep = min(n, STEEP - behind)
    if steep > 0:
        part = slice(0, min(n, steep + 2 * WINDOW))
        ends = ends and steep == n
        bent = _before_and_after(_second_differences(y[part]), ends)
        passed = _before_and_after(np.where(rough[part] > 0, 0.0, 1.0), ends, trailing_mean)
        for noise, bend, share in zip((past, coming), bent, passed, strict=True):
            run_through = share[:steep] > RUN_THROUGH
            noise[:steep][run_through] = np.fmax(noise[:steep], bend[:steep])[run_through]
        young = min(steep, max(0, YOUNG - behind))  # the first steps of a decay bend too much to tell noise from it
        past[:young] = np.fmin(past[:young], bent[0][:young])
    larger = np.fmax(past, coming)
    with np.errstate(invalid="ignore"):
        blowup = lost > CLEAR * ROUGH_TO_SIGMA * larger
    sigma = ROUGH_TO_SIGMA * np.where(blowup & np.isfinite(past), past, larger)
    # a level from few points is uncertain by itself
    return np.asarray(sigma * np.sqrt(1.0 + NARROWEST / np.maximum(age, 1)))


def settled_from(step: Floats, points: int) -> int:
    """First position whose window, by `SHARE`, holds so many points; before it a curve may fall as it likes."""
    first = step[: 64 * points]
    held = np.arange(len(first)) - np.searchsorted(first, (1.0 - SHARE) * first)
    ready = np.flatnonzero(held < points)
    return int(ready[-1]) + 1 if len(ready) else 0


def decay_rate(y: Floats, step: Floats, first: int) -> float:
    """Fall of a curve per unit of log step before position `first`; at least 0.

    Taken over the later two thirds, at most 4,096 points, by the median of pairwise slopes; 0 for fewer than two.
    """
    part = slice(max(first // 3, first - 4096), first)
    slope = theil_sen(np.asarray(log_steps(0.0, step[part])), y[part], most=120)[0]
    return max(0.0, -slope) if np.isfinite(slope) else 0.0


def log_steps(start: float, step: Floats) -> Floats:
    """Distance from `start` to each step on the scale on which a power law is straight; steps before 0 count as 0."""
    return np.asarray(np.log((np.maximum(step, 0.0) + 1.0) / (max(start, 0.0) + 1.0)))


def _extrapolate(y: Floats, step: Floats, low: int, high: int, origin: int, begin: float) -> tuple[Floats, Floats]:
    """Expected and recent level at [low, high), each point by the widest window that its place allows."""
    expected = np.full(high - low, np.nan)
    recent = np.full(high - low, np.nan)
    earliest = step[low:high] - SHARE * np.maximum(step[low:high] - begin, 0.0)
    old = low - origin >= WINDOW and bool((step[low - WINDOW : high - WINDOW] >= earliest).all())
    if not old:
        reach = np.searchsorted(step[origin:high], earliest, side="left") + origin
        width = np.clip(np.arange(low, high) - reach, NARROWEST, WINDOW)
    size = WINDOW if old else NARROWEST
    while size <= WINDOW:
        at = np.arange(high - low) if old else np.flatnonzero((width >= size) & ((width < 2 * size) | (size == WINDOW)))
        if len(at):
            half = size // 2
            start = max(origin, low + int(at[0]) - size - 1)
            stop = low + int(at[-1]) + 1
            medians = trailing_median(y[start:stop], half)
            newer, older = _shift(medians, 1), _shift(medians, 1 + half)
            # the newer median stands half a window back, plus half a point: carry its fall on, never its rise
            fall = np.minimum(np.nan_to_num(newer - older), 0.0)
            at_segment = at + low - start
            expected[at] = (newer + fall * ((half + 1) / (2 * half)))[at_segment]
            recent[at] = newer[at_segment]
        size *= 2
    return expected, recent


def _before_and_after(
    rough: Floats, ends: bool, average: Callable[[Floats, int, int], Floats] = trailing_median
) -> tuple[Floats, Floats]:
    """Averages of a roughness over the points before each, and over those to come.

    Where the curve `ends` the latter is that of the last points together: what little is left says less.
    """
    n, wide = len(rough), 2 * WINDOW
    trailing = average(rough, wide, NARROWEST)
    past, coming = _shift(trailing, 1), _shift(trailing, -wide)
    rest = slice(max(0, n - wide), n)  # what lies before the last full window
    coming[rest] = _shift(average(rough[rest][::-1], wide, NARROWEST)[::-1], -1)
    if ends:
        tail = min(TAIL, n // 3)
        coming[n - tail :] = coming[max(n - tail - 1, 0)]
    return past, coming


def _second_differences(y: Floats) -> Floats:
    """Distance of each point from the middle of its neighbours, which no slope enters, on the scale of `SMOOTH`."""
    bend = np.full(y.shape, np.nan)
    bend[1:-1] = np.abs(y[1:-1] - 0.5 * (y[2:] + y[:-2])) * BEND_TO_ROUGH
    return bend


def _shift(x: Floats, by: int) -> Floats:
    """`x` moved `by` places to the right (left if negative), NaN where nothing stood."""
    out = np.full(x.shape, np.nan)
    if by >= len(x) or -by >= len(x):
        return out
    if by >= 0:
        out[by:] = x[: len(x) - by]
    else:
        out[:by] = x[-by:]
    return out
