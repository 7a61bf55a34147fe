from __future__ import annotations

import math
import tomllib
from pathlib import Path

import numpy as np
import pytest

from runlens import roles
from runlens.model import Finding, Note, RoleSeries, Run, Series, Severity, Skip
from runlens.rules.log.clock_jump import ClockJump
from runlens.rules.log.restart import Restart
from runlens.rules.log.stale import StaleRun
from runlens.rules.log.step_gap import StepGap
from runlens.rules.log.unreadable import UnreadableData
from runlens.sources import discover, read

FIXTURES = Path(__file__).parents[2] / "fixtures" / "rules"
RULES = {rule.code: rule for rule in (UnreadableData, Restart, StepGap, StaleRun, ClockJump)}


def run(step, time=None, tokens_per_step=None, notes=(), **about):
    step = np.asarray(step, dtype=np.int64)
    time = np.full(len(step), np.nan) if time is None else np.asarray(time, dtype=np.float64)
    loss = Series("loss", step, time, np.full(len(step), 2.0))
    resolved = {"train_loss": (RoleSeries("train_loss", loss, "nats"),)} if len(step) else {}
    if tokens_per_step:
        tokens = Series("tokens", step, time, (step + 1.0) * tokens_per_step)
        resolved["tokens"] = (RoleSeries("tokens", tokens, "tokens"),)
    return Run("r", "r", "r", roles=resolved, notes=notes, **about)


def attempts(*spans, every=1, seconds=1.0, between=60.0):
    """Steps and times of attempts one after another."""
    step, time, now = [], [], 1.7e9
    for first, last in spans:
        mine = np.arange(first, last + 1, every)
        step.append(mine)
        time.append(now + (mine - first) * seconds)
        now = time[-1][-1] + between
    return np.concatenate(step), np.concatenate(time)


def findings(rule, what):
    return [f for f in rule.check(what) if isinstance(f, Finding)]


def skips(rule, what):
    return [s for s in rule.check(what) if isinstance(s, Skip)]


@pytest.mark.parametrize("code", sorted(RULES))
def test_the_bad_run_is_found_and_the_good_one_is_not(code):
    own = FIXTURES / code / "runlens.toml"
    rule = RULES[code](**(tomllib.loads(own.read_text())["rules"][code] if own.exists() else {}))
    judged = {
        kind: findings(rule, roles.resolve(read(discover(str(FIXTURES / code / f"{kind}.jsonl"))[0])))
        for kind in ("bad", "good")
    }
    assert [f.code for f in judged["bad"] if f.severity == "warning"] == [code]
    assert [f for f in judged["good"] if f.severity != "info"] == []


# LOG001


def note(kind="damaged", records=3, unread=100, total=100_000):
    return Note(kind, "3 records are gone", records, unread, total)


@pytest.mark.parametrize(
    ("what", "severity"),
    [
        (note(), "warning"),
        (note(unread=4_999), "warning"),
        (note(unread=5_000), "error"),
        (note("truncated", 0, 0, 0), "warning"),
        (note("left-out", 50, 0, 0), "warning"),
        (note("unsupported", 2, 0, 0), "info"),
    ],
)
def test_each_note_is_a_finding_as_severe_as_its_share(what, severity):
    (found,) = findings(UnreadableData(), run([0, 1], notes=(what,)))
    assert (found.severity, found.steps) == (severity, None)
    assert found.evidence["records"] == what.records
    assert found.evidence["share"] == (what.bytes_unread / what.bytes_total if what.bytes_total else 0)
    assert found.help


def test_a_whole_log_has_no_finding_and_is_judged():
    assert list(UnreadableData().check(run([]))) == []


# LOG002


def test_a_resume_says_what_was_redone():
    step, time = attempts((0, 1529), (1400, 2599), seconds=2.0)
    (found,) = findings(Restart(), run(step, time, tokens_per_step=1000))
    assert (found.severity, found.steps, found.metric) == ("info", (1400, 1529), "loss")
    assert found.evidence["redone_steps"] == 130
    assert found.evidence["redone_tokens"] == pytest.approx(130_000)
    assert found.evidence["redone_hours"] == pytest.approx(129 * 2 / 3600)
    assert found.evidence["down_hours"] == pytest.approx(60 / 3600)
    assert "130 steps" in found.message and "130,000 tokens" in found.message and "4.3 min" in found.message


def test_without_times_and_tokens_the_steps_are_told():
    (found,) = findings(Restart(), run(attempts((0, 99), (50, 150))[0]))
    assert found.evidence["redone_hours"] is None
    assert found.evidence["redone_tokens"] is None
    assert "nan" not in found.message


def test_a_resume_on_another_lattice_is_seen():
    step = np.concatenate([np.arange(0, 500, 10), np.arange(405, 900, 10)])
    (found,) = findings(Restart(), run(step))
    assert found.steps == (405, 490)


def test_a_restart_from_nothing():
    (found,) = findings(Restart(), run(*attempts((0, 300), (0, 1000))))
    assert found.steps == (0, 300)


@pytest.mark.parametrize("step", [[0, 1, 3, 2, 4, 5], [0, 10, 20, 15, 30, 40], [5, 5, 5, 6], [], [1]])
def test_points_out_of_order_repeats_and_short_logs_are_no_restart(step):
    assert findings(Restart(), run(step)) == []


def test_every_restart_is_told_once():
    step, time = attempts((0, 1000), (990, 2000), (1990, 3000), (2990, 4000))
    found = findings(Restart(), run(step, time))
    assert [f.steps for f in found] == [(990, 1000), (1990, 2000), (2990, 3000)]
    assert {f.severity.value for f in found} == {"info"}
    assert "restart 2 of 3" in found[1].message


def test_restarts_that_redo_more_than_a_tenth_are_a_warning():
    step, time = attempts((0, 1000), (800, 2000), (1800, 3000), (2800, 4000))
    found = findings(Restart(), run(step, time))
    (warning,) = [f for f in found if f.severity == "warning"]
    assert warning.steps == (800, 3000)
    assert warning.evidence["redone_steps"] == 603
    assert warning.evidence["redone_share"] == pytest.approx(603 / 4604)
    assert len(found) == 4


def test_two_restarts_are_no_pattern():
    step, time = attempts((0, 1000), (500, 1500), (1000, 1600))
    assert {f.severity.value for f in findings(Restart(), run(step, time))} == {"info"}


def test_a_crash_loop_is_a_warning_even_if_it_costs_little():
    step, time = attempts((0, 10_000), (9_990, 9_999), (9_990, 9_998), (9_990, 10_000), (9_990, 20_000))
    (warning,) = [f for f in findings(Restart(), run(step, time)) if f.severity == "warning"]
    assert warning.steps == (9_990, 10_000)
    assert warning.evidence["stuck"] == 3
    assert "crash loop" in warning.message


@pytest.mark.parametrize(("begins", "severity"), [(0, "info"), (47, "info"), (49, "warning")])
def test_trainings_that_begin_close_to_the_first_step_are_other_runs(begins, severity):
    """A log that is appended to holds one training after another, or launches from one early checkpoint."""
    step, time = attempts((0, 500), (begins, 480), (begins, 600), (begins, 490))
    told = [f for f in findings(Restart(), run(step, time)) if "redid" in f.message]
    assert [f.severity.value for f in told] == [severity]
    assert ("other runs in the same log" in told[0].message) == (severity == "info")
    assert ("close to the first step" in told[0].message) == (begins == 47)


@pytest.mark.parametrize(("late", "severity"), [(1, "info"), (2, "warning")])
def test_one_in_five_of_them_may_be_a_resume(late, severity):
    step, time = attempts((0, 500), *[(0, 500)] * (5 - late), *[(200, 500)] * late)
    (told,) = [f for f in findings(Restart(), run(step, time)) if "redid" in f.message]
    assert told.severity.value == severity and ("nearly all began again" in told.message) == (severity == "info")


def test_hundreds_of_restarts_do_not_flood_the_report():
    step, time = attempts(*((100 * i, 100 * i + 110) for i in range(300)))
    (found,) = findings(Restart(), run(step, time))
    assert found.severity is Severity.INFO and found.evidence["restarts"] == 299
    assert "299 times" in found.message


@pytest.mark.parametrize(("restarts", "expected"), [(1, 1), (3, 3), (4, 1), (29, 1)])
def test_a_few_restarts_are_told_one_by_one_and_many_as_one(restarts, expected):
    step, time = attempts(*((1000 * i, 1000 * i + 1010) for i in range(restarts + 1)))
    assert len(findings(Restart(), run(step, time))) == expected


def test_two_writers_at_once_are_no_resume():
    step = np.concatenate([np.arange(1000), np.arange(1000)])
    time = 1.7e9 + np.concatenate([np.arange(1000.0), np.arange(1000.0) + 0.5])
    (found,) = findings(Restart(), run(step, time))
    assert found.severity == "warning"
    assert "no resume" in found.message
    assert found.evidence["writers"] == 2


def test_a_start_without_a_step_done_twice_is_told():
    step, time = attempts((0, 500), (501, 1000))
    (found,) = findings(Restart(), run(step, time, starts=(1.7e9 - 5, 1.7e9 + 555)))
    assert (found.severity, found.steps, found.evidence["redone_steps"]) == ("info", (501, 501), 0)


def test_a_start_that_is_a_restart_is_told_once():
    step, time = attempts((0, 500), (450, 1000))
    assert len(findings(Restart(), run(step, time, starts=(1.7e9 - 5, 1.7e9 + 550)))) == 1


# LOG003


def test_a_hole_in_the_steps_is_found():
    step = np.concatenate([np.arange(0, 5000, 10), np.arange(7000, 12_000, 10)])
    (found,) = findings(StepGap(), run(step, 1.7e9 + step))
    assert (found.severity, found.steps) == ("warning", (4990, 7000))
    assert found.evidence["missing_points"] == 200


@pytest.mark.parametrize(
    ("times", "severity"), [(0.0, "info"), (0.49, "info"), (0.51, "warning"), (2.99, "warning"), (3.01, "info")]
)
def test_only_a_clock_says_that_the_steps_of_a_hole_were_trained(times, severity):
    step = np.concatenate([np.arange(0, 5000, 10), np.arange(7000, 12_000, 10)])
    time = 1.7e9 + step + np.where(step >= 7000, 2010 * (times - 1.0), 0.0)
    (found,) = findings(StepGap(), run(step, time))
    assert found.severity == severity and ("by the clock" in found.message) is (severity == "info")
    (found,) = findings(StepGap(), run(step))
    assert found.severity == "info" and "no clock says" in found.message


def test_a_small_hole_is_info_and_a_few_points_are_nothing():
    step = np.arange(0, 100_000, 10)
    small = run(np.delete(step, np.arange(5000, 5030)))
    assert [f.severity.value for f in findings(StepGap(), small)] == ["info"]
    assert findings(StepGap(), run(np.delete(step, np.arange(5000, 5009)))) == []


@pytest.mark.parametrize("seed", range(20))
def test_sampled_and_jittered_steps_have_no_gap(seed):
    rng = np.random.default_rng(seed)
    sampled = np.sort(rng.choice(1_000_000, 500, replace=False))
    assert findings(StepGap(), run(sampled)) == []
    assert findings(StepGap(), run(np.cumsum(rng.integers(1, 20, 3000)))) == []


def test_a_new_logging_interval_is_no_gap():
    step = np.concatenate([np.arange(10), np.arange(10, 100, 10), np.arange(100, 20_000, 500)])
    assert findings(StepGap(), run(step)) == []


def test_steps_that_another_training_metric_has_are_not_missing():
    step = np.arange(0, 10_000, 10)
    both = run(step, tokens_per_step=100)
    half = both.roles["train_loss"][0].series.take((step < 3000) | (step > 6000))
    gone = Run("r", "r", "r", roles=dict(both.roles) | {"train_loss": (RoleSeries("train_loss", half, "nats"),)})
    assert findings(StepGap(), gone) == []


def test_too_few_steps_are_said():
    assert "too few" in skips(StepGap(), run([1, 2, 3]))[0].reason


# LOG004


def stale(age, state="running", seconds=10.0, **settings):
    step, time = attempts((0, 500), seconds=seconds)
    return StaleRun(**settings), run(step, time, state=state, read_at=float(time[-1]) + age)


def test_silence_beyond_the_cadence_is_found():
    (found,) = findings(*stale(601))
    assert (found.severity, found.steps) == ("warning", (500, 500))
    assert found.evidence["age_s"] == pytest.approx(601)
    assert found.evidence["limit_s"] == 600
    assert findings(*stale(599)) == []


@pytest.mark.parametrize(("age", "said"), [(660, "11 minutes"), (8 * 3600, "8 hours"), (4.25 * 86400, "4.25 days")])
def test_a_long_silence_is_told_in_a_unit_that_fits(age, said):
    (found,) = findings(*stale(age))
    assert f"for {said} after step 500" in found.message


def test_a_slow_run_has_a_longer_limit():
    assert findings(*stale(3000, seconds=120)) == []
    assert findings(*stale(3700, seconds=120)) != []


def test_a_run_that_makes_long_pauses_has_a_longer_limit():
    step, time = np.arange(500), 1.7e9 + np.arange(500) * 5.0 + (np.arange(500) >= 250) * 900
    assert findings(StaleRun(), run(step, time, state="running", read_at=time[-1] + 2700)) == []
    assert findings(StaleRun(), run(step, time, state="running", read_at=time[-1] + 2800)) != []


def test_the_night_between_two_attempts_is_no_pause_of_the_run():
    step, time = attempts((0, 100), (90, 500), seconds=5.0, between=50_000)
    assert findings(StaleRun(), run(step, time, state="running", read_at=time[-1] + 700)) != []


@pytest.mark.parametrize(("state", "said"), [("finished", "ended"), ("crashed", "ended"), ("unknown", "live = true")])
def test_what_is_not_known_to_go_on_is_not_judged(state, said):
    assert said in skips(*stale(1e6, state))[0].reason


def test_the_user_can_say_that_it_goes_on_and_when_to_judge():
    assert findings(*stale(1e6, "unknown", live=True)) != []
    assert findings(*stale(1e6, "unknown", live=True, as_of=1.7e9 + 5100)) == []


def test_without_times_nothing_is_judged():
    assert "wall times" in skips(StaleRun(live=True), run([1, 2, 3, 4]))[0].reason


# LOG005


def clock(change, **about):
    time = 1.7e9 + np.arange(1000.0)
    for at, seconds in change:
        time[at:] += seconds
    return run(np.arange(1000), time, **about)


@pytest.mark.parametrize(("seconds", "severity"), [(-3.5, "info"), (-59, "info"), (-62, "warning"), (-3601, "warning")])
def test_a_clock_that_goes_back(seconds, severity):
    (found,) = findings(ClockJump(), clock([(500, seconds)]))
    assert (found.severity, found.steps) == (severity, (499, 500))
    assert found.evidence["largest_s"] == pytest.approx(-seconds - 1)


@pytest.mark.parametrize("seconds", [-1.5, 0, 3600, 86400 * 30])
def test_small_reorderings_and_pauses_are_no_jump(seconds):
    assert findings(ClockJump(), clock([(500, seconds)])) == []


def test_a_log_that_is_taken_up_years_later_did_not_leap():
    assert findings(ClockJump(), clock([(500, 4e7)])) == []


def test_a_leap_of_a_clock_that_was_not_set_or_into_the_future():
    unset = clock([])
    unset.roles["train_loss"][0].series.time[:500] -= 1.6e9
    (found,) = findings(ClockJump(), unset)
    assert (found.evidence["direction"], found.severity) == ("ahead", "warning")
    assert findings(ClockJump(), clock([(500, 2e5)], read_at=1.7e9 + 1000))[0].evidence["direction"] == "ahead"


def test_all_jumps_back_are_one_finding():
    (found,) = findings(ClockJump(), clock([(200, -10), (500, -100), (700, -20)]))
    assert found.steps == (199, 700)
    assert found.evidence["jumps"] == 3
    assert "up to 99.0 s" in found.message


def test_attempts_on_hosts_with_other_clocks_are_no_jump():
    step, time = attempts((0, 500), (400, 900), between=-30.0)
    assert findings(ClockJump(), run(step, time)) == []


def test_unknown_times_are_passed_over_and_none_at_all_is_said():
    what = clock([])
    what.roles["train_loss"][0].series.time[::2] = math.nan
    assert findings(ClockJump(), what) == []
    assert "no wall times" in skips(ClockJump(), run([1, 2, 3]))[0].reason
