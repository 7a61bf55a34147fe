"""LOSS003 on held-out losses that were never a number, or were none now and then."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.model import Finding, Run, Series, Severity
from runlens.roles import resolve
from runlens.rules.loss.non_finite import NonFiniteLoss


def said(*evals, train=True):
    series = {}
    if train:
        series["train/loss"] = one("train/loss", np.linspace(3, 1, 100), 1)
    for number, value in enumerate(evals):
        name = f"{'val' if number == 0 else 'test'}/loss"
        series[name] = one(name, np.array(value), 10)
    run = resolve(Run("r", "r", "r", series=series))
    return [f for f in NonFiniteLoss().check(run) if isinstance(f, Finding)]


def one(name, value, stride):
    step = np.arange(1, len(value) + 1) * stride
    return Series(name, step, np.full(len(step), np.nan), np.asarray(value, dtype=np.float64))


@pytest.mark.parametrize("train", [True, False])
def test_it_is_a_warning(train):
    (finding,) = said([np.nan] * 3, train=train)
    assert finding.severity is Severity.WARNING and finding.metric == "val/loss"
    assert "NaN at every evaluation, 3 of 3" in finding.message


def test_so_are_two_evaluations_of_a_short_launch():
    (finding,) = said([np.nan] * 2)
    assert finding.severity is Severity.WARNING and "2 of 2" in finding.message


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (
            [2.0, np.nan, np.inf, np.nan, 1.9],
            "was NaN or infinite from step 20 to 40 at 3 of 5 evaluations, and came back",
        ),
        ([2.0, np.nan, 1.8, np.nan, 1.9], "was NaN from step 20 to 40 at 2 of 5 evaluations, and came back"),
        ([np.nan, 2.0, np.nan, np.nan], "was NaN from step 10 to 40 at 3 of 4 evaluations, to the end of the log"),
    ],
)
def test_a_loss_that_was_none_now_and_then_is_a_warning(value, says):
    (finding,) = said(value)
    assert finding.severity is Severity.WARNING and says in finding.message


@pytest.mark.parametrize(
    "evals",
    [
        ([np.nan],),  # the first one may have had nothing to measure
        ([np.nan, np.nan, 2.0, 1.9],),
        ([np.nan, 2.0, np.nan, 1.9],),  # a single one later is an accident
        ([np.nan] * 5, [2.0, 1.9, 1.8]),  # another held-out loss tells
    ],
)
def test_it_is_silent(evals):
    assert said(*evals) == []
