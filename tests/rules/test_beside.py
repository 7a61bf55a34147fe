"""What is compared between nights at its edges: petty differences, nights that end apart, words left by killed runs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from runlens.model.twin import Quantity, Score, Twin
from runlens.rules.nights.parts.beside import FEW_SERIES, beside
from runlens.rules.nights.parts.order import before, clock_orders, in_order, same
from runlens.rules.nights.parts.scores import held_scores
from runlens.rules.nights.parts.twin import IDLE, LONG, twin_of
from runlens.rules.nights.parts.yardstick import ALONE, CAREFUL, FEW, yardstick
from runlens.rules.nights.unlike_twins import UnlikeTwins
from tests.synthetic.nights import Night

DAY = 86_400.0


def told(name, value, unit="s", **more):
    return Twin("t", quantities={name: Quantity(value, unit)}, **more)


@pytest.mark.parametrize(("value", "found"), [(655.0, False), (665.0, True)])
def test_a_minute_more_is_petty(value, found):
    (held,) = beside(told("duration", value), [told("duration", 600.0 + i % 2) for i in range(8)]).held
    assert held.beyond == found


def test_a_run_of_less_than_a_minute_has_no_duration():
    run = Night(1, points=60).run()
    short = replace(
        run, series={k: replace(s, time=s.time[0] + 0.01 * np.arange(len(s))) for k, s in run.series.items()}
    )
    from runlens.roles import resolve

    assert "duration" in twin_of(run).quantities
    assert "duration" not in twin_of(resolve(short)).quantities


@pytest.mark.parametrize(("ago", "state"), [(LONG - 60.0, "running"), (LONG + 60.0, "unknown")])
def test_a_run_that_goes_on_in_name_alone_is_judged_as_ended(ago, state):
    run = Night(1, points=60, state="running").run()
    end = twin_of(run).ended
    assert IDLE * (end - twin_of(run).began) < LONG
    assert twin_of(replace(run, read_at=end + ago)).state == state


def test_a_killed_run_that_is_still_called_running_is_cut_short():
    good = tuple(replace(twin_of(Night(n, points=60).run()), name=str(n)) for n in range(1, 7))
    half = Night(7, points=60, cut=0.5, state="running").run()
    going = replace(half, read_at=twin_of(half).ended + 10.0)
    stale = replace(half, read_at=twin_of(half).ended + DAY)
    assert "length" not in {f.evidence["what"] for f in UnlikeTwins(twins=good).check(going) if hasattr(f, "evidence")}
    assert "length" in {f.evidence["what"] for f in UnlikeTwins(twins=good).check(stale) if hasattr(f, "evidence")}


@pytest.mark.parametrize(("batch", "severity"), [(1.0, None), (1.1, "warning"), (0.9, "error")])
def test_another_batch_is_told_whatever_the_length(batch, severity):
    nights = [told("tokens_per_step", 65_536.0, "tokens") for _ in range(5)]
    (held,) = beside(told("tokens_per_step", 65_536.0 * batch, "tokens"), nights).held
    assert held.severity == severity


@pytest.mark.parametrize(("count", "said"), [(FEW_SERIES - 1, ()), (FEW_SERIES, ("extra",))])
def test_a_series_is_expected_once_three_nights_logged_it(count, said):
    nights = [Twin(str(i), series=frozenset({"loss", "extra"})) for i in range(count)]
    assert beside(Twin("t", series=frozenset({"loss"})), nights).no_series == said


@pytest.mark.parametrize("last", (950.0, 1000.0, 1050.0))
def test_evals_of_nights_that_end_a_little_apart_are_compared(last):
    def night(end):
        at = np.linspace(100.0, end, 10)
        return Twin("n", scores={"acc": Score(at, 0.5 + 1e-4 * at, "up", True)})

    held = list(held_scores(night(last), [night(end) for end in (980.0, 1000.0, 1020.0)]))
    assert [one.name for one in held] == ["acc"] and not held[0].beyond


def test_the_accepted_night_is_counted_among_those_that_logged_the_eval():
    at, rng = np.linspace(100.0, 1000.0, 10), np.random.default_rng(0)

    def night(level):
        return Twin("n", scores={"acc": Score(at, level + 0.0005 * rng.standard_normal(10), "up", True)})

    logged = [night(level) for level in (0.5, 0.5, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6)]
    own, without = night(0.55), [Twin("n")] * 4
    (alone,) = held_scores(own, logged, since=3)
    assert alone.beyond and list(held_scores(own, without + logged, since=7)) == [alone]


def test_nights_that_go_on_with_one_training_never_meet_and_lack_nothing():
    def night(k):
        at = 1000.0 * k + np.linspace(100.0, 1000.0, 10)
        return Twin("n", scores={"acc": Score(at, 0.3 + 1e-5 * at, "up", True)})

    came = beside(night(5), [night(k) for k in range(1, 5)])
    assert came.held == () and came.lacking == ()


@pytest.mark.parametrize(("count", "times"), [(1, ALONE), (2, CAREFUL), (FEW - 1, CAREFUL), (FEW, 1.0)])
def test_the_bar_is_higher_where_few_nights_are_known(count, times):
    among = yardstick(np.zeros(count), 0.01)
    plain = yardstick(np.zeros(30), 0.01)
    assert plain.bar == 0.01 and among.bar >= times * plain.bar * 0.999
    assert (among.spread is None) == (count == 1)


def test_the_spread_before_an_accepted_change_still_counts_but_not_its_level():
    rng = np.random.default_rng(3)
    row = np.r_[rng.normal(0.0, 0.01, 20), rng.normal(-0.3, 0.01, 2)]
    among = yardstick(row, 0.001, since=20)
    assert abs(among.usual + 0.3) < 0.02 and among.spread == pytest.approx(0.01, rel=0.4)


def night_at(name, began, length=3600.0):
    return Twin(name, began=began, ended=began + length)


def test_the_clock_orders_nights_and_names_do_where_it_does_not():
    apart = [night_at("b", 2 * DAY), night_at("a", 3 * DAY), night_at("c", DAY)]
    assert [n.name for n in in_order(apart)] == ["c", "b", "a"] and clock_orders(apart)
    at_once = [night_at("night-10", 1.0), night_at("night-9", 2.0), night_at("night-1", 3.0)]
    assert [n.name for n in in_order(at_once)] == ["night-1", "night-9", "night-10"]
    assert [n.name for n in before(night_at("x", 2.5 * DAY), apart)] == ["b", "c"]
    assert before(night_at("x", 1.5), at_once) == at_once


def test_one_run_judged_twice_is_the_same_and_another_night_is_not():
    one, other = (twin_of(Night(n, points=60).run()) for n in (1, 2))
    assert same(one, twin_of(Night(1, points=60).run())) and not same(one, other)
