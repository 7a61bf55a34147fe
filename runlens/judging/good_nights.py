"""`--baseline-runs` and `--nights`: is tonight's run unlike the last good nights?

The newest good nights become a band for the evals, what healthy runs tell rules of themselves, and twins for all that
is compared between nights. Each night is read once: what it says is worked out beside its judgement. What was good then
is good: a verdict on record counts, and a night without one is judged as it would have been, beside those before it.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from runlens.config import Learned, in_force
from runlens.config.plan import NOTHING_LEARNED
from runlens.errors import ConfigError, NoRunFound
from runlens.judging.check import check_and
from runlens.judging.nights.good import Candidate, good_ones
from runlens.judging.nights.job import job_of
from runlens.judging.nights.record import NightRecord, key_of
from runlens.judging.one import Settings
from runlens.judging.request import Plan, found
from runlens.model import Reference, Run, RunRef, RunReport
from runlens.model.twin import Twin
from runlens.rules import RULES
from runlens.rules.nights.parts.rule import NightRule


@dataclass(frozen=True, slots=True)
class Night:
    """What one earlier night says."""

    twin: Twin
    key: str
    report: RunReport
    healthy: Mapping[str, Mapping[str, object]]
    """What it tells rules of a healthy run, by code."""
    evals: Reference | None
    """Over tokens where it knows them."""
    over_steps: Reference | None


def learned_from(plan: Plan, tonight: Sequence[RunRef], records: Sequence[NightRecord] = ()) -> dict[str, Learned]:
    """What the good nights say of each run that is judged now, by its id, wherever the user says nothing.

    Parameters
    ----------
    plan : Plan
    tonight : sequence of RunRef
        The runs that are judged now; they are left out of the nights. A night is good if it passed when it was judged
        (`records`) or a person accepted it; one without a record if it can be read, nothing in it fails by tonight's
        settings and known findings, and it is like those before it. One that these settings do not judge (only EVAL001
        is selected, which wants a reference) is not bad for that. The newest `last` say what is usual; older ones tell
        the spread and the trend. Where some of the nights are of tonight's job (`job_of`), only those count.
    records : sequence of NightRecord

    Raises
    ------
    NoRunFound
        If baseline runs were named and no good night is left.
    ConfigError
        If none is to count.
    """
    request = plan.request
    if request.last < 1:
        raise ConfigError(f"the last {request.last} good nights are none; --last must be 1 or more")
    nights = _read(plan, tonight)
    learned: dict[str, Learned] = {}
    by_job: dict[tuple[str, ...], Learned] = {}
    for own in tonight:
        job = job_of(own.id)
        mine = [(night, settings) for night, settings in nights if job_of(night.twin.name) == job] or nights
        on_record = [r for r in records if r.job == job]
        which = (job, *(night.twin.name for night, _ in mine))
        if which not in by_job:
            by_job[which] = _of_job(plan, mine, on_record)
        learned[own.id] = by_job[which]
    return learned


def _read(plan: Plan, tonight: Sequence[RunRef]) -> list[tuple[Night, Settings]]:
    """What each baseline run that can be read says, and what it was judged by."""
    request = plan.request
    if not request.baseline_runs:
        return []
    here = {_place(ref) for ref in tonight}
    refs = [r for r in found(request, plan.config, request.baseline_runs) if _place(r) not in here]
    if not refs:
        raise NoRunFound(f"--baseline-runs: {', '.join(request.baseline_runs)} holds no run but those that are judged")
    tokens = {ref.id: in_force(plan.config, request.given, ref.id).values["tokens_per_step"] for ref in refs}
    ways = plan.judged_by(refs, NOTHING_LEARNED, chart_points=0)
    judged = list(check_and(ways, plan.engine(len(ways)), functools.partial(said_by, tokens), read=request.read))
    gone = [failure for report, _ in judged for failure in report.failures if failure.missing]
    if len(gone) == len(judged):
        raise NoRunFound(gone[0].message)
    kept = []
    for (ref, settings), (report, night) in zip(ways, judged, strict=True):
        if night is None:
            why = report.failures[0].message if report.failures else "it could not be read"
            request.say(f"baseline run {ref.id} is left out: {why}")
        else:
            kept.append((night, settings))
    return kept


def _place(ref: RunRef) -> tuple[str, str, tuple[str, ...]]:
    return os.path.realpath(ref.location), ref.member, tuple(map(os.path.realpath, ref.files))


def _of_job(plan: Plan, nights: Sequence[tuple[Night, Settings]], records: Sequence[NightRecord]) -> Learned:
    """What the good nights of one job say together."""
    request = plan.request
    candidates = [Candidate(night.twin, night.key, night.report, settings) for night, settings in nights]
    good = good_ones(candidates, records, request.last, request.say)
    if not good:
        if request.baseline_runs:
            raise NoRunFound("none of the baseline runs could be used; name runs in which nothing fails")
        request.say("no good night is on record yet, so tonight is held against none")
        return NOTHING_LEARNED
    newest = good[-request.last :]
    request.say(f"held against {', '.join(twin.name for twin in reversed(newest))}")
    names = {twin.name for twin in newest}
    return learned([night for night, _ in nights if night.twin.name in names], good, request.last)


def said_by(tokens_per_step: Mapping[str, float | None], ref: RunRef, run: Run, report: RunReport) -> Night | None:
    """What a night says, or None if a part of it could not be judged.

    Parameters
    ----------
    tokens_per_step : mapping
        Tokens of a step by the run's id, None where the user says nothing.
    ref, run, report
        The night, read and judged.
    """
    if report.failures:
        return None
    from runlens.references import build
    from runlens.rules.nights.parts.twin import twin_of

    evals: Reference | None
    over_steps: Reference | None
    try:
        evals = build(run, tokens_per_step[ref.id])
        over_steps = build(run, tokens_per_step[ref.id], axis="steps")
    except ConfigError:  # a night without evals says nothing about them
        evals = over_steps = None
    twin = replace(twin_of(run), name=ref.id)
    healthy = {rule.code: told for rule in RULES if (told := rule.of_healthy(run))}
    return Night(twin, key_of(report, twin), report, healthy, evals, over_steps)


def learned(nights: Sequence[Night], good: Sequence[Twin], last: int) -> Learned:
    """What good nights say together.

    Parameters
    ----------
    nights : sequence of Night
        The newest good ones whose logs are at hand.
    good : sequence of Twin
        All good ones, the oldest first.
    last : int
    """
    from runlens.references import combine

    count = min(len(good), last)
    name = f"the last {count} good nights" if count > 1 else "the last good night"
    rules: dict[str, dict[str, object]] = {rule.code: {"last": last} for rule in RULES if issubclass(rule, NightRule)}
    for rule in RULES:
        told = [night.healthy[rule.code] for night in nights if rule.code in night.healthy]
        if told:
            rules[rule.code] = {**rules.get(rule.code, {}), **rule.of_several(told)}
    parts = [night.evals for night in nights if night.evals is not None]
    if any(part.axis == "steps" for part in parts):
        parts = [night.over_steps for night in nights if night.over_steps is not None]
    evals = (replace(combine(parts, name), lineage=True),) if parts else ()
    return Learned(name, rules, evals, tuple(good))
