"""The training curves of a run, and how far they stand from those of a run that it should equal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from runlens.model.finding import Severity

Interval = tuple[float, float]
Trend = Literal["widening", "closing", "steady"]


@dataclass(frozen=True, slots=True, eq=False)
class TrainingCurve:
    """One curve of training: last write of each step, what is not positive or not finite left out."""

    metric: str
    """As logged."""
    unit: str
    scope: str
    step: npt.NDArray[np.float64]
    """(n,) float64, strictly increasing: training steps."""
    tokens: npt.NDArray[np.float64]
    """(n,) float64: tokens at those steps, NaN where not known."""
    value: npt.NDArray[np.float64]
    """(n,) float64, positive, in `unit`."""
    lost_from: int | None = None
    """Step from which on no value is finite, though steps go on; None if the curve ends finite."""


@dataclass(frozen=True, slots=True, eq=False)
class Training:
    """What a run says of its training."""

    name: str
    curves: Mapping[str, TrainingCurve]
    """By role: `train_loss`, `grad_norm`, `tokens_per_second`, `samples_per_second`, `step_time`; those logged."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainingCourse:
    """Both sides block by block, as a figure draws them."""

    step: npt.NDArray[np.float64]
    """(k,) the middle of each block, in the run's steps."""
    run: npt.NDArray[np.float64]
    """(k,) the run's level."""
    members: npt.NDArray[np.float64]
    """(m, k) that of each run that it stands beside."""
    healthy: float
    """Standard deviation of the logarithm by which a healthy run lies off the mean of the others."""


@dataclass(frozen=True, slots=True)
class TrainingGap:
    """One curve beside that of the runs that it should equal."""

    role: str
    metric: str
    """The run's name of it."""
    reference_metric: str
    """The reference's."""
    steps: tuple[int, int]
    """The run's first and last step that were compared."""
    run: float
    """Its level over the last quarter of what both have."""
    reference: float
    """Theirs (the mean of several) at the same places."""
    share: float
    """How much higher the run is there: 0.05 is 5 %."""
    interval: Interval
    """95 % interval of it, of what healthy twins differ by."""
    sigmas: float
    """The same in standard deviations of what healthy twins differ by; positive is higher."""
    members: int
    """Runs that it stands beside."""
    spread: float
    """Standard deviation among those, as a share; NaN for fewer than two."""
    same_batches: bool
    """Both saw the same batches in the same order: their curves move together step by step."""
    trend: Trend
    apart: bool
    """Proven, over the last quarter."""
    since: int | None
    """Step from which on the two stay apart; None if they do not."""
    was_apart: tuple[int, int] | None
    """Longest stretch of steps, before `since`, in which they were apart and came together again; None for none."""
    severity: Severity | None
    sentence: str
    notes: tuple[str, ...] = ()
    lost: bool = False
    """It is not finite any more, where the others' is."""
    course: TrainingCourse | None = field(default=None, compare=False, repr=False)
