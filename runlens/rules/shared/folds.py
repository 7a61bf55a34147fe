"""Trainings that begin anew within one log: folds of a cross-validation, tasks or patients, one after another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from runlens.model import Finding, PlacedSeries, Run, Severity
from runlens.stats.robust import Steps, difference_sigma, median

BACK = 0.5
"""Share of what is learnt, from the first value to the usual level, by which the loss jumps where a model begins anew,
and that it then learns again: a fold starts where the first did, but its weights may be warm."""
SIGMAS = 6.0
"""Deviations of the noise that so much must be."""
FEWEST = 3
"""Beginnings after the first one: two returns to the start may be two spikes."""
LONG = 5
"""Points of a fold, at least."""
EVEN = 0.05
"""Share of a fold's length by which another may be longer, or by one point, where no learning rate tells: spikes do not
come at equal distances from the first point on."""
SEEN, MISSED = 0.75, 2
"""Share of the distances that are one fold, at least, and folds that the others are, at most."""
RAISED = 1.5
"""Times the learning rate before it that one begins with, of folds whose lengths differ."""


def trained_anew(run: Run) -> Steps:
    """Steps at which a training begins anew, rising; empty where it begins once.

    Parameters
    ----------
    run : Run
        Without a training loss the answer is empty.

    Returns
    -------
    ndarray of int64, shape (k,)
        `FEWEST` and more, at equal distances or where the learning rate went up at each.
    """
    return run.once("trained anew", lambda: _found(run))


def as_of_folds(run: Run, finding: Finding) -> Finding:
    """The finding, as information with a word on it where the training begins anew within the log."""
    times = len(trained_anew(run))
    if not times:
        return finding
    words = f"the training begins anew {times} times, as with folds or tasks, and each has its own level"
    return replace(finding, severity=Severity.INFO, message=f"{finding.message}; {words}")


def _found(run: Run) -> Steps:
    none = np.empty(0, dtype=np.int64)
    role = run.role("train_loss")
    if role is None or len(role.series) < (FEWEST + 1) * LONG:
        return none
    series = role.series.latest().finite()
    value = series.value
    if len(value) < (FEWEST + 1) * LONG:
        return none
    learnt = float(value[0]) - median(value)
    if learnt <= SIGMAS * difference_sigma(value):
        return none
    at = np.flatnonzero(value[1:] - value[:-1] > BACK * learnt) + 1
    if len(at) < FEWEST:
        return none
    ends = np.append(at[1:], len(value))
    again = all(e - b >= LONG and median(value[b:e]) <= value[b] - BACK * learnt for b, e in zip(at, ends, strict=True))
    if not again or at[0] < LONG or not (_even(at, len(value)) or _raised(run, series, at)):
        return none
    return series.step[at]


def _even(at: npt.NDArray[np.int64], n: int) -> bool:
    """Whether they lie at equal distances, the first one from the beginning, and the log ends within one of these.

    A fold that begins low is not seen, and makes one distance twice as long.
    """
    apart = np.diff(np.append(0, at))
    least = int(apart.min())
    slack = max(1.0, EVEN * least)
    times = np.rint(apart / least)
    even = np.all(np.abs(apart - times * least) <= slack * times) and np.mean(times == 1) >= SEEN
    return bool(even and n - at[-1] <= MISSED * least + slack and times.max() <= MISSED)


def _raised(run: Run, series: PlacedSeries, at: npt.NDArray[np.int64]) -> bool:
    """Whether the learning rate went up at each of them."""
    role = run.role("learning_rate")
    rate = role.series.latest().finite() if role is not None else None
    if rate is None or len(rate) < 2:
        return False
    before, after = (
        rate.value[np.maximum(np.searchsorted(rate.step, step, side="right") - 1, 0)]
        for step in (series.step[at - 1], series.step[at])
    )
    return bool(np.all(after > RAISED * before))
