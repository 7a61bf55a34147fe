"""Two models on the same test items: on how many only one of them was right (McNemar 1947, Psychometrika 12:153)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from runlens.model.measured import Answers

SHARED = 0.9
"""Share of the items of either side that both must hold: a rest would be another test."""

Key = tuple[str, str, str]
"""Task, metric and few-shot setting of a curve."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """How two models answered the same items."""

    items: int
    only_run: int
    """Items that the run alone got right."""
    only_reference: int
    """Items that the reference alone got right."""

    @property
    def split(self) -> int:
        """Items on which they differ: all that a comparison rests on."""
        return self.only_run + self.only_reference

    @property
    def deviation(self) -> float:
        """Standard deviation of the difference of the two accuracies if neither is better."""
        return math.sqrt(self.split) / self.items

    @property
    def p(self) -> float:
        """Two-sided p of the exact test: chance of a split as uneven if each were right in half of them."""
        from scipy.stats import binomtest

        return float(binomtest(self.only_run, self.split).pvalue) if self.split else 1.0


def disagreement(run: Answers | None, reference: Answers | None) -> Disagreement | None:
    """How two models answered the items that both were asked; None where they share too few.

    Parameters
    ----------
    run, reference : Answers or None
    """
    if run is None or reference is None:
        return None
    both, own, theirs = np.intersect1d(run.item, reference.item, assume_unique=True, return_indices=True)
    if len(both) < SHARED * max(len(run.item), len(reference.item)) or not len(both):
        return None
    right, other = run.right[own], reference.right[theirs]
    return Disagreement(len(both), int(np.sum(right & ~other)), int(np.sum(~right & other)))
