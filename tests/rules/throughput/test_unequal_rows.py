"""Rows that speak of unequal numbers of steps: what a row takes grows with them, and so does not what it lost."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.model import Run
from runlens.rules.throughput.dips import RecurringDips
from runlens.rules.throughput.stall import Stall
from tests.rules.saying import mark, run_of, said


def by_episodes(lost: float = 0.0) -> Run:
    """A policy that is told each 100 episodes, which grow from one step to ten and, four times, to forty."""
    rng = np.random.default_rng(5)
    n = 2000
    length = np.linspace(1.0, 10.0, n)
    for first in (1300, 1450, 1600, 1750):
        length[first : first + 20] = 40.0
    took = np.round(100.0 * length * rng.uniform(0.9, 1.1, n))
    seconds = took / 85.0
    seconds[1000] += lost
    columns = {
        "time/episodes": 100.0 * np.arange(1, n + 1),
        "rollout/ep_rew_mean": 5.0 + rng.standard_normal(n),
        "rollout/ep_len_mean": length,
        "train/learning_rate": np.where(np.arange(n) % 2, 1e-4, np.nan),
    }
    return run_of(columns, step=np.cumsum(took).astype(np.int64), time=1.76e9 + np.floor(np.cumsum(seconds)))


@pytest.mark.parametrize(("lost", "says"), [(0.0, "."), (1500.0, "w"), (2400.0, "e")])
def test_episodes_that_take_more_steps_are_no_pauses(lost: float, says: str) -> None:
    run = by_episodes(lost)
    assert mark(Stall(), run) == says
    assert mark(RecurringDips(), run) == "."
    for finding in said(Stall(), run):
        assert finding.evidence["seconds_lost"] == pytest.approx(lost, rel=0.02)


@pytest.mark.parametrize("missing", [0, 1, 3])
def test_all_of_a_gap_is_told_where_rows_are_missing_in_it(missing: int) -> None:
    """Three hours, however many rows the clock lacks before it ends."""
    step = np.arange(0, 30_000, 100)
    time = 1.76e9 + 0.05 * step + np.where(step > 15_000, 3 * 3600.0, 0.0)
    keep = (step <= 15_000) | (step > 15_000 + 100 * missing)
    (finding,) = said(
        Stall(), run_of({"loss": np.linspace(3.0, 2.0, int(keep.sum()))}, step=step[keep], time=time[keep])
    )
    assert finding.evidence["seconds_lost"] == pytest.approx(3 * 3600.0, rel=0.01)
    assert f"within the {100 * (missing + 1):,} steps to step {15_100 + 100 * missing:,}" in finding.message


@pytest.mark.parametrize(("rows", "told"), [(4.0, False), (5.5, False), (5.7, True)])
def test_an_interval_of_few_steps_lost_no_more_than_it_took(rows: float, told: bool) -> None:
    """Points each 100 steps of 10 ms, and one after 60 that took so many seconds: from five on it is a stall."""
    step = np.r_[np.arange(0, 15_000, 100), np.arange(14_960, 30_000, 100)]
    seconds = 0.01 * np.diff(step, prepend=-100)
    seconds[150] = rows
    run = run_of({"loss": np.linspace(3.0, 2.0, len(step))}, step=step, time=1.76e9 + np.cumsum(seconds))
    assert bool(said(Stall(), run)) is told
