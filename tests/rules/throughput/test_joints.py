"""A speed is held against its own training: not against another one in the same log, nor one epoch that went faster."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.model import Finding, Run
from runlens.roles import resolve
from runlens.rules.throughput.drop import ThroughputDrop
from runlens.rules.throughput.stall import Stall
from tests.rules.saying import START, run_of


def drops(run: Run) -> list[str]:
    return [str(f.severity) for f in ThroughputDrop().check(run) if isinstance(f, Finding)]


def timed(step: np.ndarray, seconds: np.ndarray, **columns: np.ndarray) -> Run:
    noise = np.exp(0.002 * np.random.default_rng(0).standard_normal(len(step)))
    columns = {"train_loss": 3.0 - 0.001 * np.arange(len(step)), "step_time": seconds * noise, **columns}
    return run_of(columns, step=step, time=START + np.cumsum(seconds * noise))


@pytest.mark.parametrize(("back_to", "told"), [(0, "info"), (15, "info"), (60, "error"), (150, "error")])
def test_the_speed_of_another_training_is_no_reference(back_to: int, told: str) -> None:
    """200 steps of 10 s, then steps of 15 s from step 0, or from a checkpoint."""
    step = np.r_[np.arange(200), np.arange(back_to, back_to + 300)]
    assert drops(timed(step, np.r_[np.full(200, 10.0), np.full(300, 15.0)])) == [told]


@pytest.mark.parametrize(("times", "told"), [(4.0, "error"), (6.0, "info")])
def test_a_launch_that_is_many_times_as_slow_does_other_work(times: float, told: str) -> None:
    """It counts on, and nothing but the start that the log records tells of it."""
    seconds = np.r_[np.full(200, 10.0), np.full(300, 10.0 * times)]
    run = timed(np.arange(500), seconds)
    time = run.series["train_loss"].time
    object.__setattr__(run, "starts", (float(time[0]), float(time[199]) + 1.0))
    assert drops(run) == [told]
    object.__setattr__(run, "starts", ())
    assert drops(timed(np.arange(500), seconds)) == ["error"]


@pytest.mark.parametrize(("epochs", "told"), [(1, "info"), (2, "error"), (3, "error")])
def test_one_epoch_that_went_faster_is_no_reference(epochs: int, told: str) -> None:
    """Epochs of 80 steps, of which the first so many are faster."""
    step = np.arange(560)
    assert drops(timed(step, np.where(step < 80 * epochs, 10.0, 15.0), epoch=step // 80)) == [told]


def test_a_drop_within_the_first_epoch_is_one() -> None:
    step = np.arange(500)
    assert drops(timed(step, np.where(step < 60, 10.0, 15.0), epoch=step // 100)) == ["error"]


@pytest.mark.parametrize(("use", "watts", "told"), [
    (95.0, 400.0, "info"), (95.0, 330.0, "info"), (95.0, 310.0, "warning"), (45.0, 400.0, "warning"),
])  # fmt: skip
def test_a_gap_in_which_the_gpu_worked_on_is_one_of_the_log(use: float, watts: float, told: str) -> None:
    """A thousand steps of a second, with 20 minutes between two of them; a collective that hangs spins at low power."""
    time = np.arange(1000.0)
    time[500:] += 1200.0
    sampled = np.arange(0.0, time[-1], 15.0)
    gap = (sampled > 499) & (sampled < 1700)
    run = run_of({"train_loss": np.linspace(3, 2, 1000)}, time=START + time)
    hardware = run_of(
        {"system.gpu.0.gpu": np.where(gap, use, 95.0), "system.gpu.0.powerWatts": np.where(gap, watts, 400.0)},
        step=np.searchsorted(time, sampled), time=START + sampled,
    )  # fmt: skip
    both = resolve(Run("run", "run", "run", series={**run.series, **hardware.series}))
    found = [f for f in Stall().check(both) if isinstance(f, Finding)]
    assert [str(f.severity) for f in found] == [told]
