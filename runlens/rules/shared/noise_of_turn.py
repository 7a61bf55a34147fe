"""Whether a held-out loss that turned stands out of its own noise: few evaluations that scatter turn by chance."""

from __future__ import annotations

import numpy as np

from runlens.stats.robust import Floats, median

NOISY = 0.03
"""Scatter of the log loss about a fall and a rise below which a turn is for `lasting_rise` alone to say."""
TOGETHER = 9.0
"""What the log odds of a lasting rise, and the rise in scatters, must come to together. Of losses of 5 to 30
evaluations that are level, fall or near a floor, EVAL004 warned of 1.2 and 2.5 % under 10 and 20 % of white noise, of
1.0 and 1.9 % where its tails are heavy, of 4.4 and 9.1 % where it wanders; with it of 0.6 and 1.2, 0.6 and 0.9, 2.2
and 4.7 %. Of turns under 10 to 20 % of noise 84 of 100 are left of 95, of those under less 94 and 95 of as many.
LOSS004 warned of up to 3 % of such curves under white noise and 14 % of those that wander, and does of up to 0.4 and
3 %."""
LEARNT = 0.01
"""Share by which the training loss fell beside one so noisy: where next to nothing was learnt, nothing overfits."""
END = 3
"""Evaluations that are the level at the end."""
RATES, SETTLES = (0.05, 0.15, 0.4), 0.3
"""Times in which an exponential falls, and one over which a rise settles, as shares of the whole."""
KNOTS = 64
"""Places of the turn that are tried."""


def scatter_about_turn(y: Floats) -> float:
    """Standard deviation of a curve about the fall and the rise that fit it best; y has five points and more.

    The fall is none, a straight line to the turn or an exponential; the rise a straight line to the end, or one that
    settles.
    """
    n = len(y)
    x, one = np.arange(n, dtype=np.float64), np.ones(n)
    least = float(np.sum(np.square(y - y.mean()))) / (n - 2)
    for knot in range(0, n - 2, -(-n // KNOTS)):
        falls = [
            [one],
            *([one, np.exp(-x / (n * rate))] for rate in RATES),
            *([[one, np.minimum(x, knot)]] * (knot > 0)),
        ]
        for over in {1, max(1, int(SETTLES * n)), n - 1 - knot}:
            rise = np.clip((x - knot) / over, 0.0, 1.0)
            for fall in falls:
                columns = np.column_stack([rise, *fall])
                size, *_ = np.linalg.lstsq(columns, y, rcond=None)
                left = y - columns @ size
                if size[0] > 0.0:
                    least = min(least, float(left @ left) / max(n - len(size) - 1, 1))
    return float(np.sqrt(least))


def noise_of_turn(y: Floats, scatter: float) -> float:
    """Noise of a curve that may have turned: what it scatters about a fall and a rise, or more where neighbours do."""
    return max(scatter, scatter_about_turn(y))


def stands_out(y: Floats, noise: float, odds: float, bar: float = TOGETHER) -> bool:
    """Whether a turn is no work of the noise.

    Parameters
    ----------
    y : ndarray of float64, shape (n,), n >= 5
        The logarithm of the loss, or the loss as a share of its level.
    noise : float
        Of one point, in the same unit (`noise_of_turn`).
    odds : float
        Log odds of a lasting rise.
    bar : float
        What odds and rise must come to.
    """
    return noise < NOISY or odds + (median(y[-END:]) - float(y.min())) / noise >= bar
