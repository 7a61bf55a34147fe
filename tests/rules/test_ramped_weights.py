"""Losses that rise with the logged weight of one of their terms, and those that rise in spite of it."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.model import Severity
from runlens.rules.evals.overfitting import Overfitting
from runlens.rules.evals.regression import EvalRegression
from runlens.rules.loss.spike import LossSpike
from runlens.rules.loss.stalled import StalledLoss
from runlens.rules.shared.ramps import is_weight, ramps
from tests.rules.saying import mark, run_of, said
from tests.synthetic.annealed import SHAPES, annealed

RULES = (LossSpike(), StalledLoss(), EvalRegression(), Overfitting())
SIZES = ({"n": 25, "epochs": True}, {"n": 60, "epochs": True}, {"n": 600}, {"n": 2000, "noise": 0.1, "per": 10})


def loud(run):
    return {rule.code for rule in RULES for f in said(rule, run) or () if f.severity is not Severity.INFO}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_loss_that_rises_with_the_weight_of_a_term_is_no_warning(shape, size):
    for seed in range(4):
        assert loud(annealed(seed, shape=shape, **size)) == set()


@pytest.mark.parametrize("shape", SHAPES[:2])
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("twin", [{"logged": False}, {"broken": 0.5}], ids=str)
def test_one_that_rises_without_it_or_goes_on_after_it_is(shape, size, twin):
    for seed in range(4):
        assert loud(annealed(seed, shape=shape, **size, **twin))


def test_the_finding_names_the_weight():
    (found,) = said(LossSpike(), annealed(0))
    assert found.message.endswith("train/kl_weight went from 0 to 1 meanwhile, and the loss with it")
    assert found.evidence["ramped"] and found.evidence["plan"] == {"metric": "train/kl_weight", "from": 0.0, "to": 1.0}
    (held_out,) = said(EvalRegression(), annealed(0))
    assert held_out.message.endswith("while train/kl_weight went from 0 to 1, which weighs one of its terms")


def stepped(times=1.3, over=1, weight=None, n=600, name="kl_weight", first=0.5, low=0.0):
    """A loss that rises to so many times itself over some points in a ramp of the weight over 300 points."""
    t = np.arange(n)
    loss = 1.0 + 3.0 * np.exp(-t / 30.0)
    loss *= 1.0 + (times - 1.0) * np.clip((t - first * n) / over, 0, 1)
    loss *= np.exp(0.005 * np.random.default_rng(0).standard_normal(n))
    ramp = low + (1.0 - low) * np.clip((t - 0.25 * n) / (0.5 * n), 0, 1)
    return run_of({"train/loss": loss, f"train/{name}": ramp if weight is None else weight})


@pytest.mark.parametrize(("over", "says"), [(10, "e"), (30, "e"), (50, "i"), (150, "i")])
def test_what_is_up_at_once_did_not_come_with_the_weight(over, says):
    assert mark(LossSpike(), stepped(over=over)) == says


@pytest.mark.parametrize(("times", "says"), [(1.5, "i"), (3.5, "i"), (4.5, "e")])
def test_a_weight_from_0_lifts_no_loss_above_its_first_value(times, says):
    assert mark(LossSpike(), stepped(times, over=150)) == says


@pytest.mark.parametrize(("low", "says"), [(0.05, "i"), (0.3, "e")])
def test_a_weight_lifts_no_loss_by_more_than_itself(low, says):
    assert mark(LossSpike(), stepped(5.0, over=150, low=low)) == says


T = np.arange(600)
RAMP = np.clip((T - 150) / 300, 0.0, 1.0)


@pytest.mark.parametrize(
    ("name", "weight", "says"),
    [
        ("beta", RAMP, "i"),
        ("adam_beta", RAMP, "e"),
        ("beta1", np.full(600, 0.9), "e"),
        ("kl_coef", RAMP, "i"),
        ("kl_coef", RAMP + 0.2 * (T % 2), "e"),  # a controller's
        ("kl_coef", 1.0 - RAMP, "e"),
        ("teacher_forcing_ratio", 1.0 - RAMP, "i"),
        ("teacher_forcing_ratio", RAMP, "e"),
        ("beta", 1.0 + 0.09 * RAMP, "e"),
        ("beta", np.where(T < 300, 0.0, 1.0), "e"),  # at once
        ("beta", np.clip((T - 360) / 240, 0.0, 1.0), "e"),  # it began after the loss had risen
    ],
)
def test_only_a_weight_that_ramps_explains_a_rise(name, weight, says):
    assert mark(LossSpike(), stepped(over=60, weight=weight, name=name)) == says


@pytest.mark.parametrize(
    ("name", "weight"),
    [
        *((name, True) for name in ("beta", "kl_weight", "train/kl_coeff", "lambda_gp", "kld_beta", "anneal_factor")),
        *((name, True) for name in ("loss_weight", "loss/kl_loss_weight", "w_kl", "lambda", "KL weight", "lambda1")),
        *((name, False) for name in ("beta1", "adam/beta", "weight_decay", "weight_norm", "kl_loss", "weights/mean")),
        *(
            (name, False)
            for name in ("weighted_loss", "ema_weight", "class_weight", "lr_coef", "alphabet", "grad_coef")
        ),
    ],
)
def test_what_the_weight_of_a_term_is_called(name, weight):
    assert is_weight(name) is weight


@pytest.mark.parametrize(("top", "found"), [(1.09, 0), (1.11, 1)])
def test_a_weight_rises_by_a_tenth(top, found):
    assert len(ramps(run_of({"beta": np.r_[1.0, np.linspace(1.0, top, 9)]}))) == found


def test_a_word_no_value_and_two_values_are_no_ramp():
    assert ramps(run_of({"beta": np.array([0.0, 1.0])})) == ()
    assert ramps(run_of({"beta": np.linspace(-1.0, 1.0, 9)})) == ()
    assert len(ramps(run_of({"beta": np.linspace(0.0, 1.0, 3)}))) == 1


@pytest.mark.parametrize(("train", "says"), [("train/recon_loss", "i"), ("train/loss", "w")])
def test_a_held_out_sum_beside_a_training_loss_of_one_term_does_not_overfit(train, says):
    """The same sum fell in training: then the weight is in both, and the held-out one turned."""
    t = np.arange(60)
    weight = np.clip((t - 10) / 45, 0.0, 1.0)
    noise = 0.005 * np.random.default_rng(1).standard_normal((2, 60))
    columns = {train: (1.0 + 3.0 * np.exp(-t / 10.0) - 0.006 * t) * np.exp(noise[0]), "kl_weight": weight}
    held_out = {"val/loss": (1.0 + 3.0 * np.exp(-t / 4.0) + 0.3 * weight) * np.exp(noise[1])}
    assert mark(Overfitting(), run_of({**columns, **held_out})) == says
