"""A search that takes up what was found when the curve was shorter finds what one from the beginning finds."""

import numpy as np
import pytest

from runlens.stats.excursions import level, scan
from runlens.stats.excursions.kept import AllKept
from runlens.stats.excursions.pyramid import all_excursions
from runlens.stats.excursions.search import Sensitivity

BLOCK = 2048


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(level, "SETTLES", BLOCK)
    monkeypatch.setattr(scan, "BLOCK", BLOCK)


def curve(rng, n, kind):
    """Log loss with spikes, shifts, shared noise, or values beyond single precision."""
    t = np.arange(n)
    noise = rng.normal(0, 0.02, n)
    if kind == "averaged":
        noise = np.convolve(rng.normal(0, 0.05, n + 40), np.ones(40) / 40, "same")[:n]
    y = 1.5 * (t + 20.0) ** -0.2 + noise
    for at in rng.integers(100, n, rng.integers(0, 5)):
        wide = int(rng.integers(1, 400))
        y[at : at + wide] += rng.uniform(0.1, 2) * np.exp(-np.arange(len(y[at : at + wide])) / 50)
    if kind == "shift":
        y[rng.integers(n // 2, n) :] += 0.3
    if kind == "large":
        y *= -1e7
    return y


@pytest.mark.parametrize("kind", ["plain", "averaged", "shift", "large"])
@pytest.mark.parametrize("seed", range(4))
def test_at_random_cuts_the_excursions_are_those_of_a_search_from_the_beginning(kind, seed):
    rng = np.random.default_rng(seed)
    y = curve(rng, 30_000, kind)
    step = np.cumsum(rng.integers(1, 3, len(y)))
    want, kept, taken = Sensitivity(), AllKept(), 0
    for n in [*np.sort(rng.integers(20, len(y), 5)).tolist(), len(y), len(y)]:
        assert all_excursions(y[:n], step[:n], want, kept) == all_excursions(y[:n], step[:n], want)
        taken += kept.of(1).taken
    assert taken > 3 * BLOCK, "what was found is found again"


def test_a_curve_that_is_another_from_some_point_on_is_searched_from_there():
    rng = np.random.default_rng(0)
    y, step = curve(rng, 30_000, "plain"), np.arange(30_000)
    want, kept = Sensitivity(), AllKept()
    all_excursions(y, step, want, kept)
    for at in (29_999, 15_000, 2 * BLOCK + level.REACH, 2 * BLOCK + level.REACH - 1, 3, 0):
        other = y.copy()
        other[at:] += 0.5
        assert all_excursions(other, step, want, kept) == all_excursions(other, step, want)
        all_excursions(y, step, want, kept)
        assert kept.of(1).taken == max((at - level.REACH - 1) // BLOCK, 0) * BLOCK
    moved = step.copy()
    moved[20_000:] += 5
    assert all_excursions(y, moved, want, kept) == all_excursions(y, moved, want)


def test_residuals_of_another_curve_are_not_taken_for_those_of_one_that_stayed_level():
    rng = np.random.default_rng(0)
    step, want, kept = np.arange(20_000), Sensitivity(), AllKept()
    wild = 2 + 0.02 * rng.standard_t(2, len(step))
    calm = 2 + 0.02 * rng.normal(size=len(step))
    calm[19_000] += 0.2
    all_excursions(wild, step, want, kept)
    assert all_excursions(calm[:18_000], step[:18_000], want, kept) == []
    assert len(all_excursions(calm, step, want, kept)) == 1


def test_another_sensitivity_finds_what_it_finds_alone():
    rng = np.random.default_rng(1)
    y, step, kept = curve(rng, 20_000, "plain"), np.arange(20_000), AllKept()
    for want in (Sensitivity(), Sensitivity(sigmas=8.0), Sensitivity(grain=0.2), Sensitivity(rise=0.1), Sensitivity()):
        assert all_excursions(y, step, want, kept) == all_excursions(y, step, want)
