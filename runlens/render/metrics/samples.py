"""The samples of one run, with the labels that come after those of every run."""

from __future__ import annotations

import math
from collections.abc import Iterator

from runlens.model import RunReport, Severity
from runlens.render.metrics.families import UNITS
from runlens.render.metrics.labels import device_labels
from runlens.render.sparkline import main_chart
from runlens.render.text import FIRST_DATE, named, visible

Sample = tuple[str, tuple[str, ...], float]
"""Family, values of its own labels, value."""

VERDICTS = ("pass", "fail", "undecided")
STATES = ("running", "stalled", "quiet", "finished", "crashed", "gone", "unknown")
"""What a log says of its run, and what a watch sees."""
LAST = (
    "train_loss", "eval_loss", "grad_norm", "learning_rate", "tokens_per_second", "samples_per_second", "step_time",
    "mfu",
)  # fmt: skip
"""Roles whose last value is told."""
_EVALS = ("eval_loss", "eval_score", "perplexity")


def samples(run: RunReport, state: str, created: float) -> Iterator[Sample]:
    """All that is told of a run that goes on, or of any run of a single report.

    Parameters
    ----------
    run : RunReport
    state : str
        One of `STATES`.
    created : float
        When the report was made, s since the epoch; NaN if not known.
    """
    yield from _judgement(run)
    yield from _progress(run, state, created)
    yield from _values(run)
    yield from _evals(run)
    yield from _hardware(run)


def _judgement(run: RunReport) -> Iterator[Sample]:
    for verdict in VERDICTS:
        yield "runlens_run_verdict", (verdict,), float(run.verdict == verdict)
    counted = [f for f in run.findings if f.suppressed is None]
    for severity in Severity:
        yield "runlens_run_findings", (severity.value,), float(sum(f.severity is severity for f in counted))
    yield "runlens_run_findings_known", (), float(len(run.findings) - len(counted))
    rules = [(visible(f.code), visible(f.name), f.severity.value) for f in counted]
    for rule in dict.fromkeys(rules):
        yield "runlens_rule_findings", rule, float(rules.count(rule))
    yield "runlens_run_rules_checked", (), float(len(run.checked))
    yield "runlens_run_rules_skipped", (), float(len(run.skips))
    yield "runlens_run_failures", (), float(len(run.failures))
    if run.action is not None:
        yield "runlens_run_action", (run.action.kind,), 1.0
        if run.action.rewind_to_step is not None:
            yield "runlens_run_rewind_to_step", (), float(run.action.rewind_to_step)


def _progress(run: RunReport, stands: str, created: float) -> Iterator[Sample]:
    for state in STATES:
        yield "runlens_run_state", (state,), float(state == stands)
    if run.steps is not None:
        yield "runlens_run_step", (), float(run.steps[1])
    if run.tokens is not None:
        yield "runlens_run_tokens", (), run.tokens[1]
    yield "runlens_run_points", (), float(run.points)
    if run.time is not None and run.time[1] >= FIRST_DATE:
        yield "runlens_run_last_point_seconds", (), run.time[1]
        if math.isfinite(created):
            yield "runlens_run_age_seconds", (), max(created - run.time[1], 0.0)


def _values(run: RunReport) -> Iterator[Sample]:
    """Of reports that an older version wrote, the last drawn value."""
    latest = {one.role: one for one in reversed(run.latest)}
    for role in LAST:
        if one := latest.get(role):
            yield "runlens_run_last_value", (role, named(one.metric), visible(one.unit)), one.value
        elif not run.latest and (chart := main_chart(run, role)):
            yield "runlens_run_last_value", (role, named(chart.metric), visible(chart.unit)), chart.values[-1]


def _evals(run: RunReport) -> Iterator[Sample]:
    values = {
        (visible(one.task, 120), visible(one.kind, 120), visible(one.setting, 120), named(one.metric)): one.value
        for one in reversed(run.latest)
        if one.role in _EVALS
    }
    for labels, value in values.items():
        yield "runlens_eval_value", labels, value
    lags = {(named(lag.reference), lag.group, lag.axis): lag for lag in run.lags}
    for beside, lag in lags.items():
        yield "runlens_eval_lag_ratio", beside, lag.factor
        yield "runlens_eval_behind", beside, lag.behind


def _hardware(run: RunReport) -> Iterator[Sample]:
    sampled: dict[tuple[str, str], float] = {}
    values: dict[tuple[str, tuple[str, ...]], float] = {}
    for one in run.latest:
        if (known := UNITS.get((one.role, one.unit))) is None:
            continue
        family, factor = known
        node, gpu = device_labels(one.device)
        values.setdefault((family, (node, gpu, visible(one.kind, 120))), one.value * factor)
        if one.role.startswith("gpu_") and one.time is not None and one.time >= FIRST_DATE:
            sampled[node, gpu] = max(one.time, sampled.get((node, gpu), 0.0))
    for (family, labels), value in values.items():
        yield family, labels, value
    for labels, time in sampled.items():
        yield "runlens_gpu_sampled_seconds", labels, time
