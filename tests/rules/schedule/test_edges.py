"""LR001 just below and just above each limit: `.` silent, `-` skipped, `i`nfo, `w`arning, `e`rror."""

from dataclasses import replace

import numpy as np
import pytest

from runlens.rules.resume.parts.rate import schedule_ended
from runlens.rules.resume.resume_break import ResumeBroken
from runlens.rules.schedule.schedule_break import ScheduleBreak
from runlens.stats.changes import breaks as module
from runlens.stats.changes.breaks import breaks
from tests.rules.saying import START, mark, marks, run_of

N = 400


def changed(*parts, n=N):
    """A warm-up and a cosine, with a factor from one point to another for each (first, points, factor)."""
    t = np.arange(n)
    rate = np.minimum((t + 1) / 20, 1.0) * (0.1 + 0.9 * 0.5 * (1 + np.cos(np.pi * t / n)))
    for first, points, times in parts:
        rate[first : first + points] *= times
    return run_of({"lr": 3e-4 * rate, "loss": np.full(n, 3.0)})


def ended(points):
    """A rate that is zero for the last points."""
    return changed((N - points, points, 0.0))


def fallen(points):
    """A constant rate that is a fifth for so many points."""
    rate = np.full(N, 3e-4)
    rate[100 : 100 + points] *= 0.2
    return run_of({"lr": rate, "loss": np.full(N, 3.0)})


EDGES = [
    (ScheduleBreak(), ended, (8, 9, 20, 21), ".wwe"),  # 2 % of the run, and 5 %
    (ScheduleBreak(zero=0.05), ended, (20, 21), ".e"),
    (ScheduleBreak(lasting=0.2), ended, (80, 81), "we"),
    (ScheduleBreak(), fallen, (39, 40), "wi"),  # what comes back later starts over
    (ScheduleBreak(short=0.3), fallen, (119, 120), "wi"),
    (ScheduleBreak(), lambda times: changed((150, 10, times)), (1.4, 1.6, 0.7, 0.65), ".w.w"),
    (ScheduleBreak(), lambda count: changed(*[(60 * k + 60, 6, 3.0) for k in range(count)]), (1, 2, 3), "wW."),
    (ScheduleBreak(), lambda n: changed((4, 1, 4.0), n=n), (7, 8), "-."),
]


@pytest.mark.parametrize(("rule", "make", "knobs", "expected"), EDGES)
def test_each_side_of_the_edge(rule, make, knobs, expected):
    assert marks(rule, make, knobs) == expected


def test_a_rate_that_jumps_all_along_is_followed_for_its_first_jumps_alone(monkeypatch):
    rate = np.full(4000, 3e-4)
    rate[20::8] *= 3.0
    calls = []
    monkeypatch.setattr(module, "_up", lambda *parts: calls.append(parts))
    found = breaks(np.arange(4000), rate)
    assert 0 < len(calls) + len(found) <= module.MOST
    assert list(ScheduleBreak().check(run_of({"lr": rate, "loss": np.full(4000, 3.0)}))) == []


@pytest.mark.parametrize(("first", "says"), [(0.181e-3, "."), (0.195e-3, "."), (0.21e-3, "w")])
def test_a_warm_up_in_a_few_logged_points_is_no_jump(first, says):
    rate = np.array([first, 0.381e-3, 0.58e-3, 0.78e-3, 0.98e-3, *[1e-3] * 5])
    made = run_of({"lr": rate, "loss": np.full(10, 3.0)}, step=20 * np.arange(10) + 19)
    assert marks(ScheduleBreak(), lambda _: made, (0,)) == says


def test_resume_break_alone_tells_that_a_policy_was_trained_for_longer():
    # the rate of a policy came down to 2 % of its peak: no loss is logged to count the steps around the resume by
    step = 50_000 * np.arange(1, 201)
    rate = np.concatenate([np.linspace(1e-3, 2e-5, 20), np.linspace(9e-4, 1e-6, 180)])
    time = START + np.where(np.arange(200) < 20, 0.0, 2e5) + np.arange(200) * 100.0
    columns = {"Policy/Learning Rate": rate, "Environment/Cumulative Reward": np.linspace(-1.0, 1.0, 200)}
    run = replace(run_of(columns, step, time), starts=(START, START + 2e5 + 2000.0))
    assert mark(ResumeBroken(), run) == "i"
    assert mark(ScheduleBreak(), run) == "."


@pytest.mark.parametrize(
    ("before", "now", "ended"),
    [
        (np.linspace(0.95, 0.05, 10), 0.9, True),  # ten points of a line that ends
        (np.linspace(0.95, 0.12, 8), 0.9, False),
        (np.array([1.0, 1.0, 1.0, 0.1]), 0.9, False),  # a step down
        (np.linspace(1.0, 0.04, 4), 0.9, True),
        (np.linspace(0.95, 0.05, 10), 1.2, False),  # a new peak
    ],
)
def test_a_schedule_has_ended_where_its_line_comes_to_zero(before, now, ended):
    assert schedule_ended(before, now) is ended
