"""Location and scale that a few wild points cannot move. Non-finite points are left out everywhere."""

from __future__ import annotations

import itertools
import math
from functools import lru_cache

import bottleneck as bn
import numpy as np
import numpy.typing as npt

from runlens import growing

Floats = npt.NDArray[np.float64]
Steps = npt.NDArray[np.int64 | np.float64]
"""Training steps as they were logged: a copy as floats would take as much memory as the values."""

MAD_TO_SIGMA = 1.4826
"""1 / Phi^-1(3/4): makes the median absolute deviation of Gaussian data equal its standard deviation
(Rousseeuw & Croux 1993, JASA 88:1273)."""

LONG = 1 << 12
"""Points from which the vectorised selection of numpy is faster than that of bottleneck."""


def finite(x: Floats) -> Floats:
    """The finite points of `x`, in order."""
    if len(x) > LONG:
        return growing.chosen("finite", (x,), np.isfinite)[0]
    keep = np.isfinite(x)
    return x if np.count_nonzero(keep) == x.size else x[keep]  # of short series counting is faster than asking for all


def median(x: Floats) -> float:
    """Median of the finite points; NaN if there are none."""
    kept = finite(x)
    return growing.median(kept) if len(kept) > LONG else median_in_place(kept)


def medians_between(x: Floats, edges: npt.NDArray[np.int64]) -> Floats:
    """`median` of `x[a:b]` for each two neighbouring edges; shape (len(edges) - 1,)."""
    simple = len(x) <= LONG and bool(np.isfinite(x).all())  # of many short stretches the asking costs most
    return np.array(
        [
            float(bn.median(x[a:b])) if simple and a < b else median(x[a:b])
            for a, b in itertools.pairwise(edges.tolist())
        ]
    )


def medians_of_parts(x: Floats, parts: int) -> Floats:
    """`median` of each of so many parts of about equal length, as `np.array_split` cuts them; shape (parts,)."""
    size, longer = divmod(len(x), parts)
    at = np.arange(parts + 1)
    return medians_between(x, at * size + np.minimum(at, longer))


@lru_cache(maxsize=8)
def pairs(n: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The first and the second of each two of `n`, as `np.triu_indices(n, 1)` gives them; not to be written to."""
    first, second = np.triu_indices(n, 1)
    first.flags.writeable = second.flags.writeable = False
    return first, second


def mad(x: Floats, center: float | None = None) -> float:
    """Median absolute deviation from `center` (default: the median), not scaled; NaN if nothing is finite."""
    kept = finite(x)
    if not len(kept):
        return math.nan
    middle = float(bn.median(kept)) if center is None else center
    return median_in_place(np.abs(kept - middle))


def sigma(x: Floats, center: float | None = None) -> float:
    """Standard deviation as the scaled median absolute deviation; NaN if nothing is finite, 0 if half are equal."""
    return MAD_TO_SIGMA * mad(x, center)


def difference_sigma(x: Floats) -> float:
    """Standard deviation of the white part of a series, from its first differences.

    A slow trend drops out, so this is the noise of a curve that falls or climbs. For Gaussian white noise the
    differences have sqrt(2) times its deviation (von Neumann 1941).

    Returns
    -------
    float
        NaN for fewer than two finite points.
    """
    kept = finite(x)
    if len(kept) < 2:
        return math.nan
    if len(kept) > LONG:
        away = growing.mapped("moves", (kept,), _moves, back=1, short=1)
        return MAD_TO_SIGMA * growing.median(away) / math.sqrt(2.0)
    return MAD_TO_SIGMA * median_in_place(_moves(kept)) / math.sqrt(2.0)


def _moves(x: Floats) -> Floats:
    away = x[1:] - x[:-1]
    return np.abs(away, out=away)


def standard_error_of_median(spread: float, n: int) -> float:
    """Standard error of the median of `n` independent Gaussian points: sqrt(pi/2) spread / sqrt(n)."""
    return math.sqrt(math.pi / 2.0) * spread / math.sqrt(max(n, 1))


def theil_sen(x: Floats, y: Floats, most: int = 300) -> tuple[float, float]:
    """Line through points by the median of pairwise slopes (Theil 1950, Sen 1968).

    Parameters
    ----------
    x, y : ndarray of float64, shape (n,)
    most : int
        Longer input is thinned to this many evenly spaced points, which keeps the cost constant.

    Returns
    -------
    (slope, intercept)
        Both NaN for fewer than two finite points with different `x`.
    """
    keep = np.isfinite(x) & np.isfinite(y)
    if not keep.all():
        x, y = x[keep], y[keep]
    if len(x) > most:
        at = np.linspace(0, len(x) - 1, most).astype(np.int64)
        x, y = x[at], y[at]
    i, j = pairs(len(x))
    dx = x[j] - x[i]
    use = dx != 0
    if not use.any():
        return math.nan, math.nan
    slope = float(bn.median((y[j] - y[i])[use] / dx[use]))
    return slope, float(bn.median(y - slope * x))


def median_in_place(x: Floats) -> float:
    """Median of finite points, NaN if there are none; more than `LONG` of them are left in another order."""
    if len(x) <= LONG:
        return float(bn.median(x)) if len(x) else math.nan
    half = len(x) // 2
    x.partition(half)
    return float(x[half] if len(x) % 2 else 0.5 * (x[half] + x[:half].max()))


def quantile(x: Floats, share: float) -> float:
    """The value below which `share` of the finite points lie, linear between two; NaN if nothing is finite.

    `np.quantile` loads the masked arrays of numpy (30 ms) for the same answer.
    """
    kept = finite(x)
    if not len(kept):
        return math.nan
    at = share * (len(kept) - 1)
    low = int(at)
    lower, upper = growing.by_rank(kept, low)
    return float(lower + (at - low) * (upper - lower))
