"""Whether a curve still comes down, and how much it should have by its own earlier trend."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runlens.stats.robust import Floats, difference_sigma, median, theil_sen

BLOCKS = 48
"""Blocks that a curve is cut into: enough for a trend, few enough that their medians are quiet."""
FEWEST = 16
"""Blocks that a trend needs."""


@dataclass(frozen=True, slots=True)
class Stall:
    """A stretch to the end of the curve in which it made no progress."""

    first: int
    """Position of the first point of the stretch."""
    change: float
    """Change of the curve over the stretch (negative: it came down), in its own unit."""
    expected: float
    """Change that the trend before the stretch led to; negative."""
    doubt: float
    """Standard error of a block's median, measured between neighbouring blocks, so that wander counts."""


def last_stall(y: Floats, step: Floats, shortest: float) -> Stall | None:
    """The longest stretch to the end without progress.

    Parameters
    ----------
    y, step : ndarray of float64, shape (n,)
        Log loss over strictly increasing steps.
    shortest : float
        Share of the run that a stretch must cover.

    Returns
    -------
    Stall or None
        None where the curve comes down to the end, or is too short to tell.
    """
    size = len(y) // BLOCKS
    if size < 1 or len(y) < 2 * FEWEST:
        return None
    count = len(y) // size
    level = np.array([median(y[i * size : (i + 1) * size]) for i in range(count)])
    x = np.log(step[size // 2 :: size][:count] - step[0] + 1.0)
    late = level[count // 3 :]
    doubt = max(difference_sigma(late), 1e-9)
    for start in range(FEWEST, int(count * (1.0 - shortest)) + 1):
        rest = level[start:]
        # no progress: neither half of the rest is below where it began, by more than doubt
        began = median(rest[: max(3, len(rest) // 8)])
        change = median(rest[-max(3, len(rest) // 4) :]) - began
        if change < -2.0 * doubt or rest.min() < began - 4.0 * doubt:
            continue
        slope = theil_sen(x[start // 3 : start], level[start // 3 : start])[0]
        expected = min(slope, 0.0) * (x[-1] - x[start])
        return Stall(start * size, float(change), float(expected), float(doubt))
    return None
