"""TPUT001-TPUT003 on made runs whose step times are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from runlens.model import Finding, RoleSeries, Run, Series, Severity, Skip
from runlens.roles import resolve
from runlens.rules.throughput.drift import ThroughputDrift
from runlens.rules.throughput.drop import ThroughputDrop
from runlens.rules.throughput.outside_band import OutsideBand, band_of
from tests.synthetic.throughput import NOISES, STEP, TOKENS, WANDERING, Noise, drop, log, make, ramp, step_seconds

QUIET = Noise(0.006)


def seconds(n=2000, noise=QUIET, seed=0):
    return step_seconds(n, noise, np.random.default_rng(seed))


def findings(rule, run):
    return [f for f in rule.check(run) if isinstance(f, Finding)]


def loud(run, *rules):
    rules = rules or (ThroughputDrop(), ThroughputDrift())
    return [f for rule in rules for f in findings(rule, run) if f.severity is not Severity.INFO]


def only(rule, run):
    (finding,) = findings(rule, run)
    assert any(c.isdigit() for c in finding.message) and finding.help
    return finding


def accumulating(name, settings):
    """A run whose steps take twice as long from its middle on; `settings` are the values before and after."""
    took = seconds()
    took[1000:] *= 2.0
    run = log(took, form="wall")
    loss = run.roles["train_loss"][0].series
    value = np.where(np.arange(len(loss)) < 1000, *settings)
    return replace(run, placed={name: replace(loss, name=name, value=value)})


class TestSettings:
    @pytest.mark.parametrize("name", ["train/gradient_accumulation_steps", "train/seq_len", "num_frames"])
    def test_one_that_is_raised_at_the_change_explains_it(self, name):
        finding = only(ThroughputDrop(), accumulating(name, (4.0, 8.0)))
        assert finding.severity is Severity.INFO
        assert f"{name} went from 4 to 8 there" in finding.message and "lost" not in finding.message

    @pytest.mark.parametrize(
        ("name", "settings"), [("train/seq_len", (8.0, 4.0)), ("train/seq_len", (4.0, 4.0)), ("train/acc", (0.5, 0.6))]
    )
    def test_nothing_else_does(self, name, settings):
        assert only(ThroughputDrop(), accumulating(name, settings)).severity is Severity.WARNING


class TestDrop:
    @pytest.mark.parametrize("size", [0.04, 0.06, 0.18])
    @pytest.mark.parametrize("noise", list(NOISES), ids=list(NOISES))
    def test_it_is_found_in_every_noise_with_its_size_and_place(self, noise, size):
        case = make(31, 2000, NOISES[noise], "drop", size)
        finding = only(ThroughputDrop(), case.run)
        assert abs(finding.steps[0] - 1 - case.faults[0].first) <= 20
        assert finding.steps[1] == 2000
        assert finding.evidence["percent"] == pytest.approx(-100 * size, abs=1.2 if size < 0.1 else 2)
        assert finding.severity is Severity.WARNING  # an error costs ten minutes: `test_edges.py`

    @pytest.mark.parametrize("every", [1, 10, 100])
    @pytest.mark.parametrize("form", ["rate", "step time", "wall"])
    def test_whatever_tells_the_speed_and_however_often(self, form, every):
        took = seconds(n=100 * max(every, 10))
        fault = drop(took, int(0.6 * len(took)), len(took) - 1, 0.06)
        finding = only(ThroughputDrop(), log(took, QUIET, every, form))
        assert abs(finding.steps[0] - 1 - fault.first) <= max(2 * every, 10)
        assert finding.evidence["percent"] == pytest.approx(-6, abs=1)

    def test_a_drop_that_ends_says_so_and_costs_no_more(self):
        took = seconds()
        drop(took, 800, 1199, 0.08)
        finding = only(ThroughputDrop(), log(took))
        assert finding.steps == (801, 1200)
        assert finding.evidence["recovered"] and finding.evidence["hours_lost_by_end"] is None
        assert "until step 1,200" in finding.message

    @pytest.mark.parametrize(("size", "severity"), [(0.13, Severity.INFO), (0.3, Severity.WARNING)])
    def test_in_reinforcement_learning_the_policy_sets_the_pace(self, size, severity):
        took = seconds()
        drop(took, 800, len(took) - 1, size)
        run = log(took)
        returns = replace(next(iter(run.series.values())), name="rollout/ep_rew_mean")
        run = resolve(replace(run, series={**run.series, returns.name: returns}))
        assert only(ThroughputDrop(), run).severity is severity

    def test_a_dip_that_is_over_is_the_policys_too(self):
        took = seconds()
        drop(took, 800, 1399, 0.3)
        run = log(took)
        assert only(ThroughputDrop(), run).severity is Severity.WARNING
        returns = replace(next(iter(run.series.values())), name="rollout/ep_rew_mean")
        run = resolve(replace(run, series={**run.series, returns.name: returns}))
        assert only(ThroughputDrop(), run).severity is Severity.INFO

    def test_two_drops_are_two_findings(self):
        took = seconds()
        drop(took, 700, 1999, 0.06)
        drop(took, 1400, 1999, 0.06)
        assert [f.steps[0] for f in findings(ThroughputDrop(), log(took))] == pytest.approx([701, 1401], abs=10)

    def test_a_step_that_stands_on_a_gentle_slope_is_found(self):
        took = seconds(noise=Noise(0.003))
        took *= 1 + 0.02 * np.linspace(0, 1, 2000)
        drop(took, 1000, 1999, 0.10)
        finding = only(ThroughputDrop(), log(took))
        assert abs(finding.steps[0] - 1001) <= 3 and finding.evidence["percent"] == pytest.approx(-10.5, abs=1)

    def test_a_rise_is_none_and_a_return_to_the_old_speed_is_only_worth_knowing(self):
        took = seconds()
        took[900:1400] *= 0.93
        (finding,) = findings(ThroughputDrop(), log(took))
        assert finding.severity is Severity.INFO and "had been as slow before" in finding.message

    def test_hours_and_gpu_hours_are_those_of_the_clock(self):
        took = seconds(noise=Noise(0.002))
        drop(took, 1000, 1999, 0.10)
        base = log(took)
        run = Run("r", "r", "r", roles=base.roles, config={"trainer": {"max_steps": 4000}}, hardware_count=64)
        evidence = only(ThroughputDrop(), run).evidence
        lost = 1000 * STEP * (1 / 0.9 - 1) / 3600
        assert evidence["hours_lost"] == pytest.approx(lost, rel=0.03)
        assert evidence["gpu_hours_lost"] == pytest.approx(64 * lost, rel=0.03)
        assert evidence["hours_lost_by_end"] == pytest.approx(3 * lost, rel=0.03)
        assert "12 GPU minutes lost so far, 36 GPU minutes by the end" in only(ThroughputDrop(), run).message

    def test_a_night_between_two_starts_is_no_part_of_the_cost(self):
        took = seconds(noise=Noise(0.002))
        drop(took, 1000, 1999, 0.10)
        run = log(took)
        late = {r: tuple(_later(x, 1500, 40_000.0) for x in group) for r, group in run.roles.items()}
        night = only(ThroughputDrop(), Run("r", "r", "r", roles=late))
        assert night.evidence["hours_lost"] == pytest.approx(1000 * STEP * (1 / 0.9 - 1) / 3600, rel=0.03)

    def test_a_longer_sequence_explains_slower_steps(self):
        took = seconds()
        took[1000:] *= 2.0
        run = log(took, form="step time")
        step = np.arange(1, 2001)
        tokens = np.cumsum(np.where(step > 1000, 2.0 * TOKENS, TOKENS))
        known = RoleSeries("tokens", Series("tokens", step, run.role("step_time").series.time, tokens), "tokens")
        told = Run("r", "r", "r", roles={**run.roles, "tokens": (known,)})
        assert loud(told) == []
        assert loud(run) != [], "without the tokens nothing explains it"

    def test_a_change_of_work_that_slows_the_tokens_is_info_and_says_why(self):
        took = seconds()
        took[1000:] *= 2.2
        step = np.arange(1, 2001)
        size = np.where(step > 1000, 2.0 * TOKENS, TOKENS)
        base = log(took)
        clock = base.role("train_loss").series.time
        roles = {
            "train_loss": base.roles["train_loss"],
            "tokens": (RoleSeries("tokens", Series("tokens", step, clock, np.cumsum(size)), "tokens"),),
            "tokens_per_second": (
                RoleSeries("tokens_per_second", Series("tps", step, clock, size / took), "tokens/s"),
            ),
        }
        finding = only(ThroughputDrop(), Run("r", "r", "r", roles=roles))
        assert finding.severity is Severity.INFO
        assert finding.evidence["explained_by_work"] and "explains it" in finding.message

    def test_the_unit_says_whose_rate_it_is(self):
        took = seconds()
        drop(took, 1000, 1999, 0.06)
        base = log(took)
        (rate,) = base.roles["tokens_per_second"]
        single = RoleSeries("tokens_per_second", rate.series, "tokens/s", scope="per_gpu")
        run = Run("r", "r", "r", roles={**base.roles, "tokens_per_second": (single,)})
        assert "tokens/s per GPU" in only(ThroughputDrop(), run).message

    def test_what_moved_with_it_is_named(self):
        took = seconds()
        drop(took, 1000, 1999, 0.06)
        run = log(took)
        step = np.arange(5, 2001, 10)
        clock = run.role("train_loss").series.time[step - 1]
        value = np.where(step > 1000, 1410.0, 1980.0) + np.random.default_rng(0).normal(0, 5, len(step))
        sm = RoleSeries("gpu_clock", Series("gpu.3.smClock", step, clock, value), "MHz", device="gpu 3")
        told = only(ThroughputDrop(), Run("r", "r", "r", roles={**run.roles, "gpu_clock": (sm,)}))
        (tie,) = told.evidence["ties"]
        assert tie["metric"] == "gpu.3.smClock" and tie["to"] == pytest.approx(1410, abs=5)
        assert "GPU clock" in told.message

    def test_too_short_a_log_is_not_judged(self):
        (said,) = ThroughputDrop().check(log(seconds(20)))
        assert isinstance(said, Skip) and "20 points" in said.reason

    def test_a_run_without_speed_is_not_judged(self):
        loss = RoleSeries("train_loss", Series("loss", np.arange(99), np.full(99, np.nan), np.ones(99)), "nats")
        (said,) = ThroughputDrop().check(Run("r", "r", "r", roles={"train_loss": (loss,)}))
        assert isinstance(said, Skip)

    def test_points_that_are_no_rates_do_not_count(self):
        took = seconds()
        drop(took, 1000, 1999, 0.06)
        run = log(took)
        value = run.role("tokens_per_second").series.value
        value[[3, 500, 900, 1500]] = [np.nan, np.inf, 0.0, -1.0]
        assert only(ThroughputDrop(), run).steps[0] == pytest.approx(1001, abs=5)


def _later(role, first, seconds_later):
    series = role.series
    time = series.time + np.where(series.step > first, seconds_later, 0.0)
    return RoleSeries(
        role.role, Series(series.name, series.step, time, series.value), role.unit, role.scope, role.split
    )


class TestDrift:
    @pytest.mark.parametrize("size", [0.05, 0.10])
    def test_a_slope_is_one_drift_and_no_drop(self, size):
        took = seconds()
        ramp(took, 400, 1600, size)
        run = log(took)
        finding = only(ThroughputDrift(), run)
        assert abs(finding.steps[0] - 400) <= 120 and finding.steps[1] == 2000
        assert finding.evidence["percent"] == pytest.approx(-100 * size, abs=1)
        assert loud(run, ThroughputDrop()) == []

    def test_half_of_what_a_step_would_cost(self):
        took = seconds(noise=Noise(0.002))
        ramp(took, 500, 1999, 0.10)
        lost = STEP * np.sum(1 / (1 - 0.1 * np.linspace(0, 1, 1500)) - 1) / 3600
        assert only(ThroughputDrift(), log(took)).evidence["hours_lost"] == pytest.approx(lost, rel=0.15)


class TestSilence:
    @pytest.mark.parametrize("name", [*NOISES, *WANDERING])
    def test_healthy_and_wandering_runs_are_silent(self, name):
        for seed in range(3):
            for n, every in ((600, 1), (2000, 1), (2400, 40)):
                run = make(700 + seed, n, {**NOISES, **WANDERING}[name], every=every).run
                assert [(f.code, f.message) for f in loud(run)] == []


class TestBand:
    def test_the_band_of_a_run_holds_the_run(self):
        run = log(seconds())
        low, high = band_of(run)
        assert low < TOKENS / STEP < high and (high - low) / low < 0.08
        assert findings(OutsideBand(band=(low, high)), run) == []

    def test_slow_from_the_start_is_found_where_no_drop_is(self):
        healthy, slow = log(seconds()), log(1.12 * seconds(seed=1))
        assert loud(slow) == []
        finding = only(OutsideBand(band=band_of(healthy)), slow)
        assert finding.severity is Severity.WARNING and finding.evidence["goes_on"]
        assert finding.steps[0] < 100 and finding.steps[1] == 2000

    def test_far_below_is_an_error_and_above_is_worth_knowing(self):
        band = band_of(log(seconds()))
        assert only(OutsideBand(band=band), log(1.4 * seconds())).severity is Severity.ERROR
        assert only(OutsideBand(band=band), log(0.8 * seconds())).severity is Severity.INFO

    def test_without_a_band_it_says_how_to_give_one(self):
        (said,) = OutsideBand().check(log(seconds()))
        assert isinstance(said, Skip) and "rules.TPUT003.band" in said.reason

    def test_a_band_the_wrong_way_round_is_refused(self):
        (said,) = OutsideBand(band=(2.0, 1.0)).check(log(seconds()))
        assert isinstance(said, Skip) and "lower one first" in said.reason

    def test_a_band_for_one_gpu_needs_their_number(self):
        run = log(seconds())
        single = tuple(edge / 8 for edge in band_of(run))
        (said,) = OutsideBand(band=single, per_gpu=True).check(run)
        assert isinstance(said, Skip) and "number of GPUs" in said.reason
        eight = Run("r", "r", "r", roles=run.roles, hardware_count=8)
        assert findings(OutsideBand(band=single, per_gpu=True), eight) == []
