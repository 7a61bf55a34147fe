"""Which charts of a run share a panel, in which order, and which findings belong to it: for PNG and HTML alike."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

from runlens.model import Chart, Finding, Incident, Mark, RunReport
from runlens.model.words import role_words

OWN_PANELS = 4
"""Evals that get a panel of their own: those with a reference or a finding first. The others share one."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One drawing with one vertical axis, over the training step."""

    title: str
    """What is drawn, with its unit."""
    charts: tuple[Chart, ...]
    """The run's own curves, the main one first."""
    references: tuple[Chart, ...] = ()
    log: bool = False
    findings: tuple[Finding, ...] = ()
    """Findings that this panel shows best, in order of first step."""
    spans: tuple[Finding, ...] = ()
    """Those of them whose steps are shaded."""
    peaks: tuple[Finding, ...] = ()
    """Those of them whose height is written beside their peak."""
    kind: str = ""
    """The role of the main curve."""


_TITLES = {
    "train_loss": "Loss",
    "eval_loss": "Held-out loss",
    "grad_norm": "Gradient norm",
    "learning_rate": "Learning rate",
    "tokens_per_second": "Throughput",
    "samples_per_second": "Throughput",
    "step_time": "Time per step",
    "gpu_temperature": "GPU temperature",
    "gpu_utilization": "GPU utilisation",
    "gpu_memory": "GPU memory",
    "gpu_power": "GPU power",
    "gpu_clock": "GPU clock",
    "host_memory": "Host memory",
    "perplexity": "Perplexity",
    "tflops": "Throughput",
    "mfu": "Model FLOP utilisation",
}
_UNITS = {"1": "", "nats": "nats", "C": "°C", "ppl": "", "fraction": ""}
_ORDER = ("train_loss", "grad_norm", "learning_rate", "tokens_per_second", "samples_per_second", "step_time")
_HARDWARE = ("gpu_temperature", "gpu_utilization", "gpu_memory", "gpu_power", "gpu_clock", "host_memory")
"""Drawn only where a finding is to be seen beside one of them."""


def panels(run: RunReport) -> list[Panel]:
    """The panels of a run from top to bottom: loss, gradient norm, learning rate, throughput, evals, hardware.

    Hardware is drawn where a finding is about speed or hardware: elsewhere it is a row of flat lines.
    """
    own = [readable(c) for c in run.charts if c.steps and not c.reference]
    references = [readable(c) for c in run.charts if c.steps and c.reference]
    drawn: list[Panel] = []
    losses = tuple(c for c in own if c.role == "train_loss") + tuple(c for c in own if c.role == "eval_loss")
    if losses:
        drawn.append(_panel("train_loss", losses, references, run))
    by_role = {role: tuple(c for c in own if c.role == role) for role in _ORDER[1:]}
    drawn += [_panel(role, charts, references, run) for role, charts in by_role.items() if charts]
    drawn += _evals([c for c in own if c.role in ("eval_score", "perplexity")], references, run)
    asked = any(not set(run.about_of(f.code).figure.beside).isdisjoint(_HARDWARE) for f in run.findings)
    hidden = () if not drawn or asked else _HARDWARE
    rest: dict[tuple[str, str, str], list[Chart]] = {}
    for chart in own:
        if chart.role not in (*_ORDER, "eval_loss", "eval_score", "perplexity", *hidden):
            rest.setdefault((chart.role, chart.kind, chart.unit), []).append(chart)
    drawn += [_panel(role, tuple(charts), references, run, _other(charts)) for (role, *_), charts in rest.items()]
    return drawn


def _other(charts: list[Chart]) -> str:
    """The title of a panel whose role says too little: of a series without one its name, else the quantity too."""
    first = charts[0]
    if first.role == "other":
        return re.sub(r"\d+", "N", first.metric) if len(charts) > 1 else first.metric
    return f"{_title(first.role)}, {first.kind}" if first.kind else ""


def _title(role: str) -> str:
    words = role_words(role)
    return _TITLES.get(role, words[:1].upper() + words[1:])


def readable(chart: Chart) -> Chart:
    """The chart in a unit that people read and messages use: bytes as GB."""
    if chart.unit != "bytes":
        return chart
    values, low, high = (tuple(v / 1e9 for v in column) for column in (chart.values, chart.low, chart.high))
    ends = None if chart.ends is None else (chart.ends[0] / 1e9, chart.ends[1] / 1e9)
    return replace(chart, unit="GB", values=values, low=low, high=high, ends=ends)


def _evals(charts: list[Chart], references: list[Chart], run: RunReport) -> list[Panel]:
    named = {name for f in run.findings for name in (f.metric, *f.series)}
    compared = {c.metric for c in references}
    charts = sorted(charts, key=lambda c: (c.metric not in named, c.metric not in compared))
    alone = charts[: OWN_PANELS if len(charts) > OWN_PANELS else None]
    drawn = [_panel(c.role, (c,), references, run, c.label or c.metric) for c in alone]
    shared = tuple(c for c in charts if c not in alone)
    return [*drawn, _panel("eval_score", shared, references, run, "Other evals")] if shared else drawn


def _panel(role: str, charts: tuple[Chart, ...], references: list[Chart], run: RunReport, title: str = "") -> Panel:
    beside = tuple(r for c in charts for r in references if r.role == c.role and r.metric == c.metric)
    unit = _UNITS.get(charts[0].unit, charts[0].unit)
    unit = ", ".join(part for part in (unit, "log scale" if _log(role, charts) else "") if part)
    title = title or _title(role)
    own = tuple(f for f in run.findings if f.suppressed is None and _belongs(f, charts, run))
    accused = {name for f in own for name in f.series}
    charts = tuple(sorted(charts, key=lambda c: c.metric not in accused if accused and c.role.startswith("gpu") else 0))
    return Panel(
        title=f"{title} ({unit})" if unit else title,
        charts=charts,
        references=beside,
        log=_log(role, charts),
        findings=own,
        spans=tuple(f for f in own if marked(run, f) != "line"),
        peaks=tuple(f for f in own if marked(run, f) == "peak"),
        kind=role,
    )


def _log(role: str, charts: tuple[Chart, ...]) -> bool:
    """Log scale for what falls by powers or jumps by multiples, as long as nothing finite in it is zero or less."""
    if role not in ("train_loss", "eval_loss", "grad_norm", "perplexity"):
        return False
    finite = [v for c in charts for v in c.values if math.isfinite(v)]
    return bool(finite) and min(finite) > 0


def _belongs(finding: Finding, charts: tuple[Chart, ...], run: RunReport) -> bool:
    """By the series that show it; else in the first panel that its rule names."""
    shown = {finding.metric, *finding.series}
    if any(c.metric in shown for c in charts):
        return True
    if any(c.metric in shown for c in run.charts if not c.reference):
        return False
    present = {c.role for c in run.charts if not c.reference and c.steps}
    first = next((role for role in run.about_of(finding.code).figure.panels if role in present), None)
    return first is not None and charts[0].role == first


def window(run: RunReport, incident: Incident) -> tuple[float, float] | None:
    """The steps to show for one incident: it and a quarter of its length on both sides.

    Of an incident that goes on to the end, such as a plateau, only so much that its beginning can be seen: at most
    15 % of the run after the onset, unless it came on slowly (throughput drift, evals behind a reference).
    None if the incident is at no step.
    """
    if incident.steps is None:
        return None
    first, last = incident.steps
    start, end = run.steps or incident.steps
    whole = max(end - start, 1)
    sudden = any(run.about_of(code).figure.sudden for code in incident.codes)
    length = max(last - first, 0.03 * whole, 10.0)
    length = min(length, 0.15 * whole) if sudden else length
    low, high = max(first - 0.35 * length, start), min(first + 1.35 * length, end)
    return (low, high) if high > low else (low - 1.0, high + 1.0)


def about(run: RunReport, drawn: list[Panel], findings: list[Finding]) -> list[Panel]:
    """The panels that tell of these findings: their own, and what an engineer looks at beside them."""
    wanted = {role for finding in findings for role in run.about_of(finding.code).figure.beside}
    return [p for p in drawn if p.kind in wanted or any(f in findings for f in p.findings)] or drawn


def answers(run: RunReport, incident: Incident | None) -> bool:
    """Whether the advice belongs on a figure: of the whole run, or of the incident that it answers."""
    return incident is None or (run.action is not None and run.action.incident == incident.number)


def restarts(run: RunReport) -> list[int]:
    """The steps from which the run was resumed."""
    return [f.steps[0] for f in run.findings if marked(run, f) == "line" and f.steps is not None]


def marked(run: RunReport, finding: Finding) -> Mark:
    """How a finding is drawn in its panel."""
    return run.about_of(finding.code).figure.mark
