"""The wall clock beside what a run logs of its speed: TPUT001, TPUT004 and TPUT007 on made runs."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.model import Finding, Severity, Skip
from runlens.rules.shared.logged_settings import longer_there
from runlens.rules.throughput.dips import AT_EVALS, ON_SCHEDULE, RecurringDips
from runlens.rules.throughput.disagreement import ClockDisagreement
from runlens.rules.throughput.drift import ThroughputDrift
from runlens.rules.throughput.drop import ThroughputDrop
from runlens.rules.throughput.stall import Stall
from tests.rules.saying import START, marks, run_of

N = 600
STEP = np.arange(1, N + 1)
LOSS = 2.0 + np.exp(-STEP / 200.0)


def noisy(n=N, seed=0, size=0.01, length=4.0):
    return length * (1.0 + size * np.random.default_rng(seed).standard_normal(n))


def logged(took, timer=None, every=1, **more):
    """A run that logs loss, its timer (a step time of what it took, if None) and more; NaN were not logged."""
    columns = {"train/loss": LOSS, "step_time": took if timer is None else timer, **more}
    columns = {name.replace("__", "/"): np.broadcast_to(v, N)[::every] for name, v in columns.items()}
    return run_of(columns, step=STEP[::every], time=(START + np.cumsum(took))[::every])


def findings(rule, run):
    return [f for f in rule.check(run) if isinstance(f, Finding)]


def half_slower(factor, at=300):
    took = noisy()
    took[at:] *= factor
    return took


class TestWholeSeconds:
    """Console logs write the time in whole seconds."""

    def whole(self, took, rate):
        run = logged(took, tokens_per_second=rate)
        return run_of(
            {"train/loss": LOSS, "tokens_per_second": rate}, step=STEP, time=np.floor(START + np.cumsum(took))
        ), run

    @pytest.mark.parametrize("length", [2.0, 2.2, 7.0])
    def test_a_drop_of_the_rate_is_told_as_by_a_finer_clock(self, length):
        took = noisy(size=0.002, length=length)
        took[300:] *= 1.18
        rounded, fine = self.whole(took, 1e5 / took)
        (found,), (same,) = findings(ThroughputDrop(), rounded), findings(ThroughputDrop(), fine)
        assert (found.severity, found.steps[0], found.evidence["source"]) == (same.severity, same.steps[0], "rate")

    @pytest.mark.parametrize(("pause", "told"), [(6.0, False), (7.0, True)])
    def test_what_takes_three_times_as_long_is_a_step_and_what_takes_more_is_none(self, pause, told):
        took = np.where(STEP > 300, 2.4, 2.0)
        rate = 1e5 / took
        took[9:300:10] = pause  # as means 2.4 s a step, too
        rounded, _ = self.whole(took, rate)
        assert any(f.evidence["source"] == "rate" for f in findings(ThroughputDrop(), rounded)) is told

    def test_a_rate_that_falls_while_steps_take_no_longer_is_still_none(self):
        took = noisy(size=0.002, length=2.35)
        rounded, _ = self.whole(took, np.where(STEP > 300, 0.85, 1.0) * 1e5 / took)
        assert [f for f in findings(ThroughputDrop(), rounded) if f.severity is not Severity.INFO] == []

    @pytest.mark.parametrize(("longer", "kinds"), [(0.0, 0), (1.0, 0), (2.0, 1)])
    def test_what_rounding_makes_of_steps_comes_back_as_nothing(self, longer, kinds):
        """Steps of 2.35 s take 2, 2 and 3 s by such a clock; one of two seconds more is longer by any clock."""
        took = np.full(N, 2.35 if not longer else 2.0)
        took[::8] += longer
        rounded, _ = self.whole(took, np.full(N, 1e5))
        assert len([f for f in findings(RecurringDips(), rounded) if f.evidence["source"] == "wall steps"]) == kinds


class TestClockBesideATimer:
    def test_a_step_that_doubles_beside_a_flat_timer_is_a_drop_by_the_clock(self):
        (found,) = findings(ThroughputDrop(), logged(half_slower(2.0), noisy(seed=1)))
        assert found.severity is Severity.ERROR and found.evidence["source"] == "wall steps"
        assert abs(found.steps[0] - 301) <= 2 and "by the wall clock" in found.message
        assert found.evidence["hours_lost"] == pytest.approx(300 * 4.0 / 3600, rel=0.05)

    def test_what_timer_and_clock_both_show_is_told_once(self):
        (found,) = findings(ThroughputDrop(), logged(half_slower(1.3)))
        assert found.evidence["source"] == "step time"

    def test_the_clock_tells_where_it_lost_more_than_the_timer_shows(self):
        timer = noisy(seed=1)
        timer[300:] *= 1.05
        (found,) = findings(ThroughputDrop(), logged(half_slower(1.6), timer))
        assert found.evidence["source"] == "wall steps" and found.evidence["percent"] == pytest.approx(-37.5, abs=1)

    @pytest.mark.parametrize("factor", [0.25, 0.5, 0.9])
    def test_a_counter_that_is_corrected_is_no_drop(self, factor):
        took = noisy()
        rate = 4e6 / took * np.where(STEP > 300, factor, 1.0)
        run = logged(took, train__tok_per_sec=rate)
        assert findings(ThroughputDrop(), run) + findings(ThroughputDrift(), run) == []
        changed = findings(ClockDisagreement(), run)
        assert [f.severity for f in changed] == [Severity.INFO] * (factor < 0.8)
        assert all(f.evidence["factor"] == pytest.approx(factor, rel=0.05) for f in changed)

    def test_a_timer_of_a_tenth_of_the_time_that_doubles_is_a_loss_of_a_tenth(self):
        timer = np.where(STEP > 300, 0.8, 0.4)
        (found,) = findings(ThroughputDrop(), logged(noisy(length=3.6) + timer, timer))
        assert found.evidence["source"] == "wall steps" and found.evidence["percent"] == pytest.approx(-9.1, abs=1)

    def test_steps_that_hold_more_are_no_loss_by_the_clock(self):
        length = np.where(STEP > 300, 2.0, 1.0)
        more = {"tokens_per_sec": 1e6 * np.ones(N), "consumed_tokens": 4e6 * np.cumsum(length)}
        assert findings(ThroughputDrop(), logged(half_slower(2.0), np.nan, **more)) == []

    def test_a_rate_alone_leaves_open_what_a_step_holds(self):
        (found,) = findings(ThroughputDrop(), logged(half_slower(2.0), np.nan, tokens_per_sec=1e6 * np.ones(N)))
        assert found.severity is Severity.WARNING and found.evidence["source"] == "wall steps"


class TestDisagreement:
    @pytest.mark.parametrize(
        ("make", "knobs", "expected"),
        [
            (
                lambda k: logged(4.0 * np.ones(N), 4.0 / k * np.ones(N)),
                (1.0, 1.49, 1.51, 1.7, 2.0, 2.5, 3.05),
                "..wwiwi",
            ),
            (lambda k: logged(4.0 * np.ones(N), 4.0 * k * np.ones(N)), (1.0, 2.0, 2.9), "..."),
            (lambda k: logged(half_slower(k), noisy(seed=1)), (1.0, 1.15, 1.3, 2.0), "..ii"),
            (lambda k: logged(k * np.ones(N), k / 1.7 * np.ones(N)), (0.2, 0.3), "ww"),
        ],
    )
    def test_each_side_of_the_edge(self, make, knobs, expected):
        assert marks(ClockDisagreement(), make, knobs) == expected

    def test_one_clock_cannot_disagree(self):
        (said,) = ClockDisagreement().check(run_of({"train/loss": LOSS}, step=STEP))
        assert isinstance(said, Skip) and "one clock" in said.reason

    def test_copied_histories_have_no_clock(self):
        took = noisy()
        run = run_of({"train/loss": LOSS, "step_time": took}, step=STEP, time=START + 0.01 * STEP)
        (said,) = ClockDisagreement().check(run)
        assert isinstance(said, Skip)
        assert findings(ThroughputDrop(), run) == []


class TestPauses:
    @pytest.mark.parametrize(("pause", "severity"), [(60.0, Severity.INFO), (400.0, Severity.WARNING)])
    def test_those_on_schedule_beside_a_logged_rate_are_accounted_for(self, pause, severity):
        took = noisy()
        took[::100] += pause
        (found,) = findings(RecurringDips(), logged(took, noisy(seed=1)))
        assert found.evidence["kind"] == ON_SCHEDULE and found.severity is severity
        assert found.evidence["hours_lost"] == pytest.approx(5 * pause / 3600, rel=0.05)

    @pytest.mark.parametrize("every", [4, 5, 20])
    def test_those_where_an_eval_is_logged_are_that_however_often(self, every):
        took = noisy()
        took[every::every] += 30.0
        evals = np.where(STEP % every == 0, 1.0, np.nan)
        (found,) = findings(RecurringDips(), run_of({"loss": LOSS, "eval/loss": evals}, STEP, START + np.cumsum(took)))
        assert found.evidence["kind"] == AT_EVALS and found.severity is Severity.INFO

    def test_their_time_is_not_booked_to_other_slow_steps(self):
        took = noisy()
        took[50::50] += 100.0
        took[3::4] *= 1.3
        evals = np.where(STEP % 50 == 0, 1.0, np.nan)
        run = run_of({"loss": LOSS, "eval/loss": evals}, STEP, START + np.cumsum(took))
        shares = {f.evidence["kind"]: f.evidence["overhead_percent"] for f in findings(RecurringDips(), run)}
        assert shares["slow steps"] == pytest.approx(7.0, abs=1.0) and shares[AT_EVALS] > 25

    def test_stretches_that_a_logged_length_explains_are_information(self):
        took, length = noisy(), np.full(N, 4096.0)
        for at in range(60, N - 40, 80):
            took[at : at + 12] *= 2.0
            length[at : at + 12] = 8192.0
        run = run_of({"loss": LOSS, "train/seq_len": length}, STEP, START + np.cumsum(took))
        (found,) = findings(RecurringDips(), run)
        assert found.severity is Severity.INFO and "seq_len went from 4,096 to 8,192" in found.message
        assert longer_there(run, np.array([65, 150]), np.array([10, 300])).after == 8192
        assert longer_there(run, np.array([10, 300]), np.array([65, 150])) is None

    @pytest.mark.parametrize(("name", "kept"), [("phase", True), ("train/data_stage", True), ("hostname", False)])
    def test_a_lasting_one_where_a_logged_word_for_the_stage_changes_is_explained(self, name, kept):
        took = noisy() * np.where(STEP > 300, 3.0, 1.0)
        run = run_of(
            {"loss": LOSS, name: (STEP > 300) * 1.0}, STEP, START + np.cumsum(took), texts={name: ("one", "two")}
        )
        (found,) = findings(ThroughputDrop(), run)
        assert (found.severity is Severity.INFO) is kept
        assert (f"{name} went from one to two" in found.message) is kept
        assert found.evidence["explained_by_setting"] == (
            {"metric": name, "from": "one", "to": "two"} if kept else None
        )

    @pytest.mark.parametrize(("astray", "kept"), [(1, True), (3, False)])
    def test_slow_stretches_with_a_word_of_their_own_are_explained(self, astray, kept):
        slow = np.arange(100, 120)
        code = np.zeros(N)
        code[slow - 1] = 2.0
        code[slow[:astray] - 1] = 1.0
        words = {"phase": ("train", "rest", "evaluate")}
        run = run_of({"loss": LOSS, "phase": code}, STEP, START + np.cumsum(noisy()), texts=words)
        setting = longer_there(run, slow, np.arange(200, 300))
        assert (setting is not None) is kept
        assert setting is None or setting.words() == "phase went from train to evaluate"


class TestWorth:
    @pytest.mark.parametrize(
        ("make", "knobs", "expected"),
        [
            # 200 of 600 steps, 20 % slower: 7.7 % of the run, and five minutes from 6 s a step on; nobody logs a speed
            (
                lambda s: run_of(
                    {"loss": LOSS}, STEP, START + s * np.cumsum(np.where((STEP > 200) & (STEP <= 400), 1.25, 1.0))
                ),
                (0.1, 5.9, 6.1),
                "iiw",
            ),
            # 400 of 600 steps at half the speed: five minutes are, whatever share they are
            (
                lambda s: run_of({"loss": LOSS}, STEP, START + s * np.cumsum(np.where(STEP > 200, 2.0, 1.0))),
                (0.1, 0.74, 0.78),
                "iiw",
            ),
            # the same where tokens are counted: somebody asks for speed
            (
                lambda s: run_of(
                    {"loss": LOSS, "consumed_tokens": STEP * 4096.0},
                    STEP,
                    START + s * np.cumsum(np.where((STEP > 200) & (STEP <= 400), 1.25, 1.0)),
                ),
                (0.1, 2.0),
                "ww",
            ),
            # nor is it petty where evaluation alone logs its rate; the clock tells that of training
            (
                lambda s: run_of(
                    {"loss": LOSS, "eval/samples_per_second": np.where(STEP % 50, np.nan, 90.0)},
                    STEP,
                    START + s * np.cumsum(np.where((STEP > 200) & (STEP <= 400), 1.25, 1.0)),
                ),
                (0.1, 2.0),
                "ww",
            ),
            # 60 of 600 steps, 5 % slower: half a percent; nobody logs a speed and it is over: it may cost an hour
            (
                lambda s: run_of(
                    {"loss": LOSS}, STEP, START + s * np.cumsum(np.where((STEP > 300) & (STEP <= 360), 1.05, 1.0))
                ),
                (21.0, 1150.0, 1250.0),
                "iiw",
            ),
            # the same beside a rate: a minute, and half a percent
            (
                lambda s: logged(s * np.where((STEP > 300) & (STEP <= 360), 1.05, 1.0)),
                (1.0, 19.0, 21.0),
                "iiw",
            ),
            # 9 % slower for 150 and for 190 of 600 steps of 30 s: 2.2 and 2.8 % of the run, 400 and 510 s
            (
                lambda n: run_of(
                    {"loss": LOSS}, STEP, START + 30 * np.cumsum(np.where((STEP > 300) & (STEP - n <= 300), 1.09, 1.0))
                ),
                (150, 190),
                "iw",
            ),
            # the same on eight GPUs, for 5.5 minutes of steps: eight hours of them are worth a word
            (
                lambda s: run_of(
                    {"loss": LOSS},
                    STEP,
                    START + s * np.cumsum(np.where((STEP > 300) & (STEP <= 400), 1.1, 1.0)),
                    hardware_count=8,
                ),
                (355.0, 375.0),
                "iw",
            ),
        ],
    )
    def test_each_side_of_the_edge(self, make, knobs, expected):
        assert marks(ThroughputDrop(), make, knobs) == expected

    @pytest.mark.parametrize("share", [0.025, 0.03])
    def test_two_and_a_half_percent_for_half_of_a_short_run_is_found(self, share):
        hits = [findings(ThroughputDrop(), logged(half_slower(1 / (1 - share)))) for _ in range(1)]
        assert all(len(found) == 1 and abs(found[0].steps[0] - 301) <= 10 for found in hits)

    @pytest.mark.parametrize("n", [600, 2000, 6000])
    def test_a_dip_that_is_over_is_said(self, n):
        took = noisy(n, size=0.02)
        at, width = n // 2, max(25, n // 24)
        width = min(width, 85)
        took[at : at + width] /= 0.6
        run = run_of({"loss": np.ones(n)}, np.arange(1, n + 1), START + np.cumsum(took))
        (found,) = findings(ThroughputDrop(), run)
        assert found.severity is Severity.INFO and abs(found.steps[0] - at - 1) <= 2
        assert found.evidence["recovered"]

    def test_a_dip_of_one_percent_of_a_long_run_is_found(self):
        took = noisy(100_000, size=0.02)
        took[50_000:51_000] /= 0.4
        run = run_of({"loss": np.ones(100_000)}, np.arange(1, 100_001), START + np.cumsum(took))
        (found,) = findings(ThroughputDrop(), run)
        assert found.severity is Severity.WARNING and abs(found.steps[0] - 50_001) <= 5

    @pytest.mark.parametrize("n", [1000, 4000, 6000, 20_000, 300_000])
    def test_the_delay_does_not_grow_with_the_history(self, n):
        took = noisy(n, size=0.02, length=40.0)
        took[-200:] /= 0.9
        run = run_of({"loss": np.ones(n)}, np.arange(1, n + 1), START + np.cumsum(took))
        (found,) = findings(ThroughputDrop(), run)
        assert found.severity is Severity.WARNING and abs(found.steps[0] - (n - 199)) <= 5

    def test_no_loss_is_longer_than_it_lasted(self):
        took = noisy(length=1.0)
        rate = 1.0 / took
        rate[::10] /= 50.0  # what is logged is one slow step, where the clock says that the others were not
        run = logged(took, np.nan, tokens_per_sec=rate)
        for rule in (ThroughputDrop(), RecurringDips(), Stall()):
            for found in findings(rule, run):
                assert found.evidence["hours_lost"] <= took.sum() / 3600, found.message

    def test_no_message_says_nan(self):
        for seed in range(30):
            rng = np.random.default_rng(seed)
            took = noisy(8000, seed, 0.02, 0.03)
            for at in rng.integers(0, 7000, 5):
                took[at : at + rng.integers(1, 700)] *= rng.uniform(1.0, 2.0)
            run = run_of({"loss": np.ones(8000)}, np.arange(1, 8001), START + np.cumsum(took))
            for rule in (ThroughputDrop(), ThroughputDrift(), RecurringDips(), Stall()):
                assert all("nan" not in f.message for f in findings(rule, run)), seed
