"""Timers that are means or sums, launches that went on days later, and columns with gaps: with a slowdown and without.

Each function takes a generator and gives the run, and the step at which the fault begins; None for a healthy one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from runlens.model import Run, Series
from runlens.roles import resolve
from tests.synthetic.clocks import Floats, Made, Rng, run_of, steps

SLOWER = ("TPUT001", "TPUT002", "TPUT007")


def _slower(rng: Rng, took: Floats) -> int:
    """Steps take a third to twice as long from a place on; its position."""
    at = int(rng.uniform(0.35, 0.6) * len(took))
    took[at:] *= rng.uniform(1.35, 2.0)
    return at


def _warm(rng: Rng, took: Floats) -> None:
    """The first few steps compile, and take many times as long."""
    took[: int(rng.integers(1, 4))] *= rng.uniform(5.0, 30.0)


def _mean(took: Floats) -> Floats:
    return np.asarray(np.cumsum(took) / np.arange(1, len(took) + 1))


def running_mean(rng: Rng) -> Made:
    """A timer that tells the mean since the start, which comes down for long after slow first steps."""
    took = steps(rng)
    _warm(rng, took)
    return run_of(rng, took, timer=_mean(took)), None


def running_mean_slower(rng: Rng) -> Made:
    """The same of a run that becomes slower."""
    took = steps(rng)
    at = _slower(rng, took)
    return run_of(rng, took, timer=_mean(took)), at + 1


def window(rng: Rng) -> Made:
    """A timer that is a mean of the last twenty to a hundred steps."""
    took = steps(rng)
    return run_of(rng, took, timer=_windowed(rng, took)), None


def window_slower(rng: Rng) -> Made:
    """The same of a run that becomes slower."""
    took = steps(rng)
    at = _slower(rng, took)
    return run_of(rng, took, timer=_windowed(rng, took)), at + 1


def _windowed(rng: Rng, took: Floats) -> Floats:
    width = int(rng.integers(20, 101))
    padded = np.concatenate([np.full(width - 1, took[0]), took])
    return np.convolve(padded, np.full(width, 1.0 / width), mode="valid")


def total(rng: Rng) -> Made:
    """Seconds since the start, beside a clock or as the only one."""
    took = steps(rng)
    return run_of(rng, took, elapsed_seconds=np.cumsum(took)), None


def total_slower(rng: Rng) -> Made:
    """The same of a run that becomes slower."""
    took = steps(rng)
    at = _slower(rng, took)
    return run_of(rng, took, elapsed_seconds=np.cumsum(took)), at + 1


def _appended(rng: Rng, took: Floats) -> Run:
    """One log of two to four launches, each of which goes on hours or days later at a checkpoint a little before."""
    n = len(took)
    stops = np.sort(rng.uniform(0.1, 0.9, int(rng.integers(1, 4))) * n).astype(np.int64)
    loss = (2.0 + 6.0 * (1 + np.arange(n) / (0.02 * n)) ** -0.5) * np.exp(0.01 * rng.standard_normal(n))
    parts, clock, first = [], 1.75e9, 0
    for stop in (*stops.tolist(), n):
        at = np.arange(first, stop)
        parts.append((at, clock + np.cumsum(took[at])))
        clock = float(parts[-1][1][-1]) + rng.uniform(8.0, 90.0) * 3600.0
        first = max(stop - int(rng.integers(1, max(n // 50, 2))), 0)
    at, time = (np.concatenate(column) for column in zip(*parts, strict=True))
    columns = {"train/loss": loss[at], "step_time": took[at]}
    return resolve(Run("a", "a", "a", series={k: Series(k, at + 1, time, v) for k, v in columns.items()}))


def launches(rng: Rng) -> Made:
    """Launches in one log, each as fast as the others."""
    return _appended(rng, steps(rng)), None


def launches_slower(rng: Rng) -> Made:
    """The same, in which it becomes slower."""
    took = steps(rng)
    at = _slower(rng, took)
    return _appended(rng, took), at + 1


def _gaps(rng: Rng, value: Floats) -> Floats:
    """One in five to one in two was not worked out, and here and there a stretch."""
    out = np.where(rng.random(len(value)) < rng.uniform(0.2, 0.5), np.nan, value)
    first = int(rng.uniform(0.1, 0.9) * len(value))
    out[first : first + len(value) // 20] = np.nan
    return np.asarray(out)


def gaps(rng: Rng) -> Made:
    """A timer that is not a number now and then, beside series that are."""
    took = steps(rng)
    return run_of(rng, took, timer=_gaps(rng, took)), None


def gaps_slower(rng: Rng) -> Made:
    """The same of a run that becomes slower."""
    took = steps(rng)
    at = _slower(rng, took)
    return run_of(rng, took, timer=_gaps(rng, took)), at + 1


Make = Callable[[Rng], Made]
FAULTS: Mapping[str, tuple[Make, tuple[str, ...]]] = {
    "slower, by a timer that is the mean since the start": (running_mean_slower, SLOWER),
    "slower, by a mean of the last steps": (window_slower, SLOWER),
    "slower, by the seconds since the start": (total_slower, SLOWER),
    "slower, over launches days apart": (launches_slower, SLOWER),
    "slower, by a timer with gaps": (gaps_slower, SLOWER),
}
HEALTHY: Mapping[str, Make] = {
    "a timer that is the mean since the start": running_mean,
    "a mean of the last steps": window,
    "seconds since the start": total,
    "launches days apart": launches,
    "a timer with gaps": gaps,
}
