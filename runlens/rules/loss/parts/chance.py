"""A training of a few epochs whose accuracy is that of a guess, and whose loss is what the guess costs."""

from __future__ import annotations

import numpy as np

from runlens.model import Run
from runlens.rules.loss.parts.guess import MOST, NEAR
from runlens.stats.robust import Floats

FEWEST = 4
"""Checkpoints, and points of the loss: three equal scores may be the first steps of a slow start."""
LARGE = (100, 200, 1000)
"""Classes above `MOST` of usual data sets of images: any score that low is the share of one in some number."""
CLOSE = 2.0 * NEAR
"""Share of the logarithm of the classes within which the last loss lies: means of batches scatter by some thousandths,
and an output layer that was large at first comes down to it from above."""
_ACCURACIES = ("acc", "accuracy", "top1")


def scored_like_a_guess(run: Run, value: Floats) -> tuple[int, str]:
    """Number of classes, and the logged accuracy that is exactly that of one class throughout; 0 and empty where none.

    Parameters
    ----------
    run : Run
    value : ndarray of float64, shape (n,)
        Finite training losses in the order of steps, in nats.

    Notes
    -----
    A model that answers with one class whatever it sees has the share of that class for an accuracy, to the last
    digit, at every checkpoint: 1/k where classes are as frequent. Its loss tends to ln k from above.
    """
    if len(value) < FEWEST:
        return 0, ""
    for held in run.every("eval_score"):
        known = held.series.latest().finite().value
        if held.metric_kind not in _ACCURACIES or len(known) < FEWEST or float(np.ptp(known)) > 0.0 or known[0] <= 0.0:
            continue
        classes = round(1.0 / float(known[0]))
        told = 2 <= classes <= MOST or classes in LARGE
        guess = float(np.log(max(classes, 2)))
        exact = told and abs(float(known[0]) * classes - 1.0) <= NEAR
        if exact and abs(float(value[-1]) - guess) <= CLOSE * guess and float(value.min()) >= (1.0 - CLOSE) * guess:
            return classes, held.series.name
    return 0, ""
