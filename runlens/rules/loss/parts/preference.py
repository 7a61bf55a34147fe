"""Preference tuning that learns no preference: its loss stays at ln 2 or above, as that of a guess."""

from __future__ import annotations

import re

import numpy as np

from runlens.model import Run
from runlens.roles.names.take_apart import normalise
from runlens.rules.loss.parts.guess import POINTS
from runlens.stats.robust import Floats, median

_PAIRS = re.compile(r"^(train/)?rewards/(margins|accuracies)$")
_ACCURACY = re.compile(r"^(train/)?rewards/accuracies$")
BEGINS = 0.05
"""Share of ln 2 within which the loss must begin: a policy that is still its own reference has exactly that. Other
losses of preferences (IPO, hinge, SimPO), and one with a term of its own, begin elsewhere."""
LEARNT = 0.98
"""Part of ln 2 that the last third of the loss must come down to."""
WORSE = 1.05
"""Times ln 2 from which a model is worse than one that prefers neither."""
CHOSEN = 0.55
"""Share of pairs that the model orders right, from which on it has learnt something."""


def no_preference(run: Run, value: Floats) -> float | None:
    """Median of the last third of a loss of pairs that began at ln 2 and is no lower there, nor are the pairs ordered
    better; None for any other loss.

    Parameters
    ----------
    run : Run
    value : ndarray of float64, shape (n,)
        Finite training loss in the order of steps. None for fewer than `guess.POINTS`.

    Notes
    -----
    Rafailov et al. 2023 (arXiv 2305.18290): the loss is -log sigmoid of the margin, ln 2 where that is 0. Of 400 seeded
    runs that learn, down to 0.64 and 60 % with a scatter of 0.03 a point, none is told.
    """
    if len(value) < POINTS or not any(_PAIRS.search(normalise(name)) for name in run.placed):
        return None
    guess, third = float(np.log(2.0)), len(value) // 3
    level = median(value[-third:])
    if abs(median(value[:3]) - guess) > BEGINS * guess or level < LEARNT * guess:
        return None
    right = next((run.placed[name].value for name in sorted(run.placed) if _ACCURACY.search(normalise(name))), None)
    right = right[np.isfinite(right)] if right is not None else None
    accuracy = float(right[-max(len(right) // 3, 1) :].mean()) if right is not None and len(right) else None
    if level < WORSE * guess and accuracy is not None and accuracy > CHOSEN:
        return None
    return level
