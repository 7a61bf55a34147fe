"""A run beside its references as a figure: score over tokens, task by task, the lag as a horizontal distance.

Below it stand the training curves, where the reference is a run.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING

from runlens.model import Comparison, Severity
from runlens.render.figures import compare_training as training
from runlens.render.figures.compare_panel import REFERENCES, Beside, panel
from runlens.render.figures.draw import drawable
from runlens.render.figures.palette import BLACK, BLUE, GREY, LIGHT, RED
from runlens.render.text import named, visible

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 12
"""Tasks that are drawn: those behind first."""
_DPI = 140
_TITLE, _GAP, _FOOT = 0.6, 0.95, 0.55
"""Inches between the key and the first panels (their own titles), between rows, and below the last."""
_SIZES = {1: (8.0, 3.9), 2: (10.0, 3.1), 3: (12.0, 2.6)}
"""Columns to the width of the figure and the height of a row, inches."""
_WIDE, _TRAINING = 10.0, 2.5
"""Width of a figure with training curves, and the height of a row of them, inches."""
_LEFT = 0.72
"""Inches left of the panels."""
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
        At least one with a task or a training curve.

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

    panels, curves = _panels(comparisons), training.drawn(comparisons)
    if not panels and not curves:
        raise ValueError("no task and no training curve of the comparisons can be drawn")
    shown, hidden = panels[:MOST], len(panels[MOST:]) + len(curves[training.MOST :])
    curves = curves[: training.MOST]
    columns = {0: 1, 1: 1, 2: 2, 4: 2}.get(len(shown), 3)
    rows = -(-len(shown) // columns)
    width, row = _SIZES[columns]
    width = max(width, _WIDE) if curves else width
    with matplotlib.style.context(["default", _STYLE], after_reset=False):
        figure = Figure(figsize=(width, 4.0), dpi=_DPI, facecolor="white")
        FigureCanvasAgg(figure)
        head = _head(figure, comparisons, hidden) + _TITLE  # once to measure it, once to draw it
        figure.clear()
        evals = rows * row
        height = head + evals + len(curves) * _TRAINING - _GAP + _FOOT
        figure.set_size_inches(width, height)
        _head(figure, comparisons, hidden)
        if shown:
            grid = figure.add_gridspec(
                rows, columns, left=_LEFT / width, right=1 - 0.5 / width, top=1 - head / height,
                bottom=1 - (head + evals - _GAP) / height, hspace=_GAP / (row - _GAP),
                wspace=_GAP / (width / columns - _GAP),
            )  # fmt: skip
            axis = next(c.axis for c in comparisons if c.tasks)
            for i, beside in enumerate(shown):
                panel(figure.add_subplot(grid[i // columns, i % columns]), beside, axis)
        if curves:
            below = figure.add_gridspec(
                len(curves), 2, left=_LEFT / width, right=1 - 0.3 / width, top=1 - (head + evals) / height,
                bottom=_FOOT / height, hspace=_GAP / (_TRAINING - _GAP), wspace=0.16,
            )  # fmt: skip
            several = len({id(c) for c, _, _ in curves}) > 1
            for i, one in enumerate(curves):
                training.pair(figure.add_subplot(below[i, 0]), figure.add_subplot(below[i, 1]), one, several)
        content = BytesIO()
        figure.savefig(content, format="png", metadata={"Software": None})
    return content.getvalue()


def _panels(comparisons: Sequence[Comparison]) -> list[Beside]:
    """The tasks, each beside every reference that has it; those behind first."""
    found: dict[tuple[str, str, str], Beside] = {}
    for i, comparison in enumerate(comparisons):
        for task in comparison.tasks:
            found.setdefault((task.run.task, task.run.metric, task.run.setting), []).append((i, task))
    return sorted(found.values(), key=lambda p: not any(t.behind for _, t in p))


def _head(figure: Figure, comparisons: Sequence[Comparison], hidden: int) -> float:
    """The names, the verdict in words, and the key; the inches that they take."""
    width, height = figure.get_size_inches()
    left = _LEFT / width
    compared = [c for c in comparisons if c.tasks or c.training]
    first = compared[0]
    names = " and ".join(named(c.reference) for c in compared)
    title = textwrap.shorten(f"{named(first.run)} beside {names}", int(width * 8), placeholder=" …")
    figure.text(left, 1 - 0.28 / height, drawable(title), size=14, weight="bold", color=BLACK, va="center")
    worst = next((c for c in comparisons if c.verdict == "behind"), first)
    said = worst.sentence if any(c.tasks for c in compared) else training.worst(compared)
    sentence = visible(said[:1].upper() + said[1:]) + "."
    sentence = re.sub(r"(?<=\d) (?=[xkMBT%]\b|%)", "\N{NO-BREAK SPACE}", sentence)  # a number stays with its unit
    lines = textwrap.wrap(sentence, int(width * 13.6), max_lines=2 if width > 9 else 3, placeholder=" …")
    figure.text(
        left, 1 - 0.48 / height, drawable("\n".join(lines)), size=9.5, va="top", linespacing=1.3,
        color=RED if worst.verdict == "behind" or _apart(worst) else BLACK,
    )  # fmt: skip
    end = _key(figure, comparisons, hidden, (left, 1 - (0.48 + 0.19 * len(lines) + 0.2) / height))
    return (1 - end) * float(height)


def _apart(comparison: Comparison) -> bool:
    """Whether nothing but training curves was compared, and one is proven worse."""
    return not comparison.tasks and any(gap.severity is Severity.ERROR for gap in comparison.training)


def _key(figure: Figure, comparisons: Sequence[Comparison], hidden: int, at: tuple[float, float]) -> float:
    """Signs as they stand in the panels, each with its words, on as many lines as they need; where the last one is."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Rectangle

    width, height = figure.get_size_inches()
    compared = [(i, c) for i, c in enumerate(comparisons) if c.tasks or c.training]
    entries = [("run", named(compared[0][1].run), BLUE)]
    entries += [("line", named(c.reference), REFERENCES[i % len(REFERENCES)]) for i, c in compared]
    if any(c.tasks for _, c in compared):
        entries += [
            ("band", "19 of 20 checkpoints of a healthy run", GREY),
            ("lag", "lag and its 95 % interval", RED),
        ]
    if any(c.training for _, c in compared):
        entries += [("band", "gaps of healthy twins (three standard deviations)", GREY), ("parts", "parts here", BLACK)]
    if hidden:
        entries.append(("", f"{hidden} more not drawn", GREY))
    x, y = at
    sign = 0.3 / width
    for kind, words, color in entries:
        drawn = figure.text(x + (sign * 1.25 if kind else 0), y, drawable(words), size=8.5, color=color, va="center")
        box = drawn.get_window_extent(figure.canvas.get_renderer())  # type: ignore[attr-defined]
        end = box.x1 / (_DPI * width)
        if end > 1 - 0.3 / width and x > at[0]:
            y -= 0.18 / height
            drawn.set_position((at[0] + (sign * 1.25 if kind else 0), y))
            end, x = at[0] + end - x, at[0]
        ends = [x, x + sign]
        if kind == "band":
            figure.add_artist(
                Rectangle((x, y - 0.05 / height), sign, 0.1 / height, color=color, alpha=0.2, linewidth=0)
            )
        elif kind == "parts":
            middle = x + sign / 2
            ticks = [y - 0.07 / height, y + 0.07 / height]
            figure.add_artist(Line2D([middle, middle], ticks, color=color, linewidth=1.1, linestyle=(0, (3, 1.5))))
        elif kind == "lag":
            figure.add_artist(Line2D([x + 0.4 * sign, x + sign], [y, y], color=color, alpha=0.25, linewidth=5))
            figure.add_artist(Line2D(ends, [y, y], color=color, linewidth=1.6, marker="<", markersize=4, markevery=[0]))
        elif kind:
            marker = "o" if kind == "run" else ""
            figure.add_artist(
                Line2D(ends, [y, y], color=color, linewidth=1.7, marker=marker, markersize=4.5, markevery=[1])
            )
        x = end + 0.22 / width
    return y
