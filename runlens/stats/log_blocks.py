"""A curve cut into blocks at equal ratios of steps: decay is a power of steps, straight against their log."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from runlens.stats.distinct import distinct
from runlens.stats.robust import Floats, Steps, medians_between

BLOCKS = 64
"""Blocks of a curve; fewer where several would hold the same points."""


def log_steps(step: Steps) -> Floats:
    """Log of the steps since the first point, of which the first is one mean stride.

    Parameters
    ----------
    step : ndarray of int64 or float64, shape (n,)
        Strictly increasing, n >= 2.
    """
    x: Floats = np.subtract(step, step[0], dtype=np.float64)
    x += (step[-1] - step[0]) / len(step)
    np.log(x, out=x)
    return x


def log_blocks(y: Floats, x: Floats, since: int = 0) -> tuple[npt.NDArray[np.int64], Floats]:
    """Edges of the blocks of a curve from a position on, shape (b + 1,), and the median of each, shape (b,).

    Parameters
    ----------
    y, x : ndarray of float64, shape (n,)
        Values over `log_steps`.
    since : int
        Position of the first point that counts.
    """
    cuts = np.searchsorted(x, np.linspace(x[since], x[-1], BLOCKS + 1)[1:-1])
    edges = distinct(np.concatenate([[since], cuts, [len(y)]]).astype(np.int64))
    return edges, medians_between(y, edges)
