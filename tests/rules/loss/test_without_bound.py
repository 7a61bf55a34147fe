"""LOSS004 on losses that go off below zero."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.rules.loss.parts.rising import FEWEST, falls_without_bound


def falling(n, times, first=1.0, seed=0):
    """A loss that falls geometrically to `times` its first level below zero."""
    rng = np.random.default_rng(seed)
    return 2 * first - first * np.exp(np.linspace(0, np.log(times), n)) + rng.normal(0, 0.01 * first, n)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("n", [FEWEST, 40, 1000])
@pytest.mark.parametrize("first", [0.5, 1.0, 700.0])
def test_it_is_seen_at_any_length(n, first, seed):
    assert falls_without_bound(falling(n, 1e9, first, seed)) is not None


@pytest.mark.parametrize(
    "value",
    [
        falling(FEWEST - 1, 1e9),  # too short
        falling(100, 3e3),  # a likelihood of many dimensions
        -falling(100, 1e9),  # it rises: LOSS001
        np.append(falling(50, 1e6), np.full(50, -1e6)),  # it has found a level
        np.linspace(3, 1, 100),
    ],
)
def test_it_is_silent(value):
    assert falls_without_bound(value) is None


@pytest.mark.parametrize(("below", "seen"), [(0.99e4, False), (1.01e4, True)])
def test_each_side_of_the_edge(below, seen):
    value = np.concatenate([np.full(10, 1.0), np.linspace(1.0, -below, 80), np.full(10, -below)])
    assert (falls_without_bound(value) is not None) is seen


@pytest.mark.parametrize(("times", "seen"), [(1.19, False), (1.21, True)])
def test_it_must_go_on(times, seen):
    value = np.concatenate([np.full(10, 1.0), np.full(80, -1e6), np.full(10, -1e6 * times)])
    assert (falls_without_bound(value) is not None) is seen
