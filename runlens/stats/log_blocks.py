"""A curve cut into blocks at equal ratios of steps: decay is a power of steps, straight against their log."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from runlens.stats.distinct import distinct
from runlens.stats.robust import LONG, Floats, Steps, medians_between

BLOCKS = 64
"""Blocks of a curve; fewer where several would hold the same points."""


def log_steps(step: Steps) -> Floats:
    """Log of the steps since the first point, of which the first is one mean stride.

    Parameters
    ----------
    step : ndarray of int64 or float64, shape (n,)
        Strictly increasing, n >= 2.
    """
    return log_step_at(step, slice(None))


def log_step_at(step: Steps, at: slice | int | npt.NDArray[np.int64]) -> Floats:
    """`log_steps` of some points alone; `at` holds their positions."""
    x: Floats = np.asarray(np.subtract(step[at], step[0], dtype=np.float64))
    x += (step[-1] - step[0]) / len(step)
    return np.log(x, out=x)


def place_of(step: Steps, wanted: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """First positions at which `log_steps` is no less than what is wanted, as `np.searchsorted` gives them.

    Few points are looked at: of millions the logarithms of all cost more than all else.
    """
    given = np.asarray(wanted, dtype=np.float64)
    if len(step) <= LONG:
        return np.asarray(np.searchsorted(log_steps(step), given))
    low, high = np.zeros(given.shape, np.int64), np.full(given.shape, len(step), np.int64)
    while bool(np.any(low < high)):
        middle = (low + high) // 2
        less = (low < high) & (log_step_at(step, np.minimum(middle, len(step) - 1)) < given)
        low, high = np.where(less, middle + 1, low), np.where(less | (low >= high), high, middle)
    return low


def log_blocks(y: Floats, step: Steps, since: int = 0) -> tuple[npt.NDArray[np.int64], Floats]:
    """Edges of the blocks of a curve from a position on, shape (b + 1,), and the median of each, shape (b,).

    Parameters
    ----------
    y : ndarray of float64, shape (n,)
        Values.
    step : ndarray of int64 or float64, shape (n,)
        As of `log_steps`, on which the blocks are of one width.
    since : int
        Position of the first point that counts.
    """
    first, last = log_step_at(step, np.array([since, len(step) - 1])).tolist()
    cuts = place_of(step, first + np.arange(1, BLOCKS) * ((last - first) / BLOCKS))
    edges = distinct(np.concatenate([[since], cuts, [len(y)]]).astype(np.int64))
    return edges, medians_between(y, edges)
