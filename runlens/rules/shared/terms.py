"""Terms of the loss that set in during a training: from then on something else is learnt, and a step costs more."""

from __future__ import annotations

import re

import numpy as np

from runlens.model import PlacedSeries, Run
from runlens.rules.shared.logged_settings import Setting
from runlens.stats.robust import Steps

_TERM = re.compile(r"loss")
_NO_TERM = re.compile(
    r"(^|[/_.\- ])(val|valid|validation|eval|evaluation|test|dev|best|min|max|avg|mean|scale)([/_.\- ]|$)"
)
BEFORE = 3
"""Logged points before which a term that begins is one of the first rows, and no stage: a log of epochs had nine of
them before two terms of adaptation set in."""
MOSTLY = 0.5
"""Share of the points since then at which the term is logged: what comes at evaluations is no term of a step."""


def term_sets_in(run: Run, step: Steps, low: int, high: int) -> Setting | None:
    """The term of the loss that was not logged, or was 0, up to here, and has been logged with the steps since.

    Parameters
    ----------
    run : Run
    step : ndarray of int64, shape (n,)
        Rising: of what changed.
    low, high : int
        First and last position at which the term may set in.

    Returns
    -------
    Setting or None
        None below `BEFORE` points. Losses of held-out data, extremes and running means are no terms.
    """
    low, high = max(low, BEFORE), min(high, len(step) - 1)
    if low > high:
        return None
    for name, value in run.once("terms that set in", lambda: _late_terms(run)):
        if step[low] <= value.step[0] <= step[high]:
            since = len(step) - int(np.searchsorted(step, value.step[0]))
            if len(value) >= MOSTLY * since:
                return Setting(name, 0.0, float(value.value[0]))
    return None


def _late_terms(run: Run) -> list[tuple[str, PlacedSeries]]:
    """Losses of training, from their first value on that is not 0."""
    found = []
    for name in run.placed:
        low = name.lower()
        if name in run.texts or not _TERM.search(low) or _NO_TERM.search(low):
            continue
        known = run.placed[name].latest().finite()
        some = np.flatnonzero(known.value)
        if len(some):
            found.append((name, known.take(slice(int(some[0]), len(known)))))
    return found
