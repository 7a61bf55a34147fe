"""Panels as inline SVG: what an HTML page shows without scripts and on paper; colours come from the page's style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from markupsafe import Markup

from runlens.model import Chart, Finding
from runlens.render.figures import scale
from runlens.render.figures.curves import apart, end, middle, noisy
from runlens.render.figures.panels import Panel
from runlens.render.figures.scale import Floats, figure, inside
from runlens.render.text import visible

WIDTH, HEIGHT = 1000, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 124, 8, 22
_COLUMNS = 900
"""Columns of the drawing: of more points only the lowest and the highest of a column are drawn."""


def panel(
    panel: Panel, findings: Sequence[Finding], limits: tuple[float, float], restarts: Sequence[int] = ()
) -> Markup:
    """One panel over the steps `limits` as an `<svg>` element with a text alternative."""
    axis = _Axis(panel, limits)
    parts = [_grid(axis, panel)]
    parts += [_spans(axis, [f for f in findings if f in panel.spans])]
    parts += [_rule(axis, step, "restart") for step in restarts if limits[0] <= step <= limits[1]]
    parts += [_reference(axis, c) for c in panel.references]
    parts += [_curve(axis, c, f"c{at % 6}") for at, c in enumerate(panel.charts)]
    parts += [_ends(axis, panel)]
    return Markup(
        '<svg viewBox="0 0 {w} {h}" role="img" aria-label="{label}" xmlns="http://www.w3.org/2000/svg">{inner}</svg>'
    ).format(w=WIDTH, h=HEIGHT, label=alternative(panel, limits), inner=Markup("").join(parts))


def alternative(panel: Panel, limits: tuple[float, float]) -> str:
    """The panel in a sentence, for those who cannot see it."""
    told = []
    for chart in panel.charts:
        _, values = inside(chart, limits)
        finite = values[np.isfinite(values)]
        if len(finite):
            low, high = figure(float(finite.min()), chart.unit), figure(float(finite.max()), chart.unit)
            told.append(f"{visible(chart.label or chart.metric, 60)} lies between {low} and {high}")
    found = [f"{f.code} at step {f.steps[0]:,}" for f in panel.findings if f.steps]
    where = f"steps {limits[0]:,.0f} to {limits[1]:,.0f}"
    return f"{visible(panel.title, 80)}, {where}: {'; '.join([*told, *found]) or 'no values'}."


class _Axis:
    """From steps and values to coordinates of the drawing."""

    def __init__(self, panel: Panel, limits: tuple[float, float]) -> None:
        self.limits, self.log = limits, panel.log
        shown = scale.extent(panel, limits) or (1.0, 10.0)
        self.low, self.high = shown
        self.bottom, self.top = self.scaled(np.array(shown)).tolist()

    def scaled(self, values: Floats) -> Floats:
        return np.log(values) if self.log else values

    def x(self, steps: Floats) -> Floats:
        share = (steps - self.limits[0]) / (self.limits[1] - self.limits[0])
        return _LEFT + np.clip(share, 0, 1) * (WIDTH - _LEFT - _RIGHT)

    def y(self, values: Floats) -> Floats:
        share = (self.scaled(values) - self.bottom) / (self.top - self.bottom)
        return np.asarray(HEIGHT - _BOTTOM - np.clip(share, 0, 1) * (HEIGHT - _TOP - _BOTTOM), dtype=np.float64)


def _grid(axis: _Axis, panel: Panel) -> Markup:
    ticks = scale.ticks(axis.low, axis.high, axis.log)
    rows = [
        Markup('<line class="grid" x1="{a}" x2="{b}" y1="{y:.1f}" y2="{y:.1f}"/><text x="{t}" y="{u:.1f}" '
               'text-anchor="end">{label}</text>').format(
            a=_LEFT, b=WIDTH - _RIGHT, y=y, t=_LEFT - 8, u=y + 4, label=label
        )
        for y, label in zip(axis.y(ticks).tolist(), scale.labels(ticks, panel, (axis.low, axis.high)), strict=True)
    ]  # fmt: skip
    steps = np.unique(np.rint(scale.ticks(axis.limits[0], axis.limits[1], False)))
    rows += [
        Markup('<text x="{x:.1f}" y="{y}" text-anchor="middle">{label}</text>').format(
            x=x, y=HEIGHT - 6, label=f"{step:,.0f}"
        )
        for x, step in zip(axis.x(steps).tolist(), steps.tolist(), strict=True)
    ]
    return Markup("").join(rows)


def _spans(axis: _Axis, findings: Sequence[Finding]) -> Markup:
    """Shaded spans with their codes, in rows so that no two codes touch."""
    rows: list[float] = []
    drawn = []
    for finding in sorted(findings, key=lambda f: f.steps or (0, 0)):
        if finding.steps is None or finding.steps[1] < axis.limits[0] or finding.steps[0] > axis.limits[1]:
            continue
        first, last = axis.x(np.array(finding.steps, dtype=np.float64)).tolist()
        width = 7.0 * len(finding.code)
        left = min(first + 5, WIDTH - _RIGHT - width)
        row = next((at for at, taken in enumerate(rows) if taken <= left), len(rows))
        rows[row : row + 1] = [left + width + 6]
        drawn.append(
            Markup(
                '<rect class="span {s}" x="{x:.1f}" y="{y}" width="{w:.1f}" height="{h}"><title>{title}</title></rect>'
                '<line class="onset {s}" x1="{x:.1f}" x2="{x:.1f}" y1="{y}" y2="{e}"/>'
                '<text class="code {s}" x="{left:.1f}" y="{base}">{code}</text>'
            ).format(
                s=finding.severity.value, x=first, y=_TOP, w=max(last - first, 1.5), h=HEIGHT - _TOP - _BOTTOM,
                e=HEIGHT - _BOTTOM, title=f"{finding.code} {visible(finding.message, 200)}", left=left,
                base=_TOP + 12 + 13 * row, code=visible(finding.code, 12),
            )
        )  # fmt: skip
    return Markup("").join(drawn)


def _rule(axis: _Axis, step: float, kind: str) -> Markup:
    x = float(axis.x(np.array([step], dtype=np.float64))[0])
    return Markup('<line class="{k}" x1="{x:.1f}" x2="{x:.1f}" y1="{a}" y2="{b}"/>').format(
        k=kind, x=x, a=_TOP, b=HEIGHT - _BOTTOM
    )


def _reference(axis: _Axis, chart: Chart) -> Markup:
    band = Markup("")
    if len(chart.low) == len(chart.high) == len(chart.steps):
        steps = np.array(chart.steps, dtype=np.float64)
        edge = np.r_[steps, steps[::-1]]
        around = np.r_[np.array(chart.high), np.array(chart.low)[::-1]]
        band = Markup('<polygon class="band" points="{p}"/>').format(p=_points(axis, edge, around))
    return band + _line(axis, chart, "reference")


def _curve(axis: _Axis, chart: Chart, color: str) -> Markup:
    """A line of its points; of a noisy curve a pale one, and a dark one through its middle."""
    steps, values = inside(chart, axis.limits)
    if not noisy(chart, len(steps)):
        return _line(axis, chart, f"curve {color}") + (_dots(axis, steps, values, color) if len(steps) <= 60 else "")
    line = replace(chart, steps=tuple(steps.tolist()), values=tuple(middle(values).tolist()))
    return _line(axis, chart, f"pale {color}") + _line(axis, line, f"curve {color}")


def _dots(axis: _Axis, steps: Floats, values: Floats, color: str) -> Markup:
    shown = np.isfinite(values) & (steps >= axis.limits[0]) & (steps <= axis.limits[1])
    return Markup("").join(
        Markup('<circle class="{k}" cx="{x:.1f}" cy="{y:.1f}" r="2.4"/>').format(k=color, x=x, y=y)
        for x, y in zip(axis.x(steps[shown]).tolist(), axis.y(values[shown]).tolist(), strict=True)
    )


def _ends(axis: _Axis, panel: Panel) -> Markup:
    """The name and the last value of each curve, beside its end."""
    several = len(panel.charts) > 1
    charts = [(c, f"c{at % 6}") for at, c in enumerate(panel.charts)] + [(c, "ref") for c in panel.references]
    found = [(*label, kind) for c, kind in charts if (label := end(c, axis.limits, several))]
    spots = sorted((HEIGHT - float(axis.y(np.array([value]))[0]), text, kind) for value, text, kind in found)
    heights = apart([y for y, _, _ in spots], 13.0, HEIGHT - _TOP - 4.0)
    return Markup("").join(
        Markup('<text class="end {k}" x="{x}" y="{y:.1f}">{t}</text>').format(
            k=kind, x=WIDTH - _RIGHT + 6, y=HEIGHT - y + 4, t=text
        )
        for y, (_, text, kind) in zip(heights, spots, strict=True)
    )


def _line(axis: _Axis, chart: Chart, kind: str) -> Markup:
    """A curve in pieces between what is not finite; single points as dots."""
    steps, values = thinned(*inside(chart, axis.limits))
    finite = np.isfinite(values) & ((values > 0) | (not axis.log))
    pieces = np.split(np.arange(len(steps)), np.flatnonzero(np.diff(finite.astype(int))) + 1)
    drawn = []
    for piece in pieces:
        if len(piece) and finite[piece[0]]:
            points = _points(axis, steps[piece], values[piece])
            if len(piece) == 1:
                points = f"{points} {points}"
            drawn.append(Markup('<polyline class="{k}" points="{p}"/>').format(k=kind, p=points))
    return Markup("<g><title>{}</title>{}</g>").format(full_name(chart), Markup("").join(drawn))


def full_name(chart: Chart) -> str:
    """A curve as a title or a legend names it."""
    if chart.reference:
        peers = chart.label and chart.label != chart.reference
        return (
            f"{visible(chart.label, 60)}: middle and range" if peers else f"{visible(chart.reference, 60)} (reference)"
        )
    return visible(chart.label or chart.metric, 60)


def _points(axis: _Axis, steps: Floats, values: Floats) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(axis.x(steps).tolist(), axis.y(values).tolist(), strict=True))


def thinned(steps: Floats, values: Floats) -> tuple[Floats, Floats]:
    """At most some four points for each column of the drawing: its first, lowest, highest and last."""
    if len(steps) <= 3 * _COLUMNS:
        return steps, values
    column = ((steps - steps[0]) / max(steps[-1] - steps[0], 1) * (_COLUMNS - 1)).astype(int)
    order = np.lexsort((values, column))
    edges = np.flatnonzero(np.diff(column[order])) + 1
    firsts, lasts = np.r_[0, edges], np.r_[edges - 1, len(order) - 1]
    ends = np.flatnonzero(np.diff(column)) + 1
    keep = np.unique(np.r_[order[firsts], order[lasts], 0, ends, ends - 1, len(steps) - 1])
    return steps[keep], values[keep]
