"""LOSS004 on preference tuning: a loss of pairs that began at ln 2 and teaches nothing."""

import numpy as np
import pytest

from runlens.rules.loss.stalled import StalledLoss
from tests.rules.saying import mark, run_of, said

GUESS = float(np.log(2.0))


def pairs(end, right, seed=0, n=60, start=GUESS, noise=0.03, logged=True):
    """A loss of pairs that comes to `end`, and a share of pairs ordered right that comes to `right`."""
    rng, share = np.random.default_rng(seed), np.minimum(np.arange(n) / (0.6 * n), 1.0)
    loss = start + (end - start) * share + noise * np.minimum(6.0 * np.arange(n) / n, 1.0) * rng.standard_normal(n)
    columns = {"train/loss": loss, "train/rewards/margins": 0.01 * rng.standard_normal(n)}
    if logged:
        columns["train/rewards/accuracies"] = 0.5 + (right - 0.5) * share + 0.03 * rng.standard_normal(n)
    return run_of(columns)


@pytest.mark.parametrize(
    ("end", "right", "says"),
    [
        (0.70, 0.50, "w"),
        (0.65, 0.50, "-"),  # it came down
        (0.70, 0.60, "-"),  # the pairs are ordered better
        (0.80, 0.60, "w"),  # surer of itself, and worse than a guess
    ],
)
def test_a_loss_that_stays_at_a_guess_has_learnt_no_preference(end, right, says):
    assert mark(StalledLoss(), pairs(end, right)) == says


def test_without_the_share_of_pairs_the_loss_decides():
    (finding,) = said(StalledLoss(), pairs(0.70, 0.5, logged=False))
    assert "preferences" in finding.message


@pytest.mark.parametrize(("n", "says"), [(19, "-"), (20, "w")])
def test_a_loss_of_few_points_is_too_young(n, says):
    assert mark(StalledLoss(), pairs(0.70, 0.5, n=n)) == says


@pytest.mark.parametrize(("start", "says"), [(0.73, "-"), (0.71, "w")])
def test_a_loss_that_did_not_begin_at_a_guess_is_of_another_kind(start, says):
    assert mark(StalledLoss(), pairs(0.74, 0.5, start=start, noise=0.01)) == says


def test_a_classifier_of_two_is_no_preference_tuning():
    loss = pairs(0.70, 0.5).placed["train/loss"].value
    assert mark(StalledLoss(), run_of({"train/loss": loss})) == "-"


def test_seeded_runs_that_learn_are_left_alone_and_those_that_do_not_are_told():
    learns = [mark(StalledLoss(), pairs(0.64, 0.6, seed)) for seed in range(200)]
    learns += [mark(StalledLoss(), pairs(0.6, 0.62, seed)) for seed in range(200)]
    lost = [mark(StalledLoss(), pairs(0.71, 0.5, seed)) for seed in range(100)]
    assert learns.count("w") == 0 and lost.count("w") >= 97
