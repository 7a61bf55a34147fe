"""Where a level of speed is no reference for what follows: another training, or one epoch that went faster."""

from __future__ import annotations

import numpy as np

from runlens.model import Run
from runlens.rules.throughput.parts.levels import Slowdown
from runlens.rules.throughput.parts.signal import RateSignal
from runlens.stats.rolling import centred_median

NEAR = 3
"""Logged points by which a change of level may be off from a joint, or a fiftieth of the log."""
ANEW = 0.1
"""Share of what had been trained within which a training that goes back began anew: it may be another one."""
OTHER_WORK = 0.8
"""Loss of speed at a launch from which the work is another: no node or link makes a job five times as slow."""
_EPOCHS = 3.0
"""Epochs that a run must have gone on more slowly to say that one before was faster."""
_ONE = 1.5
"""Epochs up to which a level stood for one."""


def begins_anew(run: Run, signal: RateSignal, slow: Slowdown) -> bool:
    """Whether a slowdown begins where the steps go back to the first, or where a launch does wholly other work."""
    reach = max(len(signal) // 50, NEAR)
    first = int(signal.step.min())
    for at in signal.resumes[np.abs(signal.resumes - slow.start) <= reach].tolist():
        reached = int(signal.step[:at].max()) if at > 0 else first
        if int(signal.step[at]) - first <= ANEW * (reached - first):
            return True
    if slow.share < OTHER_WORK or not run.starts:
        return False
    began = signal.time[max(slow.start - 1 - NEAR, 0)], signal.time[min(slow.start + NEAR, len(signal) - 1)]
    return any(began[0] < start <= began[1] for start in np.sort(run.starts)[1:].tolist())


def faster_for_one_epoch(run: Run, signal: RateSignal, slow: Slowdown) -> bool:
    """Whether the level before a step down stood for no more than one epoch, whose end is the step.

    Parameters
    ----------
    run : Run
        With a logged epoch; False without one.
    signal, slow
        A slowdown, and the signal that it is of.
    """
    logged = run.role("epoch")
    if slow.kind != "step" or logged is None or len(logged.series) < 2:
        return False
    known = logged.series.latest()
    middle = (np.log(slow.before) + np.log(slow.after)) / 2.0
    fast = centred_median(signal.log[: slow.start], min(9, max(slow.start // 2 * 2 - 1, 1))) > middle
    slower = np.flatnonzero(~fast)
    begin = int(slower[-1]) + 1 if len(slower) else 0
    at = np.interp(signal.step[[begin, slow.start, slow.end]], known.step, known.value)
    edges = signal.step[[max(slow.start - NEAR, 0), min(slow.start + NEAR, len(signal) - 1)]]
    low, high = np.interp(edges, known.step, known.value)
    return bool(at[1] - at[0] <= _ONE and at[2] - at[1] >= _EPOCHS and np.floor(high) > np.floor(low))
