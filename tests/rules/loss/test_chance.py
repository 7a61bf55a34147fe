"""Few epochs that show that nothing is learnt, and few steps that show nothing at all."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.rules.loss.dead import DeadLoss
from runlens.rules.loss.stalled import StalledLoss
from tests.rules.saying import START, mark, run_of


def guessed(n=5, accuracy=0.1, last=1.0, first=1.005, classes=10, scores=None):
    """Epochs of a model that answers with one class whatever it sees."""
    loss = np.log(classes) * np.linspace(first, last, n)
    return run_of({"train_loss": loss, "val_acc": np.full(n, accuracy) if scores is None else np.asarray(scores)})


@pytest.mark.parametrize(
    ("run", "says"),
    [
        (guessed(n=3), "-"),
        (guessed(n=4), "w"),
        (guessed(accuracy=0.1004), "w"),
        (guessed(accuracy=0.1006), "-"),  # a class that is a little more frequent
        (guessed(last=1.009), "w"),
        (guessed(last=1.011, first=1.02), "-"),
        (guessed(last=0.98), "-"),  # below what a guess costs: something is learnt
        (guessed(classes=2, accuracy=0.5), "w"),
        (guessed(classes=20, accuracy=0.05), "w"),
        (guessed(classes=21, accuracy=1 / 21), "-"),
        (guessed(classes=100, accuracy=0.01), "w"),
        (guessed(scores=[0.1, 0.1, 0.1, 0.1, 0.12]), "-"),
        (guessed(accuracy=0.0), "-"),
    ],
)
def test_an_accuracy_of_one_class_beside_the_loss_of_a_guess(run, says):
    assert mark(StalledLoss(), run) == says


@pytest.mark.parametrize(("writes", "other", "says"), [(3, 0.4, "e"), (4, 0.4, "-"), (4, 0.0, "e")])
def test_a_step_that_is_written_again_and_again_is_that_of_an_evaluation(writes, other, says):
    step = np.repeat(np.arange(7) * 100, writes)
    loss = np.zeros(len(step))
    loss[0] = other
    assert mark(DeadLoss(), run_of({"loss": loss}, step, START + np.arange(len(step)))) == says
