"""LR001: what schedules do by themselves is silent; what breaks them is told, once."""

from dataclasses import replace

import numpy as np
import pytest

from runlens.model import Severity
from runlens.rules.resume.resume_break import ResumeBroken
from runlens.rules.schedule.schedule_break import ScheduleBreak
from tests.rules.saying import START, run_of
from tests.synthetic.training import PEAK, STEPS, cosine, healthy, resume

T = np.arange(STEPS, dtype=np.float64)
WARM = np.minimum((T + 1) / 50, 1.0)


def said(rate, every=1, **columns):
    made = healthy(1, len(rate), every, rate=np.asarray(rate, float))
    made.update(columns)
    return list(ScheduleBreak().check(made.run()))


def wsd(n=STEPS):
    t = np.arange(n)
    return PEAK * np.minimum((t + 1) / 50, 1) * np.clip((n - t) / (0.2 * n), 0.0, 1)


SCHEDULES = {
    "constant": np.full(STEPS, PEAK),
    "warm-up and constant": PEAK * WARM,
    "cosine to a tenth": cosine(STEPS),
    "cosine to zero": cosine(STEPS, floor=0.0),
    "cosine, then its floor for half of the run": np.concatenate([cosine(800), np.full(800, PEAK / 10)]),
    "linear to zero": PEAK * WARM * (1 - T / STEPS),
    "inverse square root": PEAK * np.minimum((T + 1) / 50, np.sqrt(50 / (T + 1))),
    "warmup-stable-decay": wsd(),
    "steps down": PEAK * 0.1 ** (T // 400),
    "one step down, as people do by hand": PEAK * np.where(T < 700, 1.0, 0.3),
    "exponential": PEAK * 0.995**T,
    "one-cycle": PEAK * np.interp(T, [0, 480, 1440, 1600], [0.04, 1.0, 0.04, 1e-5]),
    "triangular": PEAK * (0.1 + 0.9 * np.abs(1 - (T % 400) / 200)),
    "square": PEAK * np.where(T % 200 < 100, 1.0, 0.1),
    "SGDR, four cycles": np.tile(cosine(400, warm=1, floor=0.0), 4),
    "SGDR, cycles that double": np.concatenate([cosine(n, warm=1, floor=0.0) for n in (50, 100, 200, 400, 850)]),
    "jagged cosine of ReLoRA": cosine(STEPS) * np.minimum((T % 200 + 1) / 10, 1.0),
    "constant warm-up at a hundredth": PEAK * np.where(T < 80, 0.01, 1.0),
    "warm-up in five steps": PEAK * np.minimum(np.floor(T / 50 + 1) / 5, 1.0),
    "rounded to one digit": np.round(cosine(STEPS, floor=0.0), 4),
    "rounded to two digits": np.round(cosine(STEPS, floor=0.0), 5),
    "not logged everywhere": np.where(T % 7 == 0, cosine(STEPS), np.nan),
}


@pytest.mark.parametrize("rate", SCHEDULES.values(), ids=SCHEDULES)
@pytest.mark.parametrize("thin", [1, 10, 25])
def test_schedules_are_silent(rate, thin):
    assert said(rate[::thin], every=thin) == []


@pytest.mark.parametrize("cycles", [2, 3])
@pytest.mark.parametrize("floor", [0.0, 0.1])
def test_warm_restarts_are_at_most_info(cycles, floor):
    found = said(np.concatenate([cosine(STEPS // cycles, floor=floor)] * cycles))
    assert {f.severity for f in found} <= {Severity.INFO}
    assert [f.steps[0] for f in found] == [STEPS // cycles * k for k in range(1, cycles)]


@pytest.mark.parametrize(
    ("at", "to", "severity"),
    [
        (0.5, 1.0, "warning"),  # from half of the peak, in mid-descent
        (0.7, 1.0, "info"),  # from a fifth
        (0.6, 1.0, "warning"),
        (0.5, 0.76, "warning"),
        (0.5, 0.74, None),  # by less than half as much again it is no jump
        (0.62, 0.74, "info"),  # to less than the peak
    ],
)
def test_a_restart_in_the_middle_of_a_descent_was_not_planned(at, to, severity):
    first = cosine(STEPS, warm=1, floor=0.0)[: int(at * STEPS)]
    rest = STEPS - len(first)
    rate = np.concatenate([first, to * cosine(rest, warm=1, floor=0.0)])
    assert [f.severity for f in said(rate)] == ([Severity(severity)] if severity else [])


def test_a_restart_from_a_level_may_have_been_set_by_hand():
    found = said(PEAK * np.where((T > 500) & (T < 900), 0.5, 1.0))
    assert {f.severity for f in found} <= {Severity.INFO}


@pytest.mark.parametrize(("lower", "severity"), [(0.35, "info"), (0.45, "info"), (0.12, "warning")])
def test_a_schedule_that_ends_and_the_next_one_are_no_dip_of_the_rate(lower, severity):
    """A second round of training at a lower peak, every fiftieth step logged, and a rate that is knocked out."""
    first = PEAK * 0.5 * (1 + np.cos(np.pi * np.linspace(0, 1, 10)))
    second = lower * PEAK * 0.5 * (1 + np.cos(np.pi * np.linspace(0.02, 1, 21)))
    if severity == "warning":  # no round: the cosine goes on, and one point of it is lost
        first, second = cosine(30, floor=0.0)[:14], cosine(30, floor=0.0)[15:]
        first = np.append(first, 1e-9)
    found = said(np.concatenate([first, second]), every=50)
    assert [f.severity for f in found] == [Severity(severity)]


def changed(first, last, times, base=None):
    rate = cosine(STEPS) if base is None else base.copy()
    rate[first:last] *= times
    return rate


BROKEN = [
    ("thirty times for twelve steps", changed(900, 912, 30.0), (900, 911), "bump", "warning"),
    ("thirty times for one step", changed(900, 901, 30.0), (900, 900), "bump", "warning"),
    ("a tenth for fifty steps", changed(700, 750, 0.1), (700, 749), "dip", "warning"),
    ("no rate for ten steps", changed(700, 710, 0.0), (700, 709), "dip", "warning"),
    ("no rate for a hundred steps", changed(700, 800, 0.0), (700, 799), "zero", "warning"),
    ("ten times and on", changed(900, STEPS, 10.0, np.full(STEPS, PEAK)), (900, STEPS - 1), "raised", "warning"),
    ("no rate from two thirds on", changed(1060, STEPS, 0.0), (1060, STEPS - 1), "zero", "error"),
    ("linear to zero too early", PEAK * WARM * np.maximum(1 - T / 1200, 0), (1200, STEPS - 1), "zero", "error"),
    ("cosine to zero too early", np.append(cosine(1400, floor=0), np.zeros(200)), (1400, STEPS - 1), "zero", "error"),
    ("none at all", np.zeros(STEPS), (0, STEPS - 1), "zero", "error"),
    ("warmed up again", cosine(STEPS) * np.clip((T - 800) / 60, T < 800, 1), (800, 842), "rewarmed", "warning"),
]


@pytest.mark.parametrize(("rate", "steps", "kind", "severity"), [b[1:] for b in BROKEN], ids=[b[0] for b in BROKEN])
def test_breaks_are_found_with_their_steps(rate, steps, kind, severity):
    flat = np.full(STEPS, 8.0)
    (found,) = said(rate, loss=flat)
    assert (found.evidence["kind"], found.severity) == (kind, severity)
    assert abs(found.steps[0] - steps[0]) <= 2
    assert abs(found.steps[1] - steps[1]) <= 2
    assert f"{found.steps[0]:,}" in found.message


def test_a_break_in_a_sparse_log_is_found():
    (found,) = said(changed(900, 960, 30.0)[::20], every=20)
    assert found.steps == (900, 940)


def test_a_rate_of_zero_under_a_falling_loss_is_a_matter_of_the_log():
    (found,) = said(np.zeros(STEPS))
    assert found.severity is Severity.INFO
    assert "the loss falls all the same" in found.message


def lost_at_a_resume(rate_after):
    columns = healthy(3)
    columns["lr"][1000:] = rate_after
    return resume(columns, 1100, 1000, lost=True)


def resume_break(run):
    """What RES001 says; LR001 leaves a schedule that was not restored to it."""
    assert list(ScheduleBreak().check(run)) == []
    return list(ResumeBroken().check(run))


def test_a_warm_up_that_starts_over_at_a_resume():
    (found,) = resume_break(lost_at_a_resume(cosine(STEPS)[1000:] * np.minimum(T[:600] / 60, 1)).run())
    assert found.severity is Severity.WARNING
    assert found.steps[0] == 1000
    assert "warmed up again" in found.message


@pytest.mark.parametrize("rate", [cosine(STEPS)[50:650], cosine(STEPS)[:600]], ids=["at the peak", "from the start"])
def test_a_schedule_that_starts_over_at_a_resume(rate):
    (found,) = resume_break(lost_at_a_resume(rate).run())
    assert (found.severity, found.evidence["not_restored"], found.steps[0]) == (Severity.WARNING, ["schedule"], 1000)


def made_longer(end, again):
    """A rate that came down to a share of its peak, and goes on from a start that the log records at another."""
    lr = 3e-4 * np.concatenate([np.linspace(1.0, end, 500), np.linspace(again, 0.5 * again, 500)])
    loss = 2.0 + np.exp(-np.arange(1000) / 300)
    return run_of({"lr": lr, "train_loss": loss}, starts=(START - 1.0, START + 499.5))


@pytest.mark.parametrize(
    ("end", "again", "severity"), [(0.04, 0.5, "info"), (0.06, 0.5, "warning"), (0.01, 1.05, "info")]
)
def test_a_run_that_is_made_longer_after_its_schedule_had_ended(end, again, severity):
    run = made_longer(end, again)
    (resumed,), broken = ResumeBroken().check(run), list(ScheduleBreak().check(run))
    assert str(resumed.severity) == severity and all(str(one.severity) == severity for one in broken)
    longer = severity == "info"
    assert ("the run was made longer" in resumed.message) == longer
    assert (resumed.evidence["not_restored"] == []) == longer


@pytest.mark.parametrize("again", [1.0, 1.2])
def test_a_rate_above_all_that_it_had_been_is_no_longer_run(again):
    (one,) = ResumeBroken().check(made_longer(0.01, again))
    assert ("made longer" in one.message) == (again == 1.0)


def test_a_resume_that_restores_the_schedule_or_lowers_the_rate_is_silent():
    assert list(ScheduleBreak().check(resume(healthy(4), 1100, 1000).run())) == []
    assert list(ScheduleBreak().check(lost_at_a_resume(0.5 * cosine(STEPS)[1000:]).run())) == []
    ended = resume(healthy(5), 1100, 1000)
    early = type(ended)({k: v[:1150] for k, v in ended.items()})
    early["lr"][1100:] *= 0.5
    assert list(ScheduleBreak().check(early.run())) == [], "what the first attempt reached beyond is no schedule"


def test_a_start_that_the_log_records_is_a_resume():
    columns = healthy(6, rate=np.concatenate([cosine(STEPS)[:1000], cosine(STEPS)[50:650]]))
    run = replace(columns.run(), starts=(float(columns["time"][0]), float(columns["time"][1000]) - 0.1))
    (found,) = resume_break(run)
    assert (found.severity, found.evidence["not_restored"]) == (Severity.WARNING, ["schedule"])


def test_parameter_groups_that_break_together_are_one_finding_and_a_few_are_info():
    def grouped(*broken):
        made = healthy(7)
        del made["lr"]
        for k in range(4):
            made[f"lr/group_{k}"] = (0.1 + k) * (changed(900, 912, 30.0) if k in broken else cosine(STEPS))
        return list(ScheduleBreak().check(made.run()))

    assert grouped() == []
    (together,) = grouped(0, 1, 2, 3)
    assert (together.severity, len(together.evidence["groups"])) == (Severity.WARNING, 4)
    (one,) = grouped(3)
    assert (one.severity, one.evidence["groups"]) == (Severity.INFO, ["lr/group_3"])
    assert "in 1 of 4 parameter groups" in one.message


def test_too_few_points_are_no_schedule():
    made = healthy(8, 6)
    (skip,) = ScheduleBreak().check(made.run())
    assert "fewer than 8" in skip.reason


@pytest.mark.parametrize("times", [1.8, 2.0, 3.0])
def test_a_schedule_that_is_stepped_too_often_climbs_again(times):
    rate = PEAK * 0.5 * (1 + np.cos(np.pi * times * T / STEPS))
    found = [f for f in said(rate) if f.severity is not Severity.INFO]
    assert [f.evidence["kind"] for f in found] == ["climbs"] * (times <= 2.0)


@pytest.mark.parametrize(("low", "end", "found"), [(0.09, 0.4, True), (0.11, 0.4, False), (0.05, 0.25, False)])
def test_a_climb_has_a_valley_and_an_end(low, end, found):
    rate = PEAK * np.interp(T, [0, 800, STEPS], [1.0, low, end])
    assert bool(said(rate)) == found


@pytest.mark.parametrize(
    ("halves", "low", "stops", "found"),
    [
        (4, 0.0, 1.0, True),  # a scheduler that four processes step
        (4, 0.01, 1.0, False),  # a floor: a cyclic schedule
        (4, 0.0, 0.9, False),  # it ends on its way down or up
        (3, 0.0, 1.0, False),  # it ends at zero
        (6, 0.0, 1.0, True),
        (8, 0.0, 1.0, False),  # an eighth of the log is no climb
    ],
)
def test_a_cosine_that_is_stepped_too_often_ends_at_its_peak(halves, low, stops, found):
    rate = PEAK * np.maximum(0.5 * (1 + np.cos(np.pi * halves * stops * T / (STEPS - 1))), low)
    told = said(rate)
    assert ("climbs" in [f.evidence["kind"] for f in told]) == found
    assert (Severity.WARNING in {f.severity for f in told}) == found


@pytest.mark.parametrize("width", [150, 170, 600])
def test_a_raise_that_is_undone_does_not_stay(width):
    found = said(changed(700, 700 + width, 100.0))
    assert [f.steps for f in found] == [(700, 699 + width)] and "stays" not in found[0].message


def test_three_jumps_to_one_peak_are_restarts():
    told = []
    for places in ([900], [900, 1100], [900, 1100, 1300]):
        rate = cosine(STEPS)
        for at in places:
            rate[at : at + 5] = rate.max()
        told.append(len(said(rate)))
    assert told == [1, 2, 0]


@pytest.mark.parametrize(("missing", "found"), [(0, 1), (9, 1), (10, 0), (300, 0)])
def test_a_rise_across_missing_steps_is_the_schedules_own(missing, found):
    rate = np.full(STEPS, PEAK)
    rate[700:] *= 3.0
    rate[700 : 700 + missing] = np.nan
    assert len(said(rate)) == found
