"""Rules on console logs that print no step: a pause or a jump there may be the next launch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from runlens.model import Finding, Run, Series, Severity
from runlens.roles import resolve
from runlens.rules.evals.overdue import EvalOverdue
from runlens.rules.log.bad_end import BadEnd
from runlens.rules.loss.spike import LossSpike
from runlens.rules.throughput.drop import ThroughputDrop
from runlens.rules.throughput.stall import Stall


def series(name, step, time, value):
    return Series(name, np.asarray(step), np.asarray(time, dtype=np.float64), np.asarray(value, dtype=np.float64))


def made(seed, last=0.0, wait=0.0, evals=100, **fields):
    """A loss over 200 steps, one a second, that ends `last` higher for three steps, and a pause at step 120."""
    rng = np.random.default_rng(seed)
    step = np.arange(200)
    time = 1.7e9 + step + np.where(step >= 120, wait, 0.0)
    loss = 3.0 - step / 200 + rng.normal(0, 0.01, 200) + np.where(step >= 197, last, 0.0)
    at = np.arange(0, evals, 10)
    held_out = series("val/loss", at, time[at], 3.0 - at / 300)
    return Run("r", "r", "r", series={"loss": series("loss", step, time, loss), "val/loss": held_out}, **fields)


def said(rule, run):
    return [f for f in rule.check(resolve(run)) if isinstance(f, Finding)]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("rule", "knobs"),
    [(Stall(), {"wait": 900.0}), (LossSpike(), {"last": 1.0}), (EvalOverdue(), {"evals": 100})],
)
def test_they_are_information(rule, knobs, seed):
    run = made(seed, **knobs)
    (loud,), (quiet,) = said(rule, run), said(rule, replace(run, axis_name="lines"))
    assert loud.severity is Severity.WARNING and quiet.severity is Severity.INFO
    assert loud.steps == quiet.steps


@pytest.mark.parametrize("seed", range(5))
def test_so_is_a_lower_speed_that_only_the_clock_tells(seed):
    rng = np.random.default_rng(seed)
    took = rng.normal(60.0, 0.6, 300) * np.where(np.arange(300) >= 120, 1.2, 1.0)
    step = np.arange(300)
    run = Run("r", "r", "r", series={"loss": series("loss", step, 1.7e9 + np.cumsum(took), 3.0 - step / 300)})
    (loud,), (quiet,) = said(ThroughputDrop(), run), said(ThroughputDrop(), replace(run, axis_name="lines"))
    assert loud.severity is not Severity.INFO and quiet.severity is Severity.INFO
    timed = run.series | {"step_time": series("step_time", step, 1.7e9 + np.cumsum(took), took)}
    (told,) = said(ThroughputDrop(), replace(run, series=timed, axis_name="lines"))
    assert told.severity is not Severity.INFO  # a timer tells


@pytest.mark.parametrize("seed", range(5))
def test_a_loss_that_is_lost_for_good_is_an_error_all_the_same(seed):
    run = made(seed)
    loss = run.series["loss"]
    value = loss.value + np.where(loss.step >= 60, 5.0, 0.0)
    run = replace(run, series={"loss": loss.with_value(value)}, axis_name="lines")
    (finding,) = said(LossSpike(), run)
    assert finding.severity is Severity.ERROR


@pytest.mark.parametrize(
    ("name", "step", "told"), [("learning_rate", [7], 0), ("loss", [7], 1), ("learning_rate", [7, 8], 1)]
)
def test_a_crash_is_told_where_anything_of_a_training_is_known(name, step, told):
    one = series(name, step, np.full(len(step), np.nan), np.full(len(step), 0.1))
    assert len(said(BadEnd(), Run("r", "r", "r", state="crashed", series={name: one}))) == told
