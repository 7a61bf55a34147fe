"""What an incident cost: tokens, hours and GPU hours, as far as the report knows them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runlens.model import Finding, Incident, RunReport, Symptom

LEAST = 1.0
"""Seconds: what cost less, and no tokens, is no item of an account."""


@dataclass(frozen=True, slots=True)
class Cost:
    """One item of an account; None where the log does not tell."""

    what: str
    tokens: float | None = None
    hours: float | None = None
    gpu_hours: float | None = None


def costs(run: RunReport, incident: Incident) -> list[Cost]:
    """The account of one incident: training to repeat, time lost to slowness, steps done twice, lag behind a reference.

    Training to repeat is what lies between the rewind point of the advice and the last step, charged to the incident
    whose batches are to be skipped, or else to the worst one after the rewind point.
    """
    items = []
    findings = [f for f in run.findings if f.incident == incident.number and f.suppressed is None]
    if _rewound(run, incident) and run.action is not None and run.steps is not None:
        start = run.action.rewind_to_step
        assert start is not None
        tokens, hours = between(run, start, run.steps[1])
        items.append(_priced(run, f"Training from step {start:,} on, to be done again", tokens, hours))
    for finding in findings:
        hours, gpu_hours = _number(finding, "hours_lost"), _number(finding, "gpu_hours_lost")
        if hours is not None:
            items.append(_priced(run, f"Lost to slowness so far ({finding.code})", None, hours, gpu_hours))
        hours = _number(finding, "hours_lost_by_end")
        if hours is not None:
            by_end = _number(finding, "gpu_hours_lost_by_end")
            items.append(_priced(run, f"Lost by the end if it stays so ({finding.code})", None, hours, by_end))
        redone, down = _number(finding, "redone_hours"), _number(finding, "down_hours")
        tokens = _number(finding, "redone_tokens")
        if tokens or redone:
            items.append(_priced(run, f"Steps done twice ({finding.code})", tokens, redone))
        if down:
            items.append(_priced(run, f"Standing still before the resume ({finding.code})", None, down))
        behind = _number(finding, "tokens_behind")
        if behind is not None:
            hours = _hours_of(run, behind)
            items.append(_priced(run, f"Behind the reference ({finding.code})", behind, hours))
    return [item for item in items if item.tokens is not None or (item.hours or 0.0) * 3600 >= LEAST]


def between(run: RunReport, first: int, last: int) -> tuple[float | None, float | None]:
    """Tokens and hours between two steps, by what the report knows of steps, tokens and wall time at several points."""
    spots = [(run.steps, run.tokens, run.time), *((f.steps, f.tokens, f.time) for f in run.findings)]
    answer: list[float | None] = []
    for column in (1, 2):
        known = sorted(
            {(s[i], spot[column][i]) for spot in spots for s in [spot[0]] if s and spot[column] for i in (0, 1)}  # type: ignore[index]
        )
        if len(known) < 2:
            answer.append(None)
            continue
        at, value = np.array(known, dtype=np.float64).T
        answer.append(float(np.interp(last, at, value) - np.interp(first, at, value)))
    return answer[0], None if answer[1] is None else answer[1] / 3600


def _rewound(run: RunReport, incident: Incident) -> bool:
    action = run.action
    if action is None or action.rewind_to_step is None or incident.steps is None:
        return False
    window = action.skip_steps or (action.rewind_to_step, max(i.steps[1] for i in run.incidents if i.steps))
    touched = [i for i in run.incidents if i.steps and i.steps[0] <= window[1] and i.steps[1] >= window[0]]
    spikes = {i.number for i in touched if any(run.shows(code, Symptom.SPIKE) for code in i.codes)}
    worst = max(touched, key=lambda i: (i.severity.rank, i.number in spikes, -i.number), default=None)
    return worst is not None and worst.number == incident.number


def _hours_of(run: RunReport, tokens: float) -> float | None:
    if run.tokens is None or run.time is None or run.tokens[1] <= run.tokens[0]:
        return None
    return tokens / (run.tokens[1] - run.tokens[0]) * (run.time[1] - run.time[0]) / 3600


def _priced(
    run: RunReport, what: str, tokens: float | None, hours: float | None, gpu_hours: float | None = None
) -> Cost:
    if gpu_hours is None and hours is not None and run.gpus:
        gpu_hours = hours * run.gpus
    return Cost(what, tokens, hours, gpu_hours)


def _number(finding: Finding, key: str) -> float | None:
    value = finding.evidence.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        return None
    return float(value)
