"""Runs whose timers, counters and wall clock agree or do not, seeded.

Each function takes a generator and gives the run, and the step at which the fault begins; None for a fault of the whole
run, or for a healthy one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from runlens.model import Run, Series
from runlens.roles import resolve

Floats = npt.NDArray[np.float64]
Rng = np.random.Generator
Made = tuple[Run, int | None]
TIMERS = ("step_time", "train/step_time", "perf/time_per_step", "time/iteration_time_s")
RATES = ("tokens_per_sec", "train/tokens_per_second", "throughput/tokens_per_sec", "perf/tokens_per_second")


def run_of(rng: Rng, took: Floats, every: int | None = None, digits: int = 3, **columns: Floats) -> Run:
    """A run that logs a loss and more at steps that took so many seconds; NaN of a column were not logged.

    Parameters
    ----------
    took : ndarray of float64, shape (n,)
        Seconds of each step by the wall clock.
    every : int, optional
        Steps from one logged point to the next; drawn by lot if not given.
    digits : int
        Of the wall times.
    **columns
        By role: `timer`, `rate`, and anything by its own name, two underscores for a slash.
    """
    n = len(took)
    every = int(rng.choice([1, 1, 5, 10])) if every is None else every
    every = min(every, max(n // 150, 1))
    names = {"timer": str(rng.choice(TIMERS)), "rate": str(rng.choice(RATES))}
    step = np.arange(1, n + 1)[::every]
    time = np.round(1.75e9 + np.cumsum(took), digits)[::every]
    loss = 2.0 + 6.0 * (1 + np.arange(n) / (0.02 * n)) ** -0.5
    columns = {"train/loss": loss * np.exp(0.01 * rng.standard_normal(n)), **columns}
    series = {}
    for key, value in columns.items():
        name = names.get(key, key.replace("__", "/"))
        kept = np.isfinite(value[::every])
        series[name] = Series(name, step[kept], time[kept], value[::every][kept])
    return resolve(Run("made", "made", "made", series=series))


def steps(rng: Rng, noise: float = 0.02) -> Floats:
    """Seconds of 400 to 6,000 steps without a fault."""
    n = int(np.exp(rng.uniform(np.log(400), np.log(6000))))
    return rng.uniform(0.5, 8.0) * np.exp(noise * rng.standard_normal(n))


def untimed(rng: Rng) -> Made:
    """A third to three quarters of the time is in no timer, all along."""
    took = steps(rng)
    factor = rng.choice([1.6, 1.75, 2.3, 2.6, 3.4])
    return run_of(rng, took, timer=took / factor * np.exp(0.01 * rng.standard_normal(len(took)))), None


def slower_by_the_clock(rng: Rng) -> Made:
    """From a step on each takes 1.2 to 3 times as long, which the timer does not see."""
    took = steps(rng)
    at, timer = int(len(took) * rng.uniform(0.3, 0.7)), took.copy()
    took[at:] *= rng.uniform(1.2, 3.0)
    return run_of(rng, took, timer=timer), at


def slower_beside_a_rate(rng: Rng) -> Made:
    """The same beside a rate that stands still."""
    took = steps(rng)
    at, rate = int(len(took) * rng.uniform(0.3, 0.7)), 2e6 / took
    took[at:] *= rng.uniform(1.2, 3.0)
    return run_of(rng, took, rate=rate), at


def pauses(rng: Rng) -> Made:
    """Pauses on schedule that no timer covers and that eat a third to two thirds of the time."""
    took = steps(rng)
    timer, every = took.copy(), int(rng.choice([50, 100, 200]))
    took[every::every] += every * float(np.median(took)) * rng.uniform(0.5, 2.0)
    return run_of(rng, took, every=1, timer=timer), None


def micro_batches(rng: Rng) -> Made:
    """The timer is that of one of several micro-batches."""
    took = steps(rng)
    return run_of(rng, took, timer=took / rng.choice([2, 4, 8, 16])), None


def overhead(rng: Rng) -> Made:
    """A tenth or two outside the timer, all along."""
    took = steps(rng)
    return run_of(rng, took, timer=took / rng.uniform(1.02, 1.3)), None


def evals(rng: Rng) -> Made:
    """Pauses at the steps where a held-out loss is logged."""
    took = steps(rng)
    every, timer = int(rng.choice([25, 50, 100])), took.copy()
    held_out = np.full(len(took), np.nan)
    held_out[every::every] = 2.5
    took[every::every] += every * float(np.median(took)) * rng.uniform(0.02, 0.2)
    return run_of(rng, took, every=1, timer=timer, eval__loss=held_out), None


def corrected(rng: Rng) -> Made:
    """The counter behind a rate is corrected, while steps take as long as before."""
    took = steps(rng)
    at, rate = int(len(took) * rng.uniform(0.3, 0.7)), 2e6 / took
    rate[at:] *= rng.choice([0.125, 0.25, 0.5, 2.0])
    return run_of(rng, took, rate=rate, timer=took), None


def whole_seconds(rng: Rng) -> Made:
    """Times in whole seconds."""
    took = steps(rng)
    return run_of(rng, took, every=10, digits=0, timer=np.round(took, 1)), None


def jitter(rng: Rng) -> Made:
    """Steps that differ by a fifth."""
    took = steps(rng, 0.2)
    return run_of(rng, took, rate=2e6 / took), None


def petty(rng: Rng) -> Made:
    """A few slow steps that cost seconds in an hour."""
    took = steps(rng)
    at = rng.integers(len(took) // 10, len(took), 6)
    took[at] += 0.0005 * took.sum() / len(at)
    return run_of(rng, took, timer=took), None


def every_nth(rng: Rng) -> Made:
    """Every seventh to twelfth logged interval of a short trial takes two to ten times as long: seconds in all."""
    n, every = int(rng.integers(60, 200)), int(rng.integers(7, 13))
    took = rng.uniform(0.02, 0.1) * np.exp(0.02 * rng.standard_normal(n))
    took[every - 1 :: every] *= rng.uniform(2.0, 10.0)
    return run_of(rng, took, every=1), None


def few_epochs(rng: Rng) -> Made:
    """25 to 60 epochs, of which the first or the last few take half as long again."""
    n, some = int(rng.integers(30, 60)), int(rng.integers(3, 7))
    took = rng.uniform(30.0, 200.0) * np.exp(0.02 * rng.standard_normal(n))
    took[slice(-some, None) if rng.random() < 0.5 else slice(2 + some, None)] *= rng.uniform(1.2, 1.8)
    return run_of(rng, took, every=1), None


def policy(rng: Rng) -> Made:
    """A policy whose episodes get longer and their steps slower by 5 to 14 %."""
    took = steps(rng)
    at = int(len(took) * rng.uniform(0.3, 0.7))
    took[at:] /= 1.0 - rng.uniform(0.05, 0.14)
    reward = np.linspace(0.0, 200.0, len(took)) + 5.0 * rng.standard_normal(len(took))
    return run_of(rng, took, rate=2e6 / took, rollout__ep_rew_mean=reward), None


FAULTS = {
    "a third of the time and more in no timer": (untimed, ("TPUT007",)),
    "slower by the clock, the timer flat": (slower_by_the_clock, ("TPUT001", "TPUT007")),
    "slower by the clock, the rate flat": (slower_beside_a_rate, ("TPUT001", "TPUT007")),
    "pauses that eat a third and more": (pauses, ("TPUT004", "TPUT005", "TPUT007")),
}
"""What happens: what makes it, and the rules one of which should say so at `warning` or above."""
HEALTHY = {
    "timer of a micro-batch": micro_batches,
    "2 to 30 % outside the timer": overhead,
    "pauses for evals": evals,
    "a counter that is corrected": corrected,
    "whole seconds": whole_seconds,
    "steps that differ by a fifth": jitter,
    "a few slow steps": petty,
    "every n-th interval of a trial": every_nth,
    "a few epochs of 30 to 60": few_epochs,
    "a policy that sets the pace": policy,
}
