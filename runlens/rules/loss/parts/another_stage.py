"""Stages that a trainer begins without a logged setting: a term of the loss sets in, or a step costs another time."""

from __future__ import annotations

import numpy as np

from runlens.model import Run
from runlens.rules.loss.parts.incidents import LossIncident
from runlens.rules.shared.folds import trained_anew
from runlens.rules.shared.logged_settings import Setting
from runlens.rules.shared.terms import term_sets_in
from runlens.stats.robust import Steps, median

FOLDS = Setting("training", "one fold or task", "the next")
"""What changed where a training begins anew."""
NEAR = 4
"""Logged points of the loss between the onset of its rise and the first value of a term that made it rise."""
TIMES = 1.5
"""Times the step takes as long, or as short: of another model, another set of data, or frozen parts let go. A machine
that is throttled loses a third (A100 at its power limit), and moves no loss."""
AROUND = 24
"""Logged points on each side of which the time of a step is taken."""
FEWEST = 8
"""Steps on either side that must have a time."""
STEADY = 0.8
"""Share of the steps on either side that must lie on their own side of the middle between both times."""
LEARNS = 0.1
"""Share of its rise by which the loss comes down again, in the last of it: a stage that is learnt."""


def begins_stage(run: Run, incident: LossIncident) -> Setting | None:
    """What shows that another stage of the training began where the loss rose; None if nothing does.

    Parameters
    ----------
    run : Run
    incident : LossIncident
        A rise. One from which the loss has not come down by `LEARNS` since its peak is none of a new stage's.

    Returns
    -------
    Setting or None
        A term of the loss that was not logged, or was 0, up to `NEAR` points from the onset and is logged with the loss
        since; the seconds of a step before and after, where they differ by `TIMES`; or a training that begins anew time
        and again (`trained_anew`).
    """
    one, curve = incident.excursion, incident.curve
    if bool(np.isin(trained_anew(run), curve.step[one.first : one.peak + 1]).any()):
        return FOLDS
    if not _learns(incident):
        return None
    term = term_sets_in(run, curve.step, one.first - NEAR, one.first + NEAR)
    return term or _another_pace(run, curve.step, one.first)


def _learns(incident: LossIncident) -> bool:
    """Whether the loss came down since its peak."""
    one, y = incident.excursion, incident.curve.y[: incident.until]
    since = y[one.peak :]
    if len(since) < 3:
        return False
    last = median(since[-max(3, len(since) // 8) :])
    peak = float(y[one.peak])
    return last <= peak - LEARNS * (peak - one.level)


def _another_pace(run: Run, step: Steps, first: int) -> Setting | None:
    """The seconds of a step on either side of the onset, where each side keeps to its own."""
    at = step[max(first - AROUND, 0) : min(first + AROUND, len(step))]
    time = run.time_at(at)
    cut = min(first, AROUND)
    if not np.isfinite(time).all():
        return None
    apart = np.diff(at)
    each = np.diff(time)[apart > 0] / apart[apart > 0]
    # the stretch over the onset itself holds what a new stage costs once
    before, after = each[: cut - 1], each[cut + 1 :]
    if min(len(before), len(after)) < FEWEST:
        return None
    slow, fast = sorted((median(before), median(after)), reverse=True)
    if not 0.0 < TIMES * fast <= slow:
        return None
    middle = float(np.sqrt(slow * fast))
    late = median(after) > median(before)
    kept = min(float(np.mean((before < middle) == late)), float(np.mean((after > middle) == late)))
    return Setting("seconds of a step", round(median(before), 6), round(median(after), 6)) if kept >= STEADY else None
