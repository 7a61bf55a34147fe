"""A healthy training run as columns, seeded, and faults to plant in loss, gradient norm and learning rate."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from runlens.model import Run, Series
from runlens.roles import resolve

Floats = npt.NDArray[np.float64]
STEPS = 1600
START = 1_760_000_000.0
PEAK = 3e-4


class Columns(dict[str, npt.NDArray]):
    """Columns by logged name: step, time, loss, grad_norm, lr; faults change them in place."""

    level: Floats
    """(n,) float64: the loss without noise."""

    def run(self, **config: object) -> Run:
        """The run, resolved."""
        step, time = self["step"], self["time"]
        series = {k: Series(k, step, time, v) for k, v in self.items() if k not in ("step", "time")}
        return resolve(Run("run", "run", "run", config=config, series=series))


def cosine(n: int, warm: int = 50, floor: float = 0.1) -> Floats:
    """A warm-up and a cosine down to a share of the peak; shape (n,)."""
    t = np.arange(n, dtype=np.float64)
    down = 0.5 * (1 + np.cos(np.pi * np.clip((t - warm) / max(n - warm, 1), 0, 1)))
    return PEAK * np.minimum((t + 1) / warm, 1.0) * (floor + (1 - floor) * down)


def healthy(seed: int, n: int = STEPS, every: int = 1, noise: float = 0.012, rate: Floats | None = None) -> Columns:
    """A run of `n` logged points that comes down along a power law; `rate` instead of a cosine, if given."""
    rng = np.random.default_rng(seed)
    step = np.arange(n, dtype=np.int64) * every
    share = np.arange(n) / n
    level = 2.0 + 8.0 * (1 + share / 0.01) ** -0.6
    columns = Columns(
        step=step,
        time=START + step * 0.5,
        loss=level * np.exp(noise * rng.standard_normal(n)),
        grad_norm=(0.3 + level / level[0]) * np.exp(0.1 * rng.standard_normal(n)),
        lr=cosine(n) if rate is None else rate.astype(np.float64),
    )
    columns.level = level
    return columns


def spike(columns: Columns, at: int, height: float, points: int) -> None:
    """A loss spike of so much log loss that is back after so many points, the gradient norm with it."""
    n = min(points, len(columns["step"]) - at)
    excess = height * np.exp(-np.arange(n) / max(points / 3.0, 0.5))
    columns["loss"][at : at + n] *= np.exp(excess)
    columns["grad_norm"][at : at + n] *= np.exp(2.0 * excess)


def surge(columns: Columns, at: int, times: float, points: int) -> None:
    """A gradient norm that is so many times its level for so many points, the loss untouched."""
    columns["grad_norm"][at : at + points] *= times


def resume(columns: Columns, killed: int, back: int, lost: bool = False) -> Columns:
    """The run killed after `killed` points and resumed from `back`.

    With `lost`, the first time through had the rate of a run that nothing happened to.
    """
    first = {k: v[:killed].copy() for k, v in columns.items()}
    if lost:
        first["lr"] = cosine(len(columns["step"]))[:killed]
    gap = 120.0 + 0.5 * (killed - back)
    second = {k: v[back:] + (gap if k == "time" else 0) for k, v in columns.items()}
    joined = Columns({k: np.concatenate([first[k], second[k]]) for k in columns})
    joined.level = columns.level
    return joined
