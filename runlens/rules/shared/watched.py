"""Series in which NaN is a fault wherever it stands: losses, norms, KL, rewards, whatever role they play or not."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from runlens.model import PlacedSeries, Run
from runlens.rules.shared.points import returns

_NAME = re.compile(
    r"loss|(^|[^a-z])(kl|reward|rew|return|nll|elbo|entropy|ppl|perplexity|advantage|q_value)s?([^a-z]|$)"
)
_NO_MEASURE = re.compile(r"std|scale|coef|weight|(^|[^a-z])(min|max|var)([^a-z]|$)|explained|per_second|time|count")
"""A deviation of one value, or of none, is NaN by its own formula; a scale or weight is a setting."""
FINITE_BEFORE = 5
"""Finite points before NaN: a mean over nothing, such as the return before an episode ended, is NaN at the start."""

FEWEST_EVALS = 2
"""Evaluations without a number from which on it is no accident of the first one, nor of a single one later."""


def watched(run: Run, but: PlacedSeries | None) -> list[PlacedSeries]:
    """Losses, KL and rewards of a run beside its training loss, in the order of their names.

    Parameters
    ----------
    run : Run
    but : PlacedSeries or None
        The training loss itself.
    """
    judged = {r.series.name for r in run.every("grad_norm")} | ({but.name} if but is not None else set())
    return [run.placed[n] for n in sorted(run.placed) if n not in judged and _is_watched(n)]


def _is_watched(name: str) -> bool:
    plain = name.lower()
    return bool(_NAME.search(plain)) and not _NO_MEASURE.search(plain)


def goes_bad(series: PlacedSeries, points: int) -> int | None:
    """Step from which a series that was finite before is not, to the end of the log, for `points` points or more."""
    bad = ~np.isfinite(series.value)
    if not len(bad) or not bad[-1]:
        return None
    finite = np.flatnonzero(~bad)
    if len(finite) < FINITE_BEFORE or len(bad) - 1 - finite[-1] < points:
        return None
    return int(series.step[finite[-1] + 1])


def never_finite(run: Run) -> list[str]:
    """Held-out losses of `FEWEST_EVALS` evaluations or more of which none is a number, if no other held-out loss is."""
    losses = {r.series.name: r.series for r in run.every("eval_loss") if r.split == "eval" and len(r.series)}
    if any(bool(np.isfinite(s.value).any()) for s in losses.values()):
        return []
    return [name for name, s in losses.items() if len(s) >= FEWEST_EVALS]


def now_and_then(run: Run) -> list[str]:
    """Held-out losses that were no number at `FEWEST_EVALS` evaluations or more after they had been one.

    The one that was so most often is the first of them. Evaluations that a resume went back to before are left out.
    """
    found = {}
    for role in run.every("eval_loss"):
        if role.split == "eval" and len(role.series):
            bad = ~np.isfinite(role.series.value[standing(role.series)])
            count = int(np.count_nonzero(bad[int(np.argmin(bad)) :]))  # from the first number on
            if not bad.all() and count >= FEWEST_EVALS:
                found[role.series.name] = count
    return sorted(found, key=lambda name: (-found[name], name))


def standing(series: PlacedSeries) -> npt.NDArray[np.bool_]:
    """Which points belong to the run as it stands: those that no later resume went back to before.

    Returns
    -------
    ndarray of bool, shape (n,)
        In the order written. A few points out of order are no resume.
    """
    kept = np.ones(len(series), dtype=np.bool_)
    backs = returns(series)
    if not backs:
        return kept
    earliest = np.minimum.accumulate([back.first for back in backs][::-1])[::-1]
    begin = 0
    for back, first in zip(backs, earliest, strict=True):  # what stands before it is overwritten by any later one
        kept[begin : back.at] = series.step[begin : back.at] < first
        begin = back.at
    return kept
