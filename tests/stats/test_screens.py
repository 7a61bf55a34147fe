"""What spares work in a quiet run never changes what is found: the search with and without it, on seeded curves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runlens.stats import folding
from runlens.stats.excursions import level, pyramid, search
from runlens.stats.excursions.quiet import may_fall, may_rise
from runlens.stats.excursions.search import Sensitivity, excursions

SEEDS = st.integers(0, 2**32 - 1)


def curve(rng):
    """A curve that falls or does not, with noise of every size and spikes, steps and falls about as high as counts."""
    n = int(rng.integers(8, 700))
    t = np.arange(1, n + 1)
    y = rng.choice([0.0, 1.0, -3.0, 500.0, -8e6]) + rng.choice([0.0, 0.3, 3.0]) * np.exp(-t / rng.uniform(5, n))
    y += rng.choice([1e-4, 3e-3, 1e-2, 5e-2]) * rng.standard_normal(n)
    for _ in range(int(rng.integers(0, 4))):
        at, wide = int(rng.integers(0, n)), int(rng.integers(1, 60))
        y[at : at + wide] += rng.choice([-1.0, 1.0]) * rng.choice([0.025, 0.03, 0.035, 0.1, 1.5])
    return np.round(y, 2) if rng.random() < 0.2 else y


def everything(patch):
    """Search without any of it."""
    patch.setattr(search, "may_rise", lambda *_: True)
    patch.setattr(search, "may_fall", lambda *_: True)
    patch.setattr(level, "fit_where", lambda y, step, _: level.fit(y, step))


@given(SEEDS, st.sampled_from([1.0, 0.75]), st.sampled_from([0.03, 0.02, 1.0986]))
@settings(max_examples=150, deadline=None)
def test_excursions_are_the_same(seed, lasting, rise):
    rng = np.random.default_rng(seed)
    y, want = curve(rng), Sensitivity(float(rng.choice([3.0, 6.0, 8.0])), rise, lasting=lasting)
    step = np.arange(len(y)) * int(rng.integers(1, 20)) + int(rng.integers(0, 50))
    found, slow = excursions(y, step, want), pyramid.all_excursions(y, step, want)
    with pytest.MonkeyPatch.context() as patch:
        everything(patch)
        assert found == excursions(y, step, want)
        assert slow == pyramid.all_excursions(y, step, want)


def test_those_curves_are_of_both_kinds():
    """Of quiet ones alone, or of none, the property would say nothing."""
    curves = [curve(np.random.default_rng(seed)) for seed in range(60)]
    found = [bool(excursions(y, np.arange(len(y)), Sensitivity())) for y in curves]
    assert 10 < sum(found) < 50


@given(SEEDS)
@settings(max_examples=100, deadline=None)
def test_no_rise_is_found_where_none_may_be(seed):
    """A surge of the gradient norm is not looked for there."""
    rng = np.random.default_rng(seed)
    y, rise = curve(rng), float(rng.choice([0.02, 0.7, 1.0986]))
    if not may_rise(y, rise):
        assert not any(one.sign > 0 for one in excursions(y, np.arange(len(y)), Sensitivity(8.0, rise)))


def test_a_rise_of_just_enough_may_be_one():
    y = np.zeros(50)
    y[30] = 0.5
    assert may_rise(y, 0.49) and not may_rise(y, 0.51)
    assert may_rise(-y, 0.49)  # it comes up again
    assert not may_rise(-np.arange(50.0), 0.01) and not may_rise(np.empty(0), 0.1)


def test_a_fall_of_just_enough_may_be_one():
    y = np.zeros(50)
    y[30:] = -0.5
    assert may_fall(y, 0.49, 16) and not may_fall(y, 0.51, 16)
    assert may_fall(y, 0.49, 49)  # the highest of all points that a level is taken from
    assert not may_fall(y, 0.49, 50)


@given(SEEDS)
@settings(max_examples=100, deadline=None)
def test_beats_are_the_same(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(12, folding.SHORT + 20))
    x = rng.choice([0.01, 0.1, 1.0]) * rng.standard_normal(n)
    x[:: int(rng.integers(2, 12))] += rng.choice([0.0, 0.02, 0.3, 3.0])
    x += rng.choice([0.0, 0.01]) * np.cumsum(rng.standard_normal(n))
    found = folding.without_beat(x)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folding, "_possible", lambda x, tame, total, longest: range(2, longest + 1))
        assert np.array_equal(found, folding.without_beat(x))
