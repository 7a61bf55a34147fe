"""A comparison as plain numbers: the evidence of EVAL001 and the JSON of `runlens compare`."""

from __future__ import annotations

import math

from runlens.evals.words import label
from runlens.model import Comparison, GroupLag, TaskLag


def task_numbers(task: TaskLag) -> dict[str, object]:
    """One task."""
    return {
        "task": task.run.task,
        "metric": task.run.metric,
        "setting": task.run.setting,
        "name": task.run.name,
        "label": label(task.run),
        "at": rounded(task.at, 9),
        "checkpoints": task.checkpoints,
        "run": rounded(task.run_value),
        "reference": rounded(task.reference_value),
        "gap": rounded(task.gap),
        "gap_interval": [rounded(v) for v in task.gap_interval],
        "lag_factor": rounded(task.factor, 4),
        "lag_interval": [rounded(v, 4) for v in task.interval],
        "lag_is_lower_bound": task.beyond,
        "stood_at": rounded(task.stood_at),
        "trailing": rounded(task.trailing),
        "trend": task.trend,
        "proven": task.behind,
        "items": task.n_items,
        "notes": list(task.notes),
    }


def group_numbers(group: GroupLag) -> dict[str, object]:
    """All scores, or all losses."""
    return {
        "group": group.group,
        "tasks": group.tasks,
        "lag_factor": rounded(group.factor, 4),
        "lag_interval": [rounded(v, 4) for v in group.interval],
        "gap": rounded(group.gap),
        "gap_interval": [rounded(v) for v in group.gap_interval],
        "trend": group.trend,
        "proven": group.behind,
        "persists": group.persists,
        "from_start": group.from_start,
        "steps": [group.since, group.last],
        "at": rounded(group.at, 9),
    }


def verdict(comparison: Comparison) -> str:
    """`behind`, `level`, `ahead`, `cannot tell` (the interval holds a lag that would count), or `not compared`."""
    if not comparison.groups:
        return "not compared"
    if any(g.behind for g in comparison.groups):
        return "behind"
    if any(g.factor > 1 and g.interval[1] >= 1.25 and g.gap < 0 for g in comparison.groups):
        return "cannot tell"
    return "ahead" if all(g.gap_interval[0] > 0 for g in comparison.groups) else "level"


def numbers(comparison: Comparison) -> dict[str, object]:
    """The whole comparison."""
    severity = comparison.severity
    return {
        "run": comparison.run,
        "reference": comparison.reference,
        "axis": comparison.axis,
        "tokens_from": comparison.tokens_from,
        "verdict": verdict(comparison),
        "severity": severity.value if severity else None,
        "why_not": comparison.why_not,
        "groups": [group_numbers(g) for g in comparison.groups],
        "tasks": [task_numbers(t) for t in comparison.tasks],
        "unmatched": [{"name": name, "why": why} for name, why in comparison.unmatched],
        "source": comparison.source,
        "licence": comparison.licence,
        "citation": comparison.citation,
    }


def rounded(value: float, digits: int = 6) -> float:
    """So many significant digits: the simulations tell no more, and reports stay the same over machines."""
    return float(f"{value:.{digits}g}") if math.isfinite(value) else value
