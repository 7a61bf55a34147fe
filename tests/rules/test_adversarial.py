"""Losses of networks that train against each other are judged by no rule that expects a loss to come down."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.model import Run, Series, Skip
from runlens.roles.resolve import resolve
from runlens.rules.loss.frequency import SpikeFrequency
from runlens.rules.loss.non_finite import NonFiniteLoss
from runlens.rules.loss.shift import LossShift
from runlens.rules.loss.spike import LossSpike
from runlens.rules.loss.stalled import StalledLoss

N = 1000
JUDGES = (LossSpike(), SpikeFrequency(), StalledLoss(), LossShift())


def logged(**losses):
    step = np.arange(N, dtype=np.int64)
    series = {name: Series(name, step, 1.7e9 + step, np.asarray(value, float)) for name, value in losses.items()}
    return Run("r", "r", "r", series=series)


def noise(seed, level):
    return level * np.exp(0.05 * np.random.default_rng(seed).standard_normal(N))


def jumping(seed=1, level=1.0):
    loss = noise(seed, level)
    loss[500:] *= 2.5
    return loss


@pytest.mark.parametrize(
    ("one", "other"),
    [("loss/D", "loss/G"), ("d_loss", "g_loss"), ("lossD", "lossG"), ("train/disc_loss", "train/gen_loss")],
)
def test_a_generator_that_loses_ground_is_no_incident(one, other):
    run = resolve(logged(**{one: noise(0, 0.6), other: jumping()}))
    said = [f for rule in JUDGES for f in rule.check(run)]
    assert len(said) == len(JUDGES)
    assert all(isinstance(f, Skip) and one in f.reason and other in f.reason for f in said)


def test_not_a_number_is_told_all_the_same():
    broken = jumping()
    broken[700:] = np.nan
    (found,) = NonFiniteLoss().check(resolve(logged(d_loss=noise(0, 0.6), g_loss=broken)))
    assert found.severity == "error"


def test_a_total_beside_the_two_is_judged_and_so_is_one_that_the_user_names():
    three = logged(**{"train/total_loss": jumping(), "train/d_loss": noise(2, 0.6), "train/g_loss": noise(3, 1.0)})
    assert {f.severity for f in LossSpike().check(resolve(three))} == {"error"}
    two = logged(d_loss=noise(0, 0.6), g_loss=jumping())
    assert {f.severity for f in LossSpike().check(resolve(two, {"train_loss": "g_loss"}))} == {"error"}


def test_the_named_side_is_judged_however_much_was_done_to_its_axis():
    """What was done is told after why the series was chosen: that must not make it another reason."""
    call = np.arange(N, dtype=np.int64)
    columns = {"loss/D": noise(0, 0.6), "loss/G": jumping(), "train/global_step": 10.0 * call}
    run = Run("r", "r", "r", series={n: Series(n, call, 1.7e9 + call, v) for n, v in columns.items()})
    named = resolve(run, {"train_loss": "loss/G"})
    assert ";" in named.role("train_loss").why
    assert {f.severity for f in LossSpike().check(named)} == {"error"}
    assert all(isinstance(f, Skip) and f.kind == "not-applicable" for f in LossSpike().check(resolve(run)))


def test_one_side_alone_is_an_ordinary_loss():
    assert {f.severity for f in LossSpike().check(resolve(logged(**{"train/d_loss": jumping()})))} == {"error"}
