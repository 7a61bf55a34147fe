"""Runs judged as nights: held against the good ones before them, said so in their reports, and recorded."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from runlens.judging.check import check_and
from runlens.judging.good_nights import learned_from
from runlens.judging.nights import ledger
from runlens.judging.nights.held import held_against
from runlens.judging.nights.record import recorded
from runlens.judging.one import Settings
from runlens.judging.request import Plan
from runlens.model import Run, RunRef, RunReport
from runlens.model.twin import Twin
from runlens.rules.nights.parts.changed import OUTSIDE
from runlens.rules.nights.parts.order import same
from runlens.rules.nights.parts.rule import NightRule
from runlens.rules.nights.parts.twin import twin_of

_COMMITS = ("GITHUB_SHA", "CI_COMMIT_SHA", "GIT_COMMIT", "BUILD_SOURCEVERSION")
"""Where GitHub, GitLab, Jenkins and Azure say which commit is checked out."""


def over_nights(plan: Plan, refs: Sequence[RunRef]) -> tuple[RunReport, ...]:
    """Judge runs beside the good nights of their jobs; each report says what it was held against.

    Parameters
    ----------
    plan : Plan
        With baseline runs, or a file of records, or both.
    refs : sequence of RunRef

    Raises
    ------
    NoRunFound
        If baseline runs were named and none of them is good.
    ConfigError
        If the file of records is none, or cannot be written.
    """
    request = plan.request
    records = ledger.read(plan.nights) if plan.nights is not None else ()
    learned = learned_from(plan, refs, records)
    ways = [plan.judged_by([ref], learned[ref.id], request.chart_points)[0] for ref in refs]
    request.count(0, len(refs), refs[0].id if refs else "")
    judged = list(check_and(ways, plan.engine(len(ways)), _twin, read=request.read))
    done = [(_told(report, twin, settings), twin) for (report, twin), (_, settings) in zip(judged, ways, strict=True)]
    if plan.nights is not None:
        now = plan.now.strftime("%Y-%m-%dT%H:%M:%SZ")
        new = [
            recorded(report, twin, report.job, now, plan.fail_on.rank)
            for report, twin in done
            if (twin.state if twin is not None else report.state) != "running"
            and not any(failure.missing for failure in report.failures)
        ]
        ledger.write(plan.nights, ledger.added(records, new))
    return tuple(report for report, _ in done)


def _twin(ref: RunRef, run: Run, report: RunReport) -> Twin:
    """What later nights need of this one."""
    twin = twin_of(run)
    return replace(twin, name=ref.id, config={**twin.config, **surroundings()})


def surroundings() -> dict[str, object]:
    """What of a night stands in no log: the commit that the CI system checked out, and the version of RunLens."""
    from runlens import __version__

    commit = next((os.environ[name] for name in _COMMITS if os.environ.get(name)), "")
    told = {f"{OUTSIDE}runlens": __version__, f"{OUTSIDE}commit": commit[:40]}
    return {name: value for name, value in told.items() if value}


def _told(report: RunReport, twin: Twin | None, settings: Settings) -> RunReport:
    """The report with what it was held against."""
    rules = [rule for rule in settings.rules if isinstance(rule, NightRule) and rule.twins]
    if twin is None or not rules:
        return report
    rule = max(rules, key=lambda rule: len(rule.floors))
    nights = [night for night in rule.those_before(twin) if not same(twin, night)]
    return replace(report, held_against=held_against(twin, nights, rule.last, rule.floors)) if nights else report
