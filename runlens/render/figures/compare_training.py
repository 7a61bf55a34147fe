"""Training curves in the figure of `compare`: the levels, and beside them the gap with what healthy twins differ by."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from runlens.model import Comparison, Severity
from runlens.model.training import TrainingCourse, TrainingGap
from runlens.model.words import number, percent
from runlens.render.figures.draw import drawable
from runlens.render.figures.palette import BLACK, BLUE, GREY, SEVERITY, VERDICT
from runlens.render.text import amount, named, visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 6
"""Curves that are drawn; what is beyond is counted."""
_SURE = 3.0
"""Standard deviations of healthy twins that the band is wide: beyond it two runs are no twins."""
_WRAP = 84
"""Characters in a line over a panel."""
_NAMES = {
    "train_loss": "Training loss",
    "grad_norm": "Gradient norm",
    "step_time": "Time of a step",
}
"""What a role is called; every other one is a throughput."""
Drawn = tuple[Comparison, TrainingGap, TrainingCourse]


def drawn(comparisons: Sequence[Comparison]) -> list[Drawn]:
    """Every training curve that can be drawn, in the order of the references."""
    return [(c, gap, gap.course) for c in comparisons for gap in c.training if gap.course is not None]


def worst(comparisons: Sequence[Comparison]) -> str:
    """The sentence of the gravest gap; the first one's where all are level."""
    gaps = [gap for c in comparisons for gap in c.training]
    return max(gaps, key=lambda gap: -1 if gap.severity is None else gap.severity.rank).sentence


def pair(levels: Axes, gaps: Axes, one: Drawn, several: bool) -> None:
    """Draw one curve: the levels of run and references on one axis, their gap in per cent on the other.

    Parameters
    ----------
    levels, gaps : Axes
    one : (Comparison, TrainingGap, TrainingCourse)
    several : bool
        There are several references: their names stand in the titles.
    """
    comparison, gap, course = one
    color = SEVERITY[gap.severity] if gap.severity is not None else GREY
    ink = VERDICT["undecided"] if gap.severity is Severity.WARNING else color if gap.severity else BLACK
    _levels(levels, course)
    _gaps(gaps, course, color)
    for axes in (levels, gaps):
        if gap.since is not None:
            axes.axvline(gap.since, color=color, linewidth=1.1, linestyle=(0, (4, 2)), zorder=4)
        if gap.was_apart is not None:
            axes.axvspan(*gap.was_apart, color=color, alpha=0.12, linewidth=0, zorder=0)
        _steps(axes, course, gap.since)
    beside = f" beside {named(comparison.reference)}" if several else ""
    name = f"{_NAMES.get(gap.role, 'Throughput')}: {visible(gap.metric, 40)}{beside}"
    levels.set_title(drawable(name), loc="left", size=10, weight="bold", color=BLACK, pad=6)
    gaps.set_title(drawable(textwrap.fill(said(gap), _WRAP)), loc="left", size=8.5, color=ink, pad=6)


def said(gap: TrainingGap) -> str:
    """What the gap is, in a few words."""
    if gap.lost:
        return f"not finite from step {gap.since:,} on" if gap.since is not None else "not finite"
    if not gap.apart:
        was = f"; apart from step {gap.was_apart[0]:,} to {gap.was_apart[1]:,}" if gap.was_apart else ""
        return f"level at its end ({abs(gap.sigmas):.1f} standard deviations){was}"
    since = f" from step {gap.since:,} on" if gap.since is not None else ""
    if gap.was_apart is not None:
        since += f" (apart from {gap.was_apart[0]:,} to {gap.was_apart[1]:,} before)"
    trend = f", {gap.trend}" if gap.trend != "steady" else ""
    side = "higher" if gap.share > 0 else "lower"
    return f"{percent(abs(gap.share))} {side}{since}{trend}: {abs(gap.sigmas):.1f} standard deviations"


def _levels(axes: Axes, course: TrainingCourse) -> None:
    """Every reference as a line, the run over them."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

    if len(course.members) > 1:
        low, high = course.members.min(axis=0), course.members.max(axis=0)
        axes.fill_between(course.step, low, high, color=GREY, alpha=0.18, linewidth=0, zorder=1)
    for member in course.members:
        axes.plot(course.step, member, color=GREY, linewidth=1.2, zorder=2)
    axes.plot(course.step, course.run, color=BLUE, linewidth=1.6, zorder=3)
    values = np.concatenate([course.run, course.members.ravel()])
    low, high = float(values.min()), float(values.max())
    if high > 3 * low > 0:
        axes.set_yscale("log")
        axes.set_yticks(_few(low, high))
    else:
        axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, 4 if value >= 1e4 else 3)))


def _gaps(axes: Axes, course: TrainingCourse, color: str) -> None:
    """How much higher the run is than the mean of the references, block by block."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    gap = 100 * np.expm1(np.log(course.run) - np.log(course.members).mean(axis=0))
    band = 100 * np.expm1(_SURE * course.healthy * np.array([-1.0, 1.0]))
    axes.axhspan(*band, color=GREY, alpha=0.18, linewidth=0, zorder=1)
    axes.axhline(0.0, color=GREY, linewidth=0.8, zorder=2)
    outside = np.where((gap < band[0]) | (gap > band[1]), gap, np.nan)
    axes.plot(course.step, gap, color=BLUE, linewidth=1.4, zorder=3)
    axes.plot(course.step, outside, ".", color=color if np.isfinite(outside).any() else BLUE, markersize=4, zorder=4)
    settled = gap[len(gap) // 10 :]
    low, high = min(float(settled.min()), band[0]), max(float(settled.max()), band[1])
    room = 0.12 * (high - low)
    axes.set_ylim(low - room, high + room)  # the first tenth of a run is steep: it may lie outside
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+.3g} %" if value else "0 %"))


def _few(low: float, high: float) -> list[float]:
    """Two to five round values between two positive ones."""
    powers = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    for steps in ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0), (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)):
        ticks = [s * 10.0**e for e in powers for s in steps if low <= s * 10.0**e <= high]
        if len(ticks) >= 3:
            break
    return ticks[:: -(-len(ticks) // 5)] if ticks else [low, high]


def _steps(axes: Axes, course: TrainingCourse, since: int | None) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    last = float(course.step[-1])
    room = 0.02 * (last - float(course.step[0]))  # so that a line at the very end is seen
    axes.set_xlim(float(course.step[0]), last if since is None else max(last, since + room))
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: amount(value)))
    axes.set_xlabel("step", size=8, color=GREY, labelpad=1)
