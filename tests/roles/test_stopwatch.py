"""A column `time` that runs on is no time of a step."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.model import Run, Series
from runlens.roles import resolve
from tests.synthetic.few import stopwatch


def timer_of(value, name="time"):
    step = np.arange(len(value))
    nan = np.full(len(step), np.nan)
    series = {"loss": Series("loss", step, nan, np.ones(len(step))), name: Series(name, step, nan, value)}
    return resolve(Run("r", "r", "r", series=series)).role("step_time")


@pytest.mark.parametrize("seed", range(20))
def test_a_clock_that_runs_on_is_none(seed):
    rng = np.random.default_rng(seed)
    assert timer_of(stopwatch(rng, 30)) is None
    assert timer_of(0.1 * np.exp(rng.normal(0.0, 0.2, 300))) is not None


@pytest.mark.parametrize(("n", "is_timer"), [(19, True), (20, False)])
def test_few_points_may_rise_by_chance(n, is_timer):
    assert (timer_of(np.arange(1.0, n + 1)) is not None) == is_timer


@pytest.mark.parametrize(("last", "is_timer"), [(2.9, True), (3.1, False)])
def test_a_step_may_take_longer_and_longer(last, is_timer):
    assert (timer_of(np.linspace(1.0, last, 40)) is not None) == is_timer


def test_a_name_that_says_so_is_believed():
    assert timer_of(np.arange(1.0, 41.0), "step_time") is not None


def test_each_epoch_may_start_it_again():
    assert timer_of(np.concatenate([np.arange(1.0, 41.0)] * 3)) is not None
