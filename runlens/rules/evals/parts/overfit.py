"""A held-out loss that rises while the training loss falls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runlens.comparison.curves import RunCurve
from runlens.comparison.noise import prior, upward
from runlens.model import PlacedSeries
from runlens.rules.evals.parts.decline import LEAST_LOSS, SIGMAS
from runlens.stats.robust import median
from runlens.stats.smooth import checkpoint_noise


@dataclass(frozen=True, slots=True, eq=False)
class Overfit:
    """One held-out loss."""

    eval: RunCurve
    best_step: int
    best: float
    last_step: int
    latest: float
    train_before: float
    """Median training loss on that side of the best checkpoint where it is lower."""
    train_after: float
    """Median training loss up to the last checkpoint."""
    checkpoints: int
    """Checkpoints after the best one, all of them worse."""


def held_out_loss(own: RunCurve) -> bool:
    """Whether a curve is a loss, and so can turn while the training loss falls."""
    return own.curve.direction == "down" and own.curve.metric in ("loss", "ppl", "bpb", "bpc", "rmse", "mse", "mae")


def overfit(own: RunCurve, train: PlacedSeries, patience: int) -> Overfit | None:
    """Whether a held-out loss has turned up while the training loss went on falling.

    Parameters
    ----------
    own : RunCurve
        Over steps, lower is better.
    train : PlacedSeries
        Training loss.
    patience : int
        So many checkpoints in a row, up to the last one, must lie clearly above the best, the last of them above the
        first.

    Returns
    -------
    Overfit or None
        None for fewer than `patience` + 2 checkpoints.
    """
    up, step, value = upward(own.curve), own.step, own.curve.value
    if len(up) < patience + 2:
        return None
    best = int(np.argmax(up))
    after = up[best + 1 :]
    if len(after) < patience:
        return None
    scatter = checkpoint_noise(up[: best + 1], prior(own.curve, value)[0])
    margin = max(SIGMAS * scatter, LEAST_LOSS)
    tail = after[-patience:]
    if not (tail < up[best] - margin).all() or tail[-1] >= tail[0] or not (after < up[best]).all():
        return None
    half, turn = max(int(step[-1] - step[best]) // 4, 1), int(step[best])
    early = float(np.fmin(median(_between(train, turn - half, turn)), median(_between(train, turn + 1, turn + half))))
    late = median(_between(train, int(step[-1]) - half, int(step[-1])))
    if not late < early:  # below the level on either side: new data that lift both losses are no overfitting
        return None
    return Overfit(own, int(step[best]), float(value[best]), int(step[-1]), float(value[-1]), early, late, len(after))


def _between(series: PlacedSeries, first: int, last: int) -> np.ndarray:
    return series.between(first, last).value
