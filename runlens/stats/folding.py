"""A beat taken out of a short series: every fourth point holds a checkpoint, every second one an eval."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import bottleneck as bn
import numpy as np
import numpy.typing as npt

from runlens.stats.robust import Floats

CYCLES = 6
"""Least number of times that a beat is seen."""
LONGEST = 64
"""Longest beat in points that is looked for."""
LEFT = 0.6
"""Part of the absolute deviations that may be left when a beat is taken out. Medians over `CYCLES` cycles and more
leave over 0.8 of white noise."""
SHORT = 512
"""Points up to which all periods are looked at together, in some MB."""
SAFE = 1.0 + 1e-9
"""Sums of the same numbers in another order differ by far less."""
WILD = 1.0
"""Distance from the median up to which a point moves the mean of its neighbours."""
BEATS = 3
"""Beats that are taken out, one after another: a log may hold evals, checkpoints and a flush."""


def without_beat(x: Floats) -> Floats:
    """The series less its periodic part, if it has one; its slow changes stay.

    Parameters
    ----------
    x : ndarray of float64, shape (n,), finite

    Returns
    -------
    ndarray of float64, shape (n,)
        `x` itself if no beat of 2 to `LONGEST` points explains `1 - LEFT` of its deviations from a moving mean, or if
        it is shorter than twelve points. Of several beats that do about equally well the shortest is taken.
    """
    for _ in range(BEATS):
        profile = _beat(x)
        if not len(profile):
            return x
        x = x - np.resize(profile - bn.median(profile), len(x))
    return x


def _beat(x: Floats) -> Floats:
    """Medians by phase of the beat that explains most, empty if none explains enough."""
    n = len(x)
    longest = min(n // CYCLES, LONGEST)
    best = x[:0]
    if longest < 2:
        return best
    middle = bn.median(x)
    tame = np.minimum(np.maximum(x, middle - WILD), middle + WILD)
    total = np.concatenate([[0.0], np.cumsum(tame)])
    least = 1.0
    for period in _possible(x, tame, total, longest):
        # over whole cycles a mean is constant; a median has two values if every second point is slow
        rest = x - _moving_mean(tame, total, _window(period, longest))
        whole = float(np.abs(rest - bn.median(rest)).sum())
        # what two points one period apart differ by is at most what both are off the profile
        if float(np.abs(rest[period:] - rest[:-period]).sum()) / 2 * n / (n - period) > LEFT * whole:
            continue
        folded = _folded(rest, period)
        profile = np.asarray(bn.nanmedian(folded, axis=0))
        left = float(np.abs((folded - profile).ravel()[:n]).sum()) * n / (n - period)
        if left < LEFT * whole and left < 0.9 * least * whole:
            best, least = profile, left / whole
    return best


def _window(period: int, longest: int) -> int:
    """Points that means are taken over: whole cycles, about as many for every period."""
    return period * (2 * longest // period)


def _possible(x: Floats, tame: Floats, total: Floats, longest: int) -> Iterable[int]:
    """The periods that the test on points one period apart leaves; all, for a series of more than `SHORT` points.

    In a short series calls cost more than numbers: all periods are tried at once, about 0 in place of the median, which
    makes the whole larger.
    """
    n = len(x)
    if n > SHORT:
        return range(2, longest + 1)
    at = _places(n, longest)
    # up to each point, and up to the middle of each, since both ends of an even window count half
    sums = np.concatenate([total, total[:n] + 0.5 * tame])
    # places are within their arrays: clipping is the mode that does not look first
    mean, other = sums.take(at.after, mode="clip"), sums.take(at.before, mode="clip")
    mean -= other
    mean /= at.window
    rest = np.subtract(x, mean, out=mean)
    apart = np.subtract(rest.take(at.next, out=other, mode="clip"), rest, out=other)
    apart = np.abs(apart, out=apart).sum(axis=1) / 2 * n / (n - at.period)
    return (np.flatnonzero(apart <= LEFT * SAFE * np.abs(rest, out=rest).sum(axis=1)) + 2).tolist()


@dataclass(frozen=True, slots=True, eq=False)
class _Places:
    """Where the moving means of all periods p, from 2 on, are taken; shape (p, n) unless said."""

    period: npt.NDArray[np.int64]
    """(p,)"""
    window: npt.NDArray[np.int64]
    """(p, 1)"""
    before: npt.NDArray[np.int64]
    """Where the running sums hold nothing of the window; those of halves stand behind the others."""
    after: npt.NDArray[np.int64]
    """Where they hold all of it."""
    next: npt.NDArray[np.int64]
    """The point one period on, or the point itself where there is none: its place among the points of all periods."""


@lru_cache(maxsize=4)
def _places(n: int, longest: int) -> _Places:
    period = np.arange(2, longest + 1)
    window = np.array([_window(int(p), longest) for p in period])[:, None]
    half, at = window // 2, np.arange(n)
    middle = np.clip(at, half, n - 1 - half)
    following = at + period[:, None]
    even = window % 2 == 0
    before = middle - half + np.where(even, n + 1, 0)
    after = middle + half + np.where(even, n + 1, 1)
    following = np.where(following < n, following, at) + n * np.arange(len(period))[:, None]
    return _Places(period, window, before, after, following)


def _moving_mean(x: Floats, total: Floats, window: int) -> Floats:
    """Centred mean, the ends filled with the nearest full one; in an even window both end points count half.

    `total` holds the running sums of `x`, a zero before the first: shape (n + 1,).
    """
    half = window // 2
    out = np.empty(len(x))
    wide = out[half : len(x) - half]
    np.divide(total[2 * half + 1 :] - total[: -2 * half - 1], window, out=wide)
    if window % 2 == 0:
        wide -= (x[: -2 * half] + x[2 * half :]) / (2 * window)
    out[:half], out[len(x) - half :] = wide[0], wide[-1]
    return out


def _folded(x: Floats, period: int) -> Floats:
    """The points in rows of one period, shape (rows, period); NaN after the last."""
    rows = -(-len(x) // period)
    folded = np.full(rows * period, np.nan)
    folded[: len(x)] = x
    return folded.reshape(rows, period)
