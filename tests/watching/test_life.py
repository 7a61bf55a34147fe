"""Whether a watched run goes on."""

import math
from dataclasses import replace

import numpy as np
import pytest

from runlens.model import Failure, Run, Series
from runlens.watching.life import LOOKS_GONE, SECONDS_GONE, UNKNOWN_GAP, Life, Lives, Watched
from tests.builders import finding, report
from tests.watching.world import START


def one(**fields):
    return report(**{"state": "unknown", **fields}) if "state" not in fields else replace(report(), **fields)


def run(newest, points=100, state="unknown"):
    step = np.arange(points)
    return Run(
        "r", "r", "logs/r", state, series={"loss": Series("loss", step, newest - (points - 1 - step), step * 1.0)}
    )


def lives(**fields):
    made = Lives(**fields)
    made.look([report()], START)
    return made


def test_a_state_that_the_source_tells_is_told_once():
    made = lives()
    assert [t.now for t in made.look([replace(report(), state="finished")], START + 60)] == [Life.FINISHED]
    assert made.look([replace(report(), state="finished")], START + 120) == [] and made.ended
    assert [t.now for t in made.look([replace(report(), state="running")], START + 180)] == [Life.GOING]


def test_the_end_of_one_leaves_the_others_alone():
    made = Lives()
    made.look([report(run="a"), report(run="b")], START)
    turns = made.look([replace(report(run="a"), state="crashed"), report(run="b")], START + 60)
    assert [(t.run, t.was, t.now) for t in turns] == [("a", Life.GOING, Life.CRASHED)] and not made.ended


def test_gone_takes_looks_and_time():
    made = lives()
    for look in range(1, 20):
        turns = made.look([], START + 30 * look)
        expected = look >= LOOKS_GONE and 30 * (look - 1) >= SECONDS_GONE
        assert (made.runs["r"].life is Life.GONE) == expected, look
        if turns:
            assert [t.now for t in turns] == [Life.GONE]
    slow = lives()
    for look in range(1, LOOKS_GONE):
        slow.look([], START + 3600 * look)
        assert slow.runs["r"].life is Life.GOING
    slow.look([], START + 3600 * LOOKS_GONE)
    assert slow.runs["r"].life is Life.GONE


def test_a_server_that_says_that_there_is_no_such_run_means_the_same():
    made = lives()
    missing = replace(report(), points=0, failures=(Failure("read", "no such run", missing=True),))
    for look in range(1, 20):
        made.look([missing], START + 60 * look)
    assert made.runs["r"].life is Life.GONE


def test_a_run_that_cannot_be_read_for_now_is_not_gone():
    made = lives()
    unread = replace(report(), points=0, failures=(Failure("read", "connection refused"),))
    for look in range(1, 50):
        assert made.look([unread], START + 600 * look) == []
    assert made.runs["r"].life is Life.GOING and made.runs["r"].unread_since == START + 600


def test_what_has_ended_may_be_cleared_away():
    made = lives()
    made.look([replace(report(), state="finished")], START)
    for look in range(1, 20):
        assert made.look([], START + 600 * look) == []


def test_what_comes_back_goes_on():
    made = lives()
    for look in range(1, 20):
        made.look([], START + 60 * look)
    assert [t.now for t in made.look([report()], START + 2000)] == [Life.GOING]


@pytest.mark.parametrize("skew", [-1e8, -7200.0, 0.0, 7200.0])
def test_the_age_of_a_run_is_by_the_clock_of_its_log(skew):
    made = Lives()
    newest = START + skew
    assert made.as_read(run(newest), START).read_at == newest
    made.look([report()], START)
    later = made.as_read(run(newest + 60, 160), START + 60)
    assert later.read_at == newest + 60 and later.state == "running", "it was seen to grow"
    late = made.runs["r"].late
    quiet = made.as_read(run(newest + 60, 160), START + 60 + 1000)
    assert quiet.read_at == pytest.approx(newest + 60 + 1000 - 2 * late)


def test_a_log_that_comes_late_ages_by_no_more_than_it_is_late():
    watched = Watched(START)
    for batch in range(5):
        watched.arrived(START - 5000 + 900 * batch, 90 * batch, START + 900 * batch)
    assert watched.late == 900
    assert watched.log_clock(START + 3600 + 1800) == watched.newest
    assert watched.log_clock(START + 3600 + 1801) == watched.newest + 1


def test_a_stall_that_was_told_is_no_habit_of_the_log():
    watched = Watched(START, life=Life.STALLED)
    watched.arrived(START, 10, START)
    watched.arrived(START + 50000, 20, START + 50000)
    assert watched.gaps == [] and watched.late == UNKNOWN_GAP and watched.live
    watched.life = Life.GOING
    watched.arrived(START + 50060, 30, START + 50060)
    assert watched.gaps == [60]


def test_times_in_the_far_future_are_left_to_the_rules_about_clocks():
    read = Lives().as_read(run(START + 90000), START)
    assert math.isnan(read.read_at)


def test_an_old_run_among_many_is_not_taken_to_be_going():
    made = Lives()
    old, new = run(START - 7200), replace(run(START - 10), id="new")
    made.as_read(old, START)
    made.as_read(new, START)
    made.look([report(), report(run="new")], START)
    assert made.as_read(old, START + 60).state == "unknown"
    assert made.as_read(new, START + 60).state == "running"
    alone = Lives()
    alone.as_read(old, START)
    alone.look([report()], START)
    assert alone.as_read(old, START + 60).state == "running", "who names one run watches it because it goes on"
    assert alone.as_read(run(START, state="finished"), START + 60).state == "finished"


def test_stalled_is_what_log004_says_where_it_judges():
    made = lives()
    stale = report(finding("LOG004", "warning"), checked=("LOG004",))
    assert [t.now for t in made.look([stale], START + 60)] == [Life.STALLED]
    assert [t.now for t in made.look([report(checked=("LOG004",))], START + 1e6)] == [Life.GOING]


def test_without_wall_times_it_is_what_was_seen_to_arrive():
    made = lives()
    watched = made.runs["r"]
    watched.gaps = [200.0]
    assert made.look([report()], START + 1000) == []
    assert [t.now for t in made.look([report()], START + 1001)] == [Life.STALLED]
    quick = lives()
    quick.runs["r"].gaps = [10.0]
    assert quick.look([report()], START + 600) == []
    assert [t.now for t in quick.look([report()], START + 601)] == [Life.STALLED]


def test_idle_is_an_end():
    made = lives(idle=100.0)
    assert made.look([report()], START + 100) == []
    assert [t.now for t in made.look([report()], START + 101)] == [Life.QUIET] and made.ended
