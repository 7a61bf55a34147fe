"""Rules x runs -> reports: in this process, or by the workers of an engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import TypeVar

import numpy as np

from runlens import roles, sources
from runlens.advice import advise
from runlens.errors import NoRunFound, RunLensError
from runlens.judging.about import described
from runlens.judging.ahead import Ahead
from runlens.judging.baseline import Known, mark
from runlens.judging.beside import with_evals_of, with_hardware_of
from runlens.judging.charts import charts_of, with_series
from runlens.judging.engines import IN_PROCESS, Engine, InProcess
from runlens.judging.gate import run_verdict
from runlens.judging.gravest import gravest
from runlens.judging.incidents import link
from runlens.judging.latest import lags_of, latest_of
from runlens.judging.limits import UNTOUCHED, Limits, OverBudget, budget, cut, over_memory, over_time
from runlens.judging.nights.job import job_of
from runlens.model import Direction, Failure, Finding, RoleLine, Run, RunRef, RunReport, Severity, Skip
from runlens.rules.base import AnyRule
from runlens.rules.loss.parts.adversarial import need_not_fall
from runlens.rules.needs import not_logged, roles_there, unmet
from runlens.run_config.flat import flat

Also = TypeVar("Also")


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


def check(
    plan: Sequence[tuple[RunRef, Settings]],
    engine: Engine = IN_PROCESS,
    *,
    read: Callable[[RunRef], Run] | None = None,
) -> Iterator[RunReport]:
    """Judge runs, in the order given, as they come.

    Parameters
    ----------
    plan : sequence of (RunRef, Settings)
    engine : Engine
        Who does the work.
    read : callable, optional
        What reads a run in this process, such as to show how far it is; `sources.read` if None, and in workers.

    Yields
    ------
    RunReport
        One for each reference, never fewer: what could not be read, or took its worker down, is a report with a
        `Failure`.
    """
    return (report for report, _ in check_and(plan, engine, _nothing, read=read))


def check_and(
    plan: Sequence[tuple[RunRef, Settings]],
    engine: Engine,
    also: Callable[[RunRef, Run, RunReport], Also],
    *,
    read: Callable[[RunRef], Run] | None = None,
) -> Iterator[tuple[RunReport, Also | None]]:
    """Judge runs, and work out something else from each while it is at hand; `also` must be fit to be sent to workers.

    Yields
    ------
    (RunReport, what `also` returned)
        None beside a run that could not be read.
    """
    if not isinstance(engine, InProcess):  # what shows progress cannot be sent to workers
        yield from engine.each(partial(_item, also, None), plan, _lost)
        return
    with Ahead([ref for ref, _ in plan], read) as ahead:
        yield from engine.each(partial(_item, also, ahead), plan, _lost)


def _item(
    also: Callable[[RunRef, Run, RunReport], Also],
    read: Callable[[RunRef], Run] | None,
    item: tuple[RunRef, Settings],
) -> tuple[RunReport, Also | None]:
    return judge_and(*item, also, read)


def _lost(item: tuple[RunRef, Settings], sentence: str) -> tuple[RunReport, None]:
    """A run whose worker died: it is undecided, and the report says why."""
    return _failed(item[0], Failure("read", sentence)), None


def _failed(ref: RunRef, failure: Failure) -> RunReport:
    return RunReport(
        ref.id, ref.id, ref.shown, "unknown", "undecided", None, None, 0, failures=(failure,), job=job_of(ref.id)
    )


def judge(ref: RunRef, settings: Settings, read: Callable[[RunRef], Run] | None = None) -> RunReport:
    """Read one run and judge it; a run that cannot be read gives a report that says so."""
    return judge_and(ref, settings, _nothing, read)[0]


def judge_and(
    ref: RunRef,
    settings: Settings,
    also: Callable[[RunRef, Run, RunReport], Also],
    read: Callable[[RunRef], Run] | None = None,
) -> tuple[RunReport, Also | None]:
    """`judge`, and what `also` makes of the reference, the run and its report; None if it could not be judged.

    Whatever a reader, the roles or the judging raise is contained here, as what a rule raises is in `judge_run`: one
    bad run never takes the verdicts of others.
    """
    doing = "read"
    try:
        # a log may hold any float: 1e308 squared is infinite, and no fault
        with budget(settings.limits), np.errstate(all="ignore"):
            run = cut((read or sources.read)(ref), settings.limits)
            run, unjoined = with_hardware_of(run, settings)
            run = roles.resolve(run, settings.metrics, settings.directions)
            run, apart = with_evals_of(run, settings)
            apart = (*unjoined, *apart)
            doing = "judged"
            report = judge_run(run, settings)
            if apart:
                report = replace(report, failures=(*report.failures, *apart))
                report = replace(report, verdict=run_verdict(report, settings.fail_on))
            return report, also(ref, run, report)
    except RunLensError as error:
        if settings.debug:
            raise
        failure = Failure("read", str(error), missing=isinstance(error, NoRunFound))
    except OverBudget:
        failure = Failure("read", over_time(ref.shown, settings.limits))
    except MemoryError:
        if settings.debug:
            raise
        failure = Failure("read", over_memory(ref.shown, settings.limits))
    except Exception as error:  # KeyboardInterrupt and SystemExit are none, and pass
        if settings.debug:
            raise
        failure = Failure("read", sources.unforeseen(ref.shown, doing, error))
    return _failed(ref, failure), None


def _nothing(ref: RunRef, run: Run, report: RunReport) -> None:
    """Nothing else is asked for."""


def judge_run(run: Run, settings: Settings) -> RunReport:
    """Judge a run that has been read and resolved."""
    findings: list[Finding] = []
    skips: list[Skip] = []
    failures: list[Failure] = []
    checked: list[str] = []
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
        told, more = gravest([f for f in said if isinstance(f, Finding)])
        findings += [placed(f, run) for f in told]
        skips += [*skipped, *more]
        if not skipped:
            checked.append(rule.code)
    findings = [regraded(f, settings.severities) for f in findings]
    if run.unplaced:  # step 0 is where its one point stands, and no place in training
        findings = [replace(f, steps=None, tokens=None) for f in findings]
    findings.sort(key=lambda f: (f.steps[0] if f.steps else -1, -f.severity.rank, f.code))
    grave = any(f.severity.rank >= Severity.WARNING.rank for f in findings)
    points = settings.chart_points if grave else min(settings.chart_points, settings.quiet_points)
    charts = charts_of(run, settings.rules, points, findings)
    linked, incidents = link(with_series(findings, charts, run), run)
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
        points=run.points,
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
    report = described(report)  # the advice follows from the likely causes
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


def regraded(finding: Finding, severities: Mapping[str, Severity]) -> Finding:
    """The finding with the severity that the settings give its rule; what is `info` is never raised."""
    wanted = severities.get(finding.code)
    if wanted is None or finding.severity is Severity.INFO:
        return finding
    return replace(finding, severity=wanted)


def placed(finding: Finding, run: Run) -> Finding:
    """The finding with tokens and wall time of its steps filled in, where the rule left them open."""
    if finding.steps is None:
        return finding
    steps = np.array(finding.steps, dtype=np.float64)
    if finding.tokens is None:
        tokens = run.tokens_at(steps)
        if np.isfinite(tokens).all():
            finding = replace(finding, tokens=(float(tokens[0]), float(tokens[1])))
    if finding.time is None:
        time = run.time_at(steps)
        if np.isfinite(time).all():
            finding = replace(finding, time=(float(time[0]), float(time[1])))
    return finding
