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
    memory it stands for a random walk, whose level the fitted constant takes up. The rows are the innovations of its
    Kalman filter (Harvey 1989, Forecasting, Structural Time Series Models, section 3.2), each over its standard
    deviation: n steps over all rows, where a factorisation would take n^3 and wait for the threads of the BLAS.
    """
    memory, share = np.array([(1.0, 0.0), *GRID]).T
    decay = np.exp(-1.0 / memory)
    matrices = np.zeros((len(share), n, n))
    log_det = np.zeros(len(share))
    state, variance = np.zeros((len(share), n)), share.copy()  # what the filter expects of the wander, and how surely
    for t in range(n):
        spread = variance + 1.0 - share
        innovation = -state
        innovation[:, t] += 1.0
        matrices[:, t] = innovation / np.sqrt(spread)[:, None]
        log_det += 0.5 * np.log(spread)
        gain = variance / spread
        state = decay[:, None] * (state + gain[:, None] * innovation)
        variance = decay**2 * variance * (1.0 - gain) + share * (1.0 - decay**2)
    return Whitening(matrices, log_det)
