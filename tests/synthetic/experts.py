"""Mixtures of experts whose loads stay even or do not, by the measures that tools log, seeded."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from runlens.model import Run, Series
from runlens.roles import resolve

Floats = npt.NDArray[np.float64]
Rng = np.random.Generator
Made = tuple[Run, int | None]


def run_of(rng: Rng, series: dict[str, Floats], **config: object) -> tuple[Run, npt.NDArray[np.int64]]:
    """A run that logs these beside a loss, and its steps."""
    n = len(next(iter(series.values())))
    step = np.arange(1, n + 1) * int(rng.choice([1, 10, 50]))
    loss = (2.0 + 6.0 * (1 + np.arange(n) / (0.02 * n)) ** -0.5) * np.exp(0.01 * rng.standard_normal(n))
    series = {"train/loss": loss, **series}
    made = {name: Series(name, step, 1.75e9 + 0.5 * step, value) for name, value in series.items()}
    return resolve(Run("made", "made", "made", config=config, series=made)), step


def shares(rng: Rng, n: int, experts: int, worst: Floats) -> Floats:
    """Shares of the tokens, (n, experts): one expert takes `worst`, (n,), the others the rest nearly evenly."""
    rest = rng.dirichlet(np.full(experts - 1, 60.0), n)
    table = np.column_stack([worst, rest * (1.0 - worst)[:, None]])
    return table[:, rng.permutation(experts)]


def logged(rng: Rng, table: Floats, name: str) -> dict[str, Floats]:
    """One measure of a table of shares, by the name under which a tool logs it."""
    experts = table.shape[1]
    most = table.max(axis=1) * experts
    auxiliary = experts * (table**2).sum(axis=1)
    layer = int(rng.integers(1, 24))
    kinds = {
        "share": {"moe/max_expert_load": table.max(axis=1)},
        "violation": {f"moe/layer_{layer}/max_vio": most - 1.0},
        "multiple": {"train/load imbalance": most},
        "all": {f"moe/layer_{layer}/expert_{i}_tokens": np.round(4096 * table[:, i]) for i in range(experts)},
        "auxiliary": {"train/load_balancing_loss": auxiliary},
    }
    return kinds[name]


MEASURES = ("share", "violation", "multiple", "all", "auxiliary")


def _course(rng: Rng, collapses: bool) -> tuple[Floats, int]:
    n, experts = int(np.exp(rng.uniform(np.log(100), np.log(8000)))), int(rng.choice([8, 16, 32, 64]))
    at = int(n * rng.uniform(0.2, 0.7))
    fair = 1.0 / experts
    start = fair * (1 + rng.uniform(0.5, 3.0) * np.exp(-np.arange(n) / (0.01 * n)))
    worst = start * (1 + rng.uniform(0.1, 0.6)) * np.exp(0.08 * rng.standard_normal(n))
    if collapses:
        top = rng.uniform(0.8, 0.99)
        worst[at:] += (top - worst[at:]) * (1.0 - np.exp(-np.arange(n - at) / (n * rng.uniform(0.005, 0.04))))
    return shares(rng, n, experts, np.clip(worst, fair, 0.999)), at


def collapse(measure: str, rng: Rng) -> Made:
    """One expert takes most of the tokens from a step on."""
    table, at = _course(rng, True)
    run, step = run_of(rng, logged(rng, table, measure))
    return run, int(step[at])


def even(measure: str, rng: Rng) -> Made:
    """Loads that are uneven at first, and by batch."""
    return run_of(rng, logged(rng, _course(rng, False)[0], measure))[0], None


def rising_weight(rng: Rng) -> Made:
    """A balancing loss whose coefficient is raised from zero."""
    n = int(rng.integers(100, 2000))
    loss = 0.01 * np.minimum(np.arange(n) / (0.5 * n), 1.0) * np.exp(0.05 * rng.standard_normal(n))
    return run_of(rng, {"moe/load_balancing_loss": loss})[0], None


def odd_batches(rng: Rng) -> Made:
    """Batches of one kind of text, which one expert takes."""
    table, _ = _course(rng, False)
    at = rng.random(len(table)) < 0.08
    worst = table.max(axis=1)
    worst[at] = rng.uniform(0.5, 0.95, int(at.sum()))
    return run_of(rng, {"router/max_frac_mean": worst})[0], None
