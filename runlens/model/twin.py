"""A run that another one should equal, as little of it as a comparison needs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from runlens.model.run import Direction, State


@dataclass(frozen=True, slots=True, eq=False)
class TwinCurve:
    """One curve of a twin, in some dozens of blocks."""

    step: npt.NDArray[np.float64]
    """(k,) float64, strictly increasing: the middle step of each block."""
    value: npt.NDArray[np.float64]
    """(k,) float64, positive: the median of each block, in the role's unit."""
    metric: str = ""
    """The name as logged."""


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """One eval of a twin at its checkpoints."""

    step: npt.NDArray[np.float64]
    """(k,) float64, strictly increasing."""
    value: npt.NDArray[np.float64]
    """(k,) float64, finite; fractions 0 to 1 where `fraction`, else as logged."""
    direction: Direction | None
    """Which way is better."""
    fraction: bool
    """A score between 0 and 1; a loss, a perplexity and the like are compared as ratios."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """One number that says something of a whole run."""

    value: float
    unit: str
    """What it is measured in, and from what: only equal ones are compared."""
    metric: str = ""
    """The series that it comes from, by its logged name; empty if none in particular."""


@dataclass(frozen=True, slots=True, eq=False)
class Twin:
    """A golden run, or a good night: what is alike in it and in a run that it is a twin of."""

    name: str
    curves: Mapping[str, TwinCurve] = field(default_factory=dict)
    """By role; those that it logged."""
    scores: Mapping[str, Score] = field(default_factory=dict)
    """Its evaluations by logged name."""
    quantities: Mapping[str, Quantity] = field(default_factory=dict)
    """By the name of the measure (`runlens.rules.nights.parts.measures`)."""
    series: frozenset[str] = frozenset()
    """Logged names of what else it logged, hardware left out."""
    last_step: int | None = None
    """Its last step, None if nothing was understood."""
    state: State = "unknown"
    began: float = math.nan
    """First and last wall time, s since the epoch; NaN if not known."""
    ended: float = math.nan
    config: Mapping[str, object] = field(default_factory=dict)
    """Its settings, flat, without secrets."""
    accepted: frozenset[str] = frozenset()
    """Measures in which a person accepted it as the new normal: earlier nights say nothing of them any more."""

    @property
    def evals(self) -> frozenset[str]:
        """Logged names of its evaluations."""
        return frozenset(self.scores)
