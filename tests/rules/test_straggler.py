"""TPUT006 on made ranks, one of which may lag."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from runlens import roles
from runlens.model import Finding, Run, Series, Severity, Skip
from runlens.rules.throughput.straggler import Straggler
from tests.synthetic.throughput import ranks


def findings(run, **settings):
    return [f for f in Straggler(**settings).check(run) if isinstance(f, Finding)]


def changed(run, change):
    """The run with `change(i, series)` for each rank's series; None takes a rank out."""
    group = [(r, change(i, r.series)) for i, r in enumerate(run.roles["step_time"])]
    return Run("r", "r", "r", roles={"step_time": tuple(replace(r, series=s) for r, s in group if s is not None)})


@pytest.mark.parametrize("count", [4, 8, 64])
@pytest.mark.parametrize("slow", [0.08, 0.3])
def test_the_slow_rank_is_found_with_its_size_and_place(count, slow):
    case = ranks(3, count=count, slow=slow)
    (finding,) = findings(case.run)
    assert finding.evidence["ratio"] == pytest.approx(1 + slow, abs=0.01)
    assert finding.evidence["ranks"] == count
    assert abs(finding.steps[0] - case.faults[0].first) <= 20 and finding.steps[1] == case.faults[0].last
    assert finding.severity is (Severity.ERROR if slow > 0.2 else Severity.WARNING)
    assert finding.evidence["device"] in finding.message.lower()


@pytest.mark.parametrize("count", [4, 16])
@pytest.mark.parametrize("seed", range(5))
def test_healthy_ranks_are_silent(seed, count):
    assert findings(ranks(seed, count=count).run) == []


def test_three_ranks_have_no_majority():
    (said,) = Straggler().check(ranks(0, count=3, slow=0.3).run)
    assert isinstance(said, Skip) and "4 or more" in said.reason


def test_a_rank_that_is_slow_for_a_moment_is_none():
    run = ranks(1, count=8).run
    assert findings(changed(run, lambda i, s: _times(s, (s.step > 300) & (s.step <= 340) & (i == 2), 1.3))) == []


def test_half_of_the_ranks_are_no_stragglers():
    run = ranks(2, count=8).run
    assert findings(changed(run, lambda i, s: _times(s, np.full(len(s), i < 4), 1.2))) == []


def test_rates_lag_when_they_are_low():
    case = ranks(4, count=8, slow=0.1)
    group = tuple(
        replace(r, role="tokens_per_second", unit="tokens/s", series=r.series.with_value(1e3 / r.series.value))
        for r in case.run.roles["step_time"]
    )
    (finding,) = findings(Run("r", "r", "r", roles={"tokens_per_second": group}))
    assert finding.evidence["ratio"] == pytest.approx(1.1, abs=0.01)


def test_ranks_that_log_at_other_steps_are_aligned():
    case = ranks(5, count=8, slow=0.1)
    run = changed(case.run, lambda i, s: s.take(s.step % 2 == 0) if i % 2 else s)
    (finding,) = findings(run)
    assert finding.evidence["ratio"] == pytest.approx(1.1, abs=0.01)


def test_a_rank_that_stopped_logging_does_not_silence_the_others():
    case = ranks(6, count=16, slow=0.1)
    slow = int(np.argmax([np.median(r.series.value[-100:]) for r in case.run.roles["step_time"]]))
    run = changed(case.run, lambda i, s: s.take(slice(None, 3)) if i == (slow + 1) % 16 else s)
    assert [f.evidence["device"] for f in findings(run)] == [f"rank {slow}"]


def test_missing_values_do_not_count():
    case = ranks(7, count=8, slow=0.1)
    run = changed(case.run, lambda i, s: _times(s, (s.step + i) % 5 == 0, np.nan))
    (finding,) = findings(run)
    assert finding.evidence["ratio"] == pytest.approx(1.1, abs=0.01)


def test_what_it_costs_if_all_wait():
    case = ranks(8, count=8, slow=0.1)
    (finding,) = findings(case.run)
    first, last = case.run.time_at(finding.steps)
    assert finding.evidence["gpu_hours_lost"] == pytest.approx(8 * (last - first) * (1 - 1 / 1.1) / 3600, rel=0.05)


def _times(series, where, factor):
    return Series(series.name, series.step, series.time, np.where(where, series.value * factor, series.value))


def work(name, slow=0.1):
    """Ranks whose steps are alike, since all wait, and of which one takes longer for its own work."""
    rng = np.random.default_rng(9)
    step = np.arange(1, 601)
    took = 0.2 * (1 + rng.normal(0, 0.01, (8, 600)))
    took[5, 300:] *= 1 + slow
    clock = 1.7e9 + step * 0.3
    series = {name.format(r): Series(name.format(r), step, clock, took[r]) for r in range(8)}
    series |= {f"step_time/rank{r}": Series(f"step_time/rank{r}", step, clock, 0.3 + 0 * took[r]) for r in range(8)}
    return roles.resolve(Run("r", "r", "r", series=series))


@pytest.mark.parametrize(
    "name", ["forward-backward-time/rank{}", "timers/rank_{}/forward-compute", "rank{}/backward_time"]
)
def test_a_rank_s_own_work_tells_where_the_steps_are_alike(name):
    (finding,) = findings(work(name))
    assert finding.evidence["device"] == "rank 5" and abs(finding.steps[0] - 300) <= 20
    assert finding.evidence["hours_lost"] is None and name.format(5) in finding.message


@pytest.mark.parametrize("name", ["forward_wait_time/rank{}", "compute/allreduce_time/rank{}"])
def test_time_spent_in_waiting_is_no_lag(name):
    assert findings(work(name)) == []
