"""The learning rate after a resume beside the one at the same steps, or just before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runlens.model import Run
from runlens.rules.resume.parts.resumes import Resume, sides
from runlens.stats.robust import Floats, median

OFF = 0.10
"""Difference of the rate that is a finding: a schedule is exact, and a log of three digits is off by 1 %."""
FEWEST = 3
"""Points on either side below which nothing is said."""
ENDED = 0.05
"""Share of its peak at which a schedule has come to its end: a run that goes on from there was made longer."""
ON_A_LINE = 4
"""Points by which a rate is known to fall along a line."""
WARM = 0.5
"""A rate that begins below this share of what it was, and then rises, is warmed up again."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A learning rate that was not restored."""

    times: float
    """What it is, in terms of what it was or should be."""
    before: float
    after: float
    rewarmed: bool
    ended: bool
    """The schedule had come to its end, and a higher rate, which is no new peak, says that the run was made longer."""


def rate_change(run: Run, one: Resume) -> Rate | None:
    """How the learning rate differs at a resume, None if it goes on as it was, or too little was logged."""
    role = run.role("learning_rate")
    parts = sides(run, role.series, one) if role is not None else None
    if parts is None or min(len(parts.before), len(parts.after)) < FEWEST:
        return None
    before, after = parts.before, parts.after
    at = np.searchsorted(before.step, after.step)
    shared = np.flatnonzero((at < len(before)) & (before.step[np.minimum(at, len(before) - 1)] == after.step))
    if len(shared) >= FEWEST:
        old, new = before.value[at[shared]], after.value[shared]
        known = (old > 0.0) & (new > 0.0)
        if np.count_nonzero(known) < FEWEST:
            return None
        times = median(new[known] / old[known])
        was, now = float(old[0]), float(new[0])
    else:
        was, now = float(before.value[-1]), float(after.value[0])
        if was <= 0.0:
            return None
        # what the schedule itself does over the steps between the two points
        pace = float(np.max(np.abs(np.diff(before.value[-8:])) / np.diff(before.step[-8:]))) if len(before) > 1 else 0.0
        if abs(now - was) <= OFF * was + 2.0 * pace * float(after.step[0] - before.step[-1]):
            return None
        times = now / was
    rewarmed = now < WARM * was and bool(after.value[: max(len(after) // 2, FEWEST)].max() > 2.0 * max(now, 1e-300))
    if abs(times - 1.0) <= OFF and not rewarmed:
        return None
    ended = len(shared) < FEWEST and schedule_ended(before.value, now)
    return Rate(float(times), was, now, rewarmed, ended)


def schedule_ended(before: Floats, now: float) -> bool:
    """Whether a rate came down to next to nothing, and goes on from there at no more than it had been.

    Parameters
    ----------
    before : ndarray of float64, shape (n,), n >= 1
        Finite, until the resume.
    now : float
        After it.
    """
    peak, last = float(before.max()), float(before[-1])
    return last < now <= (1.0 + OFF) * peak and (last <= ENDED * peak or _reaches_zero(before))


def _reaches_zero(before: Floats) -> bool:
    """Whether a rate that falls by one and the same amount from point to point is zero at the next one: a line of ten
    points is last logged at a twentieth to a tenth of its peak.
    """
    falls = -np.diff(before[-ON_A_LINE:])
    even = len(falls) == ON_A_LINE - 1 and float(falls.min()) > 0.0 and float(falls.max()) <= 1.1 * float(falls.min())
    return even and float(before[-1]) <= float(falls[-1])
