"""Losses that rise all along are LOSS004's, and those that jump once are LOSS001's."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.rules.loss.spike import LossSpike
from runlens.rules.loss.stalled import StalledLoss
from tests.rules.saying import mark, run_of, said


def rising(jump, n=300, over=2.0, noise=0.01):
    """A loss that goes from 1 to `over`, a share of that in one jump in the middle and the rest bit by bit."""
    t = np.arange(n)
    height = np.log(over) * ((1.0 - jump) * t / n + jump * (t >= n // 2))
    return run_of({"train/loss": np.exp(height + noise * np.random.default_rng(0).standard_normal(n))})


@pytest.mark.parametrize(("jump", "says"), [(0.0, (".", "e")), (0.3, (".", "e")), (0.6, ("e", "."))])
def test_one_rule_speaks_of_a_loss_that_rises(jump, says):
    run = rising(jump, over=2.5)
    assert (mark(LossSpike(), run), mark(StalledLoss(), run)) == says


@pytest.mark.parametrize(("first", "says"), [(1.05, "."), (1.3, "e")])
def test_one_that_had_learnt_something_first_is_a_spike(first, says):
    t = np.arange(300)
    noise = 0.01 * np.random.default_rng(0).standard_normal(300)
    run = run_of({"train/loss": np.exp(np.log(2.5) * t / 300 + np.log(first) * np.exp(-t / 4.0) + noise)})
    assert mark(LossSpike(), run) == says


def test_the_words():
    (found,) = said(StalledLoss(), rising(0.0))
    assert found.message.startswith("The loss only gets worse: from 1.0")


def begins(height, n=200, at=4, then=0.0):
    """A loss that stands at 1.05 for some rows, and higher from there on."""
    t = np.arange(n)
    y = np.where(t < at, 1.05, height * (1.0 - then * (t - at) / n))
    return run_of({"train/loss": y * np.exp(0.005 * np.random.default_rng(1).standard_normal(n))})


@pytest.mark.parametrize(("height", "says"), [(1.5, "w"), (2.0, "w"), (2.2, "e")])
def test_a_loss_that_settles_above_its_first_rows_is_a_warning_until_it_doubles(height, says):
    assert mark(LossSpike(), begins(height)) == says


@pytest.mark.parametrize(("at", "says"), [(4, "w"), (7, "w"), (60, "e")])
def test_only_what_sets_in_at_the_beginning(at, says):
    assert mark(LossSpike(), begins(1.5, at=at)) == says


def test_it_says_that_nothing_had_been_learnt():
    (found,) = said(LossSpike(), begins(1.5))
    assert "nothing had been learnt before it" in found.message and "%" not in found.message.split("diverged")[-1]
