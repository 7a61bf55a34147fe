"""One panel of the timeline: curves, references, findings, and labels that do not collide."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from runlens.model import Chart, Finding, Severity
from runlens.render.figures import scale
from runlens.render.figures.curves import apart, end, middle, noisy
from runlens.render.figures.palette import BLACK, CURVES, GREY, SEVERITY
from runlens.render.figures.panels import Panel
from runlens.render.figures.scale import figure, inside
from runlens.render.text import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DPI = 150


@cache
def _glyphs() -> frozenset[int]:
    from matplotlib.font_manager import findfont, get_font

    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())


def drawable(text: str) -> str:
    """`text` with every sign that the figure's font does not have as an escape."""
    known = _glyphs()
    return "".join(c if ord(c) in known else c.encode("ascii", "backslashreplace").decode() for c in text)


def panel(axes: Axes, panel: Panel, findings: Sequence[Finding], limits: tuple[float, float]) -> None:
    """Draw one panel over the steps `limits`; of `findings` those that are the panel's own are shaded."""
    axes.set_title(drawable(visible(panel.title, 80)), loc="left", fontsize=9.5, fontweight="bold", color=BLACK, pad=5)
    if panel.log:
        axes.set_yscale("log")
    labels: list[tuple[float, str, str]] = []
    for reference in panel.references:
        labels += _reference(axes, reference, limits)
    for at, chart in enumerate(panel.charts):
        labels += _curve(axes, chart, CURVES[at % len(CURVES)], limits, len(panel.charts) > 1)
    scale.apply(axes, panel, limits)
    _spans(axes, panel, findings, limits)
    _end_labels(axes, labels)


def _curve(
    axes: Axes, chart: Chart, color: str, limits: tuple[float, float], several: bool
) -> list[tuple[float, str, str]]:
    steps, values = inside(chart, limits)
    finite = np.isfinite(values)
    drawn = np.where(finite, values, np.nan)
    pale = noisy(chart, len(steps))
    width = 0.7 if pale else 1.3
    axes.plot(steps, drawn, color=color, linewidth=width, alpha=0.45 if pale else 1.0, zorder=3)
    if pale:
        axes.plot(steps, middle(drawn), color=color, linewidth=1.5, zorder=4)
    elif len(steps) <= 60:
        axes.plot(steps, drawn, "o", color=color, markersize=3.2, zorder=4)
    lost = ~finite & (steps >= limits[0]) & (steps <= limits[1])
    if lost.any():
        top = axes.get_xaxis_transform()
        axes.plot(steps[lost], np.full(lost.sum(), 0.97), "x", color=BLACK, markersize=5, transform=top, zorder=6)
        at = steps[lost][0]
        axes.text(at, 0.97, "  not finite", transform=top, va="center", fontsize=8, color=BLACK, clip_on=True)
    label = end(chart, limits, several)
    return [(*label, color)] if label else []


def _reference(axes: Axes, chart: Chart, limits: tuple[float, float]) -> list[tuple[float, str, str]]:
    steps, values = inside(chart, limits)
    if len(steps) == 0:
        return []
    if len(chart.low) == len(chart.high) == len(chart.steps):
        low = np.interp(steps, chart.steps, chart.low)
        high = np.interp(steps, chart.steps, chart.high)
        axes.fill_between(steps, low, high, color=GREY, alpha=0.22, linewidth=0, zorder=2)
    axes.plot(steps, values, color=GREY, linewidth=1.1, linestyle=(0, (5, 2)), zorder=2)
    label = end(chart, limits, True)
    return [(*label, GREY)] if label else []


def _spans(axes: Axes, panel: Panel, findings: Sequence[Finding], limits: tuple[float, float]) -> None:
    """Shade the panel's own findings; let the onset of every error run through all panels."""
    own, shaded = ({id(f) for f in group} for group in (panel.findings, panel.spans))
    for finding in findings:
        if finding.steps is None or finding.steps[1] < limits[0] or finding.steps[0] > limits[1]:
            continue
        color = SEVERITY[finding.severity]
        first, last = finding.steps
        if id(finding) in own:
            if id(finding) in shaded:
                axes.axvspan(first, last, color=color, alpha=0.13, linewidth=0, zorder=0)
                axes.axvline(first, color=color, linewidth=1.4, zorder=1)
                _peak(axes, panel, finding, limits)
        elif finding.severity is Severity.ERROR:
            axes.axvline(first, color=color, linewidth=0.7, alpha=0.7, zorder=1)


def _peak(axes: Axes, panel: Panel, finding: Finding, limits: tuple[float, float]) -> None:
    """Write the height of a spike beside it."""
    if finding not in panel.peaks or finding.outcome == "diverged":
        return
    chart = panel.charts[0]
    assert finding.steps is not None
    steps, values = inside(chart, limits)
    part = np.isfinite(values) & (steps >= finding.steps[0]) & (steps <= finding.steps[1])
    if not part.any():
        return
    at = np.flatnonzero(part)[np.argmax(values[part])]
    top = values[at]
    at += np.argmin(np.append(values[at:] >= 0.95 * top, False)) - 1  # right of a plateau, not on it
    left = steps[at] > limits[0] + 0.85 * (limits[1] - limits[0])
    axes.annotate(
        figure(float(top), chart.unit), (steps[at], top), xytext=(-5 if left else 5, -1), fontsize=8,
        textcoords="offset points", ha="right" if left else "left", va="center", color=BLACK, zorder=7,
    )  # fmt: skip


def _end_labels(axes: Axes, labels: Sequence[tuple[float, str, str]]) -> None:
    """Write each label beside the end of its curve, moved up or down where two would touch."""
    low, high = axes.get_ylim()
    least = 0.155 * DPI / axes.bbox.height
    to_axes = axes.transData + axes.transAxes.inverted()
    spots = sorted((float(np.clip(to_axes.transform((0, np.clip(v, low, high)))[1], 0, 1)), t, c) for v, t, c in labels)
    heights = apart([y for y, _, _ in spots], least, 1.0)
    for height, (_, text, color) in zip(heights, spots, strict=True):
        axes.text(
            1.008, height, drawable(text), transform=axes.transAxes, va="center", ha="left", color=color, fontsize=8.5,
            fontweight="bold" if color != GREY else "normal",
        )  # fmt: skip
