"""Noise that wanders: white noise plus a process that forgets its level after a while, on a grid of both shares."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from runlens.stats.robust import Floats

GRID = tuple(
    (memory, share) for memory, shares in {
        2.0: (0.5, 0.9),
        5.0: (0.3, 0.7, 0.95),
        15.0: (0.3, 0.7, 0.95, 0.995),
        50.0: (0.3, 0.7, 0.95, 0.995),
        400.0: (0.7, 0.95, 0.99, 0.9995),
    }.items() for share in shares
)  # fmt: skip
"""Correlation time of the wander in blocks, and its variance over all variance; white noise alone comes besides. At 400
blocks of memory it is a random walk for the about 100 blocks that there are, with 0.01 to 10 times the white variance
a block: without the last of them straight stretches of a random walk pass for ramps."""


@dataclass(frozen=True, slots=True, eq=False)
class Whitening:
    """For every noise on the grid, the matrix that turns it into white noise."""

    matrices: Floats
    """(g, n, n): inverse Cholesky factors of the correlation matrices."""
    log_det: Floats
    """(g,): half the log determinant of each correlation matrix."""


@lru_cache(maxsize=8)
def whitening(n: int) -> Whitening:
    """Whitening of `n` blocks for white noise plus an Ornstein-Uhlenbeck process, over `GRID`.

    An Ornstein-Uhlenbeck process is the AR(1) process of continuous time: correlation exp(-lag / memory). With a long
    memory it stands for a random walk, whose level the fitted constant takes up.
    """
    lag = np.abs(np.subtract.outer(np.arange(n), np.arange(n))).astype(np.float64)
    grid = [np.eye(n)]
    grid += [(1.0 - share) * np.eye(n) + share * np.exp(-lag / memory) for memory, share in GRID]
    factor = np.linalg.cholesky(np.array(grid))
    log_det = np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1)
    return Whitening(np.asarray(np.linalg.inv(factor), dtype=np.float64), np.asarray(log_det, dtype=np.float64))
