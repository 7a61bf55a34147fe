"""A blow-up within the first points, before there is a level to depart from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runlens.stats.excursions.ahead import coming_median
from runlens.stats.excursions.search import CONFIRM, Excursion
from runlens.stats.robust import Floats, difference_sigma, median, quantile

FIRST = 8
"""Points within which it must set in; a twentieth of a longer curve, at most `MOST_FIRST`."""
MOST_FIRST = 64
TIMES = 2.0
"""A blow-up doubles the loss at least: a warm-up, or a new head that is learnt, raises it by less."""
SIGMAS = 3.0
"""It must also stand so many deviations of the curve's own noise above the points before it: these are few, and of
heavy-tailed noise two of them are now and then low together (10 of 720 stationary logs of 48 to 97 points alarm; 91 of
240 did without this)."""
FEWEST = 2
"""Points before it."""
SHARE = 0.1
"""Share of the curve, and at least 5 points, for which it must stay so high."""


@dataclass(frozen=True, slots=True)
class BlowUp:
    """A rise from the first points."""

    excursion: Excursion
    known_by: int
    """Position by which it has stayed for as long as was asked."""


def blow_up(y: Floats) -> BlowUp | None:
    """The first rise of a log curve, within its first points, to twice its level so far and more, that stays.

    Parameters
    ----------
    y : ndarray of float64, shape (n,)
        Finite, on the log scale.

    Returns
    -------
    BlowUp or None
        None for fewer than 10 points.
    """
    n = len(y)
    stays = max(5, round(SHARE * n))
    reach = min(max(FIRST, n // 20), MOST_FIRST, n - stays)
    if n < 10 or reach < 1:
        return None
    noise = difference_sigma(y[FEWEST:])
    bar = max(float(np.log(TIMES)), SIGMAS * noise)
    if float(y[FEWEST:reach].max(initial=-np.inf)) - float(y[:reach].min()) < bar:  # as of most curves, which fall
        return None
    for at in range(FEWEST, reach):
        first = at
        level = median(y[:first])
        after = y[first : first + stays]
        if y[first] - level < bar or quantile(after, 0.2) - level < float(np.log(TIMES)) or median(after) - level < bar:
            continue
        # the second of two high points is the first that two stand before: it rose at the one before it
        while first > 1 and y[first - 1] - median(y[: first - 1]) >= bar:
            first -= 1
        level = median(y[:first])
        ahead = y[first:]
        away = np.maximum(coming_median(ahead, CONFIRM[0]), ahead) - level
        back = np.flatnonzero(away <= 0.0)
        end = first + int(back[0]) if len(back) else n
        peak = first + int(np.argmax(y[first:end]))
        sigma = max(difference_sigma(y[first:end]) if end - first > 2 else 0.0, 0.01)
        return BlowUp(Excursion(first, peak, end, 1, level, level, sigma, end < n), first + stays)
    return None
