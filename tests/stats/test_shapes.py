"""Shapes fitted to a series that hardly moves: how far beyond its range they go, and so which are not fitted."""

import numpy as np
import pytest

from runlens.stats.changes import shapes as module
from runlens.stats.changes.shapes import BEYOND, shapes
from runlens.stats.wander import whitening


def largest(n):
    """The largest size of a shape fitted alone, under any noise, to `n` points with a range of 1."""
    book, noise = module._dictionary(n), whitening(n)
    sizes = []
    for matrix, unit, free, power in zip(noise.matrices, book.unit, book.free, book.power, strict=True):
        white = (matrix @ book.columns).T
        weights = (white - np.outer(white @ unit, unit)) @ matrix  # of each point in the size of each shape
        usable = free > 1e-6 * power
        sizes.append(0.5 * np.abs(weights[usable]).sum(axis=1) / free[usable])
    return max(size.max() for size in sizes)


@pytest.mark.parametrize("n", [8, 24, 79, 96, 143])
def test_a_shape_is_half_as_large_again_as_the_range_at_most(n):
    assert 1.49 < largest(n) < 1.54 < BEYOND


@pytest.mark.parametrize(("height", "fitted", "found"), [(0.49, 0, 0), (0.51, 1, 0), (0.8, 1, 0), (0.9, 1, 1)])
def test_nothing_is_fitted_where_no_shape_can_be_and_nothing_is_missed(height, fitted, found, monkeypatch):
    y = height * (np.arange(96) >= 48)
    told, level = shapes(y, 1.0, 9.0)
    assert len(told) == found
    tried = []
    monkeypatch.setattr(module, "whitening", lambda n: tried.append(n) or whitening(n))
    shapes(y, 1.0, 9.0)
    assert len(tried) == fitted
    monkeypatch.setattr(module, "BEYOND", np.inf)
    told_too, level_too = shapes(y, 1.0, 9.0)
    assert told_too == told and level_too == pytest.approx(level, abs=1e-12)


@pytest.mark.parametrize("n", [8, 24, 96])
def test_running_sums_say_what_products_say(n):
    book, noise = module._dictionary(n), whitening(n)
    white = np.einsum("gij,jp->gpi", noise.matrices, book.columns)
    series = np.random.default_rng(n).normal(size=(len(noise.matrices), n))
    assert book.along(series, noise.matrices) == pytest.approx(np.einsum("gpi,gi->gp", white, series), abs=1e-9)
    assert book.power == pytest.approx((white**2).sum(axis=2), rel=1e-9)
