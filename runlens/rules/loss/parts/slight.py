"""Bumps of the loss that cost little or nothing: of a loss near zero, or before anything was learnt."""

from __future__ import annotations

from runlens.rules.loss.parts.incidents import RECOVERED, LossIncident
from runlens.stats.excursions.early import FIRST, TIMES

SLIGHT = 0.01
"""Part of the progress since the start that a bump lost at its worst: a loss that came from 3.0 to 0.050 and stood at
0.067 for a while lost 0.6 %. Of a language model that came from 11 to 3 it is 0.08 nats."""
FIRST_SHARE = 0.05
"""Part of the log that is its beginning; of a short one it is the points before which there is no level."""
NOTHING = 0.03
"""Part of the first loss by which it has fallen where something was learnt: the least rise of a spike."""
SHORT, LOW = 100, 1.1
"""Points up to which a log is one of epochs or short, and times its level below which a bump that is back is worth no
warning there: the mean of an epoch wanders by some per cent, and 8 % for twelve of 55 epochs cost nothing."""
BEGINNING = 3
"""Points that show where the loss began."""


NOTHING_LEARNT = "nothing had been learnt before it"


def slight(incident: LossIncident) -> str:
    """Why a bump that is back is not worth a warning, in words, or empty.

    Parameters
    ----------
    incident : LossIncident
        A spike; one that undid more is none, nor one that stays. Of one with which the log ends it is told where the
        loss at its worst is hardly anything beside the first: of a task that is solved (4.8 at the start, 1e-7 since) a
        rise to 3e-4 is a thousand times its level, and nothing lost.
    """
    curve, one = incident.curve, incident.excursion
    before, peak = curve.loss(one.level), float(curve.value[one.peak])
    # a loss that is down to a half at its third point began at the first
    start = curve.loss(float(curve.y[:BEGINNING].max()))
    if incident.ending.outcome == "unresolved" and 0.0 < peak < SLIGHT * start:
        return "still less than 1 % of the loss at the start"
    if incident.ending.outcome not in RECOVERED:
        return ""
    if 0.0 < peak - before < SLIGHT * (start - before):
        return "less than 1 % of the progress since the start"
    if len(curve.y) <= SHORT and 0.0 < before < peak < LOW * before:
        return "less than a tenth above its level"
    return NOTHING_LEARNT if _before_learning(incident) else ""


def begins_higher(incident: LossIncident) -> bool:
    """Whether a loss settled less than `TIMES` as high as its first values, before it had come down from them.

    The first rows of a log are of the first batches, of a warm-up or of an average that fills: what the loss stands at
    after them is where this training begins, and no progress is lost. It is worth a look, since it does not learn.
    """
    end, curve = incident.ending, incident.curve
    lost = end.outcome in ("plateaued", "diverged") and not end.rising
    blown = curve.ends_non_finite and incident.until == len(curve.y)
    return lost and not blown and _before_learning(incident)


def _before_learning(incident: LossIncident) -> bool:
    """Whether a rise by less than `TIMES` set in at the beginning of the log, before the loss had come down."""
    curve, one = incident.curve, incident.excursion
    before, peak = curve.loss(one.level), float(curve.value[one.peak])
    first = float(curve.value[0])
    soon = one.first < max(FIRST, FIRST_SHARE * len(curve.y))
    return soon and before >= first - NOTHING * abs(first) and 0.0 < peak < TIMES * before
