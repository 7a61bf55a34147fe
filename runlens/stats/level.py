"""Where a curve should be next, and how far its points scatter about that: causal, robust, linear in the points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from runlens.stats.robust import Floats
from runlens.stats.rolling import centred_median, trailing_median, trailing_min

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
"""With fewer points behind, noise is taken from second differences, which no slope enters."""
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
    expected, recent = _extrapolate(y, step, low, high, origin, start)
    recent = trailing_min(recent, HOLD)
    expected = np.fmin(expected, recent)
    part = y[low:high]
    rough = np.abs(part - centred_median(part, SMOOTH))
    past = trailing_median(rough, 2 * WINDOW, min_count=NARROWEST)
    coming = trailing_median(rough[::-1], 2 * WINDOW, min_count=SMOOTH)[::-1]
    past, coming = _shift(past, 1), _shift(coming, -1)
    behind = np.arange(low, high) - origin
    young = (behind < YOUNG) & np.isfinite(coming)  # the first steps of a decay bend too much to tell noise from it
    past = np.where(young, np.fmin(past, _second_differences(part)), past)
    sigma = ROUGH_TO_SIGMA * np.fmax(past, coming)
    # a level from few points is uncertain by itself
    sigma *= np.sqrt(1.0 + NARROWEST / np.maximum(behind, 1))
    inside = slice(first - low, last - low)
    level.expected[first:last] = expected[inside]
    level.recent[first:last] = recent[inside]
    level.sigma[first:last] = sigma[inside]


def settled_from(step: Floats, points: int) -> int:
    """First position whose window, by `SHARE`, holds so many points; before it a curve may fall as it likes."""
    first = step[: 64 * points]
    held = np.arange(len(first)) - np.searchsorted(first, (1.0 - SHARE) * first)
    ready = np.flatnonzero(held < points)
    return int(ready[-1]) + 1 if len(ready) else 0


def _extrapolate(y: Floats, step: Floats, low: int, high: int, origin: int, begin: float) -> tuple[Floats, Floats]:
    """Expected and recent level at [low, high), each point by the widest window that its place allows."""
    here = np.arange(low, high)
    since = np.maximum(step[low:high] - begin, 0.0)
    reach = np.searchsorted(step[origin:high], step[low:high] - SHARE * since, side="left") + origin
    width = np.clip(here - reach, NARROWEST, WINDOW)
    expected = np.full(high - low, np.nan)
    recent = np.full(high - low, np.nan)
    size = NARROWEST
    while size <= WINDOW:
        at = np.flatnonzero((width >= size) & ((width < 2 * size) | (size == WINDOW)))
        if len(at):
            half = size // 2
            start = max(origin, low + int(at[0]) - size - 1)
            stop = low + int(at[-1]) + 1
            medians = trailing_median(y[start:stop], half)
            newer, older = _shift(medians, 1), _shift(medians, 1 + half)
            # the newer median stands half a window back, plus half a point: carry its fall on, never its rise
            fall = np.minimum(np.nan_to_num(newer - older), 0.0)
            at_segment = at + low - start
            expected[at] = (newer + fall * (half + 1) / (2 * half))[at_segment]
            recent[at] = newer[at_segment]
        size *= 2
    return expected, recent


def _second_differences(y: Floats) -> Floats:
    """Typical distance of the points before each from the middle of their neighbours, on the scale of `rough`."""
    bend = np.full(y.shape, np.nan)
    bend[2:] = np.abs(y[1:-1] - 0.5 * (y[2:] + y[:-2]))
    return _shift(trailing_median(bend, 2 * WINDOW, min_count=NARROWEST), 1) * BEND_TO_ROUGH


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
