"""What an HTML page draws: each panel as SVG, and the same panel as data for the script that lets it zoom."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from runlens.model import Chart, Finding, Incident, RunReport
from runlens.render import scale, svg
from runlens.render.panels import Panel, about, panels, restarts, window
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
    drawn = panels(run) if incident is None else about(panels(run), findings)
    limits = window(run, incident) if incident is not None else None
    if limits is None:
        ends = [s for p in drawn for c in p.charts for s in (c.steps[0], c.steps[-1])]
        limits = (float(min(ends)), float(max(ends))) if ends else (0.0, 1.0)
        limits = limits if limits[1] > limits[0] else (limits[0] - 1.0, limits[1] + 1.0)
    stops = restarts(run)
    return [
        Drawing(visible(p.title, 80), svg.panel(p, findings, limits, stops), _data(p, findings, limits, stops))
        for p in drawn
    ]


def _of(run: RunReport, finding: Finding) -> Incident | None:
    return next((i for i in run.incidents if i.number == finding.incident), None)


def _data(panel: Panel, findings: list[Finding], limits: tuple[float, float], stops: list[int]) -> dict[str, Any]:
    return {
        "title": visible(panel.title, 80),
        "log": panel.log,
        "limits": list(limits),
        "range": list(scale.extent(panel, limits) or (1.0, 10.0)),
        "series": [_series(c, at) for at, c in enumerate(panel.charts)] + [_series(c, -1) for c in panel.references],
        "spans": [
            {"from": f.steps[0], "to": f.steps[1], "severity": f.severity.value, "label": f.code}
            for f in findings
            if f.steps is not None and f in panel.findings and f.code != "LOG002"
        ],
        "restarts": stops,
        "tokens": _tokens(panel),
    }


def _series(chart: Chart, color: int) -> dict[str, Any]:
    bands = len(chart.low) == len(chart.high) == len(chart.steps)
    name = visible(chart.label or chart.metric, 60)
    return {
        "name": f"{visible(chart.reference, 60)} (reference)" if chart.reference else name,
        "color": color,
        "x": list(chart.steps),
        "y": [_number(v) for v in chart.values],
        **({"low": [_number(v) for v in chart.low], "high": [_number(v) for v in chart.high]} if bands else {}),
    }


def _tokens(panel: Panel) -> list[float | None] | None:
    main = panel.charts[0]
    return [_number(t) for t in main.tokens] if len(main.tokens) == len(main.steps) else None


def _number(value: float) -> float | None:
    """JSON has no NaN, and a script draws None as a gap."""
    return float(f"{value:.6g}") if math.isfinite(value) else None
