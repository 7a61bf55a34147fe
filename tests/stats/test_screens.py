"""What spares work in a quiet run never changes what is found: the search with and without it, on seeded curves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runlens.stats import folding, log_blocks
from runlens.stats.changes import shapes
from runlens.stats.excursions import level, pyramid, search
from runlens.stats.excursions.level import NARROWEST, WINDOW
from runlens.stats.excursions.quiet import may_fall, may_rise
from runlens.stats.excursions.search import Sensitivity, excursions
from runlens.stats.wander import whitening

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


@pytest.mark.parametrize("seed", range(60))
def test_shapes_are_those_of_the_whole_fit(seed, monkeypatch):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(8, 120))
    y = rng.normal(0.0, 0.005, n) + 11.5
    y += np.cumsum(rng.normal(0.0, 0.002, n)) * (seed % 3 == 0)
    y[n // 3 :] -= rng.choice([0.0, 0.008, 0.012, 0.02])
    quick, level = shapes.shapes(y, 0.0135, 9.0)
    asked = shapes._may_gain
    monkeypatch.setattr(shapes, "_may_gain", lambda *_: True)
    whole, expected = shapes.shapes(y, 0.0135, 9.0)
    assert quick == whole
    np.testing.assert_array_equal(level, expected)
    large = bool(shapes.shapes(y, 0.0135, 0.0, most=1)[0])  # whether any shape is large enough, whatever it brings
    monkeypatch.setattr(shapes, "_may_gain", asked)
    gains = [shapes._may_gain(y - np.median(y), shapes._dictionary(n), whitening(n), 0.0135, g) for g in (0.0, 1e6)]
    assert gains == [large, False]


@pytest.mark.parametrize("start", [0, 700])
def test_windows_of_equal_steps_are_those_of_any(start):
    step = np.arange(start, start + 900)
    width = np.clip(np.arange(900) - np.searchsorted(step, 0.75 * step), NARROWEST, WINDOW)
    found = {size: np.arange(900)[at].tolist() for size, at in level._of_sizes(width)}
    for size in (4, 8, 16, 32, 64, 128):
        at = [i for i, w in enumerate(width) if w >= size and (w < 2 * size or size == WINDOW)]
        assert found.get(size, []) == at
    mixed = width[np.random.default_rng(0).permutation(900)]
    found = {size: np.arange(900)[at].tolist() for size, at in level._of_sizes(mixed)}
    assert sorted(i for at in found.values() for i in at) == list(range(900))
    assert all(size <= width_of < 2 * size for size, at in found.items() for width_of in mixed[at] if size < WINDOW)


def test_places_of_few_and_of_many_points_are_found_alike(monkeypatch):
    step = np.cumsum(np.random.default_rng(1).integers(1, 9, 500))
    wanted = np.linspace(*log_blocks.log_steps(step)[[0, -1]], 40)[1:-1]
    few = log_blocks.place_of(step, wanted)
    monkeypatch.setattr(log_blocks, "LONG", 0)
    np.testing.assert_array_equal(few, log_blocks.place_of(step, wanted))
