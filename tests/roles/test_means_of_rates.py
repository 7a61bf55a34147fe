"""A mean rate since the start is taken apart where it is told finely enough, and left to the clock where it is not."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.rules.throughput.drop import ThroughputDrop
from tests.rules.saying import mark, run_of


def stable_baselines(n=400, rate=62.0, whole=True, pause_at=0, each=9):
    """SB3's `time/fps`: all steps over all time, in whole numbers, of a policy that is stopped once for ten minutes."""
    step = each * np.arange(1, n + 1)
    took = step / rate
    if pause_at:
        took = took + 600.0 * (np.arange(n) >= pause_at)
    mean = step / took
    columns = {"time/fps": np.floor(mean) if whole else mean, "rollout/ep_rew_mean": np.full(n, 9.0)}
    return run_of(columns, step=step, time=1.7e9 + took)


def test_a_coarse_mean_is_no_rate_and_the_clock_is_read_instead():
    run = stable_baselines()
    assert run.role("samples_per_second") is None
    timer = run.role("step_time")
    assert timer is not None and timer.derived
    np.testing.assert_allclose(timer.series.value, 1 / 62.0, rtol=1e-3)


def test_a_pause_is_no_slow_down_for_good():
    assert mark(ThroughputDrop(), stable_baselines(n=2000, pause_at=1500)) in ".i"


@pytest.mark.parametrize(
    ("n", "rate", "whole", "apart"),
    [
        (12, 62.0, True, True),  # 0.5 of 62 after eleven intervals: 9 % of the rate of the last
        (15, 62.0, True, False),
        (400, 62.0, False, True),
        (400, 2100.0, True, True),
        (400, 1900.0, True, False),
        (2, 62.0, True, True),
    ],
    ids=["few", "more", "not rounded", "fine", "coarse", "two"],
)
def test_what_a_rounded_mean_can_tell(n, rate, whole, apart):
    assert (stable_baselines(n, rate, whole, each=1000).role("samples_per_second") is not None) is apart


def test_a_clock_that_stands_still_takes_nothing_apart():
    run = run_of({"time/fps": [60.5] * 20, "rollout/ep_rew_mean": [1.0] * 20}, time=np.repeat(1.7e9 + np.arange(10), 2))
    assert run.role("samples_per_second") is None
