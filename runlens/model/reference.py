"""Eval curves of a reference model, at its intermediate checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

import numpy as np
import numpy.typing as npt

from runlens.model.measured import Answers
from runlens.model.run import Direction
from runlens.model.training import Training


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One task's score at the checkpoints of a run or a reference, sorted by `at`."""

    task: str
    """Canonical task name, such as `hellaswag`."""
    metric: str
    """Canonical kind of metric, such as `acc_norm` or `loss`."""
    setting: str
    """Few-shot setting such as `0-shot`, or empty if not said."""
    direction: Direction
    at: npt.NDArray[np.float64]
    """(n,) float64, strictly increasing: tokens or steps (see `Reference.axis`); one NaN where nothing tells the place
    of a final model."""
    value: npt.NDArray[np.float64]
    """(n,) float64: fractions 0-1 for accuracies, nats for losses, finite."""
    stderr: npt.NDArray[np.float64]
    """(n,) float64: standard error of each value, NaN where not known."""
    n_items: int = 0
    """Number of test items, 0 if not known."""
    name: str = ""
    """The name as logged."""
    conditions: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """How it was measured, as far as is told; see `runlens.model.Measured`."""
    answers: Answers | None = None
    """Of the last checkpoint, item by item, where they were kept."""
    part_of: str = ""
    """The group of tasks that it is a part of, where its score stands beside the group's."""


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """A named set of curves to compare with."""

    name: str
    axis: Literal["tokens", "steps"]
    curves: tuple[Curve, ...]
    tokens_per_step: float | None = None
    """To change between the axes, if the reference has one constant batch."""
    source: str = ""
    """Where the figures come from."""
    licence: str = ""
    citation: str = ""
    settings: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    batch: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """What its config tells of one step: `batch` (samples), `sequence` (tokens), `micro`, `accumulation`, `gpus`."""
    training: tuple[Training, ...] = ()
    """The training curves of each run that it was made of, where it was made of runs."""
    lineage: bool = False
    """True if it is made of earlier runs of the very job that is judged: steps mean the same, and so does what is
    logged."""
