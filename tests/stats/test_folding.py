import numpy as np
import pytest

from runlens.stats.folding import without_beat

NOISE = 0.01


def noise(n, seed=0):
    return np.random.default_rng(seed).normal(0, NOISE, n)


@pytest.mark.parametrize(
    ("n", "beats"), [(60, {2: 0.3}), (64, {4: 0.34}), (60, {2: 0.3, 5: 0.1}), (600, {20: 0.5, 50: 2.0})]
)
def test_a_beat_goes_and_a_step_stays(n, beats):
    x = noise(n)
    x[n // 2 :] -= 0.05
    slow = x.copy()
    for period, depth in beats.items():
        slow[period - 1 :: period] -= depth
    left = without_beat(slow)
    inner = np.abs(left - x - np.median(left - x))
    assert np.quantile(inner, 0.95) < 4 * NOISE
    half = n // 2
    assert np.median(left[half:]) - np.median(left[:half]) == pytest.approx(-0.05, abs=0.012)


@pytest.mark.parametrize("seed", range(20))
def test_noise_tails_and_steps_have_none(seed):
    x = noise(240, seed)
    x[np.random.default_rng(seed).random(240) < 0.03] -= 0.5
    x[100:] -= 0.2
    assert without_beat(x) is x


def test_short_and_constant_series_stay():
    assert without_beat(np.zeros(0)).shape == (0,)
    x = np.array([1.0, 2.0] * 5)
    assert without_beat(x) is x
    flat = np.ones(100)
    assert without_beat(flat) is flat
