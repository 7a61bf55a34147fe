"""The rules that people watch a training loss with today, as functions from a loss to the points that they alarm on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from runlens.stats.robust import MAD_TO_SIGMA
from runlens.stats.rolling import shifted, trailing_mean, trailing_median, trailing_std

Floats = npt.NDArray[np.float64]
Points = npt.NDArray[np.bool_]
Peer = Callable[[Floats], Points]


def deviations(count: float, window: int) -> Peer:
    """Above the mean of the last `window` points by so many standard deviations, from half a window on.

    OLMo-core's `SkipStepOptimizer` and `SpikeMonitor` take 6 of 128; OLMo 2 (arXiv 2501.00656) counts as its spike
    score the points 7 away in the last 1,000.
    """

    def alarms(loss: Floats) -> Points:
        mean = shifted(trailing_mean(loss, window, window // 2), 1)
        spread = shifted(trailing_std(loss, window, window // 2), 1)
        return np.asarray(loss > mean + count * spread)

    return alarms


def median_and_mad(loss: Floats) -> Points:
    """Above the median of the last 128 points by six robust standard deviations."""
    middle = shifted(trailing_median(loss, 128, 32), 1)
    spread = shifted(trailing_median(np.abs(loss - middle), 128, 32), 1)
    return np.asarray(loss > middle + 6.0 * MAD_TO_SIGMA * spread)


def llm_foundry(loss: Floats) -> Points:
    """`KillLossSpike`: five points in a row at twice the mean of the 100 before."""
    high = loss >= 2.0 * shifted(trailing_mean(loss, 100, 100), 1)
    return np.asarray(trailing_mean(high.astype(np.float64), 5, 5) > 0.999)


def megatron(loss: Floats) -> Points:
    """`--check-for-spiky-loss`: ten times the largest of the first 100 points."""
    high = loss > 10.0 * np.nanmax(loss[:100])
    high[:100] = False
    return np.asarray(high)


def metaseq(loss: Floats, ratio: float = 1.25, span: int = 9) -> Points:
    """`skip_spike`: loss over its moving average of span 9, which spikes do not enter; the ratio is the user's."""
    share, level, out = 2.0 / (span + 1.0), float(loss[0]), []
    for value in loss.tolist():
        high = value > ratio * level
        out.append(high)
        if not high and value == value:
            level += share * (value - level)
    return np.array(out)


PEERS: dict[str, Peer] = {
    "z-score 3, last 100": deviations(3.0, 100),
    "OLMo-core: 6 sd, last 128": deviations(6.0, 128),
    "OLMo 2: 7 sd, last 1,000": deviations(7.0, 1000),
    "median + 6 MAD, last 128": median_and_mad,
    "llm-foundry: 2 x mean, 5 in a row": llm_foundry,
    "metaseq: 1.25 x EWM": metaseq,
    "Megatron: 10 x max of first 100": megatron,
}
GAP = 50
"""Alarms of a peer within so many points are one event: no peer joins its own."""


def events(alarm: Points) -> list[tuple[int, int]]:
    """First and last position of every group of alarms."""
    at = np.flatnonzero(alarm)
    if not len(at):
        return []
    cut = np.flatnonzero(np.diff(at) > GAP)
    return list(zip(at[np.r_[0, cut + 1]].tolist(), at[np.r_[cut, len(at) - 1]].tolist(), strict=True))
