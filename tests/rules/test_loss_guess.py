"""Losses that stand where a guess stands, and held-out losses that do not move by a hair."""

import numpy as np
import pytest

from runlens.model import Finding
from runlens.rules.loss.parts.guess import CHECKPOINTS, POINTS, held_out_guess, held_out_stands, stands_at_a_guess
from runlens.rules.loss.stalled import StalledLoss
from tests.rules.saying import run_of


def guessing(classes, n=40, scatter=0.0003, off=0.0, seed=0):
    """A loss that a guess among so many classes costs, but for so much."""
    return np.log(classes) * (1 + off + scatter * np.random.default_rng(seed).standard_normal(n))


@pytest.mark.parametrize("classes", [2, 4, 10, 20])
def test_the_number_of_classes_is_found(classes):
    assert stands_at_a_guess(guessing(classes)) == classes


@pytest.mark.parametrize(("off", "found"), [(0.0008, 4), (0.0013, 0)])
def test_a_level_beside_it_is_no_guess(off, found):
    assert stands_at_a_guess(guessing(4, off=off, scatter=0.0001)) == found


@pytest.mark.parametrize(("one", "found"), [(1.0049, 4), (1.0051, 0)])
def test_one_point_that_leaves_it_shows_that_something_moves(one, found):
    value = guessing(4, scatter=0.0001)
    value[7] = np.log(4) * one
    assert stands_at_a_guess(value) == found


def test_a_slow_descent_is_no_guess():
    value = guessing(4, scatter=0.0001) * np.linspace(1.002, 0.998, 40)
    assert stands_at_a_guess(value) == 0


@pytest.mark.parametrize(("n", "found"), [(POINTS - 1, 0), (POINTS, 4)])
def test_few_points(n, found):
    assert stands_at_a_guess(guessing(4, n=n)) == found


def test_more_classes_than_can_be_told_apart_zeros_and_constants():
    assert stands_at_a_guess(guessing(21)) == 0
    assert stands_at_a_guess(np.zeros(40)) == 0
    assert stands_at_a_guess(np.full(40, np.log(4))) == 0
    assert stands_at_a_guess(np.empty(0)) == 0


def test_noise_of_batches_about_a_guess_by_chance():
    rng = np.random.default_rng(5)
    level = rng.uniform(0.5, 3.0, 2000)
    found = [stands_at_a_guess(v * np.exp(0.01 * rng.standard_normal(40))) for v in level]
    assert sum(map(bool, found)) == 0


def test_the_rule_says_it_of_forty_points():
    run = run_of({"train_loss": guessing(4)})
    (one,) = [f for f in StalledLoss().check(run) if isinstance(f, Finding)]
    assert one.severity.value == "warning"
    assert "a guess among 4 classes" in one.message


def flat(still, n=400, every=40):
    """A noisy flat training loss, and a held-out loss that moves by so much of its level in all."""
    rng = np.random.default_rng(3)
    held = np.full(n, np.nan)
    at = np.arange(every - 1, n, every)
    held[at] = 1.5 * (1 + still * np.linspace(0, 1, len(at)) * (-1.0) ** np.arange(len(at)))
    return {"train_loss": 1.5 * np.exp(0.1 * rng.standard_normal(n)), "val_loss": held}


@pytest.mark.parametrize(("still", "told"), [(0.0004, 1), (0.0008, 0), (0.0, 0)])
def test_a_held_out_loss_that_stands(still, told):
    run = run_of(flat(still))
    assert held_out_stands(run) == bool(told)
    found = [f for f in StalledLoss().check(run) if isinstance(f, Finding)]
    assert [f.evidence["since_start"] for f in found] == [True] * told


@pytest.mark.parametrize(("n", "stands"), [(CHECKPOINTS - 1, False), (CHECKPOINTS, True)])
def test_few_checkpoints(n, stands):
    assert held_out_stands(run_of(flat(0.0004, n=40 * n))) == stands


def at_chance(classes=4.0, train=0.0, checkpoints=12):
    """A few points of a loss that a guess costs, and a held-out loss that stands there to a hair."""
    n = checkpoints
    held = np.log(classes) * (1.0 + 3e-4 * np.linspace(1, 0, n))
    rng = np.random.default_rng(4)
    return run_of({"train_loss": np.log(classes) * (1 + train + 0.002 * rng.standard_normal(n)), "eval_loss": held})


@pytest.mark.parametrize(
    ("make", "told"),
    [
        ({}, 4),
        ({"classes": 4.0 * np.exp(0.006)}, 4),  # 0.4 % above the logarithm of 4
        ({"classes": 4.0 * np.exp(0.009)}, 0),
        ({"train": 0.008}, 4),
        ({"train": 0.015}, 0),
        ({"checkpoints": CHECKPOINTS}, 4),
        ({"checkpoints": CHECKPOINTS - 1}, 0),
        ({"classes": 22.0}, 0),
    ],
)
def test_of_few_points_a_held_out_loss_that_stands_at_a_guess(make, told):
    run = at_chance(**make)
    assert held_out_guess(run, run.role("train_loss").series.value) == told
    found = [f for f in StalledLoss().check(run) if isinstance(f, Finding)]
    assert len(found) == bool(told)
    assert all("a guess among 4 classes" in one.message and one.severity.value == "warning" for one in found)


def test_without_a_held_out_loss_nothing_stands():
    assert not held_out_stands(run_of({"train_loss": guessing(4)}))
