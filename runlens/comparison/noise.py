"""How much a score scatters between checkpoints, and how far two healthy models differ for long."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from runlens.comparison.items import UNKNOWN
from runlens.model import Curve
from runlens.stats.smooth import Smooth

Floats = npt.NDArray[np.float64]

CHECKPOINT = 0.5
"""Scatter between neighbouring checkpoints over the binomial standard error. The items stay the same, so it is less
than 1: 0.16 to 0.6 in repeated late checkpoints of Pythia 1.4B and 6.9B, 0.5 over all Pythia models from 410M up."""
CHECKPOINT_LAMBADA = 0.95
"""The same for LAMBADA, which hangs on one exact word: 0.8 to 0.9 for Pythia 1.4B, up to 3 for smaller models."""
LASTING = 1.5
"""Standard deviation of the lasting difference between two healthy models over the scatter of one checkpoint. Pythia
plain against deduplicated at one size: 0.75 binomial errors (LAMBADA 1.6), part of it from the data."""
LOSS_CHECKPOINT = 0.002
"""Relative scatter of a validation loss between checkpoints: what a few hundred sequences leave."""
LOSS_LASTING = 0.005
"""Relative lasting difference of validation losses of two seeds where the curve is flat. Sixteen healthy seeds of a
12M-parameter model scatter by 0.3 to 0.5 % at their start and at their end; two differ by 1.4 times that."""
PACE = 0.04
"""Standard deviation of the logarithm of tokens by which one of two healthy models is ahead of the other. The same
sixteen seeds scatter by 1.0 % in the middle of their runs, where the loss falls by a third in each factor e of tokens:
by 2.8 % in tokens, and two of them by 1.4 times that."""
STRETCH = 0.25
"""Log tokens to either side over which the pace of a curve is taken."""


def upward(curve: Curve) -> Floats:
    """The values on a scale on which higher is better and equal steps mean equally much.

    Losses and bits per byte become minus their logarithm (relative changes count), perplexities too (their logarithm
    is a loss); other metrics of which less is better change their sign.
    """
    if curve.direction == "up":
        return curve.value
    if logarithmic(curve):
        return -np.log(curve.value)
    return -curve.value


def downward(curve: Curve, up: Floats) -> Floats:
    """The inverse of `upward`: values in the metric's own unit."""
    if curve.direction == "up":
        return up
    return np.exp(-up) if logarithmic(curve) else -up


def logarithmic(curve: Curve) -> bool:
    """True if `upward` takes the logarithm."""
    kinds = ("loss", "log_loss", "bpb", "bpc", "ppl", "byte_ppl", "word_ppl", "ctc_loss", "rmse", "mse", "mae")
    return curve.direction == "down" and curve.metric in kinds and bool((curve.value > 0).all())


def prior(curve: Curve, last: Floats) -> tuple[float, float]:
    """Expected scatter of one checkpoint and of the lasting difference, on the scale of `upward`.

    Parameters
    ----------
    curve : Curve
    last : ndarray of float64
        Values of the checkpoints that are judged, in the metric's own unit.

    Returns
    -------
    (float, float)
        Scatter between checkpoints, and the standard deviation of the lasting difference of two healthy models.
    """
    level = float(np.mean(last))
    known = curve.stderr[np.isfinite(curve.stderr) & (curve.stderr > 0)][-8:]
    factor = CHECKPOINT_LAMBADA if curve.task.startswith("lambada") else CHECKPOINT
    if logarithmic(curve):
        if len(known) and curve.metric.endswith("ppl"):
            noise = factor * float(np.mean(known)) / level
            return noise, LASTING * noise
        if curve.metric.endswith("ppl"):  # a difference of logarithms is the loss itself
            loss = max(float(np.log(level)), 1.0)
            return LOSS_CHECKPOINT * loss, LOSS_LASTING * loss
        return LOSS_CHECKPOINT, LOSS_LASTING
    if len(known):
        noise = factor * float(np.mean(known))
    elif 0 <= level <= 1:
        items = curve.n_items or UNKNOWN
        share = min(max(level, 0.5 / items), 1 - 0.5 / items)  # none of 500 right is no proof that none ever is
        noise = factor * float(np.sqrt(share * (1 - share) / items))
    else:
        noise = 0.02 * abs(level)
    noise = max(noise, 1e-9)
    return noise, LASTING * noise


def twins_differ(curve: Smooth, at: Floats, lasting: float) -> Floats:
    """Standard deviation of what two healthy models differ by at each position, on the scale of `upward`.

    Parameters
    ----------
    curve : Smooth
        The reference, higher is better.
    at : ndarray of float64, shape (k,)
        Log tokens.
    lasting : float
        What they differ by where the curve is flat.
    """
    ahead = np.minimum(at + STRETCH, curve.x[-1])
    behind = np.maximum(ahead - 2 * STRETCH, curve.x[0])
    slope = np.abs(curve(ahead) - curve(behind)) / np.maximum(ahead - behind, 1e-9)
    difference: Floats = np.hypot(lasting, PACE * slope)
    return difference
