"""EVAL002 to EVAL004: a run's evals against themselves."""

import numpy as np
import pytest

from runlens.model import Finding, RoleSeries, Run, Series, Severity, Skip
from runlens.roles import resolve
from runlens.rules.evals.overdue import EvalOverdue
from runlens.rules.evals.overfitting import Overfitting
from runlens.rules.evals.regression import EvalRegression
from tests.rules.saying import run_of

EVERY = 250


def series(name, step, value):
    step = np.asarray(step)
    return Series(name, step, np.full(len(step), np.nan), np.asarray(value, float))


def run(evals, train_until=5000, train=None):
    """A run that logged a training loss at every tenth step, and evals {(name, metric): (steps, values)}."""
    step = np.arange(0, train_until + 1, 10)
    loss = 2 + 3 * (step + 50.0) ** -0.3 if train is None else train(step)
    found = {"train_loss": (RoleSeries("train_loss", series("loss", step, loss), "nats"),)}
    for (task, metric), (at, value) in evals.items():
        role = "eval_loss" if metric == "loss" else "eval_score"
        direction = "down" if metric == "loss" else "up"
        made = RoleSeries(
            role, series(f"eval/{task}/{metric}", at, value), "1", split="eval", task=task, metric_kind=metric,
            direction=direction,
        )  # fmt: skip
        found[role] = (*found.get(role, ()), made)
    return Run("r", "r", "r", roles=found)


STEPS = np.arange(EVERY, 5001, EVERY)


def rising(seed=0, items=2000, low=0.25, high=0.6):
    rng = np.random.default_rng(seed)
    right = low + (high - low) * (1 - (1 + STEPS / 400) ** -0.7)
    return rng.binomial(items, right) / items


def falling(seed=0):
    rng = np.random.default_rng(seed)
    return (2.1 + 3 * STEPS**-0.3) * (1 + rng.normal(0, 0.001, len(STEPS)))


@pytest.mark.parametrize("seed", range(8))
def test_binomial_noise_is_no_regression(seed):
    made = run({(t, "acc"): (STEPS, rising(seed + 10 * i)) for i, t in enumerate(("a", "b", "c", "d"))})
    assert [f for f in EvalRegression().check(made) if f.severity.rank] == []


@pytest.mark.parametrize("seed", range(8))
def test_a_noisy_flat_is_no_regression_and_a_lasting_rise_in_it_is(seed):
    rng, epoch = np.random.default_rng(seed), np.arange(1, 41)
    noisy = (0.15 + 0.5 * np.exp(-epoch / 3.0)) * np.exp(0.07 * rng.standard_normal(40))
    both = (noisy, noisy * np.where(epoch > 28, 1.6, 1.0))
    told = [list(EvalRegression().check(run({("", "loss"): (epoch * EVERY, values)}))) for values in both]
    assert [[f for f in found if f.severity.rank] != [] for found in told] == [False, True]


def test_a_lasting_fall_is_a_warning_and_names_what_fell_with_it():
    lost = np.where(STEPS >= 4000, 0.07, 0.0)
    made = run({("a", "acc"): (STEPS, rising() - lost), ("b", "acc"): (STEPS, rising(1) - lost)})
    (finding,) = (f for f in EvalRegression().check(made) if f.severity.rank)
    assert finding.severity is Severity.WARNING and finding.steps == (4000, 5000)
    assert "; with it " in finding.message
    assert not finding.evidence["recovered"] and finding.help


def test_half_of_all_progress_lost_is_an_error():
    (finding,) = EvalRegression().check(run({("a", "acc"): (STEPS, rising() - np.where(STEPS >= 4500, 0.13, 0.0))}))
    assert finding.severity is Severity.ERROR and "% of its progress lost" in finding.message


def test_a_dip_that_came_back_is_information():
    step = np.arange(100, 5001, 100)  # the scatter of many checkpoints is known well enough to see one that is off
    value = 0.25 + 0.35 * (1 - (1 + step / 400) ** -0.7) - np.where(step == 3000, 0.1, 0.0)
    (finding,) = EvalRegression().check(run({("a", "acc"): (step, value)}))
    assert finding.severity is Severity.INFO and finding.steps == (3000, 3000) and "came back" in finding.message


def test_three_evaluations_hold_no_level_to_fall_from():
    (said,) = EvalRegression().check(run({("a", "acc"): (STEPS[:3], [0.5, 0.4, 0.3])}))
    assert isinstance(said, Skip) and "fewer than four" in said.reason


def test_an_eval_that_stopped_is_overdue_by_its_own_cadence():
    (finding,) = EvalOverdue().check(run({("a", "acc"): (STEPS[STEPS <= 4000], rising()[STEPS <= 4000])}))
    assert finding.severity is Severity.WARNING and finding.steps == (4000, 5000)
    assert "last evaluated at step 4,000" in finding.message and finding.evidence["ratio"] == 4.0


@pytest.mark.parametrize(("later", "severity"), [((5000,), "info"), ((4900, 5000), "warning")])
def test_one_step_alone_tells_little_of_an_eval_that_stopped(later, severity):
    step = np.concatenate([np.arange(100, 1001, 100), later])
    held = np.where(step <= 1000, np.linspace(3.0, 2.0, len(step)), np.nan)
    (finding,) = EvalOverdue().check(run_of({"train_loss": np.linspace(3.0, 2.0, len(step)), "eval_loss": held}, step))
    assert str(finding.severity) == severity
    assert ("one logged step tells of it" in finding.message) == (severity == "info")


@pytest.mark.parametrize("until", [4500, 4750, 5000])
def test_one_evaluation_that_is_late_is_not_overdue(until):
    keep = until >= STEPS
    assert list(EvalOverdue().check(run({("a", "acc"): (STEPS[keep], rising()[keep])}))) == []


def test_a_gap_that_was_closed_is_information_and_stops_together_are_one():
    keep = (STEPS <= 2000) | (STEPS >= 3500)
    both = {(t, "acc"): (STEPS[keep], rising(i)[keep]) for i, t in enumerate("ab")}
    (finding,) = EvalOverdue().check(run(both))
    assert finding.severity is Severity.INFO and finding.steps == (2000, 3500)
    assert len(finding.evidence["evals"]) == 2


def test_all_gaps_are_one_finding_with_their_number():
    away = np.isin(STEPS, [1250, 1500, 1750, 3750, 4000, 4250])
    (finding,) = EvalOverdue().check(run({("a", "acc"): (STEPS[~away], rising()[~away])}))
    assert finding.evidence["count"] == 2 and "the longest of 2 such gaps" in finding.message


def test_evals_that_stopped_at_different_steps_are_one_finding():
    columns = {(name, "acc"): (STEPS[at >= STEPS], rising()[at >= STEPS]) for name, at in (("a", 4000), ("b", 3000))}
    (finding,) = EvalOverdue().check(run(columns))
    assert finding.severity is Severity.WARNING and len(finding.evidence["evals"]) == 2
    assert "1 more eval has stopped" in finding.message


def test_a_best_value_so_far_has_no_cadence():
    kept = np.isin(STEPS, STEPS[[0, 1, 2, 4, 7]])
    columns = {("a", "acc"): (STEPS, rising()), ("a", "best_acc"): (STEPS[kept], rising()[kept])}
    assert list(EvalOverdue().check(run(columns))) == []


def test_two_evaluations_are_no_cadence():
    (said,) = EvalOverdue().check(run({("a", "acc"): (STEPS[:2], [0.3, 0.4])}))
    assert isinstance(said, Skip) and "no cadence" in said.reason


def test_a_held_out_loss_that_turns_while_training_falls_is_overfitting():
    turned = np.where(STEPS > 2500, 1 + 0.03 * (STEPS - 2500) / 250, 1.0)
    made = run({("", "loss"): (STEPS, falling() * turned)})
    (finding,) = Overfitting().check(made)
    assert finding.severity.rank >= 1 and finding.steps == (2500, 5000)
    assert "was best at step 2,500" in finding.message
    assert [f for f in EvalRegression().check(made) if f.severity.rank] == [], "the same turn is not said twice"


@pytest.mark.parametrize("seed", range(5))
def test_a_flat_or_falling_held_out_loss_is_no_overfitting(seed):
    assert list(Overfitting().check(run({("", "loss"): (STEPS, falling(seed))}))) == []
    flat = 2.5 + np.random.default_rng(seed).normal(0, 0.003, len(STEPS))
    assert list(Overfitting().check(run({("", "loss"): (STEPS, flat)}))) == []


def test_a_loss_that_rises_with_the_training_loss_is_another_trouble():
    turned = np.where(STEPS > 2500, 1 + 0.03 * (STEPS - 2500) / 250, 1.0)
    worse = lambda step: 2 + 3 * (np.minimum(step, 2500) + 50.0) ** -0.3 + np.maximum(step - 2500, 0) / 5000  # noqa: E731
    made = run({("", "loss"): (STEPS, falling() * turned)}, train=worse)
    assert list(Overfitting().check(made)) == []
    assert any(f.severity.rank for f in EvalRegression().check(made))


def test_new_data_that_lift_both_losses_are_no_overfitting():
    turned = np.where(STEPS > 2500, 1.1 + 0.03 * (STEPS - 2500) / 250, 1.0)

    def lifted(step):  # the new data are learned within some 200 steps
        return 2 + 3 * (step + 50.0) ** -0.3 + np.where(step >= 2500, 0.4 + np.exp((2500.0 - step) / 200), 0.0)

    made = run({("", "loss"): (STEPS, falling() * turned)}, train=lifted)
    assert list(Overfitting().check(made)) == []
    assert any(f.severity.rank for f in EvalRegression().check(made))


def score_beside(loss, score, metric="wer", direction="down", config=None):
    """A run whose held-out loss and score stand at the same checkpoints."""
    made = run({("", "loss"): (STEPS, loss)})
    beside = RoleSeries(
        "eval_score", series(f"eval/{metric}", STEPS, score), "1", split="eval", metric_kind=metric,
        direction=direction, direction_from="name",
    )  # fmt: skip
    roles = {**made.roles, "eval_score": (beside,)}
    placed = {r.series.name: r.series for group in roles.values() for r in group}
    return Run("r", "r", "r", roles=roles, placed=placed, config=config or {})


RISES = 0.3 * (1 + 0.5 * np.minimum(np.arange(len(STEPS)) / 10, 1))


def one(rule, made):
    (finding,) = rule.check(made)
    return finding


def test_scores_beside_a_rising_loss_decide():
    better, level, worse = 0.35 - 0.004 * np.arange(20), np.full(20, 0.35), 0.35 + 0.01 * np.arange(20)
    assert one(Overfitting(), score_beside(RISES, better)).severity is Severity.INFO
    assert one(Overfitting(), score_beside(RISES, level)).severity is Severity.WARNING
    assert one(Overfitting(), score_beside(RISES, worse)).severity is Severity.ERROR
    assert one(Overfitting(), run({("", "loss"): (STEPS, RISES)})).severity is Severity.ERROR
    found = one(Overfitting(), score_beside(RISES, 1 - better, "acc", "up"))  # of the same predictions as the loss
    assert found.severity is Severity.WARNING and "improved meanwhile" in found.message
    told = {"metric_for_best_model": "acc", "greater_is_better": True}
    assert one(Overfitting(), score_beside(RISES, 1 - better, "acc", "up", told)).severity is Severity.INFO
    found = one(Overfitting(), score_beside(RISES, better))
    assert "eval/wer improved" in found.message and found.evidence["scores"] == "improved"


def test_the_metric_that_the_run_chooses_its_best_model_by_is_asked_first():
    better = 0.35 - 0.004 * np.arange(20)
    by_loss = {"metric_for_best_model": "eval_loss", "greater_is_better": False}
    made = score_beside(RISES, better, config=by_loss)
    named = series("eval/loss", STEPS, RISES)  # as the Trainer sends it
    roles = {**made.roles, "eval_loss": (RoleSeries("eval_loss", named, "nats", split="eval", direction="down"),)}
    made = Run("r", "r", "r", roles=roles, placed=made.placed, config=by_loss)
    assert one(Overfitting(), made).severity is Severity.ERROR
    told = {"best_metric": float(RISES[0]), "best_model_checkpoint": "out/checkpoint-250"}
    made = Run("r", "r", "r", roles=roles, placed={**made.placed, "eval/loss": named}, config=told)
    assert one(Overfitting(), made).severity is Severity.ERROR


@pytest.mark.parametrize("shape", ["level at the end", "still rising", "best at first"])
def test_a_turn_is_found_in_noise_whatever_its_end(shape):
    t, found = np.arange(40) / 39, 0
    curve = {
        "level at the end": np.where(t < 0.3, 1.5 - 2 * t, 0.9 * (1 + 0.5 * np.minimum((t - 0.3) / 0.3, 1))),
        "still rising": 1.5 * np.exp(-4 * t) + 0.5 + 1.2 * t,
        "best at first": 0.9 * (1 + 0.5 * np.minimum(t / 0.3, 1)),
    }[shape]
    for seed in range(40):
        noisy = curve * np.exp(0.03 * np.random.default_rng(seed).standard_normal(40))
        found += len(list(Overfitting().check(run({("", "loss"): (np.arange(1, 41) * 125, noisy)}))))
    assert found >= 38  # 95 % of the seeds, one finding each


def test_healthy_held_out_losses_are_silent_in_noise():
    t = np.arange(40) / 39
    for curve in (2 + 2 * (1 + 20 * t) ** -0.5, 1.5 + 2 * np.exp(-5 * t), 3 * (1 + 0.1 * np.sin(2 * np.pi * 3 * t))):
        for seed in range(20):
            noisy = curve * np.exp(0.03 * np.random.default_rng(seed).standard_normal(40))
            assert list(Overfitting().check(run({("", "loss"): (np.arange(1, 41) * 125, noisy)}))) == []


def test_held_out_losses_that_turn_together_are_one_finding():
    turned = np.where(STEPS > 2500, 1 + 0.03 * (STEPS - 2500) / 250, 1.0)
    made = run({("a", "loss"): (STEPS, falling() * turned), ("b", "loss"): (STEPS, falling(1) * turned)})
    found = one(Overfitting(), made)
    assert len(found.evidence["others"]) == 1 and "one other" not in found.message and "1 other" in found.message


def test_figures_of_many_checkpoints_stand_in_the_log():
    step, rng = np.arange(1, 501) * 10, np.random.default_rng(0)
    value = (1 + np.exp(-step / 300) + 0.0003 * np.maximum(step - 2000, 0)) * np.exp(0.01 * rng.standard_normal(500))
    found = one(Overfitting(), run({("", "loss"): (step, value)}))
    logged = dict(zip(step.tolist(), value.tolist(), strict=True))
    assert logged[found.evidence["best_step"]] == found.evidence["best"]
    assert logged[found.steps[1]] == found.evidence["latest"]


def test_an_eval_that_is_worse_than_its_first_value_for_good_is_a_warning():
    rng = np.random.default_rng(1)
    worse = np.concatenate([[0.6], 0.45 + 0.02 * rng.standard_normal(19)])
    (found,) = EvalRegression().check(run({("a", "acc"): (STEPS, worse)}))
    assert found.severity is Severity.WARNING and "never came back" in found.message
    assert found.steps == (500, 5000) and found.evidence["evals"][0]["level"] == 0.6
    slightly = np.concatenate([[0.6], np.full(19, 0.58)])
    assert list(EvalRegression().check(run({("a", "acc"): (STEPS, slightly)}))) == []
    back = np.concatenate([worse[:16], np.full(4, 0.61)])
    assert [f for f in EvalRegression().check(run({("a", "acc"): (STEPS, back)})) if f.severity.rank] == []


def test_an_eval_that_swings_about_one_level_is_silent():
    for phase in np.linspace(0, 6, 13):
        swings = 4.0 * (1 + 0.1 * np.sin(STEPS / 400 + phase))
        found = [f for f in EvalRegression().check(run({("", "loss"): (STEPS, swings)})) if f.severity.rank]
        assert found == [], phase


def test_one_value_far_off_is_information():
    for at in (10, 19):
        value = 0.25 + 0.35 * (1 - (1 + STEPS / 400) ** -0.7)
        value[at] = 0.3
        told = list(EvalRegression().check(run({("a", "acc"): (STEPS, value)})))
        assert [f.severity for f in told] in ([], [Severity.INFO]), at


@pytest.mark.parametrize(("better", "silent"), [(True, True), (False, False)])
def test_what_is_measured_at_the_best_models_only_has_no_cadence(better, silent):
    loss = 2.0 - 0.02 * np.arange(len(STEPS))
    loss[6:] = 2.5  # never better again
    at = STEPS[1:6] if better else STEPS[7:12]
    columns = {("a", "loss"): (STEPS, loss), ("b", "acc"): (at, rising()[: len(at)])}
    assert (list(EvalOverdue().check(run(columns))) == []) is silent


@pytest.mark.parametrize(
    ("at", "severity"),
    [(STEPS[2:12:3], "warning"), (STEPS[1:7:2], "info"), (STEPS[:6], "info")],
    ids=["every third", "every second", "every one"],
)
def test_an_eval_that_stopped_is_overdue_beside_a_loss_that_is_always_better(at, severity):
    loss = 2.0 - 0.02 * np.arange(len(STEPS))
    columns = {("a", "loss"): (STEPS, loss), ("b", "acc"): (at, rising()[: len(at)])}
    (finding,) = EvalOverdue().check(run(columns))
    assert str(finding.severity) == severity and finding.metric == "eval/b/acc"
    assert finding.message.endswith("eval/a/loss goes on") is (severity == "info"), "it was measured as often"


UNEVEN = STEPS[[0, 1, 2, 4, 5]]


@pytest.mark.parametrize(
    ("at", "value", "other", "told"),
    [
        (UNEVEN, [0.3, 0.31, 0.4, 0.41, 0.5], True, False),
        (UNEVEN[:4], [0.3, 0.31, 0.4, 0.41], True, True),  # four may be so by chance
        (UNEVEN, [0.3, 0.31, 0.4, 0.39, 0.5], True, True),  # worse once, and written
        (STEPS[:9:3], [0.3, 0.31, 0.4], True, True),  # a cadence
        (UNEVEN, [0.3, 0.31, 0.4, 0.41, 0.5], False, True),  # nothing was evaluated any more
    ],
    ids=["news alone", "too few", "worse once", "even", "alone"],
)
def test_a_score_that_is_written_where_it_is_better_keeps_no_cadence(at, value, other, told):
    columns = {("b", "acc"): (at, value)}
    if other:
        noisy = 1.0 + 0.1 * np.random.default_rng(1).standard_normal(len(STEPS))
        columns["a", "loss"] = STEPS, noisy
    assert any(isinstance(f, Finding) for f in EvalOverdue().check(run(columns))) is told


def test_single_batches_of_an_evaluation_are_left_to_their_mean():
    def logged(**columns):
        at = 100 * np.arange(1, 41)
        made = {"train_loss": np.linspace(3.0, 1.0, 40), **columns}
        series = {n: Series(n, at[: len(v)], 1.7e9 + at[: len(v)], np.asarray(v)) for n, v in made.items()}
        return resolve(Run("r", "r", "r", series=series))

    batches, whole = np.linspace(2.0, 1.5, 8), np.linspace(2.0, 1.5, 40)
    (finding,) = EvalOverdue().check(logged(val_loss_step=batches))
    assert finding.severity is Severity.WARNING
    assert list(EvalOverdue().check(logged(val_loss_step=batches, val_loss_epoch=whole))) == []


@pytest.mark.parametrize(("gained", "severity"), [(0.3, "info"), (0.0, "error")])
def test_an_accuracy_that_leaves_the_commonest_class_while_f1_rises_is_no_regression(gained, severity):
    n = len(STEPS)
    wave = 0.002 * (-1.0) ** np.arange(n)
    half = n // 2
    accuracy = np.where(np.arange(n) < half, np.minimum(0.5 + 0.2 * np.arange(n), 0.86), 0.66) + wave
    f1 = np.where(np.arange(n) < half, 0.46, 0.46 + gained) + wave
    told = list(EvalRegression().check(run({("val", "acc"): (STEPS, accuracy), ("val", "f1"): (STEPS, f1)})))
    lasting = [f for f in told if isinstance(f, Finding) and f.steps and f.steps[1] == STEPS[-1]]
    assert [str(f.severity) for f in lasting] == [severity]
    assert ("weighs the classes" in lasting[0].message) is (severity == "info")
