"""A drift over nights that no single night shows: the newest nights against the oldest, and when it began."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runlens.rules.nights.parts.yardstick import BELIEF, CHANCE, USUAL
from runlens.stats.robust import Floats

FEWEST = 6
"""Nights below which nothing is said."""
NEWEST = 3
"""Nights that stand for the end: one night may be anything."""
OLDEST = 7
"""Nights, at most, that stand for the start; a third of fewer."""
REPEATED = 3.0
"""The same oldest nights are held against new ones again and again: so much less chance each time."""
_OF_DIFFERENCES = 2.0 / 3.0
"""Degrees of freedom of a variance from successive differences, as a share of their number (von Neumann 1941)."""


@dataclass(frozen=True, slots=True)
class Creep:
    """The newest nights against the oldest."""

    shift: float
    """Newest less oldest."""
    bar: float
    spread: float
    """Standard deviation from one night to the next, the drift left out."""
    start: float
    """Level of the oldest nights."""


def creep(nights: Floats, floor: float, chance: float = CHANCE) -> Creep | None:
    """How far the newest nights stand from the oldest, None for fewer than six.

    Parameters
    ----------
    nights : ndarray of float64, shape (n,)
        A measure of each night, the oldest first; finite.
    floor : float
        Least shift that counts.
    chance : float
        Of healthy nights to shift beyond the bar on one side.

    Notes
    -----
    The spread is that of successive differences about their mean, so that a steady drift adds nothing to it, pooled
    with the belief of `yardstick`.
    """
    n = len(nights)
    if n < FEWEST:
        return None
    from scipy.special import stdtrit

    first = min(max(n // 3, NEWEST), OLDEST)
    steps = np.diff(nights)
    free = _OF_DIFFERENCES * (len(steps) - 1)
    squares = free * float(steps.var(ddof=1)) / 2.0
    spread = float(np.sqrt((BELIEF * (USUAL * floor) ** 2 + squares) / (BELIEF + free)))
    sure = float(stdtrit(BELIEF + free, 1.0 - chance / REPEATED))
    start = float(nights[:first].mean())
    bar = max(floor, sure * spread * float(np.sqrt(1.0 / NEWEST + 1.0 / first)))
    return Creep(float(nights[-NEWEST:].mean()) - start, bar, spread, start)


def onset(nights: Floats) -> tuple[int, bool]:
    """First night of a drift, and whether a step fits better than a ramp: by least squares, each night tried.

    Parameters
    ----------
    nights : ndarray of float64, shape (n,)
        Finite; at least 3.
    """
    n = len(nights)
    at = np.arange(n, dtype=np.float64)
    best = (np.inf, n - 1, False)
    for k in range(1, n):
        flat, late = nights[:k], nights[k:]
        step = float(((flat - flat.mean()) ** 2).sum() + ((late - late.mean()) ** 2).sum())
        shape = np.maximum(at - (k - 1), 0.0)
        design = np.column_stack([np.ones(n), shape])
        left = nights - design @ np.linalg.lstsq(design, nights, rcond=None)[0]
        ramp = float((left**2).sum())
        best = min(best, (step, k, True), (ramp, k, False), key=lambda found: found[0])
    return best[1], best[2]
