"""Running means by their names: what they are a mean of."""

from __future__ import annotations

import re
from typing import Literal

from runlens.roles.names.claim import Claim
from runlens.roles.names.take_apart import normalise

Mean = Literal["", "window", "since the epoch began", "since the start", "exponential", "mean"]

_EXPONENTIAL = re.compile(r"(?<![a-z])(ema|ewma?|ewm|exp_?avg|smooth(ed)?|smoothing|debiased)(?![a-z])")
_WINDOW = re.compile(
    r"(?<![a-z])(sma|rolling|window\w*|moving|last_?\d+|running)(?![a-z])|(?<![a-z])(avg|mean|ma)_?\d+(?![a-z])"
)
_EPOCH = re.compile(r"^batch[/_]\w*loss$|^(train/)?(loss_)?epoch_(avg|mean)|(?<![a-z])epoch_(avg|mean|running)")
_MEAN = re.compile(r"(?<![a-z])(avg|average|overall|actual_avg)(?![a-z])")
_BY_FRAMEWORK: dict[str, Mean] = {
    "MMEngine": "window",  # LogProcessor: mean over window_size = 10 iterations
    "detectron2": "window",  # EventStorage: median over 20 iterations
    "W&B Keras WandbMetricsLogger": "since the epoch began",  # Keras metrics are reset at each epoch
    "nanochat": "exponential",  # debiased exponential mean of the training loss, beta 0.9
}
"""Frameworks whose logged training loss is a mean, by their sources."""


def kind_of_mean(name: str, claim: Claim) -> Mean:
    """What kind of running mean a series is, as far as its name or its framework's table tells; empty for none.

    Parameters
    ----------
    name : str
        As logged, such as `train/loss_ema`, `batch/loss` or `running_loss`.
    claim : Claim
        What the name says; a framework's own names are what its sources write.
    """
    plain = normalise(name)
    if "running-mean" in claim.flags:
        return "since the start"
    if _EXPONENTIAL.search(plain):
        return "exponential"
    if _WINDOW.search(plain):
        return "window"
    if _EPOCH.search(plain):
        return "since the epoch began"
    if claim.role == "train_loss" and claim.origin == "table" and claim.by in _BY_FRAMEWORK:
        return _BY_FRAMEWORK[claim.by]
    return "mean" if claim.role == "train_loss" and _MEAN.search(plain) and claim.origin == "pattern" else ""
