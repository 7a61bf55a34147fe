"""Where a curve should be next, and how far its points scatter about that: causal, robust, linear in the points."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import bottleneck as bn
import numpy as np
import numpy.typing as npt

from runlens.growing import folded
from runlens.stats.excursions.kept import Column, Kept
from runlens.stats.excursions.smoothed import SAMPLE, shared_noise
from runlens.stats.noise import FEWEST, REACH, noise
from runlens.stats.robust import Floats, Steps, finite, quantile, theil_sen
from runlens.stats.rolling import trailing_min

CHUNK = 1 << 16
"""Points worked on at once, which bounds the memory of temporary arrays; what is found does not depend on it."""
SETTLES = 1 << 12
"""The same of a curve that is searched look by look: of the last of so many points the level is worked out anew."""
WINDOW = 128
"""Widest window, points: OLMo-core looks at the last 128 (SpikeMonitor); wider ones lag behind early decay."""
NARROWEST = 4
"""Narrowest window, points."""
SHARE = 0.25
"""A window reaches back over at most this share of the steps since the start, so that power-law decay, which is
straight against log step, stays nearly straight inside it, and unequal log intervals weigh as they should."""
NEAR, NEAR_OF_ONE = 0.35, 0.4538
"""Share of points that are nearest, and the distance that this share of Gaussian noise of deviation 1 stays below."""
SETTLING = 16
"""First points, whose level comes from too few to measure noise by."""
HIGHEST = 1024.0
"""Heights up to which float32 tells apart what is a tenth of the least noise assumed (6e-5); log losses stay below 745.
A likelihood of -8e6, whose neighbours in float32 are 0.5 apart, is kept as float64."""
HOLD = 32
"""The level before a point is the lowest of so many: a slow rise must not carry its own reference along."""

_DOUBLED = tuple(NARROWEST << k for k in range((WINDOW // NARROWEST).bit_length()))

Ints = npt.NDArray[np.int64]


@dataclass(slots=True, eq=False)
class Level:
    """What a curve was expected to do at each point, from the points before it; `patch` renews a stretch."""

    expected: Column
    """(n,) the recent level carried on along its own slope, if that falls; NaN where nothing came before."""
    recent: Column
    """(n,) median of the newer half of the window: the level before the point."""
    sigma: Column
    """(n,) robust standard deviation of points about `expected`: the larger of before and after the point, so that
    a batch that got smaller is no excursion."""
    scale: float = 1.0
    """By how much neighbours understate that deviation, because they share their noise: 1 where they do not."""


def fit(y: Floats, step: Steps, kept: Kept | None = None) -> Level:
    """Level and noise of a whole curve.

    Parameters
    ----------
    y : ndarray of float64, shape (n,)
        NaN are points to be left out.
    step : ndarray of int64 or float64, shape (n,)
        Not decreasing.
    kept : Kept, optional
        What was found when the curve was shorter: stretches that no new point reaches are taken from it, and it then
        holds those of this curve. What is found does not depend on it.
    """
    n, size = len(y), CHUNK if kept is None else SETTLES
    level, taken = (_empty(y), 0) if kept is None else _taken_up(y, step, kept)
    for start in range(taken, n, size):
        patch(level, y, step, start, min(n, start + size))
    if kept is not None:
        kept.y, kept.step, kept.taken, kept.settled = y, step, taken, _settled(n)
        level = Level(level.expected, level.recent, level.sigma.copy())
    return _with_shared_noise(level, y)


def fit_where(y: Floats, step: Steps, may_leave: Callable[[Level], bool]) -> Level | None:
    """`fit` of a curve that may leave its level, None as soon as it is known that it does not.

    Parameters
    ----------
    y, step : ndarrays, shape (n,)
        As in `fit`, finite.
    may_leave : callable
        Asked of the level before its noise is known (`sigma` is NaN), and again before it is known whether neighbours
        share it: `sigma` then only grows. The noise is two thirds of the cost, and most curves stay at their level.
        Of curves of more than `CHUNK` points it is asked once, when all is known.
    """
    n = len(y)
    if n > CHUNK:
        whole = fit(y, step)
        return whole if may_leave(whole) else None
    course, dtype = _course(y, step, 0, n, 0, 0.0), _precision(y)
    level = Level(course.expected.astype(dtype), course.recent.astype(dtype), np.full(n, np.nan, dtype))
    if not may_leave(level):
        return None
    level.sigma[:] = _noise_about(course, y, n, 0)
    return _with_shared_noise(level, y) if may_leave(level) else None


def _empty(y: Floats) -> Level:
    dtype, n = _precision(y), len(y)
    return Level(np.full(n, np.nan, dtype), np.full(n, np.nan, dtype), np.full(n, np.nan, dtype))


def _with_shared_noise(level: Level, y: Floats) -> Level:
    hidden = shared_noise(y, WINDOW)
    if hidden > 1.0:
        level.scale = max(1.0, min(hidden, _distance(y, level)))
        _widen(level, 0, len(y))
    return level


def _taken_up(y: Floats, step: Steps, kept: Kept) -> tuple[Level, int]:
    """A level with the leading stretches that were found before and that no other point reaches; how many points."""
    dtype = _precision(y)
    points = _settled(kept.same(y, step)) if kept.columns and kept.columns[0].dtype == dtype else 0
    expected, recent, sigma = kept.room_for(len(y), dtype, points)
    return Level(expected, recent, sigma), points


def _settled(points: int) -> int:
    """Leading points whose level depends on so many alone: noise looks ahead by `REACH`, and sees the end."""
    return max((points - REACH - 1) // SETTLES, 0) * SETTLES


def _precision(y: Floats) -> npt.DTypeLike:
    """What a column of a curve of this height is kept as."""
    return np.float32 if folded("height", (y,), _height, max) <= HIGHEST else np.float64


def _height(y: Floats) -> float:
    return float(max(bn.nanmax(y), -bn.nanmin(y)))


def _distance(y: Floats, level: Level) -> float:
    """Typical distance of points from the expected level, in deviations as neighbours show them.

    From the nearest third of all points: an incident that raises less than two thirds of them hardly moves it.
    """
    some = slice(SETTLING, None, len(y) // SAMPLE + 1)
    away = np.abs(y[some] - level.expected[some])
    with np.errstate(invalid="ignore", divide="ignore"):
        away = finite(away / level.sigma[some])
    return quantile(away, NEAR) / NEAR_OF_ONE if len(away) else 1.0


def _widen(level: Level, first: int, last: int) -> None:
    """Take at [first, last) as noise what neighbours hide.

    A mean of w points hides w-fold variance, and a level from n of them is known as well as one from n / w.
    """
    together = level.scale**2
    age = np.maximum(np.arange(first, last), 1)
    level.sigma[first:last] *= (level.scale * np.sqrt(1.0 + FEWEST * (together - 1.0) / age)).astype(level.sigma.dtype)


def patch(level: Level, y: Floats, step: Steps, first: int, last: int, origin: int = 0, start: float = 0.0) -> None:
    """Renew `level` at positions [first, last).

    Parameters
    ----------
    y, step : ndarrays, shape (n,)
        The whole curve, incidents that are over set to NaN.
    origin : int
        Nothing before this position is looked at.
    start : float
        Step at which the present decay began: 0, or where a run was thrown back.
    """
    low = max(origin, first - 2 * REACH)
    high = min(len(y), last + REACH)
    course = _course(y, step, low, high, origin, start)
    inside = slice(first - low, last - low)
    level.expected[first:last] = course.expected[inside]
    level.recent[first:last] = course.recent[inside]
    level.sigma[first:last] = _noise_about(course, y, high, origin)[inside]
    if level.scale > 1.0:
        _widen(level, first, last)


@dataclass(frozen=True, slots=True, eq=False)
class _Course:
    """Where a curve should be from position `low` on, before anything is known of its noise."""

    low: int
    expected: Floats
    recent: Floats
    newer: Floats
    """Median of the newer half of each window, as it is."""


def _course(y: Floats, step: Steps, low: int, high: int, origin: int, start: float) -> _Course:
    expected, newer = _extrapolate(y, step, low, high, origin, start)
    recent = trailing_min(newer, HOLD)
    return _Course(low, np.fmin(expected, recent), recent, newer)


def _noise_about(course: _Course, y: Floats, high: int, origin: int) -> Floats:
    lost = _lost_ahead(course.newer, course.recent, float(bn.nanmedian(y[:5])))
    return noise(y[course.low : high], lost, course.low - origin, high == len(y))


def _lost_ahead(newer: Floats, recent: Floats, start: float) -> Floats:
    """By how much a curve is about to rise where that undoes half of its progress since the start; else 0."""
    ahead = newer[np.minimum(np.arange(len(newer)) + WINDOW, len(newer) - 1)]
    rise, progress = ahead - recent, start - recent
    with np.errstate(invalid="ignore"):
        return np.where(rise > 0.5 * progress, np.fmin(rise, progress), 0.0)


def settled_from(step: Steps, points: int) -> int:
    """First position whose window, by `SHARE`, holds so many points; before it a curve may fall as it likes."""
    first = step[: 64 * points]
    held = np.arange(len(first)) - np.searchsorted(first, (1.0 - SHARE) * first)
    ready = np.flatnonzero(held < points)
    return int(ready[-1]) + 1 if len(ready) else 0


def decay_rate(y: Floats, step: Steps, first: int) -> float:
    """Fall of a curve per unit of log step before position `first`; at least 0.

    Taken over the later two thirds, at most 4,096 points, by the median of pairwise slopes; 0 for fewer than two.
    """
    part = slice(max(first // 3, first - 4096), first)
    slope = theil_sen(np.asarray(log_steps(0.0, step[part])), y[part], most=120)[0]
    return max(0.0, -slope) if np.isfinite(slope) else 0.0


def from_start(step: Steps) -> int:
    """What is to be taken off steps so that a power law is straight over their log: 0, or the first one.

    A log that begins farther out than it is long goes on counting from training that is not in it, such as
    pre-training, and its curve falls anew. The shape of a curve is then the same wherever its count begins.
    """
    return int(step[0]) if len(step) and int(step[0]) > int(step[-1]) - int(step[0]) else 0


def log_steps(start: float, step: Steps) -> Floats:
    """Distance from `start` to each step on the scale on which a power law is straight; steps before 0 count as 0."""
    return np.asarray(np.log((np.maximum(step, 0.0) + 1.0) / (max(start, 0.0) + 1.0)))


def _extrapolate(y: Floats, step: Steps, low: int, high: int, origin: int, begin: float) -> tuple[Floats, Floats]:
    """Expected and recent level at [low, high), each point by the widest window that its place allows."""
    expected = np.full(high - low, np.nan)
    recent = np.full(high - low, np.nan)
    earliest = step[low:high] - SHARE * np.maximum(step[low:high] - begin, 0.0)
    old = low - origin >= WINDOW and bool((step[low - WINDOW : high - WINDOW] >= earliest).all())
    if not old:
        nearest = max(origin, low - WINDOW)
        reach = np.searchsorted(step[nearest:high], earliest, side="left") + nearest
        width = np.minimum(np.maximum(np.arange(low, high) - reach, NARROWEST), WINDOW)
    of_size: Iterable[tuple[int, slice | Ints]] = [(WINDOW, slice(0, high - low))] if old else _of_sizes(width)
    for size, place in of_size:
        half = size // 2
        first, last = (place.start, place.stop) if isinstance(place, slice) else (int(place[0]), int(place[-1]) + 1)
        start, stop = max(origin, low + first - size - 1), low + last
        medians = np.empty(half + 1 + stop - start)
        medians[: half + 1] = np.nan  # nothing stood before the first
        medians[half + 1 :] = bn.move_median(y[start:stop], min(half, stop - start), 1)
        if isinstance(place, slice):
            behind, count = low + first - start, last - first
            newer, older = medians[behind + half : behind + half + count], medians[behind : behind + count]
        else:
            newer, older = (medians[place + shift] for shift in (low - start + half, low - start))
        # the newer median stands half a window back, plus half a point: carry its fall on, never its rise
        fall = newer - older
        np.fmin(fall, 0.0, out=fall)
        fall *= (half + 1) / (2 * half)
        fall += newer
        expected[place], recent[place] = fall, newer
    return expected, recent


def _of_sizes(width: Ints) -> Iterator[tuple[int, slice | Ints]]:
    """Sizes of windows, each twice the one before, and the points that each is the widest of; none without points."""
    size = NARROWEST
    if bool((width[1:] >= width[:-1]).all()):  # as on a line of equal steps: each is a stretch
        edges = width.searchsorted(_DOUBLED).tolist()
        for first, last in itertools.pairwise([*edges, len(width)]):
            if first < last:
                yield size, slice(first, last)
            size *= 2
        return
    while size <= WINDOW:
        at = np.flatnonzero((width >= size) & ((width < 2 * size) | (size == WINDOW)))
        if len(at) and len(at) == at[-1] + 1 - at[0]:  # points in a row, as nearly always
            yield size, slice(int(at[0]), int(at[-1]) + 1)
        elif len(at):
            yield size, at
        size *= 2
