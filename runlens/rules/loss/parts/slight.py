"""Bumps of the loss that are back and cost next to nothing: of a loss near zero, or before anything was learnt."""

from __future__ import annotations

from runlens.rules.loss.parts.incidents import RECOVERED, LossIncident
from runlens.stats.excursions.early import FIRST, TIMES
from runlens.stats.robust import median

SLIGHT = 0.01
"""Part of the progress since the start that a bump lost at its worst: a loss that came from 3.0 to 0.050 and stood at
0.067 for a while lost 0.6 %. Of a language model that came from 11 to 3 it is 0.08 nats."""
FIRST_SHARE = 0.05
"""Part of the log that is its beginning; of a short one it is the points before which there is no level."""
NOTHING = 0.03
"""Part of the first loss by which it has fallen where something was learnt: the least rise of a spike."""
BEGINNING = 3
"""Points that show where the loss began."""


def slight(incident: LossIncident) -> str:
    """Why a bump that is back is not worth a warning, in words, or empty.

    Parameters
    ----------
    incident : LossIncident
        A spike; one that is not back, or that undid more, is none.
    """
    if incident.ending.outcome not in RECOVERED:
        return ""
    curve, one = incident.curve, incident.excursion
    before, peak = curve.loss(one.level), float(curve.value[one.peak])
    start = curve.loss(median(curve.y[:BEGINNING]))
    if 0.0 < peak - before < SLIGHT * (start - before):
        return "less than 1 % of the progress since the start"
    soon = one.first < max(FIRST, FIRST_SHARE * len(curve.y))
    if soon and before >= start - NOTHING * abs(start) and 0.0 < peak < TIMES * before:
        return "nothing had been learnt before it"
    return ""
