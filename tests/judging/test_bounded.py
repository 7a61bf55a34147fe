"""What a log without any order costs: of thousands of findings the gravest are told, impossible steps are left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from runlens.judging.check import judge
from runlens.judging.one import Settings
from runlens.judging.told import MOST, gravest
from runlens.model import Run, RunRef, Series, Severity
from runlens.rules import RULES
from runlens.rules.log.step_gap import StepGap
from runlens.sources.bounds import FARTHEST, within_bounds

REF = RunRef("made", "run", "run")


def findings(count, *warnings):
    rule = StepGap()
    evidence = {"missing_points": 1, "interval_steps": 1.0, "share": 0.1}
    made = [rule.finding(Severity.INFO, "loss", (i, i), "gap", evidence, "look") for i in range(count)]
    return [replace(f, severity=Severity.WARNING) if i in warnings else f for i, f in enumerate(made)]


def test_as_many_as_are_told_are_told():
    assert gravest(findings(MOST)) == (findings(MOST), [])


def test_of_more_the_gravest_are_told_and_the_rest_is_counted():
    told, (skip,) = gravest(findings(MOST + 3, MOST + 1))
    assert [f.steps[0] for f in told] == [MOST + 1, *range(MOST - 1)]
    assert (skip.code, skip.reason) == (
        "LOG003",
        f"3 further findings (3 info) are not told one by one: the {MOST} gravest stand for them",
    )


def series(step, name="loss"):
    step = np.asarray(step)
    return Series(name, step, 1.76e9 + np.arange(len(step)), 2.0 + 1.0 / (1 + np.arange(len(step))))


@pytest.mark.parametrize(
    ("far", "lost"), [(FARTHEST - 1, 0), (FARTHEST, 1), (-FARTHEST, 1), (2**63 - 1, 1), (-(2**63), 1)]
)
def test_steps_that_no_counter_reaches_are_left_out_and_told(far, lost):
    run = within_bounds(Run("run", "run", "run", series={"loss": series([1, 2, far, 4]), "lr": series([1, 2], "lr")}))
    assert len(run.series["loss"]) == 4 - lost
    assert [(n.series, n.records, n.share) for n in run.notes] == [("loss", 1, 0.25)] * lost


def test_a_series_of_impossible_steps_alone_is_gone_and_told():
    run = within_bounds(Run("run", "run", "run", series={"loss": series([2**62, 2**62 + 1])}))
    assert (dict(run.series), run.notes[0].share) == ({}, 1.0)


def test_what_overflows_is_no_fault_of_a_rule():
    value = np.where(np.arange(60) % 7 == 3, 1e308, 2.0)
    step = np.arange(60)
    made = {
        name: Series(name, step, 1.76e9 + step, value)
        for name in ("loss", "eval/hellaswag/acc", "grad_norm", "tokens_per_sec")
    }
    settings = Settings(tuple(rule() for rule in RULES))
    report = judge(REF, settings, lambda _: Run("run", "run", "run", series=made))
    assert report.failures == ()


@pytest.mark.parametrize("step", [np.arange(400, 0, -1), np.arange(400) % 5, np.arange(400) % 2, -np.arange(400)])
def test_steps_in_no_order_are_judged(step):
    draw = np.random.default_rng(0)
    value = 2 + draw.normal(0, 0.1, len(step)) * (draw.random(len(step)) < 0.3) * 20
    run = Run("run", "run", "run", series={"loss": Series("loss", step, np.full(len(step), np.nan), value)})
    report = judge(REF, Settings(tuple(rule() for rule in RULES)), lambda _: run)
    assert report.failures == ()
    assert len(report.findings) < 5 * MOST
