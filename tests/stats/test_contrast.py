"""Rises of short logs: above what stood before, or a lucky stretch of heavy tails."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.stats.excursions.contrast import TOGETHER, stands_above
from runlens.stats.excursions.search import Excursion

RNG = np.random.default_rng(11)
LEVEL = 0.1 + 0.01 * np.sin(np.arange(60) * 2.1)


def rise(high, first=30, last=54):
    """A curve with these points high, in an excursion from `first` to `last`."""
    y = LEVEL.copy()
    y[list(high)] += 1.0
    return y, np.arange(60), Excursion(first, high[0], last, 1, 0.1, 0.1, 0.01, True)


@pytest.mark.parametrize(
    ("high", "stands"),
    [
        (range(30, 54), True),
        ([30, 31, *range(40, 40 + TOGETHER - 1)], False),
        ([30, 31, *range(40, 40 + TOGETHER)], True),  # two bursts with the old level between
        ([30, 33, 36, 39, 42, 45, 48, 51], False),
    ],
)
def test_points_that_follow_each_other_above_all_before_are_a_rise(high, stands):
    assert stands_above(*rise(list(high))) is stands


def test_heavy_tails_seldom_have_as_many_in_a_row():
    wrong = 0
    for _ in range(500):
        y = RNG.standard_t(2, 60)
        wrong += stands_above(y, np.arange(60), Excursion(30, 30, 54, 1, 0.0, 0.0, 1.0, True))
    assert wrong <= 6  # 14 of 3,000
