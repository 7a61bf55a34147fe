"""LOSS003: values that are not finite."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.model import Run, Series, Severity, Skip
from runlens.roles import resolve
from runlens.rules.loss.non_finite import NonFiniteLoss
from runlens.rules.shared.watched import standing
from tests.rules.test_loss_spike import STEP, healthy, run_of


def found(where, value=np.nan, **settings):
    loss = healthy()
    loss[where] = value
    return list(NonFiniteLoss(**settings).check(run_of(loss)))


def test_finite_losses_are_silent():
    assert found([]) == []


def test_nan_to_the_end_is_an_error_and_a_divergence():
    (one,) = found(STEP >= 900)
    assert (one.severity, one.steps) == (Severity.ERROR, (900, 1199))
    assert one.evidence["outcome"] == "diverged" and one.evidence["to_the_end"]
    assert "NaN from step 900 and stays so to the end" in one.message


@pytest.mark.parametrize(("width", "severity"), [(1, Severity.WARNING), (9, Severity.WARNING), (10, Severity.ERROR)])
def test_a_stretch_that_comes_back_is_judged_by_its_length(width, severity):
    (one,) = found(slice(500, 500 + width))
    assert (one.severity, one.steps) == (severity, (500, 499 + width))
    assert "outcome" not in one.evidence


def test_the_length_is_a_setting():
    assert found(slice(500, 503), steps=3)[0].severity is Severity.ERROR


def test_many_stretches_are_one_finding():
    (one,) = found(STEP % 100 == 50)
    assert (one.evidence["stretches"], one.evidence["points"], one.evidence["longest_points"]) == (12, 12, 1)
    assert one.steps == (50, 1150)
    assert "12 of 1,200 logged points" in one.message


@pytest.mark.parametrize("sign", [1, -1])
def test_infinity_is_called_so(sign):
    (one,) = found([700], sign * np.inf)
    assert one.evidence["kind"] == "infinite"
    both = healthy()
    both[600], both[700] = np.nan, np.inf
    (one,) = NonFiniteLoss().check(run_of(both))
    assert one.evidence["kind"] == "NaN or infinite"


def test_a_run_without_a_loss_is_not_judged():
    (skip,) = NonFiniteLoss().check(run_of([], []))
    assert isinstance(skip, Skip)


def curves(steps=None, **columns):
    """A run of these series over one axis, resolved."""
    n = len(next(iter(columns.values())))
    step = np.arange(n) if steps is None else np.asarray(steps)
    time = 1.76e9 + np.arange(n, dtype=np.float64)
    return resolve(Run("r", "r", "r", series={k: Series(k, step, time, v) for k, v in columns.items()}))


def bad_from(at, n=300, value=np.nan):
    out = 1.0 + 0.1 * np.random.default_rng(at).standard_normal(n)
    out[at:] = value
    return out


@pytest.mark.parametrize("name", ["train/policy_loss", "train/kl", "critic/rewards/mean", "loss/aux", "train/entropy"])
def test_nan_in_any_loss_kl_or_reward_is_an_error(name):
    (one,) = NonFiniteLoss().check(curves(**{name: bad_from(200), "lr": bad_from(300)}))
    assert (one.severity, one.metric, one.steps) == (Severity.ERROR, name, (200, 299))


@pytest.mark.parametrize("name", ["loss_scale", "reward_std", "kl_coef", "learning_rate"])
def test_what_measures_nothing_is_not_watched(name):
    said = list(NonFiniteLoss().check(curves(**{name: bad_from(200), "train/entropy": bad_from(300)})))
    assert said == []


@pytest.mark.parametrize("points", (9, 10))
def test_others_must_last_as_long_as_the_setting_says(points):
    assert len(list(NonFiniteLoss().check(curves(kl=bad_from(300 - points))))) == (points >= 10)


@pytest.mark.parametrize("finite", (4, 5))
def test_a_mean_over_nothing_is_nan_from_the_start(finite):
    assert len(list(NonFiniteLoss().check(curves(reward=bad_from(finite))))) == (finite >= 5)


def test_others_that_go_bad_with_the_loss_are_told_with_it():
    run = curves(**{"train/loss": 3.0 * bad_from(250), "aux/z_loss": bad_from(200), "aux/entropy": bad_from(240)})
    (one,) = NonFiniteLoss().check(run)
    assert one.steps == (250, 299) and one.evidence["others"] == ["aux/z_loss", "aux/entropy"]
    assert "aux/z_loss and aux/entropy" in one.message


def restarted(at, back, upto):
    """A loss that is NaN from a step on, to 300, and a second attempt from `back` to `upto` that is not."""
    loss = np.concatenate([2.0 + bad_from(at), 2.0 + bad_from(upto - back, upto - back)])
    return curves(np.concatenate([np.arange(300), np.arange(back, upto)]), **{"train/loss": loss})


@pytest.mark.parametrize(("back", "upto"), [(0, 300), (0, 100), (150, 400), (200, 250)])
def test_nan_before_which_a_resume_went_back_is_history(back, upto):
    (one,) = NonFiniteLoss().check(restarted(200, back, upto))
    assert one.severity is Severity.INFO and one.evidence["rewound"] and NonFiniteLoss.taken_back(one)


def test_nan_that_a_resume_went_on_from_stands():
    said = list(NonFiniteLoss().check(restarted(200, 250, 400)))
    assert [f.severity for f in said] == [Severity.INFO, Severity.ERROR]
    assert said[1].steps == (200, 249)


def test_points_that_stand_are_those_before_every_later_resume():
    run = curves([0, 1, 2, 3, 4, 2, 3, 4, 5, 6, 1, 2, 3], loss=np.arange(13.0))
    kept = standing(run.placed["loss"])
    assert run.placed["loss"].value[kept].tolist() == [0.0, 10.0, 11.0, 12.0]
