"""`--baseline-runs`: is tonight's run unlike the last good nights?

The newest good nights become a band for the evals, a band for the throughput, and twins for the training curves. Each
night is read once: what it says of them is worked out beside its judgement.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from runlens.config import Learned, in_force
from runlens.errors import ConfigError, NoRunFound
from runlens.judging.check import check_and
from runlens.judging.request import Plan, found
from runlens.model import Reference, Run, RunRef, RunReport
from runlens.model.twin import Twin


@dataclass(frozen=True, slots=True)
class Night:
    """What one good night says."""

    name: str
    ended: float
    """Last wall time, s since the epoch; 0 if none is known."""
    band: tuple[float, float] | None
    """Of its throughput."""
    evals: Reference | None
    """Over tokens where it knows them."""
    over_steps: Reference | None
    twin: Twin
    """Its training curves, which evals it logged and how far it went."""


def learned_from(plan: Plan, tonight: Sequence[RunRef]) -> Learned:
    """What the good nights among a request's `baseline_runs` say, wherever the user says nothing.

    Parameters
    ----------
    plan : Plan
    tonight : sequence of RunRef
        The runs that are judged now; they are left out of the nights. A night is good if it can be read and nothing
        in it fails, by tonight's settings and known findings. One that these settings do not judge (only EVAL001 is
        selected, which wants a reference) is not bad for that. The newest `last` count, by their last wall time.

    Raises
    ------
    NoRunFound
        If no good night is left.
    ConfigError
        If none is to count.
    """
    request = plan.request
    if request.last < 1:
        raise ConfigError(f"the last {request.last} good nights are none; --last must be 1 or more")
    here = {os.path.realpath(ref.location) for ref in tonight}
    refs = [r for r in found(request, plan.config, request.baseline_runs) if os.path.realpath(r.location) not in here]
    if not refs:
        raise NoRunFound(f"--baseline-runs: {', '.join(request.baseline_runs)} holds no run but those that are judged")
    tokens = {ref.id: in_force(plan.config, request.given, ref.id).values["tokens_per_step"] for ref in refs}
    nights = plan.judged_by(refs, request.learned, chart_points=0)
    judged = check_and(nights, plan.jobs, functools.partial(said_by, tokens), read=request.read)
    gone = [failure for report, _ in judged for failure in report.failures if failure.missing]
    if len(gone) == len(judged):
        raise NoRunFound(gone[0].message)
    good = []
    for ref, (report, night) in zip(refs, judged, strict=True):
        if night is not None:
            good.append(night)
            continue
        why = report.failures[0].message if report.failures else f"its verdict is {report.verdict}"
        request.say(f"baseline run {ref.id} is left out: {why}")
    if not good:
        raise NoRunFound("none of the baseline runs could be used; name runs in which nothing fails")
    good.sort(key=lambda night: night.ended, reverse=True)
    request.say(f"held against {', '.join(night.name for night in good[: request.last])}")
    return learned(good[: request.last])


def said_by(tokens_per_step: Mapping[str, float | None], ref: RunRef, run: Run, report: RunReport) -> Night | None:
    """What a night says, or None if it is not good.

    Parameters
    ----------
    tokens_per_step : mapping
        Tokens of a step by the run's id, None where the user says nothing.
    ref, run, report
        The night, read and judged.
    """
    if report.verdict == "fail" or report.failures:
        return None
    from runlens.comparison.twins import twin_of
    from runlens.references import build
    from runlens.rules.throughput.outside_band import band_of

    evals: Reference | None
    over_steps: Reference | None
    try:
        evals = build(run, tokens_per_step[ref.id])
        over_steps = build(run, tokens_per_step[ref.id], axis="steps")
    except ConfigError:  # a night without evals says nothing about them
        evals = over_steps = None
    return Night(run.name, report.time[1] if report.time else 0.0, band_of(run), evals, over_steps, twin_of(run))


def learned(nights: Sequence[Night]) -> Learned:
    """What good nights say together of their evals and their throughput."""
    from runlens.references import combine
    from runlens.rules.throughput.outside_band import OutsideBand

    name = f"the last {len(nights)} good nights" if len(nights) > 1 else "the last good night"
    bands = [night.band for night in nights if night.band is not None]
    band = (min(low for low, _ in bands), max(high for _, high in bands)) if bands else None
    rules: dict[str, dict[str, object]] = {OutsideBand.code: {"band": band}} if band else {}
    parts = [night.evals for night in nights if night.evals is not None]
    if any(part.axis == "steps" for part in parts):
        parts = [night.over_steps for night in nights if night.over_steps is not None]
    evals = (replace(combine(parts, name), lineage=True),) if parts else ()
    return Learned(name, rules, evals, tuple(night.twin for night in nights))
