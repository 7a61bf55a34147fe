"""A run that another one should equal, as little of it as a comparison needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class TwinCurve:
    """One curve of a twin, in some dozens of blocks."""

    step: npt.NDArray[np.float64]
    """(k,) float64, strictly increasing: the middle step of each block."""
    value: npt.NDArray[np.float64]
    """(k,) float64, positive: the median of each block, in the role's unit."""


@dataclass(frozen=True, slots=True, eq=False)
class Twin:
    """A golden run, or a good night: what is alike in it and in a run that it is a twin of."""

    name: str
    curves: Mapping[str, TwinCurve]
    """By role; those that it logged."""
    evals: frozenset[str]
    """Logged names of its evaluations."""
    last_step: int | None
    """Its last step, None if nothing was understood."""
