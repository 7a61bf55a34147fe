"""Windows that move over a series: trailing (causal), centred, growing, and blocks. All linear in the points."""

from __future__ import annotations

import bottleneck as bn
import numpy as np

from runlens.stats.robust import Floats
from runlens.stats.spans import AT_ONCE, spans

WIDE = 8
"""Points of a block from which the vectorised selection of numpy is faster than that of bottleneck."""


def trailing_median(x: Floats, window: int, min_count: int = 1) -> Floats:
    """Median of the last `window` points, this one included.

    Parameters
    ----------
    x : ndarray of float64, shape (n,)
        NaN are left out of their windows; infinities count as very large.
    window : int
        Points; capped at n.
    min_count : int
        Fewest non-NaN points for an answer.

    Returns
    -------
    ndarray of float64, shape (n,)
        NaN where a window holds fewer than `min_count` points.
    """
    return _move(bn.move_median, x, window, min_count)


def trailing_mean(x: Floats, window: int, min_count: int = 1) -> Floats:
    """Mean of the last `window` points, this one included; NaN are left out (see `trailing_median`)."""
    return _move(bn.move_mean, x, window, min_count)


def trailing_std(x: Floats, window: int, min_count: int = 2) -> Floats:
    """Population standard deviation of the last `window` points, this one included; NaN are left out."""
    return _move(bn.move_std, x, window, min_count)


def trailing_min(x: Floats, window: int, min_count: int = 1) -> Floats:
    """Smallest of the last `window` points, this one included; NaN are left out."""
    return _move(bn.move_min, x, window, min_count)


def shifted(x: Floats, by: int) -> Floats:
    """The series moved `by` places to the right (left if negative), NaN where nothing stood.

    Moved right by one, a trailing window leaves out the point that it is held against.
    """
    out = np.full(x.shape, np.nan)
    if by >= len(x) or -by >= len(x):
        return out
    if by >= 0:
        out[by:] = x[: len(x) - by]
    else:
        out[:by] = x[-by:]
    return out


def centred_median(x: Floats, window: int, min_count: int = 1) -> Floats:
    """Median of the `window` points around each (made odd), the windows cut short at both ends.

    Returns
    -------
    ndarray of float64, shape (n,)
        NaN where a window holds fewer than `min_count` non-NaN points.
    """
    half = min(max(window // 2, 0), len(x))
    if half == 0 or len(x) == 0:
        return x.astype(np.float64)
    padded = np.empty(len(x) + half)
    padded[: len(x)], padded[len(x) :] = x, np.nan
    return trailing_median(padded, 2 * half + 1, min_count)[half:]


def block_median(x: Floats, size: int) -> Floats:
    """Median of each full block of `size` points, NaN left out; a remainder at the end is dropped.

    Returns
    -------
    ndarray of float64, shape (n // size,)
        NaN for a block that is all NaN.
    """
    if size < 1:
        raise ValueError(f"a block needs at least one point, got {size}")
    blocks = len(x) // size
    if blocks == 0:
        return np.empty(0)
    out = np.empty(blocks)
    for first, last in spans(blocks, max(AT_ONCE // size, 1)):
        part = x[first * size : last * size].reshape(-1, size)
        if size < WIDE or np.isnan(part).any():
            out[first:last] = bn.nanmedian(part, axis=1)
        else:
            half = size // 2
            part = np.partition(part, half, axis=1)
            middle = part[:, half]
            out[first:last] = middle if size % 2 else 0.5 * (middle + part[:, :half].max(axis=1))
    return out


def _move(function: object, x: Floats, window: int, min_count: int) -> Floats:
    """Call a bottleneck mover with a window that is never longer than the series."""
    if len(x) == 0:
        return np.empty(0)
    window = max(1, min(window, len(x)))
    return np.asarray(function(np.asarray(x, dtype=np.float64), window=window, min_count=min(min_count, window)))  # type: ignore[operator]
