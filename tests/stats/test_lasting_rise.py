"""Log odds of a lasting rise: blind to level, sure of turns, silent on falls, levels and noise that wanders."""

import numpy as np
import pytest

from runlens.stats.changes.lasting_rise import FEWEST, lasting_rise

X = np.linspace(0.0, 1.0, 40)


def turned(rise, noise, seed, x=X):
    scatter = noise * np.random.default_rng(seed).standard_normal(len(x))
    return 0.5 * np.exp(-15 * x) + rise * np.clip((x - 0.4) / 0.6, 0, 1) + scatter


def test_odds_grow_with_the_rise_and_fall_below_none_for_a_fall():
    odds = [lasting_rise(turned(rise, 0.03, 3), 0.002) for rise in (0.05, 0.1, 0.2, 0.4)]
    assert odds == sorted(odds) and odds[0] < 2 and odds[-1] > 10


@pytest.mark.parametrize("seed", range(8))
def test_the_level_does_not_matter_and_a_smaller_scale_costs_what_its_prior_says(seed):
    value = turned(0.1, 0.03, seed)
    odds = lasting_rise(value, 0.0)
    assert lasting_rise(value - 3.0, 0.0) == pytest.approx(odds, abs=1e-6)
    assert lasting_rise(value / 7.0, 0.0) == pytest.approx(odds - np.log(7.0), abs=1e-6)


def test_a_rise_by_a_tenth_under_three_per_cent_is_told_in_forty_points_and_seldom_in_twelve():
    told = {n: [lasting_rise(turned(0.1, 0.03, seed, np.linspace(0, 1, n)), 0.002) >= 4 for seed in range(100)]
            for n in (12, 40)}  # fmt: skip
    assert sum(told[40]) >= 88 and sum(told[12]) <= 40


@pytest.mark.parametrize("memory", [0.0, 0.6, 0.8])
def test_levels_are_not_called_a_rise_whether_their_noise_is_white_or_wanders(memory):
    alarms = 0
    for seed in range(200):
        draws = np.random.default_rng(seed).standard_normal(90)
        level = np.zeros(90)
        for i in range(1, 90):
            level[i] = memory * level[i - 1] + draws[i]
        alarms += lasting_rise(0.01 * level[-40:], 0.002) >= 4
    assert alarms <= (2 if not memory else 12)


def test_noise_that_wanders_makes_the_same_rise_less_sure():
    draws = np.random.default_rng(5).standard_normal(44)
    smooth = np.convolve(draws, np.full(5, 5**-0.5), "valid")
    rise = 0.06 * np.clip((X - 0.4) / 0.6, 0, 1)
    assert lasting_rise(rise + 0.02 * smooth, 0.002) < lasting_rise(rise + 0.02 * draws[:40], 0.002)


@pytest.mark.parametrize("n", range(FEWEST + 2))
def test_too_few_points_tell_nothing(n):
    assert lasting_rise(np.arange(n, dtype=float), 0.002) == -np.inf


def test_curves_without_noise_give_finite_odds():
    for value in (np.zeros(12), np.arange(12.0), -np.arange(12.0), np.abs(np.arange(12.0) - 6)):
        for scatter in (0.0, 0.002):
            assert np.isfinite(lasting_rise(value, scatter))
    assert lasting_rise(np.abs(np.arange(12.0) - 6), 0.002) > 4
