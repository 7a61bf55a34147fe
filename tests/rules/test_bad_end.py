"""LOG006: how a run ended, and a series that stops while the run goes on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from runlens.model import Finding, Run, Series, Severity, Skip
from runlens.roles import resolve
from runlens.rules.log.bad_end import BadEnd
from tests.synthetic.training import healthy


def run_of(**lengths):
    """A run whose series, by name, end at a step (points every 10 steps, or as often as a tuple says)."""
    series = {}
    for name, length in lengths.items():
        end, every = length if isinstance(length, tuple) else (length, 10)
        step = np.arange(0, end + 1, every)
        value = 3.0 - step / 5000 if "loss" in name else np.full(len(step), 1e-4)
        logged = name.replace("__", "/")
        series[logged] = Series(logged, step, np.full(len(step), np.nan), value)
    return resolve(Run("a", "a", "a.jsonl", series=series))


def said(run, **settings):
    return [(f.severity.value, f.metric, f.steps) for f in BadEnd(**settings).check(run)]


@pytest.mark.parametrize(
    ("end", "severity"),
    [(10_000, None), (9_910, None), (9_900, "warning"), (9_000, "warning"), (8_010, "warning"), (8_000, "error")],
)
def test_a_loss_that_ends_before_the_run_is_graded_by_what_is_missing(end, severity):
    found = said(run_of(train__loss=end, train__lr=10_000))
    assert found == ([] if severity is None else [(severity, "train/loss", (end, 10_000))])


def test_a_loss_that_is_logged_less_often_is_not_overdue():
    assert said(run_of(train__loss=(9_000, 1_000), train__lr=10_000)) == []


def test_a_norm_that_stops_is_a_warning():
    assert said(run_of(train__loss=10_000, train__grad_norm=5_000, train__lr=10_000)) == [
        ("warning", "train/grad_norm", (5_000, 10_000))
    ]


def test_another_loss_that_goes_on_takes_its_place():
    run = run_of(loss=5_000, train_loss=10_000, train__lr=10_000)
    assert [f for f in said(run) if f[0] == "error"] == []


def test_a_rate_that_ends_before_the_loss_is_no_matter():
    assert said(run_of(train__loss=10_000, train__lr=5_000)) == []


def test_the_message_says_where_and_how_much():
    (found,) = BadEnd().check(run_of(train__loss=5_990, train__lr=10_000))
    assert found.message == (
        "The train loss train/loss ends at step 5,990 while train/lr goes on to step 10,000: 4,010 steps (40 % of the "
        "run) without it; a NaN that is written as null or as a blank looks like this"
    )
    assert found.evidence["missing_points"] == 401


def ended(state, steps, **config):
    columns = healthy(1, steps)
    run = replace(columns.run(**config), state=state)
    return [f for f in BadEnd().check(run) if isinstance(f, Finding)]


@pytest.mark.parametrize("config", [{}, {"max_steps": 1000}])
def test_a_crash_is_an_error_with_its_step_and_what_was_planned(config):
    (one,) = ended("crashed", 400, **config)
    assert one.severity is Severity.ERROR and one.evidence["kind"] == "crashed" and "step 399" in one.message
    assert ("40 % of the 1,000 that max_steps plans" in one.message) == bool(config)


@pytest.mark.parametrize(("state", "kinds"), [("crashed", ["crashed"]), ("finished", []), ("unknown", [])])
def test_a_crash_is_told_of_a_run_that_logs_nothing_of_its_training(state, kinds):
    run = replace(run_of(test__accuracy=300), state=state, config={"max_steps": 1000})
    found = list(BadEnd().check(run))
    assert [f.evidence["kind"] for f in found if isinstance(f, Finding)] == kinds
    assert [s.kind for s in found if isinstance(s, Skip)] == ["missing-role"] * (not kinds)


@pytest.mark.parametrize(("steps", "found"), [(949, True), (950, False), (1000, False)])
def test_a_finished_run_must_have_reached_its_plan(steps, found):
    said = ended("finished", steps, max_steps=1000)
    assert [f.evidence["kind"] for f in said] == ["short-of-plan"] * found


@pytest.mark.parametrize(("steps", "found"), [(9, True), (10, False), (11, True)])
def test_one_that_logs_a_row_an_epoch_did_all_of_its_epochs(steps, found):
    assert bool(ended("finished", steps, max_steps=130, num_epochs=10)) is found


@pytest.mark.parametrize("state", ["running", "unknown"])
def test_a_run_that_may_go_on_is_not_short(state):
    assert ended(state, 100, max_steps=1000) == []


@pytest.mark.parametrize(("state", "told"), [("crashed", 1), ("finished", 0), ("unknown", 0), ("running", 0)])
def test_a_crash_before_the_first_step_is_told(state, told):
    found = [f for f in BadEnd().check(Run("a", "a", "a", state=state)) if isinstance(f, Finding)]
    assert [(f.severity.value, f.steps, f.evidence["last_step"]) for f in found] == [("error", None, -1)] * told
