import numpy as np
import pytest

from runlens.stats.ranks import laggards


def times(ranks=8, windows=20, seed=0, noise=0.003):
    return 1.0 + np.random.default_rng(seed).normal(0, noise, (ranks, windows))


def test_the_slow_rank_with_its_windows():
    x = times()
    x[3, 6:15] *= 1.1
    (lag,) = laggards(x, 1.05, 6.0, 3)
    assert (lag.rank, lag.first, lag.last) == (3, 6, 14)
    assert lag.ratio == pytest.approx(1.1, abs=0.01) and lag.sigmas > 6


def test_a_single_window_in_between_does_not_part_a_row():
    x = times()
    x[3, 6:15] *= 1.1
    x[3, 10] /= 1.1
    assert [(lag.first, lag.last) for lag in laggards(x, 1.05, 6.0, 3)] == [(6, 14)]


def test_scattered_windows_are_no_row():
    x = times()
    x[3, [2, 7, 12, 17]] *= 1.2
    assert laggards(x, 1.05, 6.0, 3) == []


def test_all_slow_together_is_nobody_s_lag():
    x = times()
    x[:, 10:] *= 1.5
    assert laggards(x, 1.05, 6.0, 3) == []


def test_ranks_that_scatter_widely_have_a_wider_bar():
    x = times(noise=0.02)
    x[3] *= 1.06
    assert laggards(x, 1.05, 6.0, 3) == []


def test_missing_values_and_too_few():
    x = times()
    x[3, 6:15] *= 1.1
    x[0] = np.nan
    x[5, ::2] = np.nan
    assert [lag.rank for lag in laggards(x, 1.05, 6.0, 3)] == [3]
    assert laggards(x[:2], 1.05, 6.0, 3) == []
    assert laggards(x[:, :2], 1.05, 6.0, 3) == []
