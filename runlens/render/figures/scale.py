"""The vertical axis of one panel: its limits, its ticks in the unit of what is drawn, marks for what lies outside."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from runlens.model import Chart
from runlens.render.figures.palette import GREY
from runlens.render.figures.panels import Panel
from runlens.render.text import amount, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = npt.NDArray[np.float64]

_ROBUST = (
    "tokens_per_second", "samples_per_second", "step_time", "gpu_temperature", "gpu_memory", "gpu_power", "gpu_clock",
)  # fmt: skip
"""Roles whose axis shows the middle of the values; what lies outside is marked at the edge."""

SMALLEST, LARGEST = 1e-150, 1e150
"""What lies beyond is drawn at the edge: an axis needs room to compute with, and a step of 1e-320 has no digits."""
_LOG_STEPS = ((1, 1.5, 2, 3, 4, 5, 7), (1, 2, 3, 5), (1, 2, 5), (1, 3), (1,))
"""Ticks in each decade of a log axis, the most that leave seven on the axis; `templates/charts.js` has the same."""


def inside(chart: Chart, limits: tuple[float, float]) -> tuple[Floats, Floats]:
    """Steps and values of a chart in the window, with one point on either side so that lines reach the edges."""
    steps = np.array(chart.steps, dtype=np.float64)
    values = np.array(chart.values, dtype=np.float64)
    low = max(int(np.searchsorted(steps, limits[0], "left")) - 1, 0)
    high = int(np.searchsorted(steps, limits[1], "right")) + 1
    return steps[low:high], values[low:high]


def figure(value: float, unit: str) -> str:
    """A value with its unit where it needs one: `13.9 GB`, `63 °C`, `27.3 k`, `2.57`."""
    text = amount(value) if abs(value) >= 1e4 else number(value, 3)
    return text + (
        f" {unit}" if unit in ("s", "W", "MHz", "GB") else " %" if unit == "%" else " °C" if unit == "C" else ""
    )


def tick_labels(ticks: Floats) -> list[str]:
    """Labels of evenly spaced ticks, with as many decimals as tell them apart."""
    largest = float(np.abs(ticks).max(initial=0.0))
    scale, sign = next(
        ((s, n) for s, n in ((1e12, " T"), (1e9, " B"), (1e6, " M"), (1e4, " k")) if largest >= s), (1, "")
    )
    scale = 1e3 if sign == " k" else scale
    step = float(np.min(np.diff(ticks))) / scale if len(ticks) > 1 else 1.0
    if largest < 1e-3:
        return [number(float(t), 3) for t in ticks]
    decimals = max(-int(np.floor(np.log10(step) + 1e-9)), 0) if step > 0 else 2
    decimals += not np.allclose(np.round(ticks / scale, decimals), ticks / scale, atol=1e-3 * step)
    return [f"{t / scale:,.{decimals}f}{sign}" for t in ticks.tolist()]


def extent(panel: Panel, limits: tuple[float, float]) -> tuple[float, float] | None:
    """Lowest and highest value that the vertical axis shows over the steps `limits`; None if nothing is finite.

    Everything with a little room, but for roles in which a single stall would flatten the rest: these show the middle
    92 % and as much again, and at least 5 % below the median.
    """
    edges = [replace(c, values=edge) for c in panel.references for edge in (c.low, c.high) if edge]
    parts = [inside(c, limits) for c in (*panel.charts, *panel.references, *edges)]
    values = np.concatenate([v[(s >= limits[0]) & (s <= limits[1])] if len(s) > 2 else v for s, v in parts])
    values = np.clip(values[np.isfinite(values)], -LARGEST, LARGEST)
    values = np.where(np.abs(values) < SMALLEST, SMALLEST if panel.log else 0.0, values)
    if len(values) == 0:
        return None
    low, high = float(values.min()), float(values.max())
    if panel.kind in _ROBUST:
        first, half, last = (float(v) for v in np.percentile(values, [4, 50, 96]))
        reach = max(last - first, 0.06 * abs(half))
        low, high = max(low, first - 0.5 * reach), min(high, last + 0.5 * reach)
        low, high = min(low, half - 0.05 * abs(half)), max(high, half + 0.03 * abs(half))
    elif panel.kind == "learning_rate":
        low = min(low, 0.0)
    elif panel.kind == "gpu_utilization" and panel.charts[0].unit == "%":
        low, high = 0.0, 100.0
    if panel.log:
        room = max(math.log(high / low) * 0.06, 0.02)
        return low * math.exp(-room), high * math.exp(1.6 * room)
    room = (high - low or abs(high) or 1.0) * 0.08
    return low - (0 if low == 0 else room), high + 1.5 * room


def ticks(low: float, high: float, log: bool) -> Floats:
    """Two to seven round values between `low` and `high`: as many of each decade as there is room for on a log axis."""
    if log and _spans(low, high):
        decades = 10.0 ** np.arange(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        for steps in _LOG_STEPS:
            some = np.sort(np.outer(decades, steps).ravel())
            some = some[(some >= low) & (some <= high)]
            if len(some) <= 7:
                break
        return some[:: -(-len(some) // 7)]
    if not (high - low) / 3 > 0.0:  # as close as floats can be
        return np.array([low])
    step = 10.0 ** math.floor(math.log10((high - low) / 3))
    step *= max(f for f in (1.0, 2.0, 5.0) if f == 1 or f * step <= (high - low) / 3)
    return np.asarray(np.arange(math.ceil(low / step), math.floor(high / step) + 1) * step, dtype=np.float64)


def labels(at: Floats, panel: Panel, shown: tuple[float, float]) -> list[str]:
    """What stands beside the ticks of an axis that shows the values `shown`."""
    return [figure(t, "") for t in at.tolist()] if panel.log and _spans(*shown) else tick_labels(at)


def _spans(low: float, high: float) -> bool:
    """Whether a log axis spans so much that even steps would crowd at its top."""
    return high / low > 3


def apply(axes: Axes, panel: Panel, limits: tuple[float, float]) -> None:
    """Limits and ticks of the vertical axis; marks at the edge for what lies outside."""
    from matplotlib.ticker import NullLocator

    shown = extent(panel, limits)
    axes.yaxis.set_minor_locator(NullLocator())
    if shown is None:
        axes.set_yticks([])
        return
    axes.set_ylim(*shown)
    at = ticks(*shown, panel.log)
    axes.set_yticks(at, labels(at, panel, shown))
    if panel.kind in _ROBUST:
        _outside(axes, [inside(c, limits) for c in panel.charts])


def _outside(axes: Axes, parts: Sequence[tuple[Floats, Floats]]) -> None:
    low, high = axes.get_ylim()
    edge = axes.get_xaxis_transform()
    for steps, values in parts:
        with np.errstate(invalid="ignore"):
            for beyond, at, sign in ((values < low, 0.03, "v"), (values > high, 0.97, "^")):
                axes.plot(
                    steps[beyond], np.full(beyond.sum(), at), sign, color=GREY, markersize=4, alpha=0.7, transform=edge,
                    zorder=5, linestyle="none",
                )  # fmt: skip
