"""A run beside its references as a figure: score over tokens, task by task, the lag as a horizontal distance."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from runlens.model import Comparison, TaskLag
from runlens.render.compare import amount, times
from runlens.render.draw import drawable
from runlens.render.palette import BLACK, BLUE, GREEN, GREY, LIGHT, ORANGE, PURPLE, VERMILION
from runlens.render.text import named, visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 3
MOST = 12
"""Tasks that are drawn: those behind first."""
_WIDTH, _PANEL, _HEAD = 12.0, 2.85, 1.35
REFERENCES = (GREY, GREEN, PURPLE, ORANGE)
_STYLE = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "text.parse_math": False,
    "axes.edgecolor": LIGHT,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "grid.color": "#eeeeee",
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
}


def render(comparisons: Sequence[Comparison]) -> bytes:
    """The comparisons of one run as PNG bytes.

    Parameters
    ----------
    comparisons : sequence of Comparison
        At least one with a task.

    Returns
    -------
    bytes
        The same comparisons give the same picture (no dates, no version).

    Raises
    ------
    ValueError
        If there is nothing to draw.
    """
    import matplotlib.style
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = _panels(comparisons)
    if not panels:
        raise ValueError("no task of the comparisons can be drawn")
    shown = panels[:MOST]
    columns = min(COLUMNS, len(shown))
    rows = -(-len(shown) // columns)
    with matplotlib.style.context(["default", _STYLE], after_reset=False):
        height = _HEAD + rows * _PANEL + 0.25
        figure = Figure(figsize=(_WIDTH, height), dpi=130, facecolor="white")
        FigureCanvasAgg(figure)
        _head(figure, comparisons, height, len(panels) - len(shown))
        grid = figure.add_gridspec(
            rows, columns, left=0.055, right=0.985, top=1 - (_HEAD + 0.42) / height, bottom=0.5 / height,
            hspace=0.62, wspace=0.2,
        )  # fmt: skip
        axis = next(c.axis for c in comparisons if c.tasks)
        for i, panel in enumerate(shown):
            axes = figure.add_subplot(grid[i // columns, i % columns])
            _panel(axes, panel, axis)
        content = BytesIO()
        figure.savefig(content, format="png", metadata={"Software": None})
    return content.getvalue()


Beside = list[tuple[int, TaskLag]]
"""One task, beside each reference that has it (its number gives the colour)."""


def _panels(comparisons: Sequence[Comparison]) -> list[Beside]:
    found: dict[tuple[str, str, str], Beside] = {}
    for i, comparison in enumerate(comparisons):
        for task in comparison.tasks:
            found.setdefault((task.run.task, task.run.metric, task.run.setting), []).append((i, task))
    return sorted(found.values(), key=lambda p: not any(t.behind for _, t in p))


def _head(figure: Figure, comparisons: Sequence[Comparison], height: float, hidden: int) -> None:
    """The verdict in words, and the key in its own colours."""
    first = next(c for c in comparisons if c.tasks)
    names = " and ".join(named(c.reference) for c in comparisons if c.tasks)
    top = 1 - 0.3 / height
    figure.text(
        0.055, top, drawable(f"{named(first.run)} beside {names}"), size=14, weight="bold", color=BLACK, va="center"
    )
    worst = next((c for c in comparisons if c.verdict == "behind"), first)
    lines = textwrap.wrap(visible(worst.sentence[:1].upper() + worst.sentence[1:]) + ".", 165)[:2]
    color = VERMILION if worst.verdict == "behind" else BLACK
    figure.text(0.055, 1 - 0.52 / height, drawable("\n".join(lines)), size=9.5, color=color, va="top", linespacing=1.35)
    key = [(f"● {named(first.run)}", BLUE)]
    key += [(f"━ {named(c.reference)}", REFERENCES[i % len(REFERENCES)]) for i, c in enumerate(comparisons) if c.tasks]
    key += [("▒ where a healthy run lies 19 times out of 20", GREY), ("◀━ lag, with its 95 % interval", VERMILION)]
    if hidden:
        key.append((f"{hidden} more tasks are not drawn", GREY))
    left = 0.055
    for text, color in key:
        drawn = figure.text(left, 1 - 1.12 / height, drawable(text), size=9, color=color, va="center", weight="bold")
        box = drawn.get_window_extent(figure.canvas.get_renderer())  # type: ignore[attr-defined]
        left += box.width / (figure.dpi * _WIDTH) + 0.022


def _panel(axes: Axes, panel: Beside, axis: str) -> None:
    """One task: the references and their bands, the run, and the lag behind the first reference."""
    run = panel[0][1].run
    lead = next((t for _, t in panel if t.behind), panel[0][1])
    left, right = float(run.at[0]) * 0.8, float(run.at[-1]) * 1.18
    inside: list[np.ndarray] = [run.value]
    for i, task in panel:
        color = REFERENCES[i % len(REFERENCES)]
        seen = (task.smooth_at >= left * 0.9) & (task.smooth_at <= right * 1.5)
        axes.fill_between(task.smooth_at, task.healthy_low, task.healthy_high, color=color, alpha=0.13, linewidth=0)
        axes.plot(task.smooth_at, task.smooth, color=color, linewidth=1.6)
        raw = (task.reference.at >= left) & (task.reference.at <= right)
        axes.plot(task.reference.at[raw], task.reference.value[raw], ".", color=color, markersize=3, alpha=0.7)
        if len(task.low):
            for edge in (task.low, task.high):
                axes.plot(task.reference.at, edge, color=color, linewidth=0.6, linestyle=(0, (3, 2)))
        inside += [task.healthy_low[seen], task.healthy_high[seen]]
    judged = np.zeros(len(run.at), dtype=bool)
    judged[
        max(np.searchsorted(run.at, lead.at * 1.001) - lead.checkpoints, 0) : np.searchsorted(run.at, lead.at * 1.001)
    ] = True
    axes.plot(run.at, run.value, color=BLUE, linewidth=1.4)
    axes.plot(run.at[judged], run.value[judged], "o", color=BLUE, markersize=4.5)
    axes.plot(run.at[~judged], run.value[~judged], "o", color=BLUE, markersize=3.5, markerfacecolor="white")
    _lag(axes, lead, left)
    axes.set_xscale("log")
    axes.set_xlim(left, right)
    _limits(axes, inside)
    _ticks(axes, left, right, axis)
    setting = f", {run.setting}" if run.setting else ""
    axes.set_title(
        drawable(visible(f"{lead.label}{setting}", 44)), loc="left", size=10, weight="bold", color=BLACK, pad=17
    )
    text, color = _said(lead, axis)
    axes.text(0, 1.035, text, transform=axes.transAxes, size=8.5, color=color, va="bottom")


def _lag(axes: Axes, task: TaskLag, left: float) -> None:
    """From the run's last checkpoint back to where the reference stood at its level."""
    if task.factor <= 1.01 or task.gap == 0:
        return
    level = float(np.interp(np.log(task.stood_at), np.log(task.smooth_at), task.smooth))
    color = VERMILION if task.behind else GREY
    start = max(task.stood_at, left)
    low, high = (max(task.at / v, left) for v in (task.interval[1], task.interval[0]))
    axes.plot(
        [low, min(high, task.at * 1.15)], [level, level], color=color, linewidth=5, alpha=0.22, solid_capstyle="butt"
    )
    axes.annotate(
        "", xy=(start, level), xytext=(task.at, level),
        arrowprops={"arrowstyle": "-|>", "color": color, "linewidth": 1.6, "shrinkA": 0, "shrinkB": 0},
    )  # fmt: skip


def _said(task: TaskLag, axis: str) -> tuple[str, str]:
    """What a panel shows, in words, and the colour of the words."""
    low, high = times(task.interval[0]), times(task.interval[1])
    if task.behind:
        bound = "at least " if task.beyond else ""
        end = f", {task.trend}" if task.trend != "steady" else ""
        return f"{bound}{amount(task.trailing, axis)} {axis} ({times(task.factor)}) behind{end}", VERMILION
    if task.interval[1] < 1:
        return f"ahead ({low} to {high})", GREY
    if task.factor >= 1.25:
        return f"{times(task.factor)}, not proven ({low} to {high})", GREY
    return f"level ({low} to {high})", GREY


def _limits(axes: Axes, inside: Sequence[np.ndarray]) -> None:
    """The values in sight, with a little room."""
    values = np.concatenate([v[np.isfinite(v)] for v in inside])
    low, high = float(values.min()), float(values.max())
    room = (high - low or abs(high) or 1.0) * 0.06
    axes.set_ylim(low - room, high + room)
    axes.locator_params(axis="y", nbins=5)


def _ticks(axes: Axes, left: float, right: float, axis: str) -> None:
    """Round positions on the logarithmic axis, three to six of them."""
    from matplotlib.ticker import NullLocator

    for steps in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7), (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9)):
        ticks = [s * 10**e for e in range(int(np.log10(left)) - 1, int(np.log10(right)) + 2) for s in steps]
        ticks = [t for t in ticks if left <= t <= right]
        if len(ticks) >= 3:
            break
    axes.set_xticks(ticks, [amount(t, axis).replace(".00 ", " ").replace(".0 ", " ") for t in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(axis, size=8, color=GREY, labelpad=2)
