"""The next place where a curve leaves its level: clusters of points over bars that noise alone does not reach."""

from __future__ import annotations

from dataclasses import dataclass

import bottleneck as bn
import numpy as np
import numpy.typing as npt

from runlens.stats.level import Level
from runlens.stats.robust import Floats, finite, mad
from runlens.stats.rolling import trailing_median
from runlens.stats.tail import fit_tail

RISES = ((1, 1), (2, 3), (3, 5), (5, 9))
"""So many of so many neighbours over their bar are a rise; the fewer, the higher the bar (see `Tail.bar`)."""
FALLS = ((3, 5), (5, 9))
"""The same for a fall: one lucky batch is none."""
BLOCK = 1 << 16
"""Points searched at once."""
GAP = 4.0
"""Points that stand this many times higher than all others are no tail of the noise but something else."""
MEDIAN_SPREAD = {3: 0.670, 5: 0.535, 9: 0.408}
"""Standard deviation of the median of so many Gaussian points, over that of one (simulated)."""


@dataclass(frozen=True, slots=True)
class Bars:
    """(hits, neighbours, bar in standard deviations) for rises and for falls."""

    up: tuple[tuple[int, int, float], ...]
    down: tuple[tuple[int, int, float], ...]


def standardise(y: Floats, level: Level, first: int, last: int, floor: float) -> Floats:
    """Distance from what was expected, in standard deviations, at positions [first, last)."""
    return np.asarray((y[first:last] - level.expected[first:last]) / np.fmax(level.sigma[first:last], floor))


def bars_of(y: Floats, level: Level, floor: float, sigmas: float) -> Bars:
    """Bars for this curve from the tails of its own residuals, never below `sigmas`."""
    z = standardise(y, level, 0, len(y), floor)
    around = np.abs(trailing_median(np.concatenate([z, np.full(4, np.nan)]), 9)[4:])
    keep = around < 2.0  # a stretch that is raised as a whole is no noise
    keep[: min(16, len(z) // 10)] = False
    calm = z[keep]
    up, down = fit_tail(calm), fit_tail(-calm)
    gap = _gap(calm)
    wander = {of: _wander(z, keep, of) for _, of in RISES}
    return Bars(
        tuple((k, of, max(sigmas, min(up.bar(k, of) * wander[of], gap))) for k, of in RISES),
        tuple((k, of, max(sigmas, down.bar(k, of) * wander[of])) for k, of in FALLS),
    )


def _wander(z: Floats, keep: npt.NDArray[np.bool_], count: int) -> float:
    """How much wider medians of `count` neighbours scatter than those of independent points would; at least 1."""
    if count == 1:
        return 1.0
    alone = mad(z[keep], 0.0)
    together = mad(trailing_median(z, count)[keep], 0.0)
    return max(1.0, together / (alone * MEDIAN_SPREAD[count])) if alone > 0 else 1.0


def _gap(z: Floats) -> float:
    """Bar below points that stand clear of all noise; infinite if there are none.

    One or two points are clear when the next lower one is `GAP` times smaller; three and more when fewer than half as
    many lie in the 2.5-fold range below them. Of power-law noise with index 3 fifteen times as many would.
    """
    high = np.sort(finite(z))
    high = high[high > 2.0]
    if not len(high):
        return np.inf
    position = np.arange(len(high))
    above = len(high) - position
    near = position - np.searchsorted(high, high / 2.5)
    alone = np.searchsorted(high, high / GAP) == position
    clear = (alone & (high > 2.0 * GAP)) | ((above >= 3) & (2 * near < above) & (near >= 0) & (high > 2.5 * 2.0))
    return float(0.9 * high[np.argmax(clear)]) if clear.any() else np.inf


def next_departure(y: Floats, level: Level, bars: Bars, rise: float, floor: float, start: int) -> tuple[int, int]:
    """Position and sign (+1 rise, -1 fall) of the first departure at or after `start`; (n, 0) if there is none."""
    n = len(y)
    widest = max(of for _, of, _ in (*bars.up, *bars.down))
    lowest = min(bar for _, _, bar in (*bars.up, *bars.down))
    for a in range(start, n, BLOCK):
        b = min(n, a + BLOCK + widest)
        with np.errstate(invalid="ignore"):
            z = standardise(y, level, a, b, floor)
            if not (bn.nanmax(np.abs(z)) > lowest):
                continue
            above = np.where(y[a:b] - level.recent[a:b] > rise, z, 0.0)
            below = np.where(level.expected[a:b] - y[a:b] > rise, -z, 0.0)
        up = _first_cluster(above, bars.up, BLOCK)
        down = _first_cluster(below, bars.down, BLOCK)
        if min(up, down) < b - a:
            return (a + up, 1) if up <= down else (a + down, -1)
    return n, 0


def _first_cluster(z: Floats, bars: tuple[tuple[int, int, float], ...], most: int) -> int:
    """First position (below `most`) that is over a bar with enough of its followers; len(z) if there is none."""
    first = len(z)
    for hits, of, bar in bars:
        over = z > bar
        if not over.any():
            continue
        before = np.concatenate([[0], np.cumsum(over)])
        until = np.minimum(np.arange(len(z)) + of, len(z))
        where = np.flatnonzero((over & (before[until] - before[:-1] >= hits))[:most])
        if len(where):
            first = min(first, int(where[0]))
    return first
