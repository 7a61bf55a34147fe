"""Means since an epoch began, and running means: recognised by their turns, and what they hide had back."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.stats.excursions.smoothed import FEWEST, shared_noise
from runlens.stats.sawtooth import FEWEST_FIRSTS, firsts_stand_out, unaveraged, unaveraged_since
from runlens.stats.turns import turns
from tests.synthetic.wild import exponential, running, since_reset


def losses(n, seed=0, noise=0.1, tails=None):
    rng = np.random.default_rng(seed)
    white = rng.standard_normal(n) if tails is None else rng.standard_t(tails, n)
    return (2.0 + 3.0 * (1.0 + np.arange(n) / 50.0) ** -0.5) * np.exp(noise * white)


@pytest.mark.parametrize(("period", "teeth"), [(12, 25), (50, 20), (200, 15), (1500, 10)])
@pytest.mark.parametrize("offset", [0, 7])
def test_what_was_averaged_is_had_back(period, teeth, offset):
    raw = losses(period * teeth)
    found = unaveraged(since_reset(raw, period, offset))
    assert found is not None and found.period == period
    np.testing.assert_allclose(found.value, raw, rtol=1e-6)


def teeth(raw, lengths, first=1.0):
    """Means since the beginning of each tooth, whose first value is one of so much of a distance; and the resets."""
    starts = np.cumsum([0, *lengths])[:-1]
    found = []
    for start, length in zip(starts, lengths, strict=True):
        part = raw[start : start + length]
        weight = np.where(np.arange(length) == 0, first, 1.0)
        found.append(np.cumsum(part * weight) / np.cumsum(weight))
    return np.concatenate(found), starts[1:]


@pytest.mark.parametrize("first", [1.0, 0.1])
def test_teeth_that_differ_in_length_are_had_back_by_their_resets(first):
    lengths = [128, 129, 128, 128, 129, 128, 60]
    raw = losses(sum(lengths))
    value, resets = teeth(raw, lengths, first)
    found = unaveraged_since(value, resets, first)
    np.testing.assert_allclose(found, raw, rtol=1e-6)


@pytest.mark.parametrize(("lengths", "found"), [([12, 13, 12], True), ([12, 12, 11], False), ([11] * 20, False)])
def test_three_teeth_of_twelve_points_are_enough(lengths, found):
    value, resets = teeth(losses(sum(lengths), 3), lengths)
    assert (unaveraged_since(value, resets) is not None) is found


@pytest.mark.parametrize("made", [lambda x: x, lambda x: running(x, 20), lambda x: exponential(x, 0.95), np.cumsum])
def test_curves_that_were_not_reset_have_no_teeth_at_epochs(made):
    resets = np.arange(100, 1000, 100)
    assert [unaveraged_since(made(losses(1000, seed)), resets) for seed in range(5)] == [None] * 5


def test_single_precision_is_enough():
    raw = losses(15_000)
    found = unaveraged(since_reset(raw, 1500).astype(np.float32).astype(np.float64))
    assert found is not None
    np.testing.assert_allclose(found.value, raw, atol=1e-2)


@pytest.mark.parametrize("made", [lambda x: x, lambda x: running(x, 20), lambda x: exponential(x, 0.95), np.cumsum])
@pytest.mark.parametrize("n", [35, 300, 3000])
def test_other_curves_have_no_teeth(made, n):
    assert [unaveraged(made(losses(n, seed))) for seed in range(5)] == [None] * 5


@pytest.mark.parametrize("tails", [None, 3, 2])
def test_white_noise_turns_at_two_of_three_points_whatever_its_tails(tails):
    assert turns(losses(20_000, noise=0.05, tails=tails)[5000:]) == pytest.approx(2 / 3, abs=0.015)


def test_turns_of_nothing():
    assert turns(np.array([])) == turns(np.ones(10)) == turns(np.arange(2.0)) == 1.0
    assert turns(np.arange(10.0)) == 0.0


@pytest.mark.parametrize("tails", [None, 3])
@pytest.mark.parametrize("n", [FEWEST, 1000, 5000])
def test_neighbours_of_white_noise_share_nothing(n, tails):
    assert [shared_noise(np.log(losses(n, seed, 0.03, tails=tails)), 128) for seed in range(10)] == [1.0] * 10


@pytest.mark.parametrize(("made", "low", "high"), [
    (lambda x: running(x, 5), 2.0, 4.0),
    (lambda x: running(x, 20), 4.0, 8.0),
    (lambda x: exponential(x, 0.9), 2.5, 6.0),
])  # fmt: skip
@pytest.mark.parametrize("n", [FEWEST * 2, 5000])
def test_running_means_hide_noise(made, low, high, n):
    hidden = [shared_noise(np.log(made(losses(n, seed, 0.03))), 128) for seed in range(10)]
    assert low < float(np.median(hidden)) < high


def test_fewer_points_do_not_tell():
    assert shared_noise(np.log(running(losses(FEWEST - 1), 20)), 128) == 1.0


@pytest.mark.parametrize(("resets", "times", "found"), [(FEWEST_FIRSTS, 4.0, True), (FEWEST_FIRSTS, 2.0, False),
                                                        (FEWEST_FIRSTS - 1, 4.0, False)])  # fmt: skip
def test_first_values_stand_out_by_the_change_behind_them(resets, times, found):
    at = 6 * np.arange(1, resets + 1)
    change = np.ones(6 * (resets + 1))
    change[at + 1] = times
    value = np.cumsum(change * np.where(np.arange(len(change)) % 2, 1.0, -1.0))
    assert firsts_stand_out(value, at) is found


def test_raw_values_have_no_firsts():
    assert not any(firsts_stand_out(losses(700, seed), np.arange(7, 700, 7)) for seed in range(20))
    assert not firsts_stand_out(np.ones(100), np.arange(7, 100, 7)) and not firsts_stand_out(np.ones(0), np.arange(0))
