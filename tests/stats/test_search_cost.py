"""What the search for excursions costs, in points looked over and not in seconds: whatever a curve does."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runlens.stats.excursions import ahead, level, search
from runlens.stats.excursions.ahead import BLOCK, Ahead, coming_median
from runlens.stats.excursions.search import Sensitivity, excursions

WANT = Sensitivity()


def noise(n, seed=0):
    return 1e-3 * np.random.default_rng(seed).standard_normal(n)


def falling_stairs(n):
    return -0.5 * (np.arange(n) // 40) + noise(n)


def rising_stairs(n):
    return 0.5 * (np.arange(n) // 40) + noise(n)


def raised_for_good(n):
    y = 2.0 + noise(n)
    y[n // 10 :] += 1.0
    for i in range(3):
        y[n // 10 + i :: 40] += 2.0
    return y


def humps(n):
    return 2.0 + (np.arange(n) % 80 >= 40) + noise(n)


@pytest.fixture
def looked_over(monkeypatch):
    """Points that medians were taken of, and that were compared with a level, while excursions were followed."""
    counted = {"points": 0, "followed": 0}
    median, back, follow = coming_median, search._first_back, search._follow

    def counted_median(x, count):
        counted["points"] += len(x)
        return median(x, count)

    def counted_back(away, *rest):
        counted["points"] += len(away)
        return back(away, *rest)

    def counted_follow(*given):
        counted["followed"] += 1
        return follow(*given)

    monkeypatch.setattr(ahead, "coming_median", counted_median)
    monkeypatch.setattr(search, "coming_median", counted_median)
    monkeypatch.setattr(search, "_first_back", counted_back)
    monkeypatch.setattr(search, "_follow", counted_follow)
    return counted


def cost(y, counted):
    counted.update(points=0, followed=0)
    excursions(y, np.arange(len(y)), WANT)
    return counted["points"]


@pytest.mark.parametrize("shape", [falling_stairs, raised_for_good, humps])
def test_many_departures_are_not_each_followed_to_the_end(shape, looked_over):
    """Twice the points cost four times as much where each is; 2.8 where a fall is held against a tangent."""
    small, large = (cost(shape(n), looked_over) for n in (20_000, 40_000))
    assert large < 3.2 * small
    assert large < 150 * 40_000


def test_stairs_that_rise_are_taken_up_where_they_turn(looked_over):
    assert cost(rising_stairs(40_000), looked_over) < 10 * 40_000
    assert looked_over["followed"] <= 50


def test_a_curve_without_a_change_is_followed_nowhere_however_far_from_zero(looked_over):
    """In float32 neighbours of 8e6 are 0.5 apart: each point of a constant stood above its own level."""
    for height in (-7969602.904, 1025.3, 3.1e7, -1e12):
        cost(np.full(400, height), looked_over)
        assert looked_over["followed"] == 0, height


@pytest.mark.parametrize("height", [0.0, 1000.0, -1000.0, 2000.0, -8e6, 8e8])
def test_a_spike_is_found_at_any_height(height):
    y = 3.0 + 0.01 * np.random.default_rng(1).standard_normal(600)
    y[300:306] += 2.0
    (one,) = excursions(height + y, np.arange(600), WANT)
    assert (one.first, one.end, one.back) == (300, 306, True)


def test_float32_serves_up_to_the_height_at_which_it_tells_a_tenth_of_the_noise_apart():
    y = np.full(50, level.HIGHEST)
    assert level.fit(y, np.arange(50)).expected.dtype == np.float32
    assert level.fit(-y, np.arange(50)).expected.dtype == np.float32
    assert level.fit(np.nextafter(y, np.inf), np.arange(50)).expected.dtype == np.float64
    assert level.fit(np.nextafter(-y, -np.inf), np.arange(50)).expected.dtype == np.float64
    assert np.spacing(np.float32(level.HIGHEST - 1)) <= WANT.floor / 10.0


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 6 * BLOCK),
    sign=st.sampled_from([1, -1]),
    share=st.floats(0.0, 1.0),
    far=st.floats(-4.0, 4.0),
    fall=st.floats(0.0, 3.0),
)
def test_no_block_in_which_a_curve_could_be_back_is_passed_over(seed, n, sign, share, far, fall):
    draw = np.random.default_rng(seed)
    y = np.repeat(draw.normal(0, 2, n // 300 + 1), 300)[:n] + 0.1 * draw.standard_normal(n)
    at = int(share * (n - 1))
    step = np.arange(n)
    line = np.full(n, far) - (fall * step / n if sign < 0 else 0.0)
    medians = coming_median(y, 17)
    near = np.flatnonzero((medians <= line if sign > 0 else medians >= line) & (step >= at))
    first = int(near[0]) if len(near) else n
    held = Ahead(y, step, 17)
    slope = fall * held.last_step / n if sign < 0 else None
    found = held.first_possible(at, sign, far, slope)
    assert at <= found <= first
    assert found % BLOCK == 0 or found in (at, n)
    end = int(draw.integers(at, n)) + 1
    assert held.peak(sign, at, end) == at + int(np.argmax(sign * y[at:end]))


def test_blocks_before_the_first_that_was_asked_for_may_hold_anything():
    y, step = np.full(BLOCK * 400, 5.0), np.arange(BLOCK * 400)
    held = Ahead(y, step, 17)
    assert held.first_possible(BLOCK * 390 + 3, 1, 4.0) == len(y)
    assert held.first_possible(7, 1, 4.0) == 7  # not looked over: it must be read
    assert Ahead(y, step, 17).first_possible(7, 1, 4.0) == len(y)
    assert Ahead(y, step, 17).first_possible(7, 1, 5.0) == 7
