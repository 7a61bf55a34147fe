"""One task in the figure of `compare`: the reference and its band, the run, and the lag as a horizontal distance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from runlens.model import TaskLag
from runlens.render.figures.draw import drawable
from runlens.render.figures.palette import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, RED
from runlens.render.pages.compare import times
from runlens.render.text import amount, number, visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes

REFERENCES = (GREY, GREEN, PURPLE, ORANGE)
"""Colours of the references, in the order given."""
Beside = list[tuple[int, TaskLag]]
"""One task, beside each reference that has it (its number gives the colour)."""
_BEFORE = 6.0
"""The panel begins this factor in tokens before the run's last checkpoint, or a little before the whole lag."""
_LEAST = 1.05
"""A lag nearer to level than this is not drawn."""
_COUNTS = 1.25
"""An interval that holds a lag of this size is not called level (the default of EVAL001's `factor`)."""


def panel(axes: Axes, beside: Beside, axis: str) -> None:
    """Draw one task over tokens or steps (logarithmic)."""
    lead = lead_of(beside)
    run = lead.run
    left, right = _span(lead)
    inside: list[np.ndarray] = [run.value[run.at >= left]]
    labels: list[tuple[float, str]] = []
    for i, task in beside:
        color = REFERENCES[i % len(REFERENCES)]
        seen = (task.smooth_at >= left) & (task.smooth_at <= right)
        axes.fill_between(
            task.smooth_at, task.healthy_low, task.healthy_high, color=color, alpha=0.14, linewidth=0, zorder=1
        )
        axes.plot(task.smooth_at, task.smooth, color=color, linewidth=1.7, zorder=3)
        raw = (task.reference.at >= left) & (task.reference.at <= right)
        axes.plot(task.reference.at[raw], task.reference.value[raw], ".", color=color, markersize=3.5, zorder=3)
        for edge in (task.low, task.high):
            if len(edge):
                axes.plot(task.reference.at, edge, color=color, linewidth=0.8, linestyle=(0, (1, 1.5)), zorder=2)
        inside += [task.healthy_low[seen], task.healthy_high[seen]]
        labels.append((float(np.interp(np.log(task.at), np.log(task.smooth_at), task.smooth)), color))
    judged = (np.searchsorted(run.at, lead.at * 1.001) - np.arange(len(run.at))) <= lead.checkpoints
    judged &= run.at <= lead.at * 1.001
    axes.plot(run.at, run.value, color=BLUE, linewidth=1.5, zorder=5)
    axes.plot(run.at[judged], run.value[judged], "o", color=BLUE, markersize=4.8, zorder=6)
    axes.plot(run.at[~judged], run.value[~judged], "o", color=BLUE, markersize=3.6, markerfacecolor="white", zorder=6)
    labels.append((float(run.value[judged][-1]), BLUE))
    _lag(axes, lead, left)
    axes.set_xscale("log")
    if run.direction == "down" and all(float(v.min(initial=1.0)) > 0 for v in inside):
        axes.set_yscale("log")
    axes.set_xlim(left, right)
    _limits(axes, inside)
    _ticks(axes, left, right, axis)
    _values(axes, labels)
    setting = f", {run.setting}" if run.setting else ""
    axes.set_title(
        drawable(visible(f"{lead.label}{setting}", 44)), loc="left", size=10, weight="bold", color=BLACK, pad=17
    )
    text, color = said(lead, axis)
    axes.annotate(
        text, (0, 1), xytext=(0, 4), xycoords="axes fraction", textcoords="offset points", size=8.5, color=color
    )


def lead_of(beside: Beside) -> TaskLag:
    """The comparison whose lag is drawn: the first that is proven, else the first."""
    return next((task for _, task in beside if task.behind), beside[0][1])


def said(task: TaskLag, axis: str) -> tuple[str, str]:
    """What a panel shows, in words, and the colour of the words."""
    low, high = times(task.interval[0]), times(task.interval[1])
    if task.behind:
        bound = "at least " if task.beyond else ""
        end = f", {task.trend}" if task.trend != "steady" else ""
        return f"{bound}{amount(task.trailing)} {axis} ({times(task.factor)}) behind{end}", RED
    if task.interval[1] < 1:
        return f"ahead ({low} to {high})", GREY
    if task.interval[1] >= _COUNTS:
        lag = f"{times(task.factor)}, not proven" if task.factor >= _LEAST else "cannot tell"
        return f"{lag} ({low} to {high})", GREY
    return f"level ({low} to {high})", GREY


def _span(task: TaskLag) -> tuple[float, float]:
    """The stretch of the axis in which the lag can be seen, with room for what came before."""
    run = task.run.at
    earliest = min(task.at / _BEFORE, task.at / min(task.interval[1], 30.0) / 1.4, task.stood_at / 1.4)
    return max(float(run[0]) * 0.85, min(earliest, float(run[-min(len(run), 5)]) * 0.9)), task.at * 1.12


def _lag(axes: Axes, task: TaskLag, left: float) -> None:
    """From the run's last checkpoint back to where the reference stood at its level, with the interval."""
    if task.factor < _LEAST or task.gap == 0:
        return
    color = RED if task.behind else BLACK
    level = float(np.interp(np.log(task.stood_at), np.log(task.smooth_at), task.smooth))
    last = float(np.interp(task.at, task.run.at, task.run.value))
    axes.plot([task.at, task.at], [last, level], color=color, linewidth=0.9, zorder=4)
    low, high = max(task.at / task.interval[1], left), min(task.at / task.interval[0], task.at)
    axes.plot([low, high], [level, level], color=color, linewidth=5, alpha=0.22, solid_capstyle="butt", zorder=4)
    width = 1.6 if task.behind else 1.1
    axes.annotate(
        "", xy=(max(task.stood_at, left), level), xytext=(task.at, level), zorder=7,
        arrowprops={"arrowstyle": "-|>", "color": color, "linewidth": width, "shrinkA": 0, "shrinkB": 0},
    )  # fmt: skip


def _limits(axes: Axes, inside: Sequence[np.ndarray]) -> None:
    """The values in sight, with a little room and three to six round ticks."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

    values = np.concatenate([v[np.isfinite(v)] for v in inside])
    low, high = float(values.min()), float(values.max())
    if axes.get_yscale() == "log":
        room = max(high / low, 1.001) ** 0.06
        axes.set_yticks(_round(low, high) if high > 4 * low else list(MaxNLocator(4).tick_values(low, high)))
        axes.set_ylim(low / room, high * room)
    else:
        room = (high - low or abs(high) or 1.0) * 0.06
        axes.set_ylim(low - room, high + room)
        axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, 3)))


def _round(low: float, high: float) -> list[float]:
    """Round positions on a logarithmic axis, at least three of them where there are so many."""
    found: list[float] = []
    for steps in ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0), (1.0, 1.5, 2.0, 3.0, 5.0, 7.0), tuple(np.arange(10, 100) / 10)):
        powers = range(int(np.floor(np.log10(low))) - 1, int(np.ceil(np.log10(high))) + 1)
        found = [float(f"{s:g}e{e}") for e in powers for s in steps]
        found = [t for t in found if low <= t <= high]
        if len(found) >= 3:
            break
    return found if len(found) <= 6 else found[:: -(-len(found) // 6)]


def _ticks(axes: Axes, left: float, right: float, axis: str) -> None:
    from matplotlib.ticker import NullLocator

    ticks = _round(left, right)
    axes.set_xticks(ticks, [amount(t) for t in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(axis, size=8, color=GREY, labelpad=1)


def _values(axes: Axes, labels: Sequence[tuple[float, str]]) -> None:
    """The values at the last checkpoint beside the ends of the curves, moved apart where two would touch."""
    least = 11.5 / 72 * axes.figure.dpi / axes.bbox.height
    to_axes = axes.transData + axes.transAxes.inverted()
    spots = sorted(
        (float(np.clip(to_axes.transform((axes.get_xlim()[1], v))[1], 0.0, 1.0)), v, color) for v, color in labels
    )
    heights = [y for y, _, _ in spots]
    for i in range(1, len(heights)):
        heights[i] = max(heights[i], heights[i - 1] + least)
    heights = [y - max(heights[-1] - 1.0, 0.0) for y in heights]
    for height, (_, value, color) in zip(heights, spots, strict=True):
        axes.text(
            1.012, height, f"{value:#.3g}".rstrip("."), transform=axes.transAxes, va="center", ha="left", size=8.5,
            color=color, weight="bold" if color == BLUE else "normal",
        )  # fmt: skip
