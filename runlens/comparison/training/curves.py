"""The training curves of a run, as far as a comparison needs them."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from runlens.model import RoleSeries, Run
from runlens.model.training import Training, TrainingCurve

SPEED = ("tokens_per_second", "samples_per_second", "step_time")
"""Roles that tell a speed, the first that both sides know counts."""
ROLES = ("train_loss", "grad_norm", *SPEED)
FEWEST = 8
"""Points below which a curve is none."""
MOST = 1 << 16
"""Points that are kept of a curve; more are thinned to every second, third, … one."""


def training_of(run: Run) -> Training:
    """The training curves of a resolved run."""
    curves = {}
    for role in ROLES:
        found = run.role(role)
        curve = _curve(run, found) if found is not None else None
        if curve is not None:
            curves[role] = curve
    return Training(run.name, MappingProxyType(curves))


def _curve(run: Run, found: RoleSeries) -> TrainingCurve | None:
    latest = found.series.latest()
    good = np.isfinite(latest.value) & (latest.value > 0.0)
    kept = latest.where(good)
    if len(kept) < FEWEST or len(kept) < len(latest) / 2:
        return None
    finite = np.flatnonzero(np.isfinite(latest.value))
    lost = int(latest.step[finite[-1] + 1]) if finite[-1] + 1 < len(latest) else None
    if len(kept) > MOST:
        kept = kept.take(slice(None, None, -(-len(kept) // MOST)))
    step = kept.step.astype(np.float64)
    return TrainingCurve(found.series.name, found.unit, found.scope, step, run.tokens_at(step), kept.value, lost)
