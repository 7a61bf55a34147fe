"""A run as the twin of others: its training curves in blocks, the names of its evals, how far it went."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from runlens.model import PlacedSeries, Run
from runlens.model.twin import Twin, TwinCurve
from runlens.stats.robust import median

CURVES = ("train_loss", "grad_norm")
"""Roles whose curves twins have in common step by step. Throughput has a rule of its own (TPUT003)."""
EVALS = ("eval_score", "eval_loss", "perplexity")
BLOCKS = 48
"""Blocks that a curve is cut into: enough to see from where on two curves part."""
FEWEST = 8
"""Points below which a curve is no twin's."""


def twin_of(run: Run) -> Twin:
    """What a comparison needs of a resolved run; small, since many nights are kept at once."""
    curves = {}
    for role in CURVES:
        found = run.role(role)
        curve = _blocks(found.series) if found is not None else None
        if curve is not None:
            curves[role] = curve
    span = run.step_range()
    evals = frozenset(r.series.name for role in EVALS for r in run.every(role) if not r.derived)
    return Twin(run.name, MappingProxyType(curves), evals, span[1] if span else None)


def _blocks(series: PlacedSeries) -> TwinCurve | None:
    """Medians of blocks of equally many points; None for a curve that is short or not positive."""
    latest = series.latest()
    known = latest.where(np.isfinite(latest.value) & (latest.value > 0.0))
    if len(known) < FEWEST or len(known) < 0.9 * len(latest):
        return None
    parts = np.array_split(np.arange(len(known)), min(BLOCKS, len(known)))
    step = np.array([float(known.step[part].mean()) for part in parts])
    return TwinCurve(step, np.array([median(known.value[part]) for part in parts]))
