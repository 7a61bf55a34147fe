"""Terms of the loss that set in: which count as one, and what they explain of the speed."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.rules.shared.terms import term_sets_in
from runlens.rules.throughput.drop import ThroughputDrop
from tests.rules.saying import START, mark, run_of, said

N, AT = 400, 200
STEP = np.arange(N)


def adapted(begins=AT, times=1.4, name="train/cluster_loss", every=1, at=AT):
    """A run whose step takes so many seconds as long from a step on, with a term of the loss that sets in."""
    rng = np.random.default_rng(0)
    loss = 2.0 + np.exp(-STEP / 50.0) + 0.01 * rng.standard_normal(N)
    term = np.where((begins <= STEP) & (STEP % every == 0), 0.5, np.nan)
    each = 60.0 * np.where(at <= STEP, times, 1.0) * np.exp(0.005 * rng.standard_normal(N))
    return run_of({"train/loss": loss, name: term}, time=START + np.cumsum(each))


@pytest.mark.parametrize(("begins", "found"), [(0, False), (2, False), (3, True), (200, True), (399, True)])
def test_the_first_rows_are_no_stage(begins, found):
    assert (term_sets_in(adapted(begins), STEP, 0, N) is not None) is found


@pytest.mark.parametrize(
    ("low", "high", "found"), [(190, 199, False), (190, 200, True), (200, 210, True), (201, 210, False)]
)
def test_it_sets_in_within_the_stretch(low, high, found):
    assert (term_sets_in(adapted(), STEP, low, high) is not None) is found


@pytest.mark.parametrize(("every", "found"), [(2, True), (3, False)])
def test_a_loss_of_evaluations_is_no_term(every, found):
    assert (term_sets_in(adapted(every=every), STEP, 190, 210) is not None) is found


@pytest.mark.parametrize("name", ["val/cluster_loss", "best_loss", "train/accuracy"])
def test_other_series_are_no_term(name):
    assert term_sets_in(adapted(name=name), STEP, 190, 210) is None


def test_nothing_of_an_empty_stretch():
    assert term_sets_in(adapted(), STEP[:2], 0, 2) is None


@pytest.mark.parametrize(("times", "says"), [(1.4, "i"), (2.9, "i"), (3.2, "e")])
def test_a_step_that_learns_more_takes_longer(times, says):
    assert mark(ThroughputDrop(), adapted(times=times)) == says


def test_without_the_term_it_is_an_error_and_with_it_the_words_say_so():
    assert mark(ThroughputDrop(), adapted(begins=0)) == "e"
    (found,) = said(ThroughputDrop(), adapted())
    assert found.message.endswith("train/cluster_loss went from 0 to 0.5 there, which explains it")
    assert found.help.startswith("Nothing, if that was planned")


@pytest.mark.parametrize(("share", "claims"), [(0.1, True), (0.18, True), (0.23, False)])
def test_the_clock_alone_shows_what_no_rate_does(share, claims):
    """A rate that falls by half as much as the clock's tells of it, too."""
    rng = np.random.default_rng(0)
    slow = STEP >= AT
    rate = 100.0 * np.where(slow, 1.0 - share, 1.0) * np.exp(0.004 * rng.standard_normal(N))
    each = 60.0 / np.where(slow, 0.6, 1.0)
    run = run_of(
        {"loss": 2.0 + 0.01 * rng.standard_normal(N), "samples_per_second": rate}, time=START + np.cumsum(each)
    )
    found = [f for f in said(ThroughputDrop(), run) if "by the wall clock" in f.message]
    assert len(found) == 1 and ("which no logged rate or timer shows" in found[0].message) is claims
