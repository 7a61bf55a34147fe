"""Trainings that begin anew within one log: folds are no spikes, and what evals do over them is no regression."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.rules.evals.regression import EvalRegression
from runlens.rules.loss.spike import LossSpike
from runlens.rules.shared.folds import trained_anew
from tests.rules.saying import run_of, said


def folds(lengths, back=1.0, learn=2.0, raised=None, held_out=(), seed=0):
    """Losses of folds of these lengths, which begin again at a share of what the first one learnt."""
    rng = np.random.default_rng(seed)
    loss, rate = [], []
    for k, n in enumerate(lengths):
        high = 0.6 * (back if k else 1.0)
        loss.append(0.4 + high * np.exp(-np.arange(n) / learn))
        rate.append(1e-3 * 0.9 ** np.arange(n) if raised is None else np.full(n, raised[k]))
    columns = {"train_loss": np.concatenate(loss) + 0.004 * rng.standard_normal(sum(lengths))}
    if raised is not None or len(set(lengths)) > 1:
        columns["lr"] = np.concatenate(rate)
    if len(held_out):
        columns["val_accuracy"] = np.concatenate(
            [level - 0.1 * np.exp(-np.arange(n) / 4) for level, n in zip(held_out, lengths, strict=True)]
        ) + 0.002 * rng.standard_normal(sum(lengths))
    return run_of(columns)


@pytest.mark.parametrize(
    ("lengths", "times"),
    [((40, 40, 40, 40), 3), ((40, 40, 41, 40), 3), ((40, 40, 40, 20), 3), ((40, 40, 40), 0), ((4, 4, 4, 4, 4, 4, 4), 0),
     ((6, 6, 6, 6, 6), 4)],
)  # fmt: skip
def test_folds_of_one_length_need_no_learning_rate(lengths, times):
    run = folds(lengths, learn=min(2.0, min(lengths) / 8), raised=np.full(len(lengths), 1e-3))
    assert len(trained_anew(run)) == times


@pytest.mark.parametrize(("low", "times"), [((2,), 4), ((2, 4), 0)])
def test_one_of_them_may_begin_low(low, times):
    value = folds((20,) * 6).series["train_loss"].value.copy()
    for k in low:
        value[20 * k : 20 * k + 20] = 0.4 + 0.1 * np.exp(-np.arange(20) / 2.0)
    assert len(trained_anew(run_of({"train_loss": value}))) == times


@pytest.mark.parametrize(("lengths", "times"), [((40, 30, 55, 20), 3), ((40, 30, 55), 0)])
def test_folds_of_other_lengths_begin_with_their_learning_rate(lengths, times):
    assert len(trained_anew(folds(lengths))) == times
    assert len(trained_anew(folds(lengths, raised=np.full(len(lengths), 1e-3)))) == 0


@pytest.mark.parametrize(("last", "times"), [(1.4e-3, 0), (1.6e-3, 3)])
def test_the_rate_goes_up_at_each_of_them(last, times):
    rates = np.array([1e-3, 1.6e-3, 1.6e-3 * 1.6, 1.6e-3 * 1.6 * last / 1e-3])
    assert len(trained_anew(folds((40, 30, 55, 20), raised=rates))) == times


@pytest.mark.parametrize(("back", "times"), [(0.45, 0), (0.65, 3)])
def test_they_begin_half_as_high_as_the_first_one_did(back, times):
    assert len(trained_anew(folds((40, 40, 40, 40), back=back))) == times


def test_what_does_not_learn_again_is_no_fold():
    assert len(trained_anew(folds((40, 40, 40, 40), learn=1e6))) == 0
    run = run_of({"train_loss": np.repeat([1.0, 0.4, 0.4, 0.9, 0.9], 40)})
    assert len(trained_anew(run)) == 0 and len(trained_anew(run_of({"accuracy": np.ones(50)}))) == 0


def test_spikes_and_evals_of_folds_are_information_that_says_so():
    run = folds((40, 40, 41, 40), learn=5.0, held_out=(0.95, 0.9, 0.8, 0.8))
    every = said(LossSpike(), run)
    assert every and all(str(f.severity) == "info" and "training went from one fold or task to the next" in f.message
                         for f in every)  # fmt: skip
    (fell,) = said(EvalRegression(), run)
    assert str(fell.severity) == "info" and "begins anew 3 times, as with folds or tasks" in fell.message


def test_the_same_fall_in_one_training_is_a_warning_or_more():
    run = folds((160,), held_out=(0.95,))
    accuracy = run.series["val_accuracy"].value.copy()
    accuracy[80:] -= 0.15
    fell = said(EvalRegression(), run_of({"train_loss": run.series["train_loss"].value, "val_accuracy": accuracy}))
    assert [str(f.severity) for f in fell] in (["warning"], ["error"])
