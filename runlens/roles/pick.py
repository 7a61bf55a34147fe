"""Which of several series that fit a role is the canonical one, by points for each, the most first.

Not of scores and rewards, whose order is `scores.preference` and `scores.rewards`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from runlens.model import Series
from runlens.roles.names.claim import Claim

_SMOOTH = re.compile(r"(?<![a-z])(avg|average|overall|actual_avg|smooth\w*|ema|macro|sma)(?![a-z])", re.IGNORECASE)
_ASIDE_FLAGS = frozenset({"secondary", "per-parameter", "router", "bus", "activity", "hbm", "free", "lifetime"})
_ASIDE = re.compile(r"hardware_|(?<![a-z])(max|min)(?![a-z])|generation|log_probs", re.IGNORECASE)
_BY_BATCH = re.compile(r"^evaluation_\w+_vs_iterations$")
"""Keras' evaluations on the x axis of its batches, beside the same ones by epoch, as its training curves are."""
_PURE = re.compile(r"lm[ _-]?loss|(?<![a-z])[bw]?ce[ _]loss|cross_?entropy|nll", re.IGNORECASE)
_TOTAL = re.compile(
    r"(?<![a-z])(total|tot|overall|sum|sumloss)(?![a-z])|(^|/)loss$|(?<![a-z])loss_(total|all|sum)(?![a-z])",
    re.IGNORECASE,
)
_EVAL = re.compile(r"(?<![a-z])(eval|val|vali|valid|validation|test|dev)(?![a-z])", re.IGNORECASE)
_OVERALL = re.compile(r"^(?!.*(avg|average|smooth|ema)).*overall", re.IGNORECASE)
_OF_ONE = re.compile(
    r"(?<![a-z])(arch|alpha|bias|param|base|disc\w*|d|critic|embed\w*|backbone)(?![a-z])", re.IGNORECASE
)
"""Of one part of a model, or what a schedule starts from."""
_ONCE = frozenset(
    {"train_loss", "grad_norm", "learning_rate", "tokens", "tokens_per_second", "step_time", "mfu", "tflops"}
)

_BOOSTING = frozenset({"XGBoost", "LightGBM", "CatBoost"})
"""Whose metrics are losses of training where nothing else is."""
_LOSS = re.compile(r"loss", re.IGNORECASE)


def score(name: str, role: str, claim: Claim, series: Series, longest: int) -> float:
    """How well a series stands for its role; higher is better.

    Parameters
    ----------
    name, role : str
    claim : Claim
    series : Series
        As read.
    longest : int
        Points of the longest series of the same role: a curve with far fewer (an evaluation on training data, a
        summary at the end) does not stand for training.

    Notes
    -----
    Weights follow the harm of a wrong choice: a per-parameter norm or a twin on another x axis is never canonical while
    anything else is there; a running mean hides what the rules look for; the rest breaks ties.
    """
    total = _by_name(name, role, claim)
    if role in _ONCE and longest > 0:
        total -= 60.0 * (1 if len(series) <= 1 < longest else 0)
        total -= 30.0 * (len(series) < 0.5 * longest)
    return total - 0.5 * name.count("/") - 0.05 * len(name)


@lru_cache(maxsize=4096)  # the runs of a fleet log the same names
def _by_name(name: str, role: str, claim: Claim) -> float:
    """The part of the score that does not depend on the points."""
    flags = claim.flags
    total = 100.0 * claim.confidence
    total -= 100.0 * bool(flags & _ASIDE_FLAGS)
    total -= 40.0 * bool(flags & {"part", "sum", "soft"})
    total -= 50.0 * (claim.axis in ("samples", "tokens", "flops"))
    total -= 20.0 * (claim.scope in ("per_gpu", "per_rank") and not role.startswith("gpu_"))
    total -= 30.0 * bool(claim.device and not role.startswith("gpu_"))
    total -= 50.0 * bool(_BY_BATCH.search(name))
    # an overall loss is the sum of its parts
    overall = role in ("train_loss", "eval_loss") and bool(_OVERALL.search(name))
    total -= 15.0 * bool(flags & {"running-mean", "smoothed"} or (_SMOOTH.search(name) and not overall))
    total -= 12.0 * bool(role not in ("eval_loss", "perplexity") and _EVAL.search(name))
    total -= 6.0 * bool(role == "learning_rate" and _OF_ONE.search(name))
    total -= 8.0 * bool(_ASIDE.search(name) and not role.startswith("gpu_"))
    total -= 3.0 * bool(re.search(r"(^|/)test", name, re.IGNORECASE))
    total -= 6.0 * (claim.unit == "bits/byte")
    total -= 5.0 * (".process." in name)
    total -= 4.0 * (role in ("gpu_power", "gpu_memory") and claim.unit == "%")
    total -= 10.0 * bool(role in ("train_loss", "eval_loss") and claim.by in _BOOSTING and not _LOSS.search(name))
    total += 5.0 * bool(_PURE.search(name) and not (role == "eval_loss" and "nll" in name.lower()))
    total += 8.0 * bool(role in ("train_loss", "eval_loss") and claim.confidence < 0.9 and _TOTAL.search(name))
    return total
