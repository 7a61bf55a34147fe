"""The scales that the loss rules are weighed on: matching, intervals, and the peers' rules."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.loss_peers import PEERS, events
from benchmarks.loss_real import labelled_runs
from benchmarks.loss_score import Claim, Event, Tally, interval, match, precision, recall, total
from benchmarks.loss_synthetic import events_of
from tests.synthetic.loss import make


def test_an_event_takes_the_nearest_claim_and_each_claim_serves_once():
    there = [Event(100, 120, 8, ("plateaued",)), Event(200, 210, 8)]
    said = [Claim(104, 118, "plateaued"), Claim(101, 103, "diverged"), Claim(300, 310, loud=False), Claim(400, 410)]
    tally, errors = match(said, there)
    assert tally == Tally(events=2, found=1, false=2, false_loud=1, repeats=1, judged=1, right=0)
    assert errors == [1]


def test_a_claim_beyond_the_margin_is_no_hit():
    assert match([Claim(109, 119)], [Event(100, 120, 8)])[0] == Tally(events=1, repeats=1)
    assert match([Claim(91, 91)], [Event(100, 120, 8)])[0] == Tally(events=1, false=1, false_loud=1)


def test_intervals_hold_the_value_and_never_claim_certainty():
    runs = total([Tally(events=2, found=2 - (i % 5 == 0), false=i % 7 == 0) for i in range(70)])
    for measure in (recall, precision):
        value, low, high = interval(runs, measure)
        assert low < value < high
    perfect = total([Tally(events=1, found=1)] * 60)
    assert interval(perfect, recall) == (1.0, pytest.approx(0.95), 1.0)
    assert np.isnan(interval(total([Tally()] * 3), recall)[0])


@pytest.mark.parametrize("name", PEERS)
def test_every_peer_sees_a_loss_that_explodes_and_no_constant_one(name):
    loss = np.full(3000, 2.0) + 0.01 * np.random.default_rng(0).standard_normal(3000)
    assert not PEERS[name](np.full(3000, 2.0)).any()
    loss[2000:2010] = 40.0
    assert PEERS[name](loss)[2000:2010].any()


def test_alarms_near_each_other_are_one_event():
    alarm = np.zeros(500, dtype=bool)
    alarm[[10, 40, 60, 200]] = True
    assert events(alarm) == [(10, 60), (200, 200)]
    assert events(np.zeros(5, dtype=bool)) == []


def test_planted_events_end_where_their_excess_does():
    spike = events_of(make(3, 2000, "lone"))[0]
    assert 0 <= spike.last - spike.first <= 3 * make(3, 2000, "lone").interval
    lasting = make(3, 2000, "plateaued")
    assert events_of(lasting)[0].last == lasting.step[-1]


def test_the_shipped_runs_are_judged_right():
    runs = labelled_runs(None)
    assert sum(r.expected for r in runs) == 2
    assert all((r.found, r.right, r.false) == (r.expected, r.asked, ()) for r in runs)
