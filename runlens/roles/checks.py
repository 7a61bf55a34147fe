"""Claims against the data: what a name says is believed only as far as the values allow."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from runlens.growing import chosen, counted, differences, greatest, least, some_finite, total
from runlens.model import Series
from runlens.roles.names.claim import Claim
from runlens.roles.names.evals import parse_eval
from runlens.roles.numbers import middle

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_AT_ONE_STEP = 8
"""Points at a single step from which on a time or a rate is that of a loop beside the training: the windows of a long
evaluation, the parts of a checkpoint. A run of one step logs fewer."""
_OF_A_STEP = re.compile(r"step|iter|batch|update|per|/s\b|it$", re.I)
"""Names that say that a time is that of a step, which is then believed."""
_STOPWATCH = 20
"""Points of a step time that may only ever rise by chance: the time of a step goes up and down."""
_COUNTED = 4
"""Values from which on one and the same step makes a counter, or a constant, of a score of no known kind."""
_MULTIPLIED = 3.0
"""Times its first value that a stopwatch shows at the end."""
_RATES = frozenset({"tokens_per_second", "samples_per_second", "tflops"})
_COARSE = 0.1
"""Error of a rate worked out of a mean that was rounded to whole numbers, as a share of it, from which on it is noise:
slow-downs of a tenth are looked for. SB3's `time/fps` of 62 after 5,000 intervals is off by 40 times the rate."""
_CLOCKS = frozenset({"tokens_per_second", "samples_per_second", "step_time"})
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
    if "running-mean" in claim.flags and claim.role in _RATES and not _can_be_taken_apart(series):
        why = "a mean since the start, too coarse to tell the rate of each interval: the clock tells it"
        return replace(claim, role="other", unit="", flags=frozenset({"known", "running-mean"}), why=why)
    if claim.confidence >= 0.9 and claim.role != "tokens":  # an exact name
        return claim
    if not some_finite(series.value):
        return claim
    value = series.finite().value
    if claim.role == "tokens":
        return claim if _grows(series) else replace(
            claim, role="batch_size", unit="tokens", why=f"{claim.why}; it does not grow, so it counts tokens per step"
        )  # fmt: skip
    if claim.role == "batch_size" and claim.unit == "tokens" and len(value) > 5 and _grows(series, strictly=True):
        return replace(claim, role="tokens", why=f"{claim.why}; it grows all the time, so it is cumulative")
    if claim.role in _CLOCKS and len(value) >= _AT_ONE_STEP and least(series.step) == greatest(series.step):
        return None
    if claim.role in _POSITIVE and middle(value) < 0:
        return None
    if claim.role == "step_time" and not _OF_A_STEP.search(series.name) and _is_stopwatch(series):
        why = "it never falls, so it counts from the start of the run or of the epoch"
        return Claim("other", flags=frozenset({"known"}), confidence=0.6, why=why, origin="pattern")
    if (
        claim.role == "eval_score"
        and claim.by == ""
        and claim.origin == "task"
        and _is_counter(claim, series.name, value)
    ):
        return None
    if claim.role == "learning_rate" and float(max(greatest(value), -least(value))) > 1e3:
        return None
    if claim.role in ("step", "samples") and len(value) > 2 and not _grows(series):
        return None
    if claim.role in ("grad_norm", "param_norm") and float(least(value)) < 0:
        return None
    return claim


def _can_be_taken_apart(series: Series) -> bool:
    """Whether the rate of each interval follows from a mean since the start: the clock must go on from point to point,
    and the mean be told finely enough for the last of them. One of fewer than three points is left as it is.
    """
    if len(series) < 3:
        return True
    gone = differences(series.time)
    if not bool(np.all(gone > 0)):
        return False
    finite = series.finite().value
    if not len(finite) or not bool(np.all(finite == np.floor(finite))):
        return True
    since = float(series.time[-1] - series.time[0])
    return 0.5 * since <= _COARSE * middle(gone) * max(middle(finite), 0.0)


def _is_counter(claim: Claim, name: str, value: Floats) -> bool:
    """Whether a score of no known kind is none: whole numbers that are one value all along, or one more each time."""
    if len(value) < _COUNTED or parse_eval(claim.base or name).direction is not None:
        return False
    change = np.diff(value)
    whole = bool(np.all(value == np.rint(value)))
    return whole and bool(np.all(change == change[0])) and (change[0] != 0.0 or abs(float(value[0])) > 1.0)


def _is_stopwatch(series: Series) -> bool:
    """Whether a time of steps is read off a clock that runs on: many points that never fall within an attempt."""
    if len(series) < _STOPWATCH or not bool(np.isfinite(series.value).all()):
        return False
    change = np.diff(series.value)[np.diff(series.step) > 0]
    ends, first = float(np.max(series.value)), float(np.min(series.value))
    return bool(len(change) >= _STOPWATCH - 1 and np.all(change >= 0.0)) and ends >= _MULTIPLIED * max(first, 1e-9)


def _grows(series: Series, strictly: bool = False) -> bool:
    """Whether a counter never falls within an attempt (1 % of points may), and ends higher than it starts."""
    if len(series) < 2:
        return True
    (change, _) = chosen("forward", (differences(series.value), differences(series.step)), _forward)
    if len(change) == 0:
        return True
    falls = counted("falls", (change,), lambda c: c < 0)
    if strictly:
        falls += counted("stands", (change,), lambda c: c == 0)
    return falls / len(change) <= 0.01 and total(change) > 0


def _forward(change: Floats, step: Ints) -> Bools:
    return np.isfinite(change) & (step >= 0)
