import numpy as np
import pytest

from runlens.stats.excursions.level import fit, settled_from


def power_law(n, sigma, seed=0):
    step = np.arange(n, dtype=np.float64)
    return step, np.log(2 + 8 * (1 + step / 20) ** -0.6) + sigma * np.random.default_rng(seed).standard_normal(n)


@pytest.mark.parametrize("n", [60, 300, 5000])
def test_the_noise_of_a_descent_is_neither_hidden_by_it_nor_made_of_it(n):
    step, y = power_law(n, 0.02)
    late = fit(y, step).sigma[n // 3 :]
    assert np.all(late > 0.007), "a centred median runs through the points of a descent"
    assert np.median(late) < 0.045


def test_what_was_expected_lies_on_the_decay():
    step, y = power_law(20_000, 0.0)
    level = fit(y, step)
    assert np.abs(level.expected[200:] - y[200:]).max() < 0.02
    assert np.isnan(level.expected[0]) and np.isnan(level.recent[0])


def test_points_left_out_leave_no_trace():
    step, y = power_law(2000, 0.01)
    holes = y.copy()
    holes[1000:1005] += 5.0
    holes[1000:1005] = np.nan
    level, bare = fit(holes, step), fit(y, step)
    assert np.allclose(level.recent[1100:], bare.recent[1100:], atol=0.01)
    assert np.isfinite(level.sigma[4:]).all()


def test_a_smaller_batch_is_announced_by_its_own_noise():
    step = np.arange(4000, dtype=np.float64)
    y = np.random.default_rng(1).standard_normal(4000) * np.where(step < 2000, 0.01, 0.05)
    sigma = fit(y, step).sigma
    assert sigma[1995] > 0.04 and sigma[1000] < 0.015


def test_a_blow_up_is_held_against_the_noise_before_it():
    step, y = power_law(200, 0.01)
    y[120:] = 2.3 + 0.4 * np.random.default_rng(2).standard_normal(80)
    assert fit(y, step).sigma[121] < 0.05


def test_a_fall_counts_from_where_a_window_holds_enough_points():
    step = np.arange(1000, dtype=np.float64)
    first = settled_from(step, 16)
    assert 60 <= first <= 70
    assert settled_from(step[:3], 16) == 3
