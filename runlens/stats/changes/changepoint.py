"""Where a series changes its level: short dips in a long series, and the exact point of a known change."""

from __future__ import annotations

import bottleneck as bn
import numpy as np

from runlens.stats.robust import MAD_TO_SIGMA, Floats, median

MOST = 32
"""Dips that are handed on, the deepest; a series with more has no level to dip from."""
SIGMAS = 6.0
"""Of the differences at the same window length: at 5 x 10^6 windows Gaussian noise passes this once in 100 series."""


def window_lengths(shortest: int, longest: int) -> list[int]:
    """`shortest` and then each about 1.4 times the last, up to `longest`."""
    out: list[int] = []
    length = float(max(shortest, 1))
    while int(length) <= longest:
        if not out or int(length) > out[-1]:
            out.append(int(length))
        length *= 1.4
    return out


def dips(x: Floats, least: float, shortest: int, longest: int) -> list[tuple[int, int]]:
    """Stretches of `shortest` to `longest` blocks that lie below their surroundings, and one that has not ended.

    At each length the mean of a window is held against the lower of the means before and after it (at the end of the
    series: against the one before alone). It counts where it is lower by `least`, and by `SIGMAS` times the robust
    deviation of all differences at that length: a series that does this all the time has none.

    Parameters
    ----------
    x : ndarray of float64, shape (n,), finite
    least : float
        Least depth, in the unit of `x`.
    shortest, longest : int
        Blocks.

    Returns
    -------
    list of (first, stop)
        Half-open, sorted, disjoint; `stop == n` for one that has not ended. The deepest `MOST`.
    """
    n = len(x)
    if n < 3 * shortest:
        return []
    total = np.concatenate([[0.0], np.cumsum(x - median(x))])
    free = np.ones(n + 1, dtype=bool)
    candidates: list[tuple[float, float, int, int]] = []
    for length in window_lengths(shortest, min(longest, n // 3)):
        means = (total[length:] - total[:-length]) / length
        step = means[length:] - means[:-length]
        down, up = -step[: n - 3 * length + 1], step[length : n - 2 * length + 1]
        inside, last = np.minimum(down, up), -step[n - 2 * length]
        if not max(inside.max(), last) > least:  # asked first: of a long series the scatter costs most
            continue
        depth = np.append(inside, last)
        place = np.append(np.arange(length, n - 2 * length + 1), n - length)
        over = np.flatnonzero(depth > least)
        over = over[depth[over] > SIGMAS * MAD_TO_SIGMA * float(bn.median(np.abs(step)))]
        if len(over) > 4 * MOST:
            over = over[np.argpartition(depth[over], -4 * MOST)[-4 * MOST :]]
        # a window as long as the dip has the largest of these: a longer one holds healthy points, a shorter one less
        candidates += [
            (float(d) * length**0.5, float(d), int(p), length) for d, p in zip(depth[over], place[over], strict=True)
        ]
    found: list[tuple[float, int, int]] = []
    for _, depth_of, first, length in sorted(candidates, reverse=True):
        if free[first] and free[first + length - 1]:
            found.append((depth_of, first, first + length))
            free[max(first - length, 0) : first + 2 * length] = False
    deepest = sorted(found, reverse=True)[:MOST]
    return sorted(_grown(x, first, stop, least) for _, first, stop in deepest)


def _grown(x: Floats, first: int, stop: int, least: float) -> tuple[int, int]:
    """The dip with its edges moved to where the series crosses half of its depth."""
    width = stop - first
    inside = median(x[first:stop])
    around = np.concatenate([x[max(first - width, 0) : first], x[stop : stop + width]])
    middle = (inside + max(median(around), inside + least)) / 2.0
    low = x < middle
    left = np.flatnonzero(~low[max(first - width, 0) : first + width // 2])
    start = max(first - width, 0) + int(left[-1]) + 1 if len(left) else max(first - width, 0)
    right = np.flatnonzero(~low[max(stop - width // 2, 0) : stop + width])
    end = max(stop - width // 2, 0) + int(right[0]) if len(right) else min(stop + width, len(x))
    return (start, end) if end - start >= width // 2 else (first, stop)


def refine(x: Floats, low: int, high: int, before: float, after: float) -> int:
    """The index in [low, high] at which two known levels fit best by least absolute deviations.

    Parameters
    ----------
    x : ndarray of float64, shape (n,), finite
        Raw points: wild ones count by their distance only, not by its square.
    low, high : int
        `x[low:high]` holds the change; cut to the series.
    before, after : float
        Levels.

    Returns
    -------
    int
        First index of the new level.
    """
    low, high = max(low, 0), min(high, len(x))
    part = x[low:high]
    left = np.concatenate([[0.0], np.cumsum(np.abs(part - before))])
    right = np.concatenate([[0.0], np.cumsum(np.abs(part - after))])
    return low + int(np.argmin(left + (right[-1] - right)))
