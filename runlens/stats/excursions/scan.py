"""The next place where a curve leaves its level: clusters of points over bars that noise alone does not reach."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import bottleneck as bn
import numpy as np
import numpy.typing as npt

from runlens.stats.excursions.kept import Kept
from runlens.stats.excursions.level import NARROWEST, Level
from runlens.stats.excursions.tail import MOST, ONE_FALSE_IN, fit_tail, thinned
from runlens.stats.robust import Floats, finite, mad, median_in_place
from runlens.stats.rolling import trailing_median
from runlens.stats.spans import spans

RISES = ((1, 1), (2, 3), (3, 5), (5, 9))
"""So many of so many neighbours over their bar are a rise; the fewer, the higher the bar (see `Tail.bar`)."""
LASTS = 3
"""From so many points over a bar on, a rise is told by lasting and not by its height."""
FALLS = ((3, 5), (5, 9))
"""The same for a fall: one lucky batch is none."""
BURST = 3.0
"""Neighbours above so many standard deviations are left out of the tail."""
COMPANY = 3e-3
"""Share of points of pure noise that may pass for the company of a high point."""
AROUND = 9
"""Points whose median says whether a stretch is raised as a whole."""
STRETCH = 4096
"""Points in a row that a long curve's wander is measured on."""
SMALL, BLOCK = 1 << 11, 1 << 16
"""Points searched at once, at first and at most."""
GAP = 4.0
"""Points that stand this many times higher than all others are no tail of the noise but something else."""
MEDIAN_SPREAD = {3: 0.670, 5: 0.535, 9: 0.408}
"""Standard deviation of the median of so many Gaussian points, over that of one (simulated)."""


@dataclass(frozen=True, slots=True)
class Bars:
    """How high points must stand, in standard deviations."""

    up: tuple[tuple[int, int, float], ...]
    """(hits, neighbours, bar) of rises."""
    down: tuple[tuple[int, int, float], ...]
    """The same of falls."""
    high: float
    """A point this high needs only one of the next two at `company` to be no accident."""
    company: float


def standardise(y: Floats, level: Level, first: int, last: int, floor: float) -> Floats:
    """Distance from what was expected, in standard deviations, at positions [first, last)."""
    return np.asarray((y[first:last] - level.expected[first:last]) / np.fmax(level.sigma[first:last], floor))


def bars_of(y: Floats, level: Level, floor: float, sigmas: float, lasting: float, kept: Kept | None = None) -> Bars:
    """Bars from the tails of the curve's own residuals: at least `sigmas`, or `lasting` of them for rises that last.

    `kept` is what `level` was made with; the residuals of stretches that were taken over are taken from it, too.
    """
    n = len(y)
    # single precision: residuals need no more digits, and of a long run they are most of the memory
    calm, count = cast("Floats", np.empty(n, dtype=np.float32)), 0
    for part in _calm(y, level, floor, kept):
        calm[count : count + len(part)] = part
        count += len(part)
    calm = calm[:count]
    few = thinned(calm)
    up, down = fit_tail(few), fit_tail(-few)
    gap = _gap(calm)
    alone = median_in_place(np.abs(calm, out=calm))
    some = [(0, n)] if n <= MOST else _stretches(n)
    z, keep = (np.concatenate(p) for p in zip(*(_residuals(y, level, floor, a, b) for a, b in some), strict=True))
    wander = {of: _wander(z, keep, of, alone) for _, of in RISES}
    least = {k: sigmas * (lasting if k >= LASTS else 1.0) for k, _ in RISES}
    return Bars(
        tuple((k, of, max(least[k], min(up.bar(k, of) * wander[of], gap))) for k, of in RISES),
        tuple((k, of, max(sigmas, down.bar(k, of) * wander[of])) for k, of in FALLS),
        high=max(sigmas, up.quantile(1.0 / ONE_FALSE_IN)),
        company=max(sigmas / 2.0, up.quantile(COMPANY) * wander[3]),
    )


def _calm(y: Floats, level: Level, floor: float, kept: Kept | None) -> Iterator[Floats]:
    """The residuals of noise, block by block."""
    n, by = len(y), (level.scale, floor)
    # those of a block depend on the level a few points behind it
    old = kept.calm[: max(kept.taken // BLOCK - 1, 0)] if kept is not None and kept.by == by else []
    new: list[npt.NDArray[np.float32]] = []
    yield from cast("list[Floats]", old)
    for first in range(len(old) * BLOCK, n, BLOCK):
        z, keep = _residuals(y, level, floor, first, min(n, first + BLOCK))
        part = finite(z[keep])
        if kept is not None:
            new.append(part.astype(np.float32))
        yield part
    if kept is not None:
        kept.calm, kept.by = [*old, *new], by


def _residuals(y: Floats, level: Level, floor: float, a: int, b: int) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Standardised residuals at positions [a, b), and which of them are noise that the tails may be taken from."""
    low, high = max(a - AROUND // 2, 0), min(b + AROUND // 2, len(y))
    z = standardise(y, level, low, high, floor)
    around = np.abs(trailing_median(np.concatenate([z, np.full(AROUND // 2, np.nan)]), AROUND)[AROUND // 2 :])
    keep = around < 2.0  # a stretch that is raised as a whole is no noise
    keep[: max(min(16, len(y) // 5) - low, 0)] = False
    high_up = z > BURST  # two neighbours that high are a burst: independent noise seldom has such
    burst = high_up[:-1] & high_up[1:]
    keep[:-1] &= ~burst
    keep[1:] &= ~burst
    return z[a - low : b - low], keep[a - low : b - low]


def _stretches(n: int) -> list[tuple[int, int]]:
    """Evenly spaced stretches of 4,096 points, `MOST` points in all."""
    return [(int(a), int(a) + STRETCH) for a in np.linspace(0, n - STRETCH, MOST // STRETCH).astype(np.int64)]


def _wander(z: Floats, keep: npt.NDArray[np.bool_], count: int, alone: float) -> float:
    """How much wider medians of `count` neighbours scatter than those of independent points would; at least 1."""
    if count == 1:
        return 1.0
    together = mad(trailing_median(z, count)[keep], 0.0)
    return max(1.0, together / (alone * MEDIAN_SPREAD[count])) if alone > 0 else 1.0


def _gap(z: Floats) -> float:
    """Bar below points that stand clear of all noise; infinite if there are none.

    One or two points are clear when the next lower one is `GAP` times smaller; three and more when fewer than half as
    many lie in the 2.5-fold range below them. Of power-law noise with index 3 fifteen times as many would.
    """
    high = np.sort(finite(z[z > 2.0]))
    if not len(high):
        return np.inf
    position = np.arange(len(high))
    above = len(high) - position
    near = position - np.searchsorted(high, high / 2.5)
    alone = np.searchsorted(high, high / GAP) == position
    clear = (alone & (high > 2.0 * GAP)) | ((above >= 3) & (2 * near < above) & (near >= 0) & (high > 2.5 * 2.0))
    return float(0.9 * high[np.argmax(clear)]) if clear.any() else np.inf


def may_depart(
    y: Floats,
    level: Level,
    rise: float,
    floor: float,
    least: tuple[float, float],
    falls_from: int,
    first: int,
    last: int,
) -> bool:
    """Whether any point at [first, last) is high or low enough to begin a departure, whatever the curve's own noise.

    Bars are never below `least` (of rises, of falls), and noise that is not known yet never below `floor`: where this
    is False, `next_departure` finds nothing.
    """
    begin = max(first, NARROWEST)
    for a, b in spans(max(last - begin, 0)):
        first, last = begin + a, begin + b
        part = slice(first, last)
        raised = y[part] - level.recent[part] > rise
        fallen = level.expected[part] - y[part] > rise
        fallen[: max(0, falls_from - first)] = False
        if raised.any() or fallen.any():
            z = standardise(y, level, first, last, floor)
            if (raised & (z > least[0])).any() or (fallen & (z < -least[1])).any():
                return True
    return False


def next_departure(
    y: Floats, level: Level, bars: Bars, rise: float, floor: float, start: int, falls_from: int
) -> tuple[int, int]:
    """Position and sign (+1 rise, -1 fall) of the first departure at or after `start`; (n, 0) if there is none.

    Falls are looked for from position `falls_from` on.
    """
    n = len(y)
    widest = max(of for _, of, _ in (*bars.up, *bars.down))
    lowest = min(bar for _, _, bar in (*bars.up, *bars.down))
    a, size = start, SMALL  # the next departure is often near
    while a < n:
        b = min(n, a + size + widest)
        with np.errstate(invalid="ignore"):
            z = standardise(y, level, a, b, floor)
            if not (bn.nanmax(np.abs(z)) > lowest):
                a, size = a + size, min(4 * size, BLOCK)
                continue
            above = np.where(y[a:b] - level.recent[a:b] > rise, z, 0.0)
            below = np.where(level.expected[a:b] - y[a:b] > rise, -z, 0.0)
        below[: max(0, falls_from - a)] = 0.0
        up = min(_first_cluster(above, bars.up, size), _first_pair(above, bars, size))
        down = _first_cluster(below, bars.down, size)
        if min(up, down) < b - a:
            return (a + up, 1) if up <= down else (a + down, -1)
        a, size = a + size, min(4 * size, BLOCK)
    return n, 0


def _first_pair(z: Floats, bars: Bars, most: int) -> int:
    """First position (below `most`) of a high point in company; len(z) if there is none."""
    at = np.flatnonzero(z[:most] > bars.high)
    if not len(at):
        return len(z)
    following = np.minimum(at[:, None] + np.arange(1, 3), len(z) - 1)
    good = at[((z[following] > bars.company) & (following > at[:, None])).any(axis=1)]
    return int(good[0]) if len(good) else len(z)


def _first_cluster(z: Floats, bars: tuple[tuple[int, int, float], ...], most: int) -> int:
    """First position (below `most`) that is over a bar with enough of its followers; len(z) if there is none."""
    first = len(z)
    for hits, of, bar in bars:
        over = np.flatnonzero(z > bar)
        last = over[hits - 1 :]
        near = over[: len(last)][last - over[: len(last)] < of]
        if len(near) and near[0] < most:
            first = min(first, int(near[0]))
    return first
