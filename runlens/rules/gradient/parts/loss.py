"""Whether the loss came down while something happened to the gradient."""

from __future__ import annotations

import numpy as np

from runlens.model import Run
from runlens.rules.loss.parts.curve import train_curve
from runlens.stats.robust import median, sigma

FALLS = 0.02
"""Share of its size by which a loss comes down where parameters move: below it, nothing was learnt."""


def fall_of_loss(run: Run, since: int) -> float | None:
    """Share by which the loss came down from a step on; 0 where its noise is as large; None where none is logged."""
    curve = train_curve(run)
    if curve is None:
        return None
    y = curve.y[curve.step >= since]
    if len(y) < 10:
        return None
    tenth = max(len(y) // 10, 5)
    early, late = y[:tenth], y[-tenth:]
    fall = median(early) - median(late)
    doubt = 3.0 * max(sigma(early), sigma(late)) / np.sqrt(tenth)
    return float(1.0 - np.exp(-fall)) if fall > doubt else 0.0
