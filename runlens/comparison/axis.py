"""A reference on the axis of the comparison."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from runlens.model import Curve, Reference


def on_axis(reference: Reference, axis: Literal["tokens", "steps"]) -> tuple[Curve, ...] | str:
    """The reference's curves over tokens or steps, or why that cannot be had.

    Points that are not finite, and points at position 0, are left out. Going from one axis to the other takes the
    reference's own tokens per step.
    """
    factor = 1.0
    if reference.axis != axis:
        if not reference.tokens_per_step:
            return (
                f"reference {reference.name} is over {reference.axis} and does not tell its tokens per step; "
                f"compare with --axis {reference.axis}, or store it by `runlens reference build --tokens-per-step N`"
            )
        factor = reference.tokens_per_step if axis == "tokens" else 1 / reference.tokens_per_step
    curves = []
    for curve in reference.curves:
        keep = np.isfinite(curve.value) & (curve.at > 0)
        if keep.any():
            curves.append(
                replace(curve, at=curve.at[keep] * factor, value=curve.value[keep], stderr=curve.stderr[keep])
            )
    return tuple(curves) or f"reference {reference.name} holds no curve"
