"""Training curves of twins: one law, seeds that wander about it, batches that scatter."""

from __future__ import annotations

import numpy as np

from runlens.model.training import Training, TrainingCurve

STEPS = 4000
PACE = 1e6
"""Tokens of a step."""


def twin(
    seed: int,
    *,
    batches: int | None = None,
    steps: int = STEPS,
    every: int = 1,
    start: int = 0,
    worse: float = 0.0,
    since: int = 0,
    until: int | None = None,
    spread: float = 0.005,
    per_step: float = PACE,
    speed: float = 1000.0,
    name: str = "",
) -> Training:
    """A run.

    Parameters
    ----------
    seed : int
        Of its initialisation: how it wanders.
    batches : int, optional
        Seed of its data; those of the same saw the same batches. Its own if None.
    worse : float
        Share by which its loss is higher from step `since` on (to `until`).
    spread : float
        Standard deviation by which twins differ, over a factor of two in steps.
    """
    rng, data = np.random.default_rng(seed), np.random.default_rng(10_000 + (seed if batches is None else batches))
    step = np.arange(steps)
    knots = np.arange(0, np.log2(steps) + 2)
    wander = np.interp(np.log2(step + 1), knots, spread * rng.standard_normal(len(knots)))
    batch = 0.03 * data.standard_normal(steps)
    hit = (step >= since) & (step < (until or steps))
    loss = np.exp(np.log(2 + 6 * (step + 20.0) ** -0.4) + wander + batch + np.log1p(worse) * hit)
    norm = np.exp(-0.5 + 4 * wander + 0.1 * data.standard_normal(steps) + 0.5 * batch)
    rate = speed * np.exp(0.01 * rng.standard_normal(steps))
    keep = slice(None, None, every)

    def curve(metric: str, unit: str, value: np.ndarray) -> TrainingCurve:
        at, tokens = (step + start)[keep].astype(float), (step * per_step)[keep]
        return TrainingCurve(metric, unit, "global", at, tokens, value[keep])

    curves = {"train_loss": curve("loss", "nats", loss), "grad_norm": curve("gn", "1", norm)}
    return Training(name or f"seed {seed}", {**curves, "tokens_per_second": curve("tps", "tokens/s", rate)})
