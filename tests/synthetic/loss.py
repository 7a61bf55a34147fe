"""Loss curves whose faults are known: seeded, of many shapes, each with the truth of what was planted.

A curve is a power-law decay with a warm-up, an optional anneal, noise of one of five kinds, and events written into it
before it is thinned to the log interval. `make` draws everything from one seed; `CASES` names the kinds of events.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from runlens.model import RoleSeries, Run, Series

Floats = npt.NDArray[np.float64]
Noise = Literal["gaussian", "student", "skewed", "batch", "wander"]
Case = Literal[
    "clean", "fast", "lone", "slow", "plateaued", "diverged", "restarted", "unresolved", "repeated", "creep", "nan",
    "stage-up", "stage-down", "resume", "early", "grown", "blowup",
]  # fmt: skip
NOISES: tuple[Noise, ...] = ("gaussian", "student", "skewed", "batch", "wander")
FAULTY: tuple[Case, ...] = (
    "fast", "lone", "slow", "plateaued", "diverged", "restarted", "unresolved", "repeated", "creep", "early",
    "grown", "blowup",
)  # fmt: skip
"""Cases with at least one loss spike."""
CLEAN: tuple[Case, ...] = ("clean", "resume")
"""Cases in which nothing may be reported above info."""
STAGES: tuple[Case, ...] = ("stage-up", "stage-down")
DOWN = 600.0
"""Seconds between a run's end and its resume."""


@dataclass(frozen=True)
class Planted:
    """One event as it was written into the curve."""

    onset: int
    """Step."""
    outcomes: tuple[str, ...]
    """What a right judgement may say; empty for a change of data stage."""
    slack: int = 0
    """Steps by which the onset itself is vague (a creep)."""
    end: int = 0
    """Last step at which it still stands half a standard deviation above the healthy curve, before the next event."""


@dataclass(frozen=True, eq=False)
class Made:
    """A run and its truth."""

    run: Run
    planted: tuple[Planted, ...]
    case: Case
    noise: Noise
    sigma: float
    interval: int

    @property
    def step(self) -> npt.NDArray[np.int64]:
        return self.run.series["loss"].step


def make(seed: int, points: int, case: Case, noise: Noise | None = None, interval: int | None = None) -> Made:
    """Draw a run.

    Parameters
    ----------
    seed : int
    points : int
        Logged points, at least 50.
    case, noise, interval
        What to plant, the kind of noise, and the steps between logged points (drawn where not given).
    """
    rng = np.random.default_rng([seed, points, len(case)])
    kind = noise or NOISES[int(rng.integers(len(NOISES)))]
    every = interval or int(rng.choice([1, 1, 500, 10, 25, 100] if points <= 20_000 else [1, 1, 10]))
    step = np.arange(points, dtype=np.int64) * every
    base, rate = decay(rng, points)
    sigma = float(np.exp(rng.uniform(np.log(0.003), np.log(0.05))))
    scatter = scattered(rng, kind, points, sigma)
    excess, planted, lost = plant(rng, case, base, sigma, step)
    planted = ended(planted, excess, sigma, step)
    y = np.log(base) + excess + scatter
    loss = np.exp(y)
    if lost is not None:
        loss[lost:] = np.nan
    grad = np.exp(0.1 * rng.standard_normal(points)) * (0.3 + base / base[0])
    grad *= np.exp(2.0 * np.clip(excess, 0.0, 2.0) * (case not in STAGES))
    times = 1.7e9 + step * 0.5
    columns = (step, times, loss, grad, rate)
    if case == "resume":
        columns = resumed(rng, columns)
    return Made(_run(f"{case}-{points}-{seed}", *columns), tuple(planted), case, kind, sigma, every)


def decay(rng: np.random.Generator, points: int) -> tuple[Floats, Floats]:
    """Loss without noise, and learning rate, at each logged point."""
    t = np.arange(points) / points
    floor, start = rng.uniform(1.5, 3.0), rng.uniform(8.0, 11.5)
    early = 10 ** rng.uniform(-2.5, -1.3)
    power = rng.uniform(0.3, 0.9)
    base = floor + (start - floor) * (1 + t / early) ** -power
    warm = rng.uniform(0.005, 0.03)
    rate = np.minimum(1.0, (t + 1 / points) / warm)
    schedule = rng.choice(["constant", "cosine", "anneal"])
    if schedule == "cosine":
        rate = rate * (0.55 + 0.45 * np.cos(np.pi * t))
    elif schedule == "anneal":
        late = np.clip((t - 0.8) / 0.2, 0.0, 1.0)
        rate = rate * (1 - 0.9 * late)
        base = base * (1 - 0.07 * late**0.7)
    return base, 3e-4 * rate


def scattered(rng: np.random.Generator, kind: Noise, points: int, sigma: float) -> Floats:
    """Noise of log loss with about the standard deviation `sigma`."""
    white = rng.standard_normal(points)
    if kind == "student":
        return np.asarray(sigma * rng.standard_t(5, points) / 1.29)
    if kind == "skewed":  # the tail of a loss over one rank's micro-batch: exponential, upwards
        return np.asarray(sigma * (0.8 * white + 0.75 * (rng.exponential(1.0, points) - 1.0)))
    if kind == "batch":  # the batch grows, and at the end shrinks again
        size = np.ones(points)
        size[points // 4 :] = 0.6
        size[points // 2 :] = 0.35
        size[7 * points // 8 :] = 0.7
        return np.asarray(sigma * size * white)
    if kind == "wander":  # data that is ordered: a component that remembers some fifteen points
        slow = np.convolve(rng.standard_normal(points + 40), np.exp(-np.arange(40) / 15), "valid")[:points]
        return np.asarray(sigma * (0.85 * white + 0.5 * slow / slow.std()))
    return np.asarray(sigma * white)


def plant(
    rng: np.random.Generator, case: Case, base: Floats, sigma: float, step: npt.NDArray[np.int64]
) -> tuple[Floats, list[Planted], int | None]:
    """Excess of log loss over the healthy curve, what was planted, and where the loss becomes NaN."""
    n = len(base)
    every = int(step[1] - step[0])
    span = float(step[-1] - step[0])
    fast = max(min(500.0, 0.05 * span), 2.0 * every) / every
    slow = max(min(5000.0, 0.5 * span), 4.0 * every) / every
    excess = np.zeros(n)
    planted: list[Planted] = []
    t = np.arange(n, dtype=np.float64)
    height = max(rng.uniform(0.12, 1.2), 12.0 * sigma)

    def onset(low: float, high: float) -> int:
        return int(rng.integers(max(8, int(low * n)), max(9, int(high * n))))

    def bump(at: int, high: float, back: float) -> None:
        """Exponential decay that reaches half a standard deviation after `back` points; the shorter, the higher."""
        high = max(high, (12.0 if back > 8 else 20.0 if back > 3 else 40.0) * sigma)
        tau = max(back, 0.3) / np.log(high / (0.5 * sigma))
        excess[at:] += high * np.exp(-(t[at:] - at) / tau)

    if case == "fast":
        at = onset(0.15, 0.9)
        bump(at, height, rng.uniform(0.3, 0.75) * fast)
        planted.append(Planted(int(step[at]), ("recovered-fast",)))
    elif case == "early":
        at = onset(0.03, 0.1)
        bump(at, max(height, 0.3), rng.uniform(0.3, 0.75) * fast)
        planted.append(Planted(int(step[at]), ("recovered-fast",)))
    elif case == "lone":
        at = onset(0.15, 0.95)
        width = int(rng.integers(1, max(2, min(4, int(0.7 * fast) + 1))))
        excess[at : at + width] = max(height, 40.0 * sigma / width)
        planted.append(Planted(int(step[at]), ("recovered-fast",) if at + width < n - 2 else ()))
    elif case == "slow":
        at = onset(0.15, 0.45)
        bump(at, height, float(rng.uniform(min(2.2 * fast, 0.6 * slow), 0.75 * slow)))
        planted.append(Planted(int(step[at]), ("recovered-slow",)))
    elif case == "plateaued":
        at = onset(0.15, 0.45)
        healing = np.log(base[at] / base[-1])  # what the decay itself makes good by the end
        settled = healing + max(rng.uniform(0.05, 0.25), 6.0 * sigma)
        excess[at:] += settled
        bump(at, max(height, 2.5 * settled), 0.5 * fast)
        lost = settled > 0.45 * np.log(base[0] / base[at])
        planted.append(Planted(int(step[at]), ("plateaued", "diverged") if lost else ("plateaued",)))
    elif case == "diverged":
        at = onset(0.2, 0.8)
        gap = np.log(base[0] / base[at])
        rise = np.minimum((t[at:] - at) / max(rng.uniform(0.01, 0.1) * n, 3.0), 1.0)
        excess[at:] += rise * max(rng.uniform(0.75, 1.3) * gap, 12 * sigma)
        planted.append(Planted(int(step[at]), ("diverged",), int(0.01 * span)))
    elif case == "restarted":
        at = onset(0.3, 0.6)
        excess[at:] = np.log(base[: n - at] / base[at:])
        planted.append(Planted(int(step[at]), ("plateaued", "unresolved", "diverged", "recovered-slow")))
    elif case == "unresolved":
        at = n - int(rng.integers(4, max(5, int(min(0.5 * fast, 0.03 * n)))))
        bump(at, height, 3.0 * slow)
        planted.append(Planted(int(step[at]), ("unresolved",)))
    elif case == "repeated":
        for place in np.linspace(0.2, 0.85, int(rng.integers(3, 6))):
            at = int((place + rng.uniform(-0.03, 0.03)) * n)
            bump(at, height, min(rng.uniform(0.3, 0.75) * fast, 0.04 * n))
            planted.append(Planted(int(step[at]), ("recovered-fast",)))
    elif case == "creep":
        at = onset(0.25, 0.5)
        gap = np.log(base[0] / base[at])
        excess[at:] += (t[at:] - at) / (n - at) * max(rng.uniform(0.9, 1.3) * gap, 20 * sigma)
        planted.append(Planted(int(step[at]), ("diverged",), int(0.2 * span)))
    elif case == "grown":  # a slow rise to a third of the height, and out of it the spike
        at = onset(0.2, 0.8)
        lead = int(min(rng.uniform(8, 30), 0.05 * n))
        bump(at, height, rng.uniform(0.3, 0.75) * max(fast - lead, 2.0))
        excess[at - lead : at] += 0.33 * excess[at] * (np.arange(lead) + 1) / lead
        planted.append(
            Planted(int(step[at - lead]), ("recovered-fast", "recovered-slow"), int(step[at] - step[at - lead]))
        )
    elif case == "blowup":  # up and down wildly, and never back
        at = onset(0.3, 0.8)
        gap = np.log(base[0] / base[at])
        rise = np.minimum((t[at:] - at) / max(0.02 * n, 3.0), 1.0)
        excess[at:] += rise * max(gap, 20 * sigma) * np.exp(0.3 * rng.standard_normal(n - at))
        planted.append(Planted(int(step[at]), ("diverged",), int(0.01 * span)))
    elif case == "nan":
        return excess, planted, onset(0.3, 0.9)
    elif case in STAGES:
        at = onset(0.3, 0.7)
        size = max(rng.uniform(0.05, 0.2), 8.0 * sigma)
        excess[at:] += size if case == "stage-up" else -size
        planted.append(Planted(int(step[at]), ()))
    return excess, planted, None


def ended(planted: list[Planted], excess: Floats, sigma: float, step: npt.NDArray[np.int64]) -> list[Planted]:
    """The events with the steps at which each is over."""
    high = step[np.abs(excess) > 0.5 * sigma]
    limits = [one.onset for one in planted[1:]] + [int(step[-1]) + 1]
    return [
        replace(one, end=int(high[(high >= one.onset) & (high < limit)].max(initial=one.onset)))
        for one, limit in zip(planted, limits, strict=False)
    ]


def resumed(rng: np.random.Generator, columns: tuple[npt.NDArray, ...]) -> tuple[npt.NDArray, ...]:
    """The same run, killed and taken up again from an earlier checkpoint: some steps are logged twice."""
    n = len(columns[0])
    killed = int(rng.uniform(0.4, 0.8) * n)
    back = max(0, killed - int(rng.uniform(0.02, 0.1) * n) - 2)
    order = np.concatenate([np.arange(killed), np.arange(back, n)])
    step, time, *rest = (column[order] for column in columns)
    time[killed:] += columns[1][killed] - columns[1][back] + DOWN
    return step, time, *rest


def _run(name: str, step: npt.NDArray, time: Floats, loss: Floats, grad: Floats, rate: Floats) -> Run:
    series = {key: Series(key, step, time, value) for key, value in (("loss", loss), ("grad_norm", grad), ("lr", rate))}
    roles = {
        "train_loss": (RoleSeries("train_loss", series["loss"], "nats", direction="down"),),
        "grad_norm": (RoleSeries("grad_norm", series["grad_norm"], "1"),),
        "learning_rate": (RoleSeries("learning_rate", series["lr"], "1"),),
    }
    return Run(name, name, name, series=series, roles=roles)
