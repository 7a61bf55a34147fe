"""TPUT004 and TPUT005 on made runs: what comes back, what stands still, and what is on schedule."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from runlens.model import Finding, RoleSeries, Run, Series, Severity, Skip
from runlens.roles import resolve
from runlens.rules.throughput.dips import RecurringDips, _rhythm
from runlens.rules.throughput.drift import ThroughputDrift
from runlens.rules.throughput.drop import ThroughputDrop
from runlens.rules.throughput.parts.episodes import Episodes
from runlens.rules.throughput.parts.signal import rate_signal
from runlens.rules.throughput.stall import Stall
from tests.synthetic.throughput import NOISES, STEP, Noise, dips, log, make, stall, step_seconds

QUIET = Noise(0.006)


def seconds(n=3000, noise=QUIET, seed=0):
    return step_seconds(n, noise, np.random.default_rng(seed))


def findings(rule, run):
    return [f for f in rule.check(run) if isinstance(f, Finding)]


def loud(rule, run):
    return [f for f in findings(rule, run) if f.severity is not Severity.INFO]


class TestDips:
    @pytest.mark.parametrize(("period", "width", "share"), [(60, 8, 0.3), (200, 20, 0.25), (500, 60, 0.2)])
    def test_they_are_one_finding_with_their_period(self, period, width, share):
        took = seconds()
        dips(took, 600, period, width, share)
        (finding,) = loud(RecurringDips(), log(took))
        assert finding.evidence["regular"] and finding.evidence["period_steps"] == pytest.approx(period, rel=0.02)
        assert finding.evidence["percent_slower"] == pytest.approx(100 * (1 / (1 - share) - 1), rel=0.15)
        overhead = width * (1 / (1 - share) - 1)
        assert finding.evidence["overhead_percent"] == pytest.approx(100 * overhead / (period + overhead), rel=0.15)
        assert abs(finding.steps[0] - 600) <= 3
        assert f"every {period:,} steps" in finding.message
        assert findings(ThroughputDrop(), log(took)) + findings(ThroughputDrift(), log(took)) == []

    def test_at_random_times_they_are_said_to_have_no_period(self):
        took = seconds()
        for at in np.random.default_rng(5).choice(np.arange(60, 2900, 45), 30, replace=False):
            took[at : at + 12] *= 1.5
        (finding,) = loud(RecurringDips(), log(took))
        assert not finding.evidence["regular"] and "apart" in finding.message

    def test_checkpoints_and_evals_are_accounted_for_and_do_not_page(self):
        took = seconds()
        took[99::100] += 1.0
        (finding,) = findings(RecurringDips(), log(took))
        assert finding.severity is Severity.INFO and finding.evidence["kind"] == "pauses on schedule"
        assert finding.evidence["overhead_percent"] == pytest.approx(100 * 1.0 / (100 * STEP + 1.0), rel=0.1)

    def test_every_eighth_step_slow_is_no_checkpoint(self):
        took = seconds()
        took[7::8] *= 2.0
        (finding,) = loud(RecurringDips(petty_seconds=0), log(took))
        assert finding.evidence["kind"] == "slow steps" and finding.evidence["period_steps"] == 8

    def test_single_slow_steps_that_cost_seconds_are_information(self):
        took = seconds()[:120]
        took[7::8] *= 3.0
        (finding,) = findings(RecurringDips(), log(took))
        assert finding.severity is Severity.INFO and finding.evidence["hours_lost"] < 1 / 60

    def test_steps_that_go_back_have_no_interval_below_zero(self):
        signal = rate_signal(log(seconds(400)))
        assert signal is not None
        step = np.concatenate([signal.step[:200], signal.step[:200]])
        at = np.arange(20, 400, 40)
        found = Episodes(at, at, np.ones(len(at)), np.ones_like(at), np.ones(len(at)), 0.01)
        rhythm = _rhythm(replace(signal, step=step), found)
        assert rhythm.period == 40 and rhythm.regular

    def test_two_slow_stretches_do_not_recur(self):
        took = seconds()
        took[800:830] *= 1.4
        took[1900:1930] *= 1.4
        assert loud(RecurringDips(), log(took)) == []

    @pytest.mark.parametrize(("until", "severity"), [(1100, "info"), (2900, "warning")])
    def test_the_ups_and_downs_of_a_stretch_of_lower_speed_are_only_worth_knowing(self, until, severity):
        took = seconds()
        took[800:1100] /= 0.8
        for at in range(810, until, 90 if until < 1200 else 160):
            took[at : at + 40] *= 1.4
        found = [f for f in findings(RecurringDips(), log(took)) if f.evidence["kind"] == "slow stretches"]
        assert [f.severity.value for f in found] == [severity]
        assert ("which TPUT001 tells of" in found[0].message) is (severity == "info")

    @pytest.mark.parametrize("noise", list(NOISES), ids=list(NOISES))
    def test_healthy_runs_are_silent(self, noise):
        for seed in range(3):
            run = make(900 + seed, 3000, NOISES[noise]).run
            assert loud(RecurringDips(), run) + loud(Stall(), run) == []


class TestStall:
    def test_one_hang_is_one_finding_with_its_length(self):
        took = seconds()
        stall(took, 1500, 90.0)
        run = log(took)
        (finding,) = findings(Stall(), Run("r", "r", "r", roles=run.roles, hardware_count=8))
        assert finding.steps == (1501, 1501)
        assert finding.evidence["seconds_lost"] == pytest.approx(90, abs=0.5)
        assert finding.evidence["gpu_hours_lost"] == pytest.approx(90 * 8 / 3600, rel=0.02)
        assert finding.severity is Severity.WARNING and "stood still for 90 s" in finding.message

    def test_half_an_hour_is_an_error(self):
        took = seconds()
        stall(took, 1500, 1900.0)
        assert findings(Stall(), log(took))[0].severity is Severity.ERROR

    def test_between_two_steps_it_shows_in_the_clock_alone(self):
        took = seconds()
        healthy = log(took)
        stall(took, 1500, 60.0)
        slow = log(took)
        rate = healthy.roles["tokens_per_second"][0]
        lying = RoleSeries(
            "tokens_per_second",
            Series("tps", rate.series.step, slow.role("train_loss").series.time, rate.series.value),
            "tokens/s",
        )
        run = Run("r", "r", "r", roles={**slow.roles, "tokens_per_second": (lying,)})
        (finding,) = findings(Stall(), run)
        assert finding.evidence["seconds_lost"] == pytest.approx(60, abs=0.5)

    def test_without_wall_times_the_step_time_tells(self):
        took = seconds()
        stall(took, 1500, 60.0)
        step = np.arange(1, 3001)
        series = Series("iteration-time", step, np.full(3000, np.nan), took)
        run = Run("r", "r", "r", roles={"step_time": (RoleSeries("step_time", series, "s"),)})
        (finding,) = findings(Stall(), run)
        assert finding.steps == (1501, 1501) and finding.evidence["seconds_lost"] == pytest.approx(60, abs=0.5)

    def test_checkpoints_are_none_but_one_that_hangs_is(self):
        took = seconds()
        took[249::250] += 20.0
        assert findings(Stall(), log(took)) == []
        took[1249] += 200.0
        (finding,) = findings(Stall(), log(took))
        assert finding.steps[0] == 1250

    def test_the_first_two_checkpoints_of_a_young_run_are_none(self):
        took = seconds(700)
        took[[249, 499]] += [20.0, 35.0]
        assert findings(Stall(), log(took)) == []
        took = seconds(700)
        took[[249, 599]] += [20.0, 35.0]
        assert len(findings(Stall(), log(took))) == 2

    @pytest.mark.parametrize(("at", "severity"), [(500, Severity.INFO), (513, Severity.WARNING)])
    def test_a_short_gap_after_a_round_step_may_be_the_first_checkpoint(self, at, severity):
        took = seconds(700)
        took[at] += 25.0
        (gap,) = findings(Stall(), log(took))
        assert gap.severity is severity and ("first checkpoint" in gap.message) is (severity is Severity.INFO)

    def test_a_night_is_seen_in_a_short_log_and_is_no_error(self):
        took = seconds(300) * 12.0
        took[100] += 36_000.0
        (night,) = findings(Stall(), log(took, form="wall"))
        assert night.severity is Severity.WARNING and "started again" in night.message
        took[100] -= 33_000.0
        (hang,) = findings(Stall(), log(took, form="wall"))
        assert hang.severity is Severity.ERROR and "started again" not in hang.message

    def test_evals_at_odd_steps_are_none(self):
        took = seconds()
        at = np.array([210, 480, 1010, 1233, 1900, 2777])
        took[at - 1] += 30.0
        run = log(took)
        evals = Series("eval/loss", at, run.role("train_loss").series.time[at - 1], np.ones(len(at)))
        known = RoleSeries("eval_loss", evals, "nats", split="eval")
        told = Run("r", "r", "r", roles={**run.roles, "eval_loss": (known,)})
        assert findings(Stall(), told) == []
        (many,) = findings(Stall(), run)
        assert many.evidence["count"] == len(at), "without the evals nothing explains them"
        assert many.evidence["at_steps"] == at.tolist() and "6 times" in many.message
        assert many.evidence["hours_lost"] == pytest.approx(6 * 30 / 3600, rel=0.02)
        assert len(findings(Stall(most=6), run)) == len(at)

    def test_a_gap_at_a_resume_is_only_worth_knowing(self):
        took = seconds(2000)
        step = np.concatenate([np.arange(1, 1201), np.arange(1001, 1801)])
        clock = 1.7e9 + np.cumsum(took)
        clock[1200:] += 36_000.0
        loss = RoleSeries("train_loss", Series("loss", step, clock, 3.0 * step**-0.1), "nats")
        run = Run("r", "r", "r", roles={"train_loss": (loss,)})
        assert loud(Stall(), run) == []

    @pytest.mark.parametrize(("lost", "severity"), [(900.0, "info"), (1100.0, "warning")])
    @pytest.mark.parametrize("name", ["rollout/ep_rew_mean", "train/loss"])
    def test_a_policy_sets_the_length_of_an_interval_of_many_steps(self, name, lost, severity):
        """An interval takes 100 s here: 1,000 steps of 0.1 s."""
        step = np.arange(1, 61) * 1000
        took = np.full(60, 100.0)
        took[40] += lost
        value = np.linspace(0.0, 1.0, 60) if "rew" in name else np.exp(-np.arange(60) / 20)
        series = {
            n: Series(n, step, 1.7e9 + np.cumsum(took), v) for n, v in ((name, value), ("train/lr", value * 0 + 1))
        }
        run = resolve(Run("a", "a", "a", series=series))
        (found,) = findings(Stall(), run)
        assert found.severity.value == (severity if "rew" in name else "warning")

    def test_a_run_without_times_is_not_judged(self):
        loss = RoleSeries("train_loss", Series("loss", np.arange(99), np.full(99, np.nan), np.ones(99)), "nats")
        (said,) = Stall().check(Run("r", "r", "r", roles={"train_loss": (loss,)}))
        assert isinstance(said, Skip)


@pytest.mark.parametrize(
    ("every", "longest", "severity"),
    [(1, 300.0, Severity.WARNING), (10, 300.0, Severity.INFO), (10, 8000.0, Severity.INFO)],
)
def test_a_timer_of_every_tenth_step_alone_tells_of_no_standstill(every, longest, severity):
    took = seconds(2000)
    took[1000] = longest
    at = np.arange(0, 2000, every)
    untimed = Series("step_time", at, np.full(len(at), np.nan), took[at])
    run = resolve(Run("r", "r", "r", series={untimed.name: untimed}))
    (finding,) = findings(Stall(), run)
    assert finding.severity is severity and ("no clock" in finding.message) is (severity is Severity.INFO)
