"""Names that tell little by themselves: a total beside its parts, a cost, what is no loss, adversaries."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.model import Run, Series
from runlens.roles import resolve

STEP = np.arange(50)


def loss_of(*names):
    series = {name: Series(name, STEP, STEP + 1.7e9, 1.0 + i + 1.0 / (1 + STEP)) for i, name in enumerate(names)}
    run = resolve(Run("run", "run", "run", series=series))
    found = run.role("train_loss")
    return found.series.name if found is not None else None


@pytest.mark.parametrize(
    ("names", "loss"),
    [
        (("Rec", "KL", "Total"), "Total"),
        (("total", "mse", "kl"), "total"),
        (("Total", "KL"), None),  # one word may be anything
        (("Total", "correct", "wrong"), None),
        (("Cost", "UD"), "Cost"),
        (("Cost", "validation loss"), "Cost"),
        (("cost", "loss"), "loss"),
        (("train/avg_cost", "val_cost"), "train/avg_cost"),
        (("TimeLoss", "speed"), None),
        (("packet_loss",), None),
        (("time_loss", "mark_loss"), "train_loss (derived)"),
        (("Loss/loss",), "Loss/loss"),
        (("Reward_Mean", "Length_Mean", "Loss"), None),
        (("completion_length_mean", "loss"), "loss"),
    ],
)
def test_the_training_loss_of(names, loss):
    assert loss_of(*names) == loss
