"""What broke at each resume, found once: for the rule, and for those that step back where it explains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runlens.model import Run
from runlens.rules.loss.parts.curve import train_loss
from runlens.rules.resume.parts.loss import Moved, moved
from runlens.rules.resume.parts.rate import Rate, rate_change
from runlens.rules.resume.parts.resumes import Resume, resumes
from runlens.stats.robust import median

MOST = 50
"""Resumes that are looked at, the last ones: a job that is restarted every hour has said enough."""
AROUND = 16
"""Logged points around a resume, or around the end of a dip, within which an incident of the loss belongs to it."""


@dataclass(frozen=True, slots=True)
class ResumeBreak:
    """A resume after which the run did not go on where it stood."""

    resume: Resume
    moved: Moved | None
    rate: Rate | None


def resume_breaks(run: Run) -> tuple[ResumeBreak, ...]:
    """The resumes at which something was not restored, in the order written."""
    return run.once("resume breaks", lambda: _found(run))


def _found(run: Run) -> tuple[ResumeBreak, ...]:
    loss = train_loss(run)
    first = int(loss.step.min()) if loss is not None else -1
    # a run that is begun again from its first step restores nothing, and means to
    taken_up = [r for r in resumes(run)[-MOST:] if r.step > first]
    found = (ResumeBreak(r, moved(run, r), rate_change(run, r)) for r in taken_up)
    return tuple(one for one in found if one.moved is not None or one.rate is not None)


def explained(run: Run, first: int) -> ResumeBreak | None:
    """The broken resume that an incident of the loss or the norm, with this first step, belongs to; None of none.

    It sets in with the resume, with the end of the dip that it made, or before the loss is back from it.
    """
    breaks = resume_breaks(run)
    if not breaks:
        return None
    near = AROUND * _interval(run)
    for one in breaks:
        if one.resume.step - near <= first <= one.resume.step + near:
            return one
        back = one.moved.back_at if one.moved is not None else None
        if back is not None and one.resume.step <= first <= back + near:
            return one
    return None


def _interval(run: Run) -> float:
    """Usual steps between points of the training loss; 1 where they are not known."""

    def find() -> float:
        loss = train_loss(run)
        change = np.diff(loss.step) if loss is not None else np.empty(0)
        return median(change[change > 0].astype(np.float64)) if bool((change > 0).any()) else 1.0

    return run.once("interval of the loss", find)
