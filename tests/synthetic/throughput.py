"""Runs whose speed is known: seeded step times with faults planted in them, logged as a trainer would.

`make` returns the run and the truth. Times are in seconds of one step; a fault is written into the step times before
they are logged, so that a sparse log averages over it as a real one does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from runlens.model import RoleSeries, Run, Series

Floats = npt.NDArray[np.float64]
Form = Literal["rate", "step time", "wall"]
TOKENS = 65_536
STEP = 0.1
"""Seconds of a healthy step."""


@dataclass(frozen=True)
class Fault:
    """What was planted."""

    code: str
    first: int
    """First step that it touches."""
    last: int
    """Last step, inclusive."""
    size: float = 0.0
    """Share of the speed that is lost; seconds for a stall."""
    seconds: float = 0.0
    """Time that it cost so far, where that is exact; 0 if not."""


@dataclass(frozen=True)
class Noise:
    """How the step time moves by itself; deviations are of the logarithm."""

    white: float = 0.01
    wander: float = 0.0
    """Standard deviation of a wander with memory `memory`; of its end point for a random walk (memory 0)."""
    memory: float = 50.0
    tails: float = 0.0
    """Share of steps that are 1.2 to 4 times as long, at random."""
    settle: float = 0.0
    """How much longer the first steps are, as a share; it decays over the first hundredth. Negative: shorter."""
    checkpoint: int = 0
    """Steps from one checkpoint of 1 s to the next; 0 for none."""
    evaluate: int = 0
    """Steps from one eval of 3 s to the next; it is part of the step, and logged as `eval_loss`."""
    quantum: float = 0.0
    """Step times are rounded to this many seconds."""


NOISES: dict[str, Noise] = {
    "white 0.3 %": Noise(0.003),
    "white 1 %": Noise(0.01),
    "white 3 %": Noise(0.03),
    "wander 0.5 %, memory 10": Noise(0.004, 0.005, 10),
    "wander 0.5 %, memory 100": Noise(0.004, 0.005, 100),
    "wander 0.5 %, memory 1,000": Noise(0.004, 0.005, 1000),
    "random walk to 0.7 %": Noise(0.005, 0.007, 0),
    "heavy tails": Noise(0.005, tails=0.01),
    "checkpoints": Noise(0.005, 0.002, 50, checkpoint=100),
    "evals and checkpoints": Noise(0.005, evaluate=200, checkpoint=500),
    "settling in, slower": Noise(0.005, settle=0.5),
    "settling in, faster": Noise(0.005, settle=-0.03),
    "whole milliseconds": Noise(0.008, quantum=0.001),
}
"""Noises of healthy, steady runs: what a drop of 4 % must be found in."""

WANDERING: dict[str, Noise] = {
    "random walk to 5 %": Noise(0.01, 0.05, 0),
    "wander 3 %, memory 30": Noise(0.02, 0.03, 30),
    "wander 5 %, memory 200": Noise(0.03, 0.05, 200, tails=0.02),
}
"""Noises of runs that are bound by a busy CPU or share their GPU: nothing may be found in them."""


def step_seconds(n: int, noise: Noise, rng: np.random.Generator) -> Floats:
    """Healthy step times with their own movement, shape (n,)."""
    log = rng.normal(0.0, noise.white, n)
    if noise.wander and noise.memory == 0:
        log += np.cumsum(rng.normal(0.0, noise.wander / np.sqrt(n), n))
    elif noise.wander:
        log += noise.wander * _wander(n, noise.memory, rng)
    if noise.tails:
        slow = rng.random(n) < noise.tails
        log += np.where(slow, np.log(rng.uniform(1.2, 4.0, n)), 0.0)
    if noise.settle:
        log += np.log1p(noise.settle) * np.exp(-np.arange(n) / max(0.004 * n, 2.0))
    return np.asarray(STEP * np.exp(log))


def _wander(n: int, memory: float, rng: np.random.Generator) -> Floats:
    """A stationary AR(1) process of unit variance, by a running sum over blocks short enough not to overflow."""
    keep = float(np.exp(-1.0 / memory))
    shock = rng.normal(0.0, np.sqrt(1.0 - keep * keep), n)
    out, last, size = np.empty(n), rng.normal(), max(int(20 * memory), 1)
    for first in range(0, n, size):
        part = shock[first : first + size]
        decay = keep ** np.arange(1, len(part) + 1)
        out[first : first + size] = decay * (last + np.cumsum(part / decay))
        last = out[min(first + size, n) - 1]
    return out


def drop(seconds: Floats, first: int, last: int, share: float) -> Fault:
    """Take `share` of the speed from step `first` to `last` (inclusive)."""
    lost = float(seconds[first : last + 1].sum()) * (1.0 / (1.0 - share) - 1.0)
    seconds[first : last + 1] /= 1.0 - share
    return Fault("TPUT001", first, last, share, lost)


def ramp(seconds: Floats, first: int, last: int, share: float) -> Fault:
    """Take away `share` of the speed bit by bit from step `first` to `last`, and leave it there."""
    n = len(seconds)
    seconds /= 1.0 - share * np.clip((np.arange(n) - first) / max(last - first, 1), 0.0, 1.0)
    return Fault("TPUT002", first, n - 1, share)


def dips(seconds: Floats, first: int, period: int, width: int, share: float) -> Fault:
    """Make `width` of every `period` steps slow from step `first` on."""
    at = np.arange(len(seconds)) - first
    seconds[(at >= 0) & (at % period < width)] /= 1.0 - share
    return Fault("TPUT004", first, len(seconds) - 1, share)


def stall(seconds: Floats, at: int, length: float) -> Fault:
    """Let one step take `length` seconds longer."""
    seconds[at] += length
    return Fault("TPUT005", at, at, length)


@dataclass(frozen=True)
class Case:
    """A run and what was planted in it."""

    run: Run
    faults: tuple[Fault, ...] = ()
    every: int = 1
    """Steps from one logged point to the next."""


def log(seconds: Floats, noise: Noise = Noise(), every: int = 1, form: Form = "rate", name: str = "synthetic") -> Run:
    """A resolved run that logged these step times, averaged over `every` steps, with its evals and wall times."""
    seconds = seconds.copy()
    n = len(seconds)
    steps = np.arange(1, n + 1)
    evals = np.arange(noise.evaluate, n + 1, noise.evaluate) if noise.evaluate else np.empty(0, dtype=np.int64)
    if noise.checkpoint:
        seconds[np.arange(noise.checkpoint, n + 1, noise.checkpoint) - 1] += 1.0
    seconds[evals - 1] += 3.0
    if noise.quantum:
        seconds = np.maximum(np.round(seconds / noise.quantum), 1.0) * noise.quantum
    clock = 1.7e9 + np.cumsum(seconds)
    at = steps[every - 1 :: every]
    mean = np.asarray(np.diff(clock[at - 1], prepend=1.7e9) / every, dtype=np.float64)
    series: dict[str, Series] = {}
    roles: dict[str, tuple[RoleSeries, ...]] = {}

    def put(
        role: str,
        key: str,
        step: npt.NDArray[np.int64],
        value: npt.NDArray[np.floating],
        unit: str,
        split: Literal["train", "eval"] = "train",
    ) -> None:
        series[key] = Series(key, step, clock[step - 1], value.astype(np.float64))
        roles[role] = (RoleSeries(role, series[key], unit, scope="global", split=split),)

    put("train_loss", "train/loss", at, 3.0 * at**-0.1, "nats")
    if form == "rate":
        put("tokens_per_second", "train/tokens_per_second", at, TOKENS / mean, "tokens/s")
    elif form == "step time":
        put("step_time", "iteration-time", at, mean, "s")
    if form != "step time":
        put("tokens", "train/tokens", at, at * float(TOKENS), "tokens")
    if len(evals):
        put("eval_loss", "eval/loss", evals, 3.0 * evals**-0.1, "nats", "eval")
    return Run(name, name, name, series=series, roles=roles)


def make(
    seed: int,
    n: int = 3000,
    noise: Noise | None = None,
    fault: str = "",
    size: float = 0.05,
    every: int = 1,
    form: Form = "rate",
) -> Case:
    """One run with at most one fault, at a place drawn from the seed.

    Parameters
    ----------
    seed : int
    n : int
        Training steps.
    noise : Noise
    fault : str
        `drop` (to the end), `passing drop` (a tenth to three tenths of the run), `ramp`, `dips`, `stall`, or empty.
    size : float
        Share of the speed; seconds for a stall.
    every : int
        Steps from one logged point to the next.
    form : str
        What the trainer logged: its rate, its step time, or nothing but wall times.
    """
    rng = np.random.default_rng(seed)
    noise = noise or Noise()
    seconds = step_seconds(n, noise, rng)
    first = int(rng.uniform(0.2, 0.8) * n)
    faults: tuple[Fault, ...] = ()
    if fault == "drop":
        faults = (drop(seconds, first, n - 1, size),)
    elif fault == "passing drop":
        first = int(rng.uniform(0.2, 0.6) * n)
        faults = (drop(seconds, first, first + int(rng.uniform(0.1, 0.3) * n), size),)
    elif fault == "ramp":
        first = int(rng.uniform(0.1, 0.5) * n)
        faults = (ramp(seconds, first, min(first + int(rng.uniform(0.3, 0.8) * n), n), size),)
    elif fault == "dips":
        first = int(rng.uniform(0.2, 0.5) * n)
        period = int(rng.uniform(40, max(n / 12, 60)))
        least = max(0.08, 0.022 * (1.0 - size) / size)  # so that they cost 2 % of the time at least
        faults = (dips(seconds, first, period, max(int(period * rng.uniform(least, 0.2)), 4), size),)
    elif fault == "stall":
        faults = (stall(seconds, first, size),)
    return Case(log(seconds, noise, every, form), faults, every)


def longer_sequences(seed: int, n: int = 3000, form: Form = "rate") -> Case:
    """A healthy run whose steps hold two to four times the tokens from a step on, at up to 12 % fewer tokens/s."""
    rng = np.random.default_rng(seed)
    seconds = step_seconds(n, Noise(0.008), rng)
    first, times, slower = int(rng.uniform(0.2, 0.8) * n), rng.uniform(2.0, 4.0), rng.uniform(0.0, 0.12)
    seconds[first:] *= times / (1.0 - slower)
    run = log(seconds, form=form)
    size = np.where(np.arange(n) >= first, times, 1.0) * TOKENS
    (loss,) = run.roles["train_loss"]
    counted = Series("train/tokens", loss.series.step, loss.series.time, np.cumsum(size))
    roles = {**run.roles, "tokens": (RoleSeries("tokens", counted, "tokens", scope="global"),)}
    if form == "rate":
        rate = Series("tps", loss.series.step, loss.series.time, size / seconds)
        roles["tokens_per_second"] = (RoleSeries("tokens_per_second", rate, "tokens/s", scope="global"),)
    return Case(Run("longer", "longer", "longer", roles=roles))


def overnight(seed: int, n: int = 3000) -> Case:
    """A healthy run that was stopped, and resumed hours later some steps back: its steps are logged twice."""
    rng = np.random.default_rng(seed)
    seconds = step_seconds(n, Noise(0.008), rng)
    stop, back = int(rng.uniform(0.2, 0.8) * n), int(rng.uniform(1, 200))
    step = np.concatenate([np.arange(1, stop + 1), np.arange(stop - back + 1, n - back + 1)])
    clock = 1.7e9 + np.cumsum(seconds) + np.where(np.arange(n) >= stop, rng.uniform(600, 60_000), 0.0)
    loss = Series("train/loss", step, clock, 3.0 * step**-0.1)
    rate = Series("train/tokens_per_second", step, clock, TOKENS / seconds)
    roles = {
        "train_loss": (RoleSeries("train_loss", loss, "nats"),),
        "tokens_per_second": (RoleSeries("tokens_per_second", rate, "tokens/s", scope="global"),),
    }
    return Case(Run("overnight", "overnight", "overnight", roles=roles))


def ranks(
    seed: int, count: int = 16, n: int = 600, slow: float = 0.0, white: float = 0.01, spread: float = 0.005
) -> Case:
    """A run whose ranks log their own step times; one of them is `slow` (a share) from a step on, if it is not 0.

    `spread` is the lasting difference between healthy ranks (standard deviation as a share).
    """
    rng = np.random.default_rng(seed)
    steps = np.arange(1, n + 1)
    shared = rng.normal(0.0, 0.01, n)
    own = rng.normal(0.0, spread, count)
    log_time = shared + own[:, None] + rng.normal(0.0, white, (count, n))
    faults: tuple[Fault, ...] = ()
    if slow:
        rank, first = int(rng.integers(count)), int(rng.uniform(0.1, 0.6) * n)
        log_time[rank, first:] += np.log1p(slow) - own[rank]
        faults = (Fault("TPUT006", first + 1, n, slow),)
    clock = 1.7e9 + np.cumsum(STEP * np.exp(log_time.max(axis=0)))
    series = {
        f"step_time/rank{r}": Series(f"step_time/rank{r}", steps, clock, STEP * np.exp(log_time[r]))
        for r in range(count)
    }
    roles = {
        "step_time": tuple(RoleSeries("step_time", s, "s", device=f"rank {r}") for r, s in enumerate(series.values()))
    }
    return Case(Run("ranks", "ranks", "ranks", series=series, roles=roles), faults)
