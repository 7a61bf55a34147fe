"""EVAL006 at the edge of each of its thresholds, and what it leaves alone."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.model import Finding, Run, Series, Skip
from runlens.roles import resolve
from runlens.rules.evals.frozen_score import FrozenScore


def run(**scores: list[float]) -> Run:
    """A run of a falling loss with scores logged at the ends of its ten times as many steps."""
    n = 10 * max(map(len, scores.values()))
    at = np.arange(n, dtype=np.int64)
    rng = np.random.default_rng(6)
    series = {"train_loss": Series("train_loss", at, np.full(n, np.nan), 2.0 / (1 + at) + rng.normal(0.5, 0.01, n))}
    for name, values in scores.items():
        name = name.replace("__", "/")
        step = np.arange(1, len(values) + 1, dtype=np.int64) * 10 - 1
        series[name] = Series(name, step, np.full(len(step), np.nan), np.array(values, dtype=np.float64))
    return resolve(Run(id="r", name="r", source="s", series=series))


def found(settings: dict[str, float] | None = None, **scores: list[float]) -> list[Finding]:
    return [f for f in FrozenScore(**(settings or {})).check(run(**scores)) if isinstance(f, Finding)]  # type: ignore[arg-type]


def test_a_score_that_never_moved():
    (one,) = found(val_accuracy=[0.7241] * 8)
    assert one.evidence["since_start"] and one.evidence["evaluations"] == 8
    assert "0.7241 at every evaluation" in one.message


def test_a_score_that_fell_to_its_worst_and_stays():
    (one,) = found(val_accuracy=[0.2, 0.19, *[0.0625] * 8])
    assert one.steps == (29, 99)


@pytest.mark.parametrize(("n", "told"), [(5, 0), (6, 1)])
def test_evaluations(n, told):
    assert len(found(val_accuracy=[0.3] * n)) == told
    assert len(found({"evaluations": 5}, val_accuracy=[0.3] * n)) == 1


@pytest.mark.parametrize(("before", "told"), [(8, 1), (9, 0)])
def test_share(before, told):
    moving = [0.5 + 0.001 * i for i in range(before)]
    assert len(found(val_accuracy=moving + [0.3] * 8)) == told
    assert len(found({"share": 0.4}, val_accuracy=moving + [0.3] * 8)) == 1


@pytest.mark.parametrize(("level", "told"), [(0.8999, 1), (0.9, 0), (1.0, 0), (89.9, 1), (90.0, 0), (0.0, 1)])
def test_good(level, told):
    assert len(found(val_accuracy=[level] * 8)) == told
    assert not found({"good": 0.5}, val_accuracy=[max(level, 0.5) if level <= 1 else level] * 8)


@pytest.mark.parametrize(("level", "told"), [(1.0, 1), (0.11, 1), (0.09, 0), (0.0, 0)])
def test_an_error_rate_is_good_where_it_is_low(level, told):
    assert len(found(eval__wer=[level] * 8)) == told


def test_a_score_that_settled_above_its_first_value_has_learnt():
    assert not found(val_accuracy=[0.3, 0.5, *[0.62] * 8])


def test_another_score_that_moves_says_that_answers_change():
    assert not found(val_accuracy=[0.5] * 8, val_auc=[0.5 + 0.01 * i for i in range(8)])
    (one,) = found(val_accuracy=[0.5] * 8, val_auc=[0.5] * 8)
    assert "another score" in one.message and len(one.evidence["others"]) == 1


@pytest.mark.parametrize(
    ("loss", "told"),
    [
        (0.821, 1),
        (0.82, 0),  # rounding alone makes it stand
        (21.0, 0),
        (0.0, 0),
        (-0.82, 0),
        (-0.821, 1),  # a log density, or a reward that is maximised
    ],
)
def test_a_held_out_loss_that_never_moves(loss, told):
    assert len(found(val_loss=[loss] * 8)) == told
    assert not found(val_loss=[0.9, *[loss] * 8])  # it moved once
    assert not found(val_loss=[loss] * 5)


def test_a_held_out_loss_that_never_moves_is_told_where_scores_do():
    (one,) = found(val_loss=[0.5018] * 8, val_accuracy=[0.5 + 0.01 * i for i in range(8)])
    assert "the weights that are evaluated do not change" in one.message
    assert not found(val_loss=[0.5018] * 8, test__loss=[0.5 - 0.01 * i for i in range(8)])


@pytest.mark.parametrize(
    ("others", "says"), [(1, "so is another held-out loss"), (2, "so are 2 other held-out losses")]
)
def test_further_held_out_losses_are_no_scores(others, says):
    (one,) = found(**{f"val_{i}__loss": [0.5018] * 8 for i in range(others + 1)})
    assert one.message.endswith(says) and len(one.evidence["others"]) == others


def test_a_score_of_which_the_best_is_not_known_succeeds_nowhere():
    assert len(found(val_accuracy=[281.0] * 8)) == 1


def test_what_a_policy_earns_is_not_judged():
    made = run(rollout__ep_rew_mean=[0.0] * 8, val_accuracy=[0.5] * 8)
    assert all(isinstance(x, Skip) for x in FrozenScore().check(made))


def test_no_finite_score_and_too_few_are_skipped():
    assert [type(x) for x in FrozenScore().check(run(val_accuracy=[np.nan] * 8))] == [Skip]
    assert [type(x) for x in FrozenScore().check(run(val_accuracy=[0.5] * 3))] == [Skip]


ONE_EXAMPLE = [0.0] * 7 + [1.0] + [0.0] * 9


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (ONE_EXAMPLE, 0),
        ([100.0 * v for v in ONE_EXAMPLE], 0),
        ([0.5 * v for v in ONE_EXAMPLE], 1),  # of more than one
        ([0.0, 0.25, 1.0, *[0.0] * 9], 1),
        ([1.0, 1.0, *[0.0] * 9], 1),  # it fell once, and for good
        ([0.0] * 17, 1),
    ],
)
def test_the_score_of_one_example_at_a_time_is_0_or_1(values, told):
    assert len(found(val_accuracy=values)) == told


@pytest.mark.parametrize("one_in", [2, 20])
def test_of_many_evaluations_each_counts(one_in):
    many = np.where(np.arange(1500) % one_in, 0.25, 0.5)
    assert not found(val_accuracy=[*many])
    (one,) = found(val_accuracy=[0.25] * 1500)
    assert one.evidence["evaluations"] == 1500 and "1,500 times in a row" in one.message


def memorised(accuracy: list[float], left: float = 0.005, **more: list[float]) -> list[Finding]:
    """A run whose training loss falls to a part of its first value, with accuracies at every tenth step."""
    n = 10 * len(accuracy)
    made = run(val_accuracy=accuracy, **more)
    step = np.arange(n, dtype=np.int64)
    loss = Series("train_loss", step, np.full(n, np.nan), 1.4 * np.geomspace(1.0, left, n))
    return [
        f
        for f in FrozenScore().check(
            resolve(Run(id="r", name="r", source="s", series={**made.series, "train_loss": loss}))
        )
        if isinstance(f, Finding)
    ]


def about(level: float, gained: float = 0.0, n: int = 20) -> list[float]:
    return list(level + gained * np.linspace(-0.1, 1.1, n).clip(0, 1) + 0.002 * (-1.0) ** np.arange(n))


def test_a_score_at_chance_while_the_training_loss_goes_to_nothing():
    (one,) = memorised(about(0.25, 0.03))
    assert "by heart" in one.message and one.evidence["train_after"] < 0.1 * one.evidence["train_before"]
    assert FrozenScore.words(one) == "score that never rose"
    assert FrozenScore.words(*found(val_accuracy=[0.7241] * 8)) == "frozen score"


@pytest.mark.parametrize(
    ("scores", "left", "told"),
    [
        (about(0.25, 0.10), 0.005, 1),
        (about(0.25, 0.15), 0.005, 0),  # 15 % of what it lacked
        (about(0.25), 0.15, 0),  # the training loss has not gone
        (about(0.51), 0.005, 0),  # half of the best is no failure
        (about(25.0, 3.0), 0.005, 1),  # percent
        (about(0.25, n=9), 0.005, 0),
        (about(0.25, n=10), 0.005, 1),
    ],
)
def test_how_little_a_score_gains_beside_a_training_loss_that_went(scores, left, told):
    assert len(memorised(scores, left)) == told


def test_another_score_that_rose_or_a_held_out_loss_decides():
    assert not memorised(about(0.25), val_f1=about(0.2, 0.4))
    assert not memorised(about(0.25), val_loss=list(np.linspace(2.0, 1.0, 20)))
    assert memorised(about(0.25), val_f1=about(0.2, 0.05))
