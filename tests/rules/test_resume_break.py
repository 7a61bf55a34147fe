"""RES001: what was not restored at a resume, on runs of which the truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from runlens.model import Finding, Run, Series, Severity
from runlens.roles import resolve
from runlens.rules.gradient.surge import GradientSurge
from runlens.rules.loss.shift import LossShift
from runlens.rules.loss.spike import LossSpike
from runlens.rules.resume.parts.rate import OFF
from runlens.rules.resume.parts.resumes import Resume, resumes, sides
from runlens.rules.resume.resume_break import ResumeBroken
from runlens.rules.schedule.schedule_break import ScheduleBreak
from tests.synthetic.resumes import resumed

EXPECTED = {
    "weights": ("weights", Severity.ERROR),
    "part": ("part of the weights", Severity.WARNING),
    "optimizer": ("optimizer state", Severity.WARNING),
    "higher": ("something", Severity.WARNING),
    "replayed": ("data seen twice", Severity.WARNING),
    "reported": ("reporting", Severity.WARNING),
    "rate-off": ("schedule", Severity.WARNING),
    "rewarmed": ("schedule", Severity.WARNING),
    "rate-jump": ("schedule", Severity.WARNING),
}


def said(run, rule=None):
    return [f for f in (rule or ResumeBroken()).check(run) if isinstance(f, Finding)]


@pytest.mark.parametrize("noise", [0.005, 0.05])
@pytest.mark.parametrize("back", [True, False])
@pytest.mark.parametrize("n", [60, 300, 3000])
def test_a_run_that_goes_on_where_it_stood_is_silent(n, back, noise):
    assert [f for seed in range(6) for f in said(resumed("healthy", seed, n, 10, noise, back)[0])] == []


@pytest.mark.parametrize("kind", EXPECTED)
@pytest.mark.parametrize("back", [True, False])
def test_what_was_not_restored_is_named(kind, back):
    lost, severity = EXPECTED[kind]
    for seed in range(4):
        run, at = resumed(kind, seed, back=back, noise=0.01)
        (one,) = said(run)
        assert (one.evidence["not_restored"], one.severity, one.steps[0]) == ([lost], severity, at)
        assert f"step {at:,}" in one.message and one.help


@pytest.mark.parametrize("kind", ["weights", "part", "optimizer", "higher", "replayed", "reported"])
def test_the_rules_on_the_loss_step_back_where_a_resume_explains(kind):
    for seed in range(3):
        run, _ = resumed(kind, seed, noise=0.01)
        others = [f for rule in (LossSpike(), LossShift(), GradientSurge()) for f in said(run, rule)]
        assert [f for f in others if not f.evidence.get("rewound")] == []


@pytest.mark.parametrize("kind", ["rate-off", "rewarmed"])
def test_the_rule_on_the_schedule_steps_back_too(kind):
    assert said(resumed(kind, 1)[0], ScheduleBreak()) == []


@pytest.mark.parametrize(("size", "found"), [(0.2, False), (0.35, True)])
def test_a_rate_must_be_off_by_a_tenth(size, found):
    assert (0.33 * size > OFF) == found
    assert bool(said(resumed("rate-off", 2, size=size)[0])) == found


@pytest.mark.parametrize(("size", "found"), [(0.2, False), (0.6, True)])
def test_a_loss_must_be_three_percent_higher(size, found):
    assert bool(said(resumed("higher", 3, noise=0.005, size=size)[0])) == found


@pytest.mark.parametrize(("size", "severity"), [(1.2, Severity.WARNING), (2.6, Severity.ERROR)])
def test_from_fifteen_percent_for_good_it_is_an_error(size, severity):
    assert said(resumed("higher", 4, noise=0.005, size=size)[0])[0].severity is severity
    assert said(resumed("higher", 4, noise=0.005, size=size)[0], ResumeBroken(high=0.05))[0].severity is Severity.ERROR


@pytest.mark.parametrize(
    ("size", "lost"), [(1.0, "reporting"), (1.02, "reporting"), (1.2, "something"), (0.2, "something")]
)
def test_without_evals_a_factor_of_the_report_is_a_power_of_two(size, lost):
    assert said(resumed("reported", 5, noise=0.005, size=size)[0])[0].evidence["not_restored"] == [lost]


def test_a_run_without_resumes_is_silent_and_judged():
    run, _ = resumed("healthy", 6)
    loss = run.role("train_loss").series
    assert resumes(run) and not list(ResumeBroken().check(type(run)("r", "r", "r", roles=dict(run.roles) | {
        "train_loss": (type(run.role("train_loss"))("train_loss", loss.take(slice(0, 500)), "nats"),)
    })))  # fmt: skip


def test_the_sides_of_a_resume_are_the_attempts():
    run, at = resumed("healthy", 7)
    (one,) = resumes(run)
    loss = run.role("train_loss").series
    both = sides(run, loss, one)
    assert one == Resume(at, int(loss.step[np.flatnonzero(np.diff(loss.step) < 0)[0]])) and both is not None
    assert both.before.step[-1] == one.reached and both.after.step[0] == at and both.after.step[-1] == loss.step.max()


@pytest.mark.parametrize(("trouble", "severity"), [(False, Severity.WARNING), (True, Severity.INFO)])
def test_a_lower_rate_is_what_people_choose_after_trouble(trouble, severity):
    run, _ = resumed("rate-jump", 8, noise=0.01)
    if trouble:
        value = run.series["train/loss"].value.copy()
        cut = int(np.flatnonzero(np.diff(run.series["train/loss"].step) < 0)[0])
        value[cut - 9 : cut + 1] = np.nan
        run = resolve(replace(run, series={**run.series, "train/loss": run.series["train/loss"].with_value(value)}))
    (one,) = said(run)
    assert one.severity is severity and one.evidence["not_restored"] == ["schedule"]


def test_a_run_that_is_begun_again_from_its_first_step_restores_nothing():
    run, _ = resumed("healthy", 9, noise=0.01)
    loss = run.series["train/loss"]
    step = np.concatenate([np.arange(300), np.arange(600)])
    again = Series("train/loss", step, loss.time[:900], np.concatenate([loss.value[:300], loss.value[:600]]))
    assert said(resolve(Run("r", "r", "r", series={"train/loss": again}))) == []
