"""LR001 in four to seven points: only a rate that is zero to the end, while nothing is learnt."""

import numpy as np
import pytest

from runlens.rules.schedule.schedule_break import ScheduleBreak
from tests.rules.saying import mark, run_of, said


def logged(rate, fall=0.0, points=60, noise=0.01):
    """A loss of 60 points that falls by so much, beside a rate of a few."""
    column = np.full(60, np.nan)
    column[np.linspace(9, 59, len(rate)).astype(int)] = rate
    loss = 2.0 - fall * np.arange(60) / 60 + noise * np.random.default_rng(0).standard_normal(60)
    loss[np.arange(60) % (60 // points) != 0] = np.nan
    return run_of({"loss": loss, "learning_rate": column})


@pytest.mark.parametrize(
    ("rate", "says"),
    [
        ([1e-4, 0, 0, 0, 0, 0], "w"),
        ([0, 0, 0, 0, 0, 0, 0], "w"),
        ([1e-4, 0, 0, 0], "w"),
        ([1e-4, 0, 0], "-"),  # three points
        ([1e-4, 5e-5, 0, 0], "-"),  # two zeros
        ([1e-4, 5e-5, 0, 0, 0], "w"),
        ([1e-4, 8e-5, 5e-5, 0, 0, 0], "-"),  # less than half of the log
        ([1e-4, 0, 0, 0, 1e-9], "-"),
    ],
)
def test_a_rate_of_few_points_is_zero_for_half_of_the_log(rate, says):
    assert mark(ScheduleBreak(), logged(rate)) == says


@pytest.mark.parametrize(("fall", "says"), [(0.02, "w"), (0.2, "-")])
def test_not_where_the_loss_falls_all_the_same(fall, says):
    """The log rounds the rate."""
    assert mark(ScheduleBreak(), logged([0] * 6, fall)) == says


@pytest.mark.parametrize(("points", "says"), [(6, "w"), (3, "-")])
def test_nor_where_no_loss_tells(points, says):
    assert mark(ScheduleBreak(), logged([1e-4, 0, 0, 0, 0, 0], points=points)) == says


def test_it_says_since_when():
    (finding,) = said(ScheduleBreak(), logged([1e-4, 0, 0, 0, 0, 0]))
    assert finding.steps == (19, 59) and finding.evidence["kind"] == "zero"


def test_of_losses_that_fall_none_is_told():
    """By 10 % and more over the log, under 3 % of noise: a fine-tuning whose rate is rounded to nothing."""
    said_of = [mark(ScheduleBreak(), logged([0] * 6, 0.2 + 0.002 * seed, noise=0.06)) for seed in range(300)]
    assert said_of.count("w") == 0
