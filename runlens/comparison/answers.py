"""Two models on the same test items: on how many only one of them was right (McNemar 1947, Psychometrika 12:153)."""

from __future__ import annotations

import math
from dataclasses import dataclass

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
