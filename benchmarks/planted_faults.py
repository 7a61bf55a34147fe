"""Faults planted into the log of a real healthy run: the noise is real, the truth is known.

Each function takes a raw run (as a reader returns it) and returns another; nothing is shared that rules may remember.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from runlens import Run, Series

Floats = npt.NDArray[np.float64]
OverSteps = Callable[[npt.NDArray[np.int64]], Floats]
"""A function of the training step."""

RATES = ("per_sec", "throughput", "tflops", "tps", "per_second", "mfu")
DURATIONS = ("time_per_iteration", "step_time", "iteration_time", "time_ms")
LOSSES = ("lm_loss", "train/loss", "loss")
SPARSE = ("valid", "eval", "system")
"""Parts of the names of what is not logged at every step."""


def slowed(run: Run, factor: OverSteps) -> Run:
    """The run with each step taking `factor(step)` times as long: wall clock, logged rates and durations alike."""
    clock = max(run.series.values(), key=len).latest()
    gaps = np.diff(clock.time, prepend=clock.time[0])
    later = clock.time[0] + np.cumsum(gaps * factor(clock.step))
    out = {}
    for name, series in run.series.items():
        time = np.interp(series.time, clock.time, later)
        time = np.where(series.time > clock.time[-1], later[-1] + series.time - clock.time[-1], time)
        value = series.value.copy()
        if _named(name, RATES):
            value /= factor(series.step)
        elif _named(name, DURATIONS):
            value *= factor(series.step)
        out[name] = Series(series.name, series.step, np.where(series.time < clock.time[0], series.time, time), value)
    return replace(run, series=out)


def raised(run: Run, excess: OverSteps) -> Run:
    """The run with `excess(step)` added to the logarithm of its training loss; the gradient norm jumps along."""
    out = dict(run.series)
    for name, series in run.series.items():
        if name in LOSSES:
            out[name] = series.with_value(series.value * np.exp(excess(series.step)))
        elif "grad_norm" in name:
            out[name] = series.with_value(series.value * np.exp(np.clip(excess(series.step), 0.0, 2.0)))
    return replace(run, series=out)


def thinned(run: Run, every: int) -> Run:
    """The run logged every so many steps: losses, norms, rates and durations as means, the rest as it stood."""
    if every == 1:
        return run
    out = {}
    for name, series in run.series.items():
        n = len(series) // every
        if _named(name, SPARSE) or n < 8:
            out[name] = series
            continue
        step, time, value = (a[: n * every].reshape(n, every) for a in (series.step, series.time, series.value))
        mean = _named(name, (*RATES, *DURATIONS, "loss", "norm"))
        out[name] = Series(series.name, step[:, -1], time[:, -1], value.mean(axis=1) if mean else value[:, -1])
    return replace(run, series=out)


def _named(name: str, parts: tuple[str, ...]) -> bool:
    return any(part in name.lower() for part in parts)
