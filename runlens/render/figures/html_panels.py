"""What an HTML page draws: each panel as SVG, and the same panel as data for the script that lets it zoom."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from markupsafe import Markup

from runlens.model import Chart, Finding, Incident, RunReport
from runlens.render.figures import scale, svg
from runlens.render.figures.curves import end, middle, name, noisy
from runlens.render.figures.panels import Panel, about, panels, restarts, window
from runlens.render.figures.scale import Floats, inside
from runlens.render.text import visible


@dataclass(frozen=True, slots=True)
class Drawing:
    """One panel on a page."""

    title: str
    svg: Markup
    data: dict[str, Any]
    """For the script: series, spans, restarts and the steps to show."""


def drawings(run: RunReport, incident: Incident | None = None) -> list[Drawing]:
    """The panels of a run, or those that tell of one incident, over its part of the run."""
    findings = [f for f in run.findings if f.suppressed is None and incident in (None, _of(run, f))]
    drawn = panels(run) if incident is None else about(run, panels(run), findings)
    limits = window(run, incident) if incident is not None else None
    if limits is None:
        limits = _whole([c for p in drawn for c in p.charts])
    stops = restarts(run)
    return [
        Drawing(_title(p, limits), svg.panel(p, findings, limits, stops), _data(p, findings, limits, stops))
        for p in drawn
    ]


def drawn_alone(panel: Panel) -> Drawing:
    """A panel without findings, over all of its steps."""
    limits = _whole(panel.charts)
    return Drawing(_title(panel, limits), svg.panel(panel, [], limits), _data(panel, [], limits, []))


def _whole(charts: Sequence[Chart]) -> tuple[float, float]:
    """First and last step of curves, one step to either side where these are one; 0 to 1 without curves."""
    ends = [s for c in charts for s in (c.steps[0], c.steps[-1])]
    first, last = (float(min(ends)), float(max(ends))) if ends else (0.0, 1.0)
    return (first, last) if last > first else (first - 1.0, last + 1.0)


def _title(panel: Panel, limits: tuple[float, float]) -> str:
    """The panel's title, which says why an empty panel is empty."""
    bare = scale.extent(panel, limits) is None
    return visible(panel.title, 80) + (": no finite value" if bare else "")


def _of(run: RunReport, finding: Finding) -> Incident | None:
    return next((i for i in run.incidents if i.number == finding.incident), None)


def _data(panel: Panel, findings: list[Finding], limits: tuple[float, float], stops: list[int]) -> dict[str, Any]:
    return {
        "title": visible(panel.title, 80),
        "log": panel.log,
        "limits": list(limits),
        "range": list(scale.extent(panel, limits) or (1.0, 10.0)),
        "series": [
            *(line for at, c in enumerate(panel.charts) for line in _lines(c, at, limits, len(panel.charts) > 1)),
            *(line for c in panel.references for line in _lines(c, -1, limits, True)),
        ],
        "spans": [
            {"from": f.steps[0], "to": f.steps[1], "severity": f.severity.value, "label": f.code}
            for f in findings
            if f.steps is not None and f in panel.spans
        ],
        "restarts": stops,
        "tokens": _tokens(panel.charts[0], limits),
    }


def _lines(chart: Chart, color: int, limits: tuple[float, float], several: bool) -> list[dict[str, Any]]:
    """The curve as one line, or as a pale one of all its points and one through its middle."""
    steps, values = inside(chart, limits)
    bands = len(chart.low) == len(chart.high) == len(chart.steps)
    ends = end(chart, limits, several)
    line = {
        "name": svg.full_name(chart),
        "color": color,
        "x": [int(s) for s in steps],
        "y": _numbers(values),
        "short": name(chart) if several else "",
        "end": ends[1] if ends else "",
        "unit": chart.unit if chart.unit in ("GB", "s", "W", "MHz", "%") else "",
    }
    if bands:
        line |= {"low": _numbers(np.interp(steps, chart.steps, chart.low))}
        line |= {"high": _numbers(np.interp(steps, chart.steps, chart.high))}
    if not noisy(chart, len(steps)):
        return [line]
    some = np.unique(np.r_[0 : len(steps) : max(len(steps) // 600, 1), len(steps) - 1])
    dark = line | {"x": [int(s) for s in steps[some]], "y": _numbers(middle(values)[some])}
    return [line | {"pale": True, "end": ""}, dark | {"median": True, "name": "its running median"}]


def _tokens(chart: Chart, limits: tuple[float, float]) -> list[list[float | None]] | None:
    """Steps and the tokens at them; None where they are not known."""
    if len(chart.tokens) != len(chart.steps):
        return None
    steps, tokens = inside(replace(chart, values=chart.tokens), limits)
    some = np.unique(np.linspace(0, len(steps) - 1, min(len(steps), 50)).astype(int))
    return [_numbers(steps[some]), _numbers(tokens[some])]


def _numbers(values: Floats) -> list[float | None]:
    return [_number(v) for v in values.tolist()]


def _number(value: float) -> float | None:
    """JSON has no NaN, and a script draws None as a gap."""
    return float(f"{value:.6g}") if math.isfinite(value) else None
