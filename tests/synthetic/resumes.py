"""Runs that were killed and taken up again, seeded, with what was not restored as the truth."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from runlens.model import Run, Series
from runlens.roles import resolve

Kind = Literal[
    "healthy", "weights", "part", "optimizer", "higher", "replayed", "reported", "rate-off", "rewarmed", "rate-jump"
]
Floats = npt.NDArray[np.float64]
START = 1_760_000_000.0


def curve(n: int, floor: float = 2.0, height: float = 6.0) -> Floats:
    """A power-law descent over `n` points."""
    return floor + height * (1.0 + np.arange(n) / (0.01 * n)) ** -0.6


def schedule(n: int) -> Floats:
    """A warm-up and a cosine down to a tenth."""
    t = np.arange(n)
    return 3e-4 * np.minimum((t + 1) / (0.03 * n), 1.0) * (0.1 + 0.45 * (1.0 + np.cos(np.pi * t / n)))


def resumed(
    kind: Kind, seed: int, n: int = 1200, every: int = 1, noise: float = 0.02, back: bool = True, size: float = 1.0
) -> tuple[Run, int]:
    """A run that was killed half-way and resumed a little earlier, or with the next step; and the step of the resume.

    `size` scales what was lost.
    """
    rng = np.random.default_rng(seed)
    killed = int(n * rng.uniform(0.45, 0.65))
    at = killed - int(n * 0.05) if back else killed
    clean, rate = curve(n), schedule(n)
    first = clean[:killed] * np.exp(noise * rng.standard_normal(killed))
    level, lr = clean[at:].copy(), rate[at:].copy()
    t = np.arange(n - at)
    if kind == "weights":
        level = np.maximum(curve(n)[: n - at], level)
    elif kind == "part":
        level += size * 0.4 * (clean[0] - clean[at]) * np.exp(-t / (0.02 * n))
    elif kind == "optimizer":
        level *= 1.0 + size * 0.1 * np.exp(-t / (0.03 * n))
    elif kind == "higher":
        level *= 1.0 + 0.08 * size
    elif kind == "replayed":
        level[: int(0.12 * n)] *= 1.0 - 0.12 * size
    elif kind == "reported":
        level *= 8.0 * size
    elif kind == "rate-off":
        lr *= 1.0 + 0.33 * size
    elif kind == "rewarmed":
        lr = schedule(n)[: n - at]
    elif kind == "rate-jump":
        lr *= 1.0 - 0.3 * size
    second = level * np.exp(noise * rng.standard_normal(n - at))
    step = np.concatenate([np.arange(killed), np.arange(at, n)]) * every
    time = START + np.concatenate([np.arange(killed), np.arange(n - at) + killed + 600]) * 0.5 * every
    columns = {"train/loss": np.concatenate([first, second]), "train/lr": np.concatenate([rate[:killed], lr])}
    series = {name: Series(name, step, time, value) for name, value in columns.items()}
    starts = (START, float(time[killed]))
    return resolve(Run("r", "r", "r", series=series, starts=starts)), at * every
