"""Claims against the data: what a name says is believed only as far as the values allow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from runlens.model import Series
from runlens.roles.names.claim import Claim
from runlens.roles.numbers import middle

_POSITIVE = frozenset(
    {"tokens", "samples", "tokens_per_second", "samples_per_second", "step_time", "tflops", "gpu_memory"}
)


def checked(claim: Claim, series: Series) -> Claim | None:
    """The claim after a look at the values: changed, weakened, or None if they contradict it.

    Parameters
    ----------
    claim : Claim
        By the name.
    series : Series
        As read; an empty series keeps its claim.
    """
    value = series.value[np.isfinite(series.value)]
    if len(value) == 0:
        return claim
    exact = claim.confidence >= 0.9
    if claim.role == "tokens":
        return claim if _grows(series) else replace(
            claim, role="batch_size", unit="tokens", why=f"{claim.why}; it does not grow, so it counts tokens per step"
        )  # fmt: skip
    if (
        claim.role == "batch_size"
        and not exact
        and claim.unit == "tokens"
        and len(value) > 5
        and _grows(series, strictly=True)
    ):
        return replace(claim, role="tokens", why=f"{claim.why}; it grows all the time, so it is cumulative")
    if exact:
        return claim
    if claim.role in _POSITIVE and middle(value) < 0:
        return None
    if claim.role == "learning_rate" and float(np.max(np.abs(value))) > 1e3:
        return None
    if claim.role == "step" and len(value) > 2 and not _grows(series):
        return None
    if claim.role in ("grad_norm", "param_norm") and bool(np.any(value < 0)):
        return None
    return claim


def _grows(series: Series, strictly: bool = False) -> bool:
    """Whether a counter never falls within an attempt (1 % of points may), and ends higher than it starts."""
    if len(series) < 2:
        return True
    forward = np.diff(series.step) >= 0
    change = np.diff(series.value)[forward]
    change = change[np.isfinite(change)]
    if len(change) == 0:
        return True
    falls = float(np.mean(change < 0 if not strictly else change <= 0))
    return falls <= 0.01 and float(change.sum()) > 0
