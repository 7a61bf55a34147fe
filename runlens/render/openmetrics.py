"""OpenMetrics text, for a node exporter's textfile collector or a push gateway.

All families are gauges, so that the text is valid in Prometheus' older format as well, which the textfile collector
reads. Labels say which run is meant, so that the files of several watches can lie in one folder: node exporter drops
all of two files that tell of the same labels.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from runlens.model import Report
from runlens.render.metrics.families import FAMILIES
from runlens.render.metrics.labels import report_label, run_labels
from runlens.render.metrics.samples import Sample, samples


@dataclass(frozen=True, slots=True)
class Standing:
    """How a watched run stands, where that is more than its log says."""

    state: str
    """One of `runlens.render.metrics.samples.STATES`."""
    ended: float | None = None
    """When it was seen to have ended, s since the epoch; None if it has not."""


def render(report: Report, standing: Mapping[str, Standing] | None = None, *, over: bool = False) -> str:
    """The report as OpenMetrics text, ending in `# EOF`.

    Parameters
    ----------
    report : Report
    standing : mapping, optional
        Run to how it stands, as a watch knows it. Of those that ended nothing but that is told, since a gauge that
        nobody moves any more says for ever that a run fails. A report that stands by itself tells all of every run.
    over : bool
        Nobody will write these metrics again: what is said of the whole report, its age among it, leaves too.
    """
    from prometheus_client.core import CollectorRegistry, GaugeMetricFamily
    from prometheus_client.openmetrics.exposition import generate_latest

    families = {name: GaugeMetricFamily(name, about, labels=labels) for name, (about, labels) in FAMILIES.items()}
    for name, values, number in _samples(report, standing or {}, over=over):
        families[name].add_metric(values, number)

    class Collector:
        def collect(self) -> Iterator[Any]:
            return iter(families.values())

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Collector())
    text: bytes = generate_latest(registry)
    return text.decode("utf-8")


def _samples(report: Report, standing: Mapping[str, Standing], *, over: bool) -> Iterator[Sample]:
    created = _created(report)
    if not over:
        whole = (report_label(report),)
        yield "runlens_exit_code", whole, float(report.exit_code)
        yield "runlens_report_created_seconds", whole, created
    for run, labels in zip(report.runs, run_labels(report.runs), strict=True):
        stands = standing.get(run.run, Standing(run.state))
        if stands.ended is not None:
            yield "runlens_run_ended_seconds", (*labels, stands.state, run.verdict), stands.ended
            continue
        for name, own, number in samples(run, stands.state, created):
            yield name, (*labels, *own), number


def _created(report: Report) -> float:
    try:
        return datetime.fromisoformat(report.created).timestamp()
    except ValueError:
        return math.nan
