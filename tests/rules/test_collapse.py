"""LOSS006, GRAD003, GRAD004: training that is dead while the job runs on, each threshold at its edge."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.model import Finding, Severity, Skip
from runlens.rules.gradient.dead import DeadGradient
from runlens.rules.gradient.loss_scale import LossScaleCollapse
from runlens.rules.loss.dead import DeadLoss
from runlens.rules.loss.stalled import StalledLoss
from tests.synthetic.training import healthy

N = 400


def said(rule, columns):
    return list(rule.check(columns.run()))


def dead_from(at, value=0.0, seed=1, n=N):
    columns = healthy(seed, n)
    columns["loss"][at:] = value
    return columns


@pytest.mark.parametrize("zeros", range(3, 8))
def test_five_exact_zeros_at_the_end_are_dead(zeros):
    found = said(DeadLoss(), dead_from(N - zeros))
    assert [f.severity for f in found] == [Severity.ERROR] * (zeros >= 5)
    if found:
        assert found[0].steps == (N - zeros, N - 1) and "exactly 0" in found[0].message


@pytest.mark.parametrize("same", (19, 20))
@pytest.mark.parametrize("value", (2.3026, -1.0))
def test_twenty_equal_values_at_the_end_are_dead(same, value):
    assert len(said(DeadLoss(), dead_from(N - same, value))) == (same >= 20)


def test_a_loss_that_is_zero_from_the_first_point_on_is_dead():
    (one,) = said(DeadLoss(), dead_from(0))
    assert one.evidence["whole_run"] and one.evidence["level_before"] is None


@pytest.mark.parametrize(("fell", "alive"), [(0.48, False), (0.52, True)])
def test_a_loss_of_zero_beside_a_held_out_one_that_halved_is_not_what_is_trained(fell, alive):
    columns = dead_from(N - 60)
    held = np.full(N, 2.5)
    held[N - 60 :] = np.linspace(1.0, 1.0 - fell, 60)
    held[N - 60 : N - 40], held[N - 20 :] = 1.0, 1.0 - fell
    columns["val_loss"] = held
    told = said(DeadLoss(), columns)
    assert [isinstance(one, Skip) for one in told] == [alive]


def test_a_zero_that_is_gone_again_is_none():
    columns = dead_from(100)
    columns["loss"][-1] = 2.0
    assert said(DeadLoss(), columns) == []


@pytest.mark.parametrize("digits", (2, 3, 4, 6))
@pytest.mark.parametrize("pace", (2.0, 10.0, 25.0))
def test_a_loss_that_is_learnt_by_heart_is_alive(digits, pace):
    columns = healthy(2, N)
    columns["loss"] = np.round(2.0 * np.exp(-np.arange(N) / pace) * columns["loss"] / columns.level, digits)
    assert columns["loss"][-1] == 0.0
    assert said(DeadLoss(), columns) == []


@pytest.mark.parametrize(("share", "dead"), [(0.015, True), (0.025, False)])
def test_a_loss_that_is_often_zero_may_end_with_a_few(share, dead):
    columns = dead_from(N - 6)
    columns["loss"][10 : 10 + round(share * N)] = 0.0
    assert bool(said(DeadLoss(), columns)) == dead


@pytest.mark.parametrize("spread", (0.004, 0.04))
def test_a_log_that_is_rounded_repeats_itself_by_chance(spread):
    columns = healthy(3, N)
    columns["loss"] = np.round(0.51 + spread * np.random.default_rng(3).standard_normal(N), 1)
    columns["loss"][-60:] = 0.5
    assert said(DeadLoss(), columns) == []


def test_a_curve_without_noise_may_come_to_its_level():
    columns = healthy(3, N)
    columns["loss"] = np.round(2.3 + np.exp(-np.arange(N) / 10.0), 6)
    assert len(set(columns["loss"][-20:])) == 1
    assert said(DeadLoss(), columns) == []


def test_a_loss_that_ends_as_nan_is_left_to_the_rule_on_nan():
    columns = dead_from(200)
    columns["loss"][-1] = np.nan
    assert said(DeadLoss(), columns) == []


def test_a_loss_of_four_points_is_not_judged():
    assert isinstance(said(DeadLoss(), healthy(1, 4))[0], Skip)


@pytest.mark.parametrize("zeros", (9, 10))
def test_ten_norms_of_zero_without_progress_are_an_error(zeros):
    columns = healthy(4, N)
    columns["grad_norm"][N - zeros :] = 0.0
    found = said(DeadGradient(), columns)
    assert [f.severity for f in found] == [Severity.ERROR] * (zeros >= 10)


def test_a_norm_of_zero_beside_a_loss_that_falls_is_not_measured():
    columns = healthy(5, N)
    columns["grad_norm"][:] = 0.0
    (one,) = said(DeadGradient(), columns)
    assert one.severity is Severity.INFO and "not measured" in one.message


def test_a_norm_of_zero_at_a_rate_of_zero_is_as_it_should_be():
    columns = healthy(6, N)
    columns["grad_norm"][-50:] = columns["lr"][-50:] = 0.0
    assert said(DeadGradient(), columns) == []


@pytest.mark.parametrize(("fall", "severity"), [(0.015, Severity.ERROR), (0.03, Severity.INFO)])
def test_progress_is_two_percent_of_the_loss(fall, severity):
    columns = healthy(7, N)
    columns["loss"] = 2.0 * (1.0 - fall * np.arange(N) / N / 0.9) + 0.001 * np.random.default_rng(7).standard_normal(N)
    columns["grad_norm"][:] = 0.0
    assert said(DeadGradient(), columns)[0].severity is severity


def scaled(*pieces):
    columns = healthy(8, sum(n for n, _ in pieces))
    columns["loss_scale"] = np.concatenate([np.full(n, v) for n, v in pieces])
    return columns


@pytest.mark.parametrize(
    ("pieces", "severity"),
    [
        (((300, 65536.0), (10, 1.0)), Severity.WARNING),
        (((300, 65536.0), (9, 1.0)), None),
        (((300, 64.0), (50, 1.0)), Severity.WARNING),
        (((300, 32.0), (50, 1.0)), None),
        (((300, 65536.0), (50, 2.0)), None),
        (((300, 65536.0), (40, 1.0), (1, 2.0)), None),
        (((300, 65536.0), (40, 1.0), (20, 0.25)), Severity.ERROR),
        (((300, 1.0),), None),
    ],
)
def test_a_scale_at_its_floor(pieces, severity):
    found = said(LossScaleCollapse(), scaled(*pieces))
    assert [f.severity for f in found if isinstance(f, Finding)] == ([severity] if severity else [])


def test_a_scale_of_nine_points_is_not_judged():
    assert isinstance(said(LossScaleCollapse(), scaled((9, 1.0)))[0], Skip)


def test_a_loss_that_never_moved_is_a_warning_though_no_rate_is_logged():
    columns = healthy(9, N)
    columns["loss"] = 7.6 * np.exp(0.005 * np.random.default_rng(9).standard_normal(N))
    del columns["lr"]
    (one,) = said(StalledLoss(), columns)
    assert one.severity is Severity.WARNING and one.evidence["since_start"]


def test_a_loss_of_exactly_zero_is_not_called_stalled_besides():
    assert said(StalledLoss(), dead_from(500, n=1000)) == []
    assert len(said(DeadLoss(), dead_from(500, n=1000))) == 1
