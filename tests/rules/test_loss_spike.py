"""LOSS001 on runs whose faults are known, and on logs of odd shapes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runlens.model import PlacedSeries, RoleSeries, Run, Series, Severity, Skip
from runlens.rules.loss.spike import SEVERITY, LossSpike
from tests.synthetic.loss import CLEAN, FAULTY, make

N = 1200
STEP = np.arange(N)


def run_of(loss, step=STEP, **roles):
    """A run that logged these; each role is one value a step."""
    step = np.asarray(step, dtype=np.int64)
    made = {"train_loss": loss, **roles}
    series = {k: Series(k, step, 1.7e9 + np.arange(len(step)), np.asarray(v, float)) for k, v in made.items()}
    return Run("r", "r", "r", series=series, roles={k: (RoleSeries(k, s, "1"),) for k, s in series.items()})


def healthy(seed=0, sigma=0.01):
    return (2 + 8 * (1 + STEP / 30) ** -0.6) * np.exp(sigma * np.random.default_rng(seed).standard_normal(N))


def spiked(at=700, width=6, times=2.0):
    loss = healthy()
    loss[at : at + width] *= times
    return loss


def said(loss, step=STEP, **roles):
    return list(LossSpike().check(run_of(loss, step, **roles)))


@pytest.mark.parametrize("case", FAULTY)
def test_each_kind_of_event_is_found_once_where_it_is_with_its_outcome(case):
    for seed in range(3):
        made = make(seed, 1500, case)
        found = list(LossSpike().check(made.run))
        assert len(found) == len(made.planted)
        for planted, finding in zip(made.planted, found, strict=True):
            margin = planted.slack + max(8 * made.interval, 0.02 * made.step[-1])
            assert abs(finding.steps[0] - planted.onset) <= margin
            if planted.outcomes:
                assert finding.evidence["outcome"] in planted.outcomes
            assert finding.severity is SEVERITY[finding.evidence["outcome"]]


@pytest.mark.parametrize("case", CLEAN)
@pytest.mark.parametrize("points", [50, 300, 2000])
def test_healthy_runs_are_silent(case, points):
    assert [f.message for s in range(700, 710) for f in LossSpike().check(make(s, points, case).run)] == []


@settings(max_examples=25, deadline=None)
@given(scale=st.floats(1e-6, 1e6), at=st.integers(60, 1150), width=st.integers(2, 8))
def test_the_unit_of_the_loss_does_not_matter(scale, at, width):
    loss = spiked(at, width)
    (one,), (other,) = said(loss), said(scale * loss)
    assert (one.steps, one.evidence["outcome"]) == (other.steps, other.evidence["outcome"])
    assert one.steps[0] == at
    assert other.evidence["peak"] == pytest.approx(scale * one.evidence["peak"])


@settings(max_examples=15, deadline=None)
@given(first=st.integers(0, 10**7), every=st.integers(1, 1000))
def test_a_spike_is_found_whatever_the_first_step_and_the_log_interval(first, every):
    step = first + every * STEP
    (one,) = said(spiked(), step)
    assert one.steps == (step[700], step[705])


def test_the_message_says_from_where_to_where_and_when():
    (one,) = said(spiked())
    before, peak = one.evidence["level_before"], one.evidence["peak"]
    assert one.message == (
        f"Loss spike at step 700: from {before:.4g} to {peak:.4g}; recovered fast, back after 6 steps"
    )
    assert (one.severity, one.evidence["recovery_steps"], one.evidence["points"]) == (Severity.INFO, 6, 6)


def test_a_blow_up_is_one_finding_not_forty():
    loss = healthy()
    loss[600:] = 9.0 * np.exp(0.5 * np.random.default_rng(3).standard_normal(600))
    (one,) = said(loss)
    assert (one.steps[0], one.evidence["outcome"], one.severity) == (600, "diverged", Severity.ERROR)
    assert 0.5 < one.evidence["progress_lost"] < 1.5


def test_what_ends_as_nan_has_diverged():
    loss = healthy()
    loss[700:720] *= np.exp(0.1 * np.arange(20))
    loss[720:] = np.nan
    (one,) = said(loss)
    assert one.evidence["outcome"] == "diverged"
    assert "ends as NaN" in one.message


def test_a_gradient_norm_that_moves_first_is_named():
    grad = np.exp(0.1 * np.random.default_rng(1).standard_normal(N))
    grad[680:706] *= 20
    (one,) = said(spiked(), grad_norm=grad)
    assert one.evidence["gradient_first"] == 20
    assert "gradient norm rose 20 steps earlier" in one.message
    (none,) = said(spiked(), grad_norm=np.exp(0.1 * np.random.default_rng(1).standard_normal(N)))
    assert none.evidence["gradient_first"] == 0


def test_a_return_to_the_initial_loss_is_called_so():
    loss = healthy()
    loss[600:] = healthy(1)[:600]
    (one,) = said(loss)
    assert one.message.startswith("Return to the initial loss at step 600")


def test_a_warm_restart_of_the_learning_rate_is_no_alarm():
    loss = healthy()
    loss[600:] *= 1 + 0.6 * np.exp(-np.arange(600) / 150)
    (alarm,) = said(loss)
    rate = 1e-3 * (0.55 + 0.45 * np.cos(np.pi * (STEP % 600) / 600))
    (normal,) = said(loss, learning_rate=rate)
    assert alarm.severity is Severity.WARNING
    assert (normal.severity, normal.evidence["warm_restart"]) == (Severity.INFO, True)


@pytest.mark.parametrize("seed", range(6))
def test_a_warm_restart_is_one_where_the_onset_is_placed_too_early(seed):
    """Where the noise hides the first points of a slow rise, the onset lies up to ten points before the restart."""
    step = np.arange(3000)
    rate = 0.05 * (1 + np.cos(np.pi * (step % 500) / 500))
    noise = 0.08 * np.random.default_rng(seed).standard_t(5, len(step)) / np.sqrt(5 / 3)
    loss = (0.6 + 1.7 * (1 + step / 200) ** -0.7) * (1 + 1.8 * rate) * np.exp(noise)
    assert {f.severity for f in said(loss, step, learning_rate=rate)} <= {Severity.INFO}


def staged(name, rising=0.0):
    """A run that goes on at 1.3 times its loss from point 700 on, where a series of this name goes from 0 to 1."""
    loss = healthy()
    loss[700:] *= 1.3 + 0.4 * np.exp(-np.arange(N - 700) / 60) + rising * np.arange(N - 700)
    run = run_of(loss)
    known = run.series["train_loss"]
    stage = PlacedSeries(name, known.step, known.time, (STEP >= 700) * 1.0)
    return replace(run, placed={name: stage})


@pytest.mark.parametrize(
    ("name", "rising", "severity"),
    [
        ("train/stage", 0.0, Severity.INFO),
        ("train/disc_factor", 0.0, Severity.INFO),
        ("train/stage", 0.01, Severity.ERROR),
        ("train/state", 0.0, Severity.ERROR),
    ],
)
def test_a_logged_stage_explains_a_new_level_but_no_loss_that_goes_on_rising(name, rising, severity):
    (one,) = LossSpike().check(staged(name, rising))
    assert one.severity is severity
    assert (f"{name} went from 0 to 1 there" in one.message) is (severity is Severity.INFO)


def test_a_spike_that_a_resume_wrote_over_is_told_but_is_no_alarm():
    loss, step = healthy(), np.concatenate([STEP[:760], STEP[650:]])
    first = loss[:760].copy()
    first[720:] = 9.0
    (one,) = said(np.concatenate([first, loss[650:]]), step)
    assert (one.severity, one.evidence["rewound"], one.steps[0]) == (Severity.INFO, True, 720)
    assert "rewound to before it" in one.message


def test_spikes_that_several_resumes_wrote_over_at_the_same_steps_are_one_line():
    loss, back = healthy(), np.concatenate([STEP[:760], STEP[650:760], STEP[650:760], STEP[650:]])
    first = loss[:760].copy()
    first[720:] = 9.0
    (one,) = said(np.concatenate([first, first[650:], first[650:], loss[650:]]), back)
    assert one.severity is Severity.INFO and "so were 2 more at these steps" in one.message


def test_a_resume_and_steps_logged_twice_are_silent():
    loss = healthy()
    assert said(np.concatenate([loss[:800], healthy(1)[650:]]), np.concatenate([STEP[:800], STEP[650:]])) == []
    assert said(np.repeat(loss, 3), np.repeat(STEP, 3)) == []


@pytest.mark.parametrize(
    "loss",
    [np.full(N, 2.0), np.zeros(N), healthy() - 5.0, np.full(N, np.nan), np.round(healthy(), 1), np.round(healthy()),
     np.where(STEP == 500, 0.0, healthy()), np.where(STEP % 2 == 0, np.nan, healthy()), healthy() * 1e300,
     np.where(STEP == 500, np.inf, healthy())],
    ids=["constant", "zero", "negative", "nan", "one decimal", "whole numbers", "one zero", "holes", "huge", "inf"],
)  # fmt: skip
def test_odd_losses_are_silent(loss):
    assert [s for s in said(loss) if not isinstance(s, Skip)] == []


@pytest.mark.parametrize("shift", [-5.0, -1e3])
def test_a_loss_below_zero_spikes_too(shift):
    loss = healthy() + shift
    loss[700:706] += 6.0
    (one,) = said(loss)
    assert one.steps == (700, 705)
    assert one.evidence["level_before"] == pytest.approx(healthy()[699] + shift, abs=0.1)


@pytest.mark.parametrize("n", range(11))
def test_a_log_of_a_few_points_is_silent_and_says_so_below_eight(n):
    told = said(healthy()[:n], STEP[:n])
    assert all(isinstance(s, Skip) and "fewer than 8" in s.reason for s in told)
    assert len(told) == (n < 8)


def test_settings_set_the_bar():
    loss = spiked(times=1.3)
    assert len(said(loss)) == 1
    assert list(LossSpike(rise=0.5).check(run_of(loss))) == []
    assert list(LossSpike(sigmas=100.0).check(run_of(loss))) == []
    slow = healthy()
    slow[600:] += 3.0 * np.exp(-STEP[:600] / 10)
    outcomes = Counter(f.evidence["outcome"] for fast in (5, 500) for f in LossSpike(fast=fast).check(run_of(slow)))
    assert outcomes == {"recovered-slow": 1, "recovered-fast": 1}


def test_short_logs_of_sparse_points_tell_a_spike_from_noise():
    loss, step = healthy()[:: N // 60], STEP[:: N // 60] * 500
    assert said(loss, step) == []
    loss[40:42] *= 2.5
    (one,) = said(loss, step)
    assert one.steps[0] == step[40]


@pytest.mark.parametrize("seed", [0, 6, 8])
def test_a_spike_that_the_next_one_overtakes_is_left_to_that(seed):
    """One line says what was lost; the first is not "too early to tell" in the middle of a log."""
    rise, fall = np.geomspace(4, 200, 40), np.geomspace(180, 2.4, 1500)
    loss = np.concatenate([np.linspace(2.3, 1.3, 20), np.full(90, 3.9), rise, fall, np.full(600, 2.4)])
    loss *= np.exp(np.random.default_rng(seed).normal(0, 0.12, len(loss)))
    first, second = said(loss, np.arange(1, len(loss) + 1))
    assert (first.severity, second.severity) == (Severity.INFO, Severity.WARNING)
    assert first.steps[1] + 1 == second.steps[0] and "where the next one begins" in first.message


def test_one_with_which_the_log_ends_is_too_early_to_tell():
    loss = healthy()
    loss[1194:] *= 2.0
    (found,) = said(loss)
    assert found.severity is Severity.WARNING and "too early to tell" in found.message
