"""One run judged, all at once or a rule at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from runlens.advice import advise
from runlens.judging.about import described
from runlens.judging.baseline import Known, mark
from runlens.judging.charts import charts_of, with_series
from runlens.judging.engines.turns import Steps, through
from runlens.judging.gate import run_verdict
from runlens.judging.incidents import link
from runlens.judging.latest import lags_of, latest_of
from runlens.judging.limits import UNTOUCHED, Limits
from runlens.judging.nights.job import job_of
from runlens.judging.told import gravest, placed, regraded
from runlens.model import Direction, Failure, Finding, RoleLine, Run, RunReport, Severity, Skip
from runlens.rules.base import AnyRule
from runlens.rules.loss.parts.adversarial import need_not_fall
from runlens.rules.needs import not_logged, roles_there, unmet
from runlens.rules.shared.one_pass import one_pass
from runlens.run_config.flat import flat


@dataclass(frozen=True, slots=True)
class Settings:
    """What one run is judged by."""

    rules: tuple[AnyRule, ...]
    metrics: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Role to logged name, where the user overrides the resolution."""
    directions: Mapping[str, Direction] = field(default_factory=lambda: MappingProxyType({}))
    """Logged name of an eval to the way that is better, where the user or a requirement says it."""
    fail_on: Severity = Severity.ERROR
    severities: Mapping[str, Severity] = field(default_factory=lambda: MappingProxyType({}))
    """Code to the severity that its findings get (those at `info` stay there unless it says `info`)."""
    evals: Run | None = None
    """Evals of the run's checkpoints from result files, to be joined to it; resolved."""
    hardware: str = ""
    """A log of nvidia-smi that was written beside the run, or the address of a Prometheus server; empty for none."""
    tokens_per_step: float | None = None
    """Tokens of one step, as the user says."""
    total_tokens: float | None = None
    """Tokens planned for the run, for the advice."""
    known: tuple[Known, ...] = ()
    """Known findings that have not expired: they are marked and count neither for the verdict nor for the advice."""
    chart_points: int = 400
    """About how many points of each main series go into the report; 0 for none."""
    quiet_points: int = 400
    """The same for a run in which nothing is found at warning or above, if that is fewer."""
    limits: Limits = UNTOUCHED
    """What reading and judging it may cost."""
    debug: bool = False
    """Let a rule's crash through with its traceback, where otherwise it becomes a `Failure`."""


def judge_run(run: Run, settings: Settings) -> RunReport:
    """Judge a run that has been read and resolved."""
    return through(judged_in_steps(run, settings))


def judged_in_steps(run: Run, settings: Settings) -> Steps[RunReport]:
    """`judge_run`, a rule at a time."""
    points = run.points
    findings: list[Finding] = []
    skips: list[Skip] = []
    failures: list[Failure] = []
    checked: list[str] = []
    alone = one_pass(run)
    for rule in settings.rules:
        if missing := missing_roles(rule, run):
            skips.append(missing)
            continue
        try:
            said = list(rule.check(run))
        except Exception as error:
            if settings.debug:
                raise
            failures.append(Failure("rule", f"{rule.code} {rule.name} crashed: {type(error).__name__}: {error}"))
            continue
        skipped = [s for s in said if isinstance(s, Skip)]
        if alone and rule.settles and not rule.asked and not skipped:  # its green would be one of a training
            skips.append(rule.skip(alone, kind="not-applicable"))
            continue
        told, more = gravest([f for f in said if isinstance(f, Finding)])
        findings += [placed(f, run) for f in told]
        skips += [*skipped, *more]
        if not skipped:
            checked.append(rule.code)
        yield points
    findings = [regraded(f, settings.severities) for f in findings]
    if run.unplaced:  # step 0 is where its one point stands, and no place in training
        findings = [replace(f, steps=None, tokens=None) for f in findings]
    findings.sort(key=lambda f: (f.steps[0] if f.steps else -1, -f.severity.rank, f.code))
    grave = any(f.severity.rank >= Severity.WARNING.rank for f in findings)
    drawn = settings.chart_points if grave else min(settings.chart_points, settings.quiet_points)
    charts = charts_of(run, settings.rules, drawn, findings)
    yield points
    linked, incidents = link(with_series(findings, charts, run), run)
    yield points
    span = None if run.unplaced else run.step_range()
    tokens = run.tokens_at(np.array(span)) if span else np.array([np.nan])
    time = run.time_at(np.array(span)) if span else np.array([np.nan])
    report = RunReport(
        run=run.id,
        name=run.name,
        source=run.source,
        url=run.url,
        state=run.state,
        verdict="pass",
        steps=span,
        tokens=(float(tokens[0]), float(tokens[1])) if bool(np.isfinite(tokens).all()) else None,
        points=points,
        roles={
            role: RoleLine(
                first.series.name, round(first.confidence, 3), first.why, first.unit, first.derived, first.origin
            )
            for role, (first, *_) in run.roles.items()
            if role != "other"
        },
        findings=mark(linked, run.id, settings.known),
        incidents=incidents,
        skips=tuple(skips),
        failures=tuple(failures),
        checked=tuple(checked),
        charts=charts,
        framework=run.framework,
        time=(float(time[0]), float(time[1])) if bool(np.isfinite(time).all()) else None,
        config=flat(run.config),
        gpus=run.hardware_count,
        job=job_of(run.id),
        entity=run.entity,
        project=run.project,
        latest=latest_of(run),
        lags=lags_of(run, settings.rules),
    )
    yield points
    report = described(report)  # the advice follows from the likely causes
    yield points
    action = advise(report, run, settings.total_tokens)
    return replace(report, action=action, verdict=run_verdict(report, settings.fail_on))


def missing_roles(rule: AnyRule, run: Run) -> Skip | None:
    """That the rule cannot judge, because the run logs none of the roles of one of its needs; None if it can."""
    missing = unmet(tuple(rule.needs), roles_there(run))
    if not missing:
        return None
    if "train_loss" in missing and (why := need_not_fall(run)):  # there are losses, and none that must come down
        return rule.skip(why, kind="not-applicable")
    words, lacking = not_logged(missing)
    return rule.skip(words, kind="not-comparable" if rule.asked else "missing-role", lacking=lacking)
