"""Two networks that train against each other log no training loss: the loss of one of them is the run's clock."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.model import Finding, Run, Series
from runlens.roles import resolve
from runlens.rules.throughput.drop import ThroughputDrop
from runlens.rules.throughput.stall import Stall
from tests.rules.saying import mark, run_of

N = 120


def game(slower: float = 1.0, **losses: str) -> Run:
    """A game of `N` epochs of 80 s, so many times as long from the fiftieth on."""
    rng = np.random.default_rng(7)
    seconds = 80.0 * np.where(np.arange(N) < 50, 1.0, slower) * np.exp(0.01 * rng.standard_normal(N))
    step, time = np.arange(1, N + 1), 1.76e9 + np.cumsum(seconds)
    names = losses or {"d": "loss_disc", "g": "loss_gen_all"}
    series = {name: Series(name, step, time, 2.0 * np.exp(0.1 * rng.standard_normal(N))) for name in names.values()}
    return resolve(Run("g", "g", "g", series=series))


def drops(run: Run) -> list[Finding]:
    return [one for one in ThroughputDrop().check(run) if isinstance(one, Finding)]


@pytest.mark.parametrize(("slower", "told"), [(1.0, 0), (1.01, 0), (1.4, 1)])
def test_epochs_that_take_longer_are_told_by_the_loss_of_a_discriminator(slower: float, told: int) -> None:
    run = game(slower)
    role = run.role("step_time")
    assert role is not None and role.derived
    findings = drops(run)
    assert len(findings) == told
    for one in findings:
        assert one.metric == "loss_disc" and one.steps is not None and abs(one.steps[0] - 51) <= 1


def test_a_training_loss_beside_the_two_is_the_clock() -> None:
    beside = game(1.4, d="d_loss", g="g_loss", both="train/loss")
    role = beside.role("train_loss")
    assert role is not None and [one.metric for one in drops(beside)] == ["train/loss"]


def asleep(minutes: float) -> Run:
    """A game of 1,000 steps of 11 s beside losses that are parts of neither side, which stood still nine times."""
    rng = np.random.default_rng(3)
    seconds = 11.0 * np.exp(0.02 * rng.standard_normal(1000))
    seconds[[72, 101, 233, 318, 470, 512, 760, 801, 977]] += 60.0 * minutes * rng.uniform(0.5, 1.5, 9)
    names = ("d_loss_fake", "d_loss_real", "g_loss_raw")
    columns = {name: 1.0 + 0.1 * rng.standard_normal(1000) for name in names}
    return run_of(columns, time=1.76e9 + np.cumsum(seconds))


@pytest.mark.parametrize(("minutes", "says"), [(0.0, "."), (0.3, "."), (10.0, "w"), (25.0, "e")])
def test_hours_that_a_game_stood_still_are_told(minutes: float, says: str) -> None:
    assert mark(Stall(), asleep(minutes)) == says
