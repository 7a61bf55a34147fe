"""The axis on which a run and a reference are compared: tokens where both know them, else steps that mean the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from runlens.model import Axis, Curve, Reference, Run

Asked = Literal["auto", "tokens", "steps"]
"""What the user asks for: `auto` takes tokens where both sides know them, else steps where a step is the same."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The axis of a comparison."""

    axis: Axis
    why: str = ""
    """Why it is steps though the user did not ask for them; empty otherwise."""
    why_not: str = ""
    """Why no axis is common to both; empty if one is."""


def choose(run: Run, reference: Reference, asked: Asked = "auto", tokens_per_step: float | None = None) -> Chosen:
    """The axis on which both sides can be put.

    Parameters
    ----------
    run : Run
        Resolved.
    reference : Reference
    asked : {'auto', 'tokens', 'steps'}
        An axis that is asked for is taken; whether the two sides can be put there is said later.
    tokens_per_step : float, optional
        Of the run, where its log does not tell.

    Returns
    -------
    Chosen
        Steps only if a step is the same on both sides: earlier runs of the same job, or one batch and sequence length.
    """
    if asked != "auto":
        return Chosen(asked)
    if run.unplaced or not any(np.isfinite(curve.at).any() for curve in reference.curves):
        return Chosen("steps" if not run.unplaced and run.role("tokens") is None else reference.axis)
    knows = bool(tokens_per_step) or run.role("tokens") is not None
    if knows and (reference.axis == "tokens" or reference.tokens_per_step):
        return Chosen("tokens")
    lacking = "the run" if not knows else f"reference {reference.name}"
    same = "they are runs of one job" if reference.lineage else same_step(batch_of(run), reference.batch)
    if same and (reference.axis == "steps" or reference.tokens_per_step):
        return Chosen("steps", f"at the same steps, since {lacking} does not tell its tokens and {same}")
    if not knows:
        hint = "give --tokens-per-step, or --axis steps if a step is the same on both sides"
        return Chosen("tokens", why_not=f"the run's tokens are not known; {hint}")
    return Chosen("tokens")


def batch_of(run: Run) -> dict[str, float]:
    """What the run's config tells of one step, by the names that `Reference.batch` has."""
    config = run.configured
    told = {
        "batch": config.batch_samples(),
        "sequence": config.sequence_length(),
        "micro": config.micro_batch(),
        "accumulation": config.accumulation(),
        "gpus": config.gpus(),
    }
    return {name: value.value for name, value in told.items() if value is not None}


def same_step(one: Mapping[str, float], other: Mapping[str, float]) -> str:
    """That a step of both trains on as many tokens, in words; empty if it does not or is not known to."""
    if not one.get("sequence") or one.get("sequence") != other.get("sequence"):
        return ""
    sizes = ("batch",) if "batch" in one or "batch" in other else ("micro", "accumulation", "gpus")
    if sizes[0] not in one or any(one.get(size) != other.get(size) for size in sizes):
        return ""
    what = "samples a step" if sizes == ("batch",) else "samples a device"
    return f"both take {one[sizes[0]]:,.0f} {what} of {one['sequence']:,.0f} tokens"


def on_axis(reference: Reference, axis: Axis) -> tuple[Curve, ...] | str:
    """The reference's curves over tokens or steps, or why that cannot be had.

    Points that are not finite, and points at position 0, are left out; NaN is the place of a final model. Going from
    one axis to the other takes the reference's own tokens per step.
    """
    factor = 1.0
    placed = any(np.isfinite(curve.at).any() for curve in reference.curves)
    if reference.axis != axis and placed:
        if not reference.tokens_per_step:
            return (
                f"reference {reference.name} is over {reference.axis} and does not tell its tokens per step; "
                f"compare with --axis {reference.axis}, or store it by `runlens reference build --tokens-per-step N`"
            )
        factor = reference.tokens_per_step if axis == "tokens" else 1 / reference.tokens_per_step
    curves = []
    for curve in reference.curves:
        keep = np.isfinite(curve.value) & ~(curve.at <= 0)
        if keep.any():
            curves.append(
                replace(curve, at=curve.at[keep] * factor, value=curve.value[keep], stderr=curve.stderr[keep])
            )
    if not curves and reference.training:
        return f"reference {reference.name} logged no evals; `runlens compare` lays the training curves over each other"
    return tuple(curves) or f"reference {reference.name} holds no curve"
