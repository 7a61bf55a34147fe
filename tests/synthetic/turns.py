"""Held-out losses that turn while the training loss falls, and such as do not, seeded."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from runlens.model import Run, Series
from runlens.roles import resolve

Floats = npt.NDArray[np.float64]
Course = Callable[[np.random.Generator, Floats], Floats]
EVERY = 100
"""Steps between two checkpoints."""


def run_of(rng: np.random.Generator, course: Course, n: int, noise: float) -> Run:
    """A run of `n` checkpoints whose held-out loss takes a course, with so much noise as a share of it."""
    x = np.linspace(0.0, 1.0, n)
    value = course(rng, x) * np.exp(noise * rng.standard_normal(n))
    steps = np.arange(0, n * EVERY, 10)
    train = (1.2 + 2.0 * np.exp(-3.0 * steps / steps[-1])) * np.exp(0.02 * rng.standard_normal(len(steps)))
    at = np.arange(1, n + 1) * EVERY
    series = {
        "train/loss": Series("train/loss", steps, np.full(len(steps), np.nan), train),
        "eval/loss": Series("eval/loss", at, np.full(n, np.nan), value),
    }
    return resolve(Run("made", "made", "made", series=series, x_is_step=True))


def _learned(x: Floats, until: float) -> Floats:
    return 2.0 + 1.5 * np.exp(-6.0 * np.minimum(x, until) / until)


def turns(rise: float, until: float = 0.4) -> Course:
    """Down to a level, and from there up to the end."""
    return lambda rng, x: _learned(x, until) * (1 + rise * np.clip((x - until) / (1 - until), 0, 1))


def turns_and_settles(rise: float) -> Course:
    """Down to a level, up within a quarter, and level from there on."""
    return lambda rng, x: _learned(x, 0.3) * (1 + rise * np.clip((x - 0.3) / 0.25, 0, 1))


def best_at_first(rise: float) -> Course:
    """A fine-tuning that starts at its best and is level above it from a third on."""
    return lambda rng, x: 2.0 * (1 + rise * np.clip(x / 0.3, 0, 1))


def _wander(rng: np.random.Generator, x: Floats) -> Floats:
    out = np.zeros(len(x))
    for i in range(1, len(x)):
        out[i] = 0.6 * out[i - 1] + 0.01 * rng.standard_normal()
    return 2.0 * np.exp(out)


def _drifts(rng: np.random.Generator, x: Floats) -> Floats:
    """Noise that is the mean of five draws, four of which the next checkpoint shares: 1.3 % of scatter."""
    draws = rng.standard_normal(len(x) + 4)
    out: Floats = np.exp(0.013 * np.convolve(draws, np.full(5, 5**-0.5), "valid"))
    return out


FAULTS = MappingProxyType(
    {
        "turns and rises by 10 %": turns(0.10),
        "turns and rises by 20 %": turns(0.20),
        "turns and rises by a half": turns(0.50),
        "turns, rises by 20 % and settles": turns_and_settles(0.20),
        "best at first, then 20 % above": best_at_first(0.20),
    }
)
HEALTHY = MappingProxyType(
    {
        "falls to the end": lambda rng, x: _learned(x, 1.0),
        "falls and settles": lambda rng, x: _learned(x, 0.5),
        "level all along": lambda rng, x: np.full(len(x), 2.0),
        "swings about a level": lambda rng, x: 2.0 * (1 + 0.04 * np.sin(8 * np.pi * x + rng.uniform(0, 6.28))),
        "wanders about a level": _wander,
        "drifts about a level": lambda rng, x: 2.0 * _drifts(rng, x),
        "falls, settles and wanders": lambda rng, x: _learned(x, 0.5) * _wander(rng, x) / 2.0,
        "falls, settles and drifts": lambda rng, x: _learned(x, 0.5) * _drifts(rng, x),
    }
)
