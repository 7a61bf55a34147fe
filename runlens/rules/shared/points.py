"""The points by which the log rules judge a run: its training series, over the training step, in the order written."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from runlens.growing import equal, rises
from runlens.model import PlacedSeries, RoleSeries, Run
from runlens.stats.distinct import distinct
from runlens.stats.robust import median

TRAINING = ("train_loss|grad_norm|learning_rate|tokens_per_second|step_time|tokens",)
"""For `Rule.needs`: any of the series that a training loop logs at its own steps, the likeliest spine first."""

PAUSE, LEAST_PAUSE = 10.0, 60.0
"""Times the usual time between two points, and seconds, from which nobody trained in between."""


def spine(run: Run) -> RoleSeries | None:
    """The logged training series that shows best when steps were written: the first of `TRAINING` with most points.

    A later one is taken only if it has twice the points. None if there is none.
    """
    best: RoleSeries | None = None
    for series in _training(run):
        if best is None or len(series.series) > 2 * len(best.series):
            best = series
    return best


def all_steps(run: Run) -> npt.NDArray[np.int64]:
    """Every step at which a training series was logged, sorted, each once; shape (n,), empty if there are none."""
    steps: list[npt.NDArray[np.int64]] = []
    for role in _training(run):
        step = role.series.step
        # most are logged at the same steps
        if not any(equal(step, known) for known in steps):
            steps.append(step)
    if len(steps) == 1 and rises(steps[0], strictly=True):
        return steps[0]
    return distinct(np.concatenate(steps)) if steps else np.empty(0, np.int64)


def _training(run: Run) -> list[RoleSeries]:
    return [r for name in TRAINING[0].split("|") for r in run.every(name)[:1] if len(r.series) and not r.derived]


@dataclass(frozen=True, slots=True)
class Return:
    """One place where the step goes back."""

    at: int
    """Position of the first point after it."""
    first: int
    """First step that is logged again."""
    last: int
    """Last step of the attempt before."""
    lost: float
    """Seconds for which the steps that are redone had been trained, pauses left out; NaN if not known."""
    down: float
    """Seconds from the last point before to the first after, NaN if not known; negative where both wrote at once."""
    overlap: float
    """Share of the shorter of the two attempts' time in which both wrote, 0 if not known."""

    @property
    def steps(self) -> int:
        """Number of steps that are redone."""
        return self.last - self.first + 1


def returns(series: PlacedSeries) -> list[Return]:
    """The places where a series goes back to an earlier step and goes on from there, in the order written.

    One or two points out of order, at steps that were not logged before, are a writer's reordering and no return.
    """
    bounds = [0, *series.falls().tolist(), len(series)]
    time = series.time
    usual = _usual_gap(time) if len(bounds) > 2 else math.nan
    out = []
    for a, b, c in zip(bounds, bounds[1:], bounds[2:], strict=False):
        before, after = series.step[a:b], series.step[b:c]
        first, last = int(after[0]), int(before[-1])
        redone = int(np.searchsorted(after, last, side="right"))  # steps rise between two cuts
        if redone <= 2 and not any(_is_in(before, step) for step in after[:redone]):
            continue
        from_ = min(a + int(np.searchsorted(before, first)), b - 1)
        overlap = _overlap(time[a:b], time[b:c])
        out.append(Return(b, first, last, _trained(time[from_:b], usual), float(time[b] - time[b - 1]), overlap))
    return out


def _usual_gap(time: npt.NDArray[np.float64]) -> float:
    """Usual seconds from one point to the next; NaN if nothing tells."""
    gaps = np.diff(time)
    return median(gaps[gaps > 0])


def _trained(time: npt.NDArray[np.float64], usual: float) -> float:
    """Seconds for which points had been trained: one that came after a pause took as long as others, and not the pause.

    Of launches that are given up after a step or two the next one may log the same step again without going back, so
    that the time until somebody started it stands within what is redone.
    """
    gaps = np.diff(time)
    pauses = (gaps > PAUSE * usual) & (gaps > LEAST_PAUSE)
    return float(time[-1] - time[0] - np.sum(gaps[pauses] - usual))


def _is_in(rising: npt.NDArray[np.int64], step: np.int64) -> bool:
    at = int(np.searchsorted(rising, step))
    return at < len(rising) and bool(rising[at] == step)


def _overlap(before: npt.NDArray[np.float64], after: npt.NDArray[np.float64]) -> float:
    """Share of the shorter of two stretches of time that lies within the other."""
    before, after = before[np.isfinite(before)], after[np.isfinite(after)]
    if len(before) < 2 or len(after) < 2:
        return 0.0
    both = min(before.max(), after.max()) - max(before.min(), after.min())
    shorter = min(np.ptp(before), np.ptp(after))
    return float(both / shorter) if both > 0 and shorter > 0 else 0.0
