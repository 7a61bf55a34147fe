"""OpenMetrics text, for a node exporter's textfile collector or a push gateway.

All families are gauges, so that the text is valid in Prometheus' older format as well, which the textfile collector
reads.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from runlens.model import Report, RunReport, Severity
from runlens.render.sparkline import main_chart
from runlens.render.text import FIRST_DATE, named, visible

VERDICTS = ("pass", "fail", "undecided")
LAST = ("train_loss", "eval_loss", "grad_norm", "learning_rate", "tokens_per_second", "step_time", "gpu_temperature")
"""Roles whose last value is told."""

FAMILIES = {
    "runlens_report_created_seconds": ("When the report was made, seconds since the epoch.", ()),
    "runlens_exit_code": ("0 pass, 1 fail, 3 could not judge.", ()),
    "runlens_run_verdict": ("1 for the run's verdict, 0 for the other two.", ("run", "verdict")),
    "runlens_run_findings": ("Findings that count, by severity.", ("run", "severity")),
    "runlens_run_findings_known": ("Findings that a baseline suppresses.", ("run",)),
    "runlens_rule_findings": ("Findings that count, by rule.", ("run", "code", "name", "severity")),
    "runlens_run_rules_checked": ("Rules that judged the run.", ("run",)),
    "runlens_run_rules_skipped": ("Rules that did not judge the run.", ("run",)),
    "runlens_run_failures": ("Parts that could not be read, and rules that crashed.", ("run",)),
    "runlens_run_action": ("1 for what to do with the run.", ("run", "kind")),
    "runlens_run_rewind_to_step": ("The step to go back to, where that is the advice.", ("run",)),
    "runlens_run_step": ("Last training step.", ("run",)),
    "runlens_run_tokens": ("Tokens consumed.", ("run",)),
    "runlens_run_points": ("Points read.", ("run",)),
    "runlens_run_last_point_seconds": ("Wall time of the last point, seconds since the epoch.", ("run",)),
    "runlens_run_last_value": ("Last value of a main series.", ("run", "role", "metric", "unit")),
}
"""Name of each family to its help text and labels."""

Sample = tuple[str, tuple[str, ...], float]


def render(report: Report) -> str:
    """The report as OpenMetrics text, ending in `# EOF`."""
    from prometheus_client.core import CollectorRegistry, GaugeMetricFamily
    from prometheus_client.openmetrics.exposition import generate_latest

    families = {name: GaugeMetricFamily(name, about, labels=labels) for name, (about, labels) in FAMILIES.items()}
    for name, values, number in _samples(report):
        families[name].add_metric(values, number)

    class Collector:
        def collect(self) -> Iterator[Any]:
            return iter(families.values())

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Collector())
    text: bytes = generate_latest(registry)
    return text.decode("utf-8")


def _samples(report: Report) -> Iterator[Sample]:
    yield "runlens_exit_code", (), float(report.exit_code)
    try:
        created = datetime.fromisoformat(report.created).timestamp()
    except ValueError:
        created = math.nan
    yield "runlens_report_created_seconds", (), created
    taken: dict[str, int] = {}
    for run in report.runs:
        name = named(run.run)
        taken[name] = taken.get(name, 0) + 1
        yield from _run(run, name if taken[name] == 1 else f"{name} ({taken[name]})")


def _run(run: RunReport, name: str) -> Iterator[Sample]:
    for verdict in VERDICTS:
        yield "runlens_run_verdict", (name, verdict), float(run.verdict == verdict)
    counted = [f for f in run.findings if f.suppressed is None]
    for severity in Severity:
        yield "runlens_run_findings", (name, severity.value), float(sum(f.severity is severity for f in counted))
    yield "runlens_run_findings_known", (name,), float(len(run.findings) - len(counted))
    rules = [(visible(f.code), visible(f.name), f.severity.value) for f in counted]
    for rule in dict.fromkeys(rules):
        yield "runlens_rule_findings", (name, *rule), float(rules.count(rule))
    yield "runlens_run_rules_checked", (name,), float(len(run.checked))
    yield "runlens_run_rules_skipped", (name,), float(len(run.skips))
    yield "runlens_run_failures", (name,), float(len(run.failures))
    if run.action is not None:
        yield "runlens_run_action", (name, run.action.kind), 1.0
        if run.action.rewind_to_step is not None:
            yield "runlens_run_rewind_to_step", (name,), float(run.action.rewind_to_step)
    if run.steps is not None:
        yield "runlens_run_step", (name,), float(run.steps[1])
    if run.tokens is not None:
        yield "runlens_run_tokens", (name,), run.tokens[1]
    yield "runlens_run_points", (name,), float(run.points)
    if run.time is not None and run.time[1] >= FIRST_DATE:
        yield "runlens_run_last_point_seconds", (name,), run.time[1]
    for role in LAST:
        if chart := main_chart(run, role):
            yield "runlens_run_last_value", (name, role, named(chart.metric), visible(chart.unit)), chart.values[-1]
