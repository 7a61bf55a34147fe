"""The line through the middle of a noisy curve, and which curves have one."""

from __future__ import annotations

import numpy as np

from runlens.model import Chart
from runlens.render.scale import Floats

_NOISY = ("train_loss", "grad_norm", "tokens_per_second", "samples_per_second", "step_time", "gpu_utilization")
_MANY = 300
"""More points than this are drawn as a pale line of every point under a dark running median; fewer are one line."""


def noisy(chart: Chart, points: int) -> bool:
    """Whether a curve of `points` drawn points is one that a middle line makes readable."""
    return chart.role in _NOISY and points > _MANY


def middle(values: Floats) -> Floats:
    """The line through the middle of a decimated curve: weighted means of three neighbours, then a running median.

    A chart alternates between the lowest and the highest value of each bucket, so half a point and a quarter of each
    neighbour is about the middle of a bucket, where a median of the values themselves would jump between the two.
    Shape (n,), NaN where the neighbourhood (a hundredth of the points) holds no number.
    """
    around = np.pad(values, 1, mode="edge")
    smooth = (around[:-2] + 2 * values + around[2:]) / 4
    half = max(len(values) // 200, 2)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(smooth, half, constant_values=np.nan), 2 * half + 1)
    empty = np.isnan(windows).all(axis=1)
    line = np.full(len(values), np.nan)
    line[~empty] = np.nanmedian(windows[~empty], axis=1)
    return line
