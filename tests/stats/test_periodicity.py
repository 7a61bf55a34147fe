import numpy as np
import pytest

from runlens.stats.periodicity import beat, in_a_row


def test_a_beat_is_its_median_interval_also_with_beats_left_out():
    places = np.array([0.0, 100, 200, 400, 500, 600, 700])
    assert beat(places, 2).period == 100 and beat(places, 2).regular


def test_two_events_are_no_beat_and_none_has_no_period():
    assert not beat(np.array([10.0, 20]), 1).regular
    assert np.isnan(beat(np.array([10.0]), 1).period)


@pytest.mark.parametrize("seed", range(20))
def test_events_at_random_keep_none(seed):
    places = np.sort(np.random.default_rng(seed).uniform(0, 10_000, 25))
    assert not beat(places, 1).regular


def test_two_schedules_in_one_log_are_both_seen():
    evals, saves = np.arange(200, 5001, 200), np.arange(500, 5001, 500)
    places = np.unique(np.concatenate([evals, saves, [1234, 3333]])).astype(float)
    member = in_a_row(places, 1.0)
    assert not member[np.isin(places, [1234, 3333])].any()
    assert member[np.isin(places, evals)].all()


def test_chance_makes_few_rows():
    rng = np.random.default_rng(0)
    rows = [in_a_row(np.sort(rng.uniform(0, 10_000, n)), 1.0).any() for n in (4, 6, 8, 12) for _ in range(100)]
    assert np.mean(rows) < 0.1


def test_fewer_than_three_events_are_no_row():
    assert not in_a_row(np.array([1.0, 2.0]), 1.0).any()
    assert in_a_row(np.empty(0), 1.0).shape == (0,)


def test_a_schedule_by_the_clock_wavers_by_a_step_or_two():
    rng = np.random.default_rng(1)
    places = np.arange(1, 30) * 400.0 + rng.integers(-3, 4, 29)
    assert in_a_row(places, 1.0).all()
