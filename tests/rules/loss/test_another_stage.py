"""Rises of the loss where a trainer begins another stage without a word, and those that only look alike."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.rules.loss.spike import HELP_STAGE, LossSpike
from tests.rules.saying import START, mark, run_of, said

N, AT = 600, 300


def losses(height=1.0, decay=60.0, n=N, at=AT):
    """A loss that falls, stands higher from a step on, and is learnt again."""
    t = np.arange(n)
    loss = 0.5 + 3.0 * np.exp(-t / 40.0) + np.where(t >= at, height * (0.5 + 0.5 * np.exp(-(t - at) / decay)), 0.0)
    return loss * np.exp(0.01 * np.random.default_rng(0).standard_normal(n))


def term(begins=AT, every=1, empty=np.nan, n=N):
    """A term of the loss that sets in at a step."""
    t = np.arange(n)
    return np.where((t >= begins) & (t % every == 0), 0.8 * np.exp(-np.maximum(t - begins, 0) / 60.0) + 0.1, empty)


def paced(times, n=N, at=AT):
    """Times of rows of which each takes so many seconds as long from a step on."""
    each = np.where(np.arange(n) >= at, times, 1.0)
    return START + np.cumsum(each)


@pytest.mark.parametrize("empty", [np.nan, 0.0])
def test_a_term_that_sets_in_is_told_and_no_error(empty):
    run = run_of({"train/loss": losses(), "train/kl_loss": term(empty=empty)})
    (found,) = said(LossSpike(), run)
    assert str(found.severity) == "info" and found.help == HELP_STAGE
    assert "train/kl_loss went from 0 to 0.9 there" in found.message
    assert found.evidence["plan"]["metric"] == "train/kl_loss"


def test_without_it_the_same_rise_is_an_error():
    assert mark(LossSpike(), run_of({"train/loss": losses()})) == "e"


@pytest.mark.parametrize(("begins", "says"), [(AT - 5, "e"), (AT - 4, "i"), (AT + 4, "i"), (AT + 5, "e")])
def test_it_sets_in_where_the_loss_rose(begins, says):
    assert mark(LossSpike(), run_of({"train/loss": losses(), "train/kl_loss": term(begins)})) == says


@pytest.mark.parametrize(("every", "says"), [(1, "i"), (2, "i"), (3, "e")])
def test_it_is_logged_with_the_loss(every, says):
    assert mark(LossSpike(), run_of({"train/loss": losses(), "train/kl_loss": term(every=every)})) == says


@pytest.mark.parametrize("name", ["val/kl_loss", "train/accuracy", "eval_loss"])
def test_what_is_no_term_explains_nothing(name):
    assert mark(LossSpike(), run_of({"train/loss": losses(), name: term()})) == "e"


@pytest.mark.parametrize(("times", "says"), [(1.45, "e"), (1.55, "i"), (1 / 1.45, "e"), (1 / 1.55, "i")])
def test_another_pace_is_another_stage(times, says):
    assert mark(LossSpike(), run_of({"train/loss": losses()}, time=paced(times))) == says


@pytest.mark.parametrize(("at", "says"), [(AT - 20, "e"), (AT, "i"), (AT + 20, "e")])
def test_the_pace_changes_where_the_loss_rose(at, says):
    assert mark(LossSpike(), run_of({"train/loss": losses()}, time=paced(2.0, at=at))) == says


@pytest.mark.parametrize(("decay", "says"), [(1e9, "e"), (60.0, "i")])
def test_a_stage_is_learnt_or_it_is_none(decay, says):
    run = run_of({"train/loss": losses(decay=decay), "train/kl_loss": term()}, time=paced(2.0))
    assert mark(LossSpike(), run) == says
