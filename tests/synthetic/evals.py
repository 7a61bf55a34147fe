"""Runs with evals whose lag is known: curves with known noise, and public curves moved to the right."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from runlens.model import Curve, Reference, RoleSeries, Run, Series

TOKENS_PER_STEP = 2_097_152.0


def eval_run(curves: Sequence[Curve], name: str = "run", tokens_per_step: float = TOKENS_PER_STEP) -> Run:
    """A resolved run that logged these curves (over tokens) and its consumed tokens."""
    last = max(c.at[-1] for c in curves)
    steps = np.array([0, round(last / tokens_per_step)])
    tokens = Series("consumed_tokens", steps, np.full(2, np.nan), steps * tokens_per_step)
    roles: dict[str, list[RoleSeries]] = {"tokens": [RoleSeries("tokens", tokens, "tokens")]}
    series = {"consumed_tokens": tokens}
    for c in curves:
        logged = f"eval/{c.task}/{c.metric}" if c.task else f"validation/{c.metric}"
        step = np.rint(c.at / tokens_per_step).astype(np.int64)
        series[logged] = Series(logged, step, np.full(len(step), np.nan), c.value)
        role = "eval_score" if c.direction == "up" else "eval_loss" if c.metric == "loss" else "perplexity"
        roles.setdefault(role, []).append(
            RoleSeries(
                role, series[logged], "1", split="eval", task=c.task, metric_kind=c.metric, setting=c.setting,
                direction=c.direction,
            )
        )  # fmt: skip
    return Run(name, name, name, series=series, roles={k: tuple(v) for k, v in roles.items()})


def delayed(curve: Curve, lag: float, end: float, first: float = 0.0) -> Curve:
    """The curve of a model that needs `lag` times the tokens for everything, up to `end` tokens."""
    at = curve.at * lag
    keep = (at <= end * 1.0001) & (at >= first)
    return replace(curve, at=at[keep], value=curve.value[keep], stderr=curve.stderr[keep])


def picked(curve: Curve, n: int) -> Curve:
    """`n` checkpoints of a curve, evenly spread, the last one among them (all, if it has no more)."""
    if n >= len(curve.at):
        return curve
    index = np.unique(np.rint(np.linspace(0, len(curve.at) - 1, n)).astype(int))
    return replace(curve, at=curve.at[index], value=curve.value[index], stderr=curve.stderr[index])


def reseeded(curve: Curve, rng: np.random.Generator, scatter: float = 0.5, lasting: float = 0.5) -> Curve:
    """The same model from another seed: scatter at each checkpoint and one lasting difference, in binomial errors."""
    error = np.sqrt(np.clip(curve.value * (1 - curve.value), 1e-6, None) / (curve.n_items or 1000))
    value = curve.value + error * (scatter * rng.standard_normal(len(error)) + lasting * rng.standard_normal())
    return replace(curve, value=np.clip(value, 0.0, 1.0))


def simulated_curve(
    task: str, tokens: np.ndarray, lag: float = 1.0, n_items: int = 2000, low: float = 0.25, high: float = 0.7
) -> Curve:
    """A benchmark that rises from chance along a power law in tokens, as if trained on `lag` times fewer."""
    start = 2e9 * (1 + zlib.crc32(task.encode()) % 5)
    done = tokens / lag
    value = low + (high - low) * (1 - (1 + done / start) ** -0.35)
    return Curve(task, "acc", "", "up", tokens, value, np.full(len(tokens), np.nan), n_items)


def simulated_loss(tokens: np.ndarray, lag: float = 1.0) -> Curve:
    """A validation loss along a power law in tokens."""
    value = 1.9 + 2.4 * (tokens / lag / 1e9) ** -0.28
    return Curve("", "loss", "", "down", tokens, value, np.full(len(tokens), np.nan))


def simulated_reference(tasks: Sequence[str], tokens: np.ndarray, rng: np.random.Generator) -> Reference:
    """A healthy model on these tasks."""
    curves = tuple(reseeded(simulated_curve(task, tokens), rng) for task in tasks)
    return Reference("simulated", "tokens", curves, TOKENS_PER_STEP)
