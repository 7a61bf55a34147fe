"""Training curves of a run beside those of runs that it should equal: level, trend, and where they part."""

from __future__ import annotations

from dataclasses import replace

from runlens.comparison.training.beside import training_beside
from runlens.comparison.training.curves import training_of
from runlens.model import Comparison, Reference
from runlens.model.training import Training

__all__ = ["training_beside", "training_of", "with_training"]


def with_training(comparison: Comparison, own: Training, reference: Reference) -> Comparison:
    """The comparison with the training curves, where the reference is a run or several of which any logged some."""
    if not (own.curves and reference.training):
        return comparison
    gaps, without = training_beside(own, reference.training)
    missing = bool(comparison.why_not and reference.curves)
    return replace(comparison, training=gaps, not_training=without, evals_missing=missing)
