import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runlens.stats.changes.changepoint import MOST, dips, refine, window_lengths


@given(st.integers(0, 400), st.integers(0, 10_000))
def test_window_lengths_grow_by_about_two_fifths(shortest, longest):
    lengths = window_lengths(shortest, longest)
    assert all(shortest <= n <= longest for n in lengths) or shortest == 0
    assert all(a < b <= 1.4 * a + 2 for a, b in itertools.pairwise(lengths))
    assert bool(lengths) == (max(shortest, 1) <= longest)


@pytest.mark.parametrize(("first", "width"), [(200, 12), (500, 40), (900, 100)])
def test_a_dip_is_found_where_it_is(first, width):
    x = np.random.default_rng(0).normal(0, 0.005, 2000)
    x[first : first + width] -= 0.05
    ((start, stop),) = dips(x, 0.03, 3, 200)
    assert abs(start - first) <= 1 and abs(stop - first - width) <= 1


def test_one_that_has_not_ended_reaches_the_end():
    x = np.random.default_rng(0).normal(0, 0.005, 2000)
    x[-30:] -= 0.05
    assert dips(x, 0.03, 3, 200)[-1][1] == 2000


@pytest.mark.parametrize("seed", range(10))
def test_noise_and_steps_have_none(seed):
    x = np.random.default_rng(seed).normal(0, 0.02, 3000)
    assert dips(x, 0.03, 3, 100) == []
    x[:1500] += 0.2
    assert dips(x, 0.03, 3, 100) == []


def test_short_series_and_restless_ones():
    assert dips(np.zeros(5), 0.03, 3, 100) == []
    rng = np.random.default_rng(0)
    assert len(dips(rng.normal(0, 1, 20_000), 0.03, 3, 100)) <= MOST


@given(st.integers(5, 95), st.floats(0.02, 1.0))
def test_refine_finds_the_point(at, size):
    x = np.where(np.arange(100) < at, 1.0, 1.0 - size) + np.random.default_rng(at).normal(0, 0.002, 100)
    x[(at + 40) % 100] += 50.0
    assert refine(x, 0, 100, 1.0, 1.0 - size) == at


def test_refine_stays_within_the_series():
    x = np.ones(10)
    assert refine(x, -5, 50, 1.0, 0.0) == 10
    assert refine(x, -5, 50, 0.0, 1.0) == 0
