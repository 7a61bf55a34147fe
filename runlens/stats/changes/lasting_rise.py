"""Whether a curve that falls turns and stays above its best, or only scatters or wanders about one level."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from runlens.stats.robust import Floats
from runlens.stats.wander import GRID, whitening

LONGEST = 15.0
"""Longest memory of the noise, in points. A noise that remembers for longer is a course of its own."""
SHARED = 0.95
"""Largest share of the noise that neighbours have in common: with more, every rise is a stretch of a random walk."""
WHITE = 3.0
"""Odds, before the points are seen, that the noise of neighbours has nothing in common. With even odds 23 of 100 rises
by 10 % under 3 % of noise are told in 20 points, with these odds 35; with more, levels that wander alarm."""
RATES = (0.02, 0.03, 0.045, 0.07, 0.1, 0.15, 0.25, 0.4, 1.0)
"""Times in which the fall comes down, as shares of the whole; it may also fall with the logarithm, or not at all."""
RISES = (0.1, 0.3)
"""Times over which it rises and then settles; besides, it may rise to the end."""
FEWEST = 3
"""So many points at least follow the turn."""
PRIOR = 4.0
"""Points that the expected scatter is worth."""


@dataclass(frozen=True, slots=True, eq=False)
class _Fall:
    """A level that falls in one way, seen through one noise."""

    log_scale: float
    """Half the log determinants of the noise and of the fall."""
    basis: Floats
    """(n, p): orthonormal, the level and the fall."""
    size: Floats
    """(n,): gives the size of the fall, which must not be negative; zeros for a level alone."""
    rises: Floats
    """(p, s): what each rise has in common with them."""
    length: Floats
    """(s,): length of what is left of each rise, infinite where that is nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class _Noise:
    """One noise, and all falls and rises of n points seen through it."""

    log_odds: float
    """Log weight of this noise beforehand."""
    whiten: Floats
    """(n, n)."""
    rises: Floats
    """(n, s)."""
    falls: tuple[_Fall, ...]


def lasting_rise(value: Floats, scatter: float) -> float:
    """Log odds that a curve falls and then rises for good, against that it falls or stays level.

    Parameters
    ----------
    value : ndarray of float64, shape (n,)
        Finite, at equal distances: the logarithm of a loss, or a loss as a share of its level. Lower is better.
    scatter : float
        Standard deviation of one point that is expected beforehand, worth `PRIOR` points; above 0 where the curve may
        be without noise.

    Returns
    -------
    float
        Natural logarithm of the Bayes factor; -inf for fewer than `FEWEST` + 2 points.

    Notes
    -----
    Both sides fall exponentially, with the logarithm or not at all, and have white noise or noise that wanders
    (`runlens.stats.wander`). The one side rises besides, from any point on, over a while or to the end, and beforehand
    by anything up to the factor e alike: so a rise within a small noise needs more proof than the same number of
    scatters within a large one. Sizes and noise are integrated out (Harville 1974, restricted likelihood; Zellner
    1971, An Introduction to Bayesian Inference in Econometrics, 3.2), noises and falls are averaged, of the rises the
    best is taken. A falling curve is further from a rise than a level one is, so a bar is set by level ones.
    """
    n = len(value)
    if n < FEWEST + 2:
        return -np.inf
    level, risen = [], []
    for noise in _noises(n):
        white = noise.whiten @ value
        size = float(white @ white)
        tiny, ahead = 1e-12 * max(size, 1e-300), white @ noise.rises
        for fall in noise.falls:
            if white @ fall.size < 0.0:
                continue
            along = white @ fall.basis
            left = size - float(along @ along) + PRIOR * scatter * scatter
            gain = np.square(np.maximum(ahead - along @ fall.rises, 0.0) / fall.length)
            free, known = n - len(along), noise.log_odds - fall.log_scale
            level.append(known - free / 2 * np.log(max(left, tiny)))
            each = -(free - 1) / 2 * np.log(np.maximum(left - gain, tiny)) - np.log(fall.length)
            risen.append(known + float(each.max()))
    return float(np.logaddexp.reduce(risen) - np.logaddexp.reduce(level))


@lru_cache(maxsize=32)
def _noises(n: int) -> tuple[_Noise, ...]:
    """Every noise with all falls and rises of `n` points; half a megabyte for 64."""
    x = np.arange(n, dtype=np.float64)
    falls = [None, *(np.exp(-x / (n * rate)) for rate in RATES), -np.log1p(x)]
    shapes = [
        np.clip((x - at) / over, 0.0, 1.0)
        for at in range(n - FEWEST)
        for over in sorted({max(1, int(n * share)) for share in RISES} | {n - 1 - at})
        if over <= n - 1 - at
    ]
    grid = whitening(n)
    kept = [0, *(i for i, (memory, share) in enumerate(GRID, 1) if memory <= LONGEST and share <= SHARED)]
    out = []
    for i in kept:
        whiten = grid.matrices[i]
        rises = whiten @ np.array(shapes).T
        odds = float(np.log(WHITE * (len(kept) - 1))) if i == 0 else 0.0
        half = float(grid.log_det[i])
        out.append(_Noise(odds, whiten, rises, tuple(_through(whiten, half, fall, rises) for fall in falls)))
    return tuple(out)


def _through(whiten: Floats, log_det: float, fall: Floats | None, rises: Floats) -> _Fall:
    """A fall as one noise shows it; `rises` are seen through it already."""
    n = len(whiten)
    columns = whiten @ (np.ones((n, 1)) if fall is None else np.column_stack([np.ones(n), fall]))
    basis, upper = np.linalg.qr(columns)
    size = np.zeros(n) if fall is None else np.linalg.pinv(columns)[1]
    common = basis.T @ rises
    length = np.linalg.norm(rises - basis @ common, axis=0)
    length = np.where(length > 1e-6 * np.sqrt(n), length, np.inf)
    return _Fall(log_det + float(np.log(np.abs(np.diag(upper))).sum()), basis, size, common, length)
