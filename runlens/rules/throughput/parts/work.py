"""How much work a step holds: a change of batch or sequence length changes the step time, and is no fault."""

from __future__ import annotations

import bottleneck as bn
import numpy as np
import numpy.typing as npt

from runlens.model import Run
from runlens.stats.robust import Floats, median

WORK = ("tokens", "samples", "batch_size")
"""Roles that tell how much work a step holds, the most telling first."""
_REACH = 1000
"""Steps around the asked ones whose counters are read."""
CONSTANT = 0.01
"""Work that varies by less than this share between sampled steps is constant."""


def work_per_step(run: Run, step: npt.NDArray[np.int64], most: int = 0) -> Floats:
    """Tokens (else samples) in a step at the given steps, from the counters or the logged batch size.

    Parameters
    ----------
    run : Run
    step : ndarray of int64, shape (n,)
    most : int
        Thin the counter to about this many points first; 0 for all between the asked steps.

    Returns
    -------
    ndarray of float64, shape (n,), or (0,) if the run does not say
    """
    for role in WORK[:2]:
        counter = run.role(role)
        if counter is None or counter.derived or len(counter.series) < 8 or not len(step):
            continue
        counted = counter.series
        if most:
            counted = counted.take(slice(None, None, max(len(counted) // most, 1)))
        known = counted.latest()
        near = (known.step >= step.min() - _REACH) & (known.step <= step.max() + _REACH)
        known = known.take(near & np.isfinite(known.value))
        gaps = np.diff(known.step)
        if len(gaps) < 4:
            continue
        each = np.diff(known.value) / np.maximum(gaps, 1)
        smooth = bn.move_median(each, window=min(9, len(each)), min_count=1)
        smooth[: len(smooth) - 4] = smooth[4:]
        return np.asarray(smooth[np.clip(np.searchsorted(known.step[1:], step), 0, len(smooth) - 1)])
    size = run.role("batch_size")
    if size is not None and len(size.series) > 1:
        known = size.series.latest()
        return np.asarray(known.value[np.clip(np.searchsorted(known.step, step, side="right") - 1, 0, len(known) - 1)])
    return np.empty(0)


def varying_work(run: Run, step: npt.NDArray[np.int64]) -> Floats | None:
    """`work_per_step` if the steps differ in it; None if they do not, or if the run does not say.

    A few thousand steps are asked first, so that a long run with one batch size costs nothing.
    """
    sample = work_per_step(run, step[:: max(len(step) // 2000, 1)], 4000)
    sample = sample[np.isfinite(sample)]
    if not len(sample) or np.ptp(sample) <= CONSTANT * abs(median(sample)):
        return None
    work = work_per_step(run, step)
    return work if bool(np.all(np.isfinite(work) & (work > 0))) else None


def work_change(run: Run, before: npt.NDArray[np.int64], after: npt.NDArray[np.int64]) -> float:
    """Work in a step over the steps `after` as a multiple of that over `before`; 1 if it is not known."""
    if not len(before) or not len(after):
        return 1.0
    old, new = median(work_per_step(run, before)), median(work_per_step(run, after))
    return new / old if old > 0 and new > 0 else 1.0
