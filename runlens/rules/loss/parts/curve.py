"""The training loss as the loss rules look at it: finite points in order, on the scale on which decay is straight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from runlens.growing import all_finite, differences, greatest, least, mapped
from runlens.model import PlacedSeries, Run
from runlens.stats.robust import Floats, Steps, median, quantile
from runlens.stats.sawtooth import firsts_stand_out, unaveraged, unaveraged_since

ROLE = "train_loss"


@dataclass(frozen=True, slots=True, eq=False)
class LossCurve:
    """Finite points of a loss, one a step, sorted."""

    metric: str
    step: Steps
    """(n,) int64: training steps, strictly increasing."""
    value: Floats
    """(n,) float64: the loss itself."""
    y: Floats
    """(n,) float64: log loss, or the loss in units of its own spread where it is not positive."""
    log: bool
    """Whether `y` is log loss."""
    scale: float
    """Loss per unit of `y` where `y` is no logarithm."""
    ends_non_finite: bool
    """Whether the last logged values are NaN or infinite."""

    grain: float
    """Step to which the loss was rounded, in units of `y` at its median; about 0 where it was not."""

    def loss(self, y: float) -> float:
        """The loss that stands at height `y`."""
        return float(np.exp(y)) if self.log else y * self.scale


def loss_curve(series: PlacedSeries) -> LossCurve:
    """The curve of a series as a chart shows it: the last write of each step.

    Points that are not finite are left out; `ends_non_finite` says whether they are the end.
    """
    latest = series.latest()
    kept = latest.finite()
    ends = len(latest) > 0 and not bool(np.isfinite(latest.value[-1]))
    value = kept.value
    log = len(value) > 0 and bool(least(value) > 0)
    scale = 1.0 if log else spread(value)
    y = mapped("log", (value,), np.log) if log else value / scale
    grain = rounding(value) / (median(value) if log else scale) if len(value) else 0.0
    return LossCurve(series.name, kept.step, value, y, log, scale, ends, grain)


def rounding(value: Floats) -> float:
    """The smallest distance between two different values, of 4,096 evenly spaced ones; 0 for fewer than 5 different."""
    some = np.sort(value[:: max(1, len(value) // 4096)])
    apart = some[1:] - some[:-1]
    apart = apart[apart > 0]
    return float(apart.min()) if len(apart) >= 4 else 0.0


def spread(value: Floats) -> float:
    """Scale of a loss that is not positive everywhere: the distance between its 5th and 95th percentile, or 1."""
    if not len(value):
        return 1.0
    return quantile(value, 0.95) - quantile(value, 0.05) or 1.0


def overwritten(series: PlacedSeries) -> list[tuple[PlacedSeries, int]]:
    """The stretches that a resume wrote over, each with the points before it that it continued.

    Returns
    -------
    list of (PlacedSeries, int)
        Up to `MEMORY` points before the stretch and the stretch itself, and its first step; of the last `TAKEN_UP`
        places at which the step goes back, since a log without any order goes back at every second point.
    """
    if len(series) < 2:
        return []
    cuts = series.falls()
    found = []
    for cut in cuts[-TAKEN_UP:].tolist():
        before = series.take(slice(max(0, cut - MEMORY), cut))
        first = int(series.step[cut])
        if before.step[-1] >= first:
            found.append((before, first))
    return found


TAKEN_UP = 16
"""Resumes whose overwritten stretches are looked into, the last ones: what was written over is history, never more
than a note (Llama 3 405B counted 419 interruptions in 54 days)."""

MEMORY = 8192
"""Points looked back on from a stretch that was written over."""


def train_curve(run: Run) -> LossCurve | None:
    """The curve of the training loss, None if there is none or it is empty; made once, because several rules ask."""
    series = train_loss(run)
    return run.once("loss curve", lambda: loss_curve(_unaveraged(run, series))) if series is not None else None


def _unaveraged(run: Run, series: PlacedSeries) -> PlacedSeries:
    """The series; what was averaged, where it holds means since each epoch began at equal distances of steps; and where
    these are means in too few rows, without the first ones.
    """
    apart = differences(series.step)
    if len(apart) < 2 or not all_finite(series.value) or least(apart) <= 0:
        return series
    if least(apart) == greatest(apart):
        tooth = unaveraged(series.value)
        if tooth is not None:
            return series.with_value(tooth.value)
    found = _resets(run, series.step)
    for resets in found:
        by_epoch = _since_epochs(series, resets)
        if by_epoch is not None:
            return series.with_value(by_epoch)
    firsts = [np.append(0, resets) for resets in found if firsts_stand_out(series.value, resets)]
    if not firsts:
        return series
    # of one batch each, among means of hundreds: those whose rows lie farthest from the rows around them
    rest = [np.delete(series.value, at) for at in firsts]
    at = firsts[int(np.argmin([np.mean(np.abs(np.diff(value))) for value in rest]))]
    keep = np.ones(len(series), dtype=bool)
    keep[at] = False
    return series.where(keep)


def _resets(run: Run, step: Steps) -> list[npt.NDArray[np.int64]]:
    """Positions at which an epoch begins, by its logged number.

    A number that is told once an epoch is told where it begins or where it ends: both are answered then.
    """
    epochs = run.role("epoch")
    known = epochs.series.latest().finite() if epochs is not None else None
    if known is None or len(known) < 2:
        return []
    if not bool(np.all(known.value == np.floor(known.value))):
        epoch = [np.floor(np.interp(step, known.step, known.value) + 1e-9)]
    else:
        since = np.maximum(np.searchsorted(known.step, step, side="right") - 1, 0)
        until = np.minimum(np.searchsorted(known.step, step, side="left"), len(known) - 1)
        epoch = [known.value[since], known.value[until]]
    return [np.flatnonzero(np.diff(e) > 0) + 1 for e in epoch]


def _since_epochs(series: PlacedSeries, resets: npt.NDArray[np.int64]) -> Floats | None:
    """What was averaged since each logged epoch began, of teeth that need not be equally long."""
    apart = np.delete(np.diff(series.step), resets - 1)
    if not len(resets) or not len(apart) or apart.min() != apart.max():
        return None
    firsts = dict.fromkeys((1.0, 1.0 / float(apart[0])))
    return next((raw for f in firsts if (raw := unaveraged_since(series.value, resets, f)) is not None), None)


def train_loss(run: Run) -> PlacedSeries | None:
    """The series that plays the training loss, None if there is none or it is empty."""
    role = run.role(ROLE)
    return role.series if role is not None and len(role.series) else None
