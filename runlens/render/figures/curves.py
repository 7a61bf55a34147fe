"""Curves as PNG and page draw them alike: which have a middle line, what stands at their end, how labels keep apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from runlens.model import Chart
from runlens.render.ends import of_chart
from runlens.render.figures.scale import Floats, figure, inside
from runlens.render.text import visible

_NOISY = ("train_loss", "grad_norm", "tokens_per_second", "samples_per_second", "step_time", "gpu_utilization")
_MANY = 700
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
    values = np.where(np.isfinite(values), values, np.nan)
    around = np.pad(values, 1, mode="edge")
    smooth = (around[:-2] + 2 * values + around[2:]) / 4
    half = max(len(values) // 200, 2)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(smooth, half, constant_values=np.nan), 2 * half + 1)
    empty = np.isnan(windows).all(axis=1)
    line = np.full(len(values), np.nan)
    line[~empty] = np.nanmedian(windows[~empty], axis=1)
    return line


def name(chart: Chart, limit: int = 16) -> str:
    """What a curve is called beside others in its panel, and its reference if it is one."""
    if chart.reference:
        return visible(chart.label or chart.reference, limit)
    if chart.role in ("train_loss", "eval_loss"):
        return "training" if chart.role == "train_loss" else "held-out"
    return visible(chart.label or chart.metric, limit)


def end(chart: Chart, limits: tuple[float, float], several: bool) -> tuple[float, str] | None:
    """The value at which a curve leaves the window, and the label beside it; None if nothing in it is finite.

    At the end of the whole curve it is the level at which it ends, as every page says it; elsewhere the value of its
    middle line where it is noisy. A curve alone in its panel needs no name.
    """
    steps, values = inside(chart, limits)
    shown = np.flatnonzero(np.isfinite(values) & (steps <= limits[1]))
    if len(shown) == 0:
        return None
    if chart.reference:
        return float(np.interp(limits[1], steps[np.isfinite(values)], values[np.isfinite(values)])), name(chart)
    line = middle(values) if noisy(chart, len(steps)) else values
    whole = of_chart(chart) if steps[shown[-1]] == chart.steps[-1] else None
    tail = whole[1] if whole is not None else float(line[shown[-1]])
    return tail, f"{name(chart)} {figure(tail, chart.unit)}" if several else figure(tail, chart.unit)


def apart(heights: Sequence[float], least: float, top: float) -> list[float]:
    """The heights moved as little as may be, so that each is `least` above the one before and none is above `top`.

    `heights` come in rising order; the order stays.
    """
    moved = list(heights)
    for at in range(1, len(moved)):
        moved[at] = max(moved[at], moved[at - 1] + least)
    ceiling = top
    for at in range(len(moved) - 1, -1, -1):
        moved[at] = min(moved[at], ceiling)
        ceiling = moved[at] - least
    return moved
