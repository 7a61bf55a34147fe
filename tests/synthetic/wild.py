"""Healthy losses as the world logs them: smoothed, means since an epoch began, short with heavy tails."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from runlens.model import Run, Series
from runlens.roles import resolve

Floats = npt.NDArray[np.float64]


def running(value: Floats, width: int) -> Floats:
    """The mean of the last `width` values, fewer at the start."""
    total = np.cumsum(np.insert(value, 0, 0.0))
    i = np.arange(1, len(value) + 1)
    first = np.maximum(i - width, 0)
    return (total[i] - total[first]) / (i - first)


def exponential(value: Floats, keep: float) -> Floats:
    """The exponential mean that keeps this share of itself."""
    out, state = np.empty_like(value), float(value[0])
    for i, x in enumerate(value):
        state = keep * state + (1.0 - keep) * x
        out[i] = state
    return out


def since_reset(value: Floats, period: int, offset: int = 0) -> Floats:
    """The mean since the last reset, one every `period` values."""
    out, total, count = np.empty_like(value), 0.0, 0
    for i, x in enumerate(value):
        if (i - offset) % period == 0:
            total, count = 0.0, 0
        total, count = total + x, count + 1
        out[i] = total / count
    return out


SMOOTHINGS: dict[str, Callable[[Floats], Floats]] = {
    "running mean of 5": lambda x: running(x, 5),
    "running mean of 20": lambda x: running(x, 20),
    "running mean of 100": lambda x: running(x, 100),
    "exponential mean, 0.9": lambda x: exponential(x, 0.9),
    "exponential mean, 0.98": lambda x: exponential(x, 0.98),
}


def preference(seed: int, n: int) -> Floats:
    """A stationary preference loss: log-normal, capped, after a first quarter at ln 2 and a little."""
    rng = np.random.default_rng(seed)
    loss = np.clip(np.exp(np.log(0.2) + 1.2 * rng.standard_normal(n)), 0.003, 2.2)
    loss[: n // 4] = 0.78 + 0.15 * rng.standard_normal(n // 4)
    return loss


HEAVY: dict[str, Callable[[int, int], Floats]] = {
    "preference loss": preference,
    "log-normal": lambda seed, n: np.exp(0.8 * np.random.default_rng(seed).standard_normal(n)),
    "Student-t, 2 degrees": lambda seed, n: np.abs(1 + 0.2 * np.random.default_rng(seed).standard_t(2, n)) + 0.01,
    "exponential": lambda seed, n: np.random.default_rng(seed).exponential(1.0, n) + 0.01,
}


def logged(loss: Floats, every: int = 1) -> Run:
    """A run that logs this loss and no times."""
    step = every * np.arange(1, len(loss) + 1)
    series = {"train/loss": Series("train/loss", step, np.full(len(loss), np.nan), loss)}
    return resolve(Run("r", "r", "r", series=series))
