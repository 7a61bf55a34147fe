"""A held-out loss of four evaluations that turns: only where each of the last ones says so."""

from __future__ import annotations

import numpy as np

from runlens.comparison.noise import Floats

FOUR = 4
"""Evaluations, one less than the rule's own proof of a turn takes."""
EACH = 0.08
"""Rise of the log loss at each evaluation since the best one."""
ALL, OF_TWO = 0.2, 0.4
"""Rise in all: where the first one is the best, so that all three after it rose, and where two did. Of 400,000 losses
that are level, one in a million did either under 5 % of noise, 4 in 10,000 under 8 %, 27 under 10 %; of losses that
come down by a third, 2 in 100,000 under 10 %."""


def turned_of_four(up: Floats) -> int | None:
    """The best of four evaluations, where each one after it is clearly worse than the one before.

    Parameters
    ----------
    up : ndarray of float64, shape (4,)
        Minus the log loss: higher is better.

    Returns
    -------
    int or None
        0 or 1; None where the loss has not turned, or not plainly.
    """
    best = int(np.argmax(up))
    if len(up) != FOUR or best > 1 or not bool((np.diff(up[best:]) <= -EACH).all()):
        return None
    return best if float(up[best] - up[-1]) >= (OF_TWO if best else ALL) else None
