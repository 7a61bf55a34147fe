"""The wall clock beside what a trainer logs of its speed: what no timer covers, and counters that were corrected."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from runlens.model import Run
from runlens.rules.throughput.parts.levels import Slowdown
from runlens.rules.throughput.parts.signal import FEWEST, RateSignal, own_timer, rate_signal, wall_signal
from runlens.rules.throughput.parts.work import varying_work, work_per_step
from runlens.stats.distinct import distinct
from runlens.stats.robust import median

STILL = 0.25
"""Part of a logged change by which the clock may move and yet stands still: half would be a change of its own."""
_PAUSES = re.compile(
    r"(^|[^a-z])(eval\w*|val(id\w*)?|test|held_?out|check_?points?|ckpts?|save[ds]?|saving|snapshots?)([^a-z]|$)"
)
"""Names of series that are written where a run evaluates or saves."""
_NO_STEP = 3.0
"""Times the usual length of an interval beyond which it is a pause and no step."""
MOST = 3
"""Least points to an eval or checkpoint: where they come more often, they are part of every interval."""
MANY = 1 << 15
"""Intervals of the clock from which several are judged as one: a log of a million points is judged at each 31st."""


def clock_signal(run: Run) -> RateSignal | None:
    """Steps over wall time where the run's speed is a logged rate or timer and the clock can be held against it.

    None where the speed is derived from the clock anyway, where the clock tells too little, and where it ran far faster
    than the trainer's timer (a history that was copied). Intervals in which the run evaluated or saved are left out.
    """
    return run.once("clock signal", lambda: _without_pauses(run))


def whole_clock(run: Run) -> RateSignal | None:
    """As `clock_signal`, with the intervals in which the run evaluated or saved."""
    return run.once("whole clock", lambda: _beside_logged(run))


def _beside_logged(run: Run) -> RateSignal | None:
    logged = rate_signal(run)
    if logged is None or logged.origin not in ("rate", "step time") or not logged.clock_seconds > 0:
        return None
    wall = wall_signal(run)
    if wall is None:
        return None
    wall = wall if len(wall) <= MANY else _thinned(wall)
    work = varying_work(run, wall.step)
    if work is None:
        return wall
    # longer sequences make longer steps, and the logged rate counts them too
    unit = "tokens/s" if run.roles.get("tokens") else "samples/s"
    return replace(wall, rate=wall.rate * work, unit=unit, judged={})


def _thinned(wall: RateSignal) -> RateSignal:
    """The clock between each few points."""
    every = -(-len(wall) // MANY)
    step, time = wall.step[::every], wall.time[::every]
    done, took = np.diff(step), np.diff(time)
    keep = (done > 0) & (took > 0)
    return replace(
        wall,
        step=step[1:][keep],
        rate=done[keep] / took[keep],
        time=time[1:][keep],
        resumes=np.searchsorted(np.flatnonzero(keep), np.flatnonzero(done < 0)),
        judged={},
    )


def _without_pauses(run: Run) -> RateSignal | None:
    wall = whole_clock(run)
    if wall is None:
        return None
    keep = ~at_pauses(run, wall, np.arange(len(wall)))
    if keep.all() or np.count_nonzero(keep) < FEWEST:
        return wall
    resumes = np.searchsorted(np.flatnonzero(keep), wall.resumes)
    resumes = resumes[resumes < np.count_nonzero(keep)]
    return replace(wall, step=wall.step[keep], rate=wall.rate[keep], time=wall.time[keep], resumes=resumes, judged={})


def at_pauses(run: Run, signal: RateSignal, points: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Whether the run logged an eval or a checkpoint within the interval of each of these points, ends included.

    Parameters
    ----------
    run : Run
    signal : RateSignal
    points : ndarray of int64, shape (m,)
        Indices of the signal.

    Returns
    -------
    ndarray of bool, shape (m,)
        All False where evals come more often than at one of `MOST` points.
    """
    at = run.once(("pauses", len(signal)), lambda: _pauses(run, len(signal)))
    if not len(at) or MOST * len(at) > len(signal):
        return np.zeros(len(points), dtype=bool)
    end = signal.step[points]
    # after a resume, and at the first point, the interval is as long as the others
    begin = np.where(points > 0, signal.step[np.maximum(points - 1, 0)], end - round(signal.stride))
    begin = np.where(begin > end, end - round(signal.stride), begin)
    return np.asarray(np.searchsorted(at, end, side="right") > np.searchsorted(at, begin, side="left"))


def _pauses(run: Run, most: int) -> npt.NDArray[np.int64]:
    """Steps at which evals or checkpoints were logged, sorted, each once; series of `most` points and more are none."""
    logged = [r.series.step for role in ("eval_loss", "eval_score", "checkpoint_time") for r in run.every(role)]
    logged += [series.step for name, series in run.placed.items() if _PAUSES.search(name.lower())]
    few = {(len(step), int(step[0]), int(step[-1])): step for step in logged if 0 < len(step) < most}
    return distinct(np.concatenate(list(few.values()))) if few else np.empty(0, dtype=np.int64)


def work_is_known(run: Run, clock: RateSignal) -> bool:
    """Whether the log tells that steps hold the same, or how much: by a step time of its own, or by a counter."""
    return own_timer(run) is not None or len(work_per_step(run, clock.step[:: max(len(clock) // 100, 1)])) > 0


def matched(slow: Slowdown, signal: RateSignal, others: tuple[Slowdown, ...], other: RateSignal) -> Slowdown | None:
    """The slowdown of another signal that lasts over at least half of the shorter of both, or None.

    Parameters
    ----------
    slow, signal
        A slowdown, and the signal that it is of.
    others, other
        Slowdowns of the other signal, and that signal.
    """
    first, last = int(signal.step[slow.start]), int(signal.step[slow.end])
    best, most = None, 0.5
    for candidate in others:
        a, b = int(other.step[candidate.start]), int(other.step[candidate.end])
        both = (min(last, b) - max(first, a)) / max(min(last - first, b - a), 1)
        if both >= most:
            best, most = candidate, both
    return best


def stands_still(run: Run, signal: RateSignal, slow: Slowdown) -> bool:
    """Whether a logged rate fell while steps took no longer: by the clock, and by the step time where it was logged.

    Parameters
    ----------
    run : Run
    signal : RateSignal
        Of a logged rate or timer; False for all others.
    slow : Slowdown
        Of that signal.
    """
    if signal.origin not in ("rate", "step time"):
        return False
    change = slow.share / (1.0 - slow.share) if slow.share < 1.0 else math.inf
    reach = max(min(slow.start, slow.end - slow.settled + 1, 2000), 1)
    before = int(signal.step[slow.start - reach]), int(signal.step[slow.start - 1])
    after = int(signal.step[slow.settled]), int(signal.step[min(slow.settled + reach, slow.end)])
    told = []
    clock = clock_signal(run)
    if clock is not None:
        told.append((_seconds(clock, before), _seconds(clock, after)))
    timer = own_timer(run)
    if timer is not None and signal.origin == "rate":
        told.append((median(timer.series.between(*before).value), median(timer.series.between(*after).value)))
    known = [abs(new / old - 1.0) <= STILL * change for old, new in told if old > 0 and new > 0]
    return bool(known) and all(known)


def _seconds(clock: RateSignal, span: tuple[int, int]) -> float:
    """Median seconds of a step by the clock between two steps; NaN if fewer than three intervals tell.

    By a clock of whole seconds the mean of all that are no pauses: most steps of 2.3 s take 2 s by it.
    """
    inside = (clock.step > span[0]) & (clock.step <= span[1])
    if np.count_nonzero(inside) < 3:
        return float("nan")
    usual = 1.0 / median(clock.rate[inside])
    if not in_whole_seconds(clock):
        return usual
    each = 1.0 / clock.rate[inside]
    return float(np.mean(each[each <= _NO_STEP * usual]))


def in_whole_seconds(clock: RateSignal) -> bool:
    """Whether a clock was written down in whole seconds, as console logs have it."""
    known = clock.time[np.isfinite(clock.time)]
    return len(known) > 0 and bool(np.all(known == np.floor(known)))
