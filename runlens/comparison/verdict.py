"""A comparison as plain numbers: the evidence of EVAL001 and the JSON of `runlens compare`."""

from __future__ import annotations

import math

from runlens.model import AtOnePoint, Comparison, GroupLag, Projection, TaskLag
from runlens.model.training import TrainingGap


def task_numbers(task: TaskLag) -> dict[str, object]:
    """One task."""
    return {
        "task": task.run.task,
        "metric": task.run.metric,
        "setting": task.run.setting,
        "name": task.run.name,
        "label": task.label,
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
        "sigmas": rounded(task.sigmas, 4),
        "references": task.seeds,
        "references_sd": rounded(task.seed_sd, 4),
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
        "growth": rounded(group.growth, 4),
        "sigmas": rounded(group.sigmas, 4),
        "sigmas_of_course": rounded(group.course, 4),
        "proven": group.behind,
        "projected": projection_numbers(group.projected),
        "carried_by": group.alone,
        "persists": group.persists,
        "from_start": group.from_start,
        "steps": [group.since, group.last],
        "at": rounded(group.at, 9),
    }


def point_numbers(found: AtOnePoint) -> dict[str, object]:
    """All scores or all losses at one checkpoint."""
    return {
        "group": found.group,
        "at": rounded(found.at, 9),
        "step": found.step,
        "sigmas": rounded(found.sigmas, 4),
        "proven": found.behind,
        "points": [
            {
                "label": p.label,
                "name": p.name,
                "run": rounded(p.value),
                "reference": rounded(p.reference),
                "worse": rounded(p.worse),
                "interval": [rounded(v) for v in p.interval],
                "sigmas": rounded(p.sigmas, 4),
                "yardstick": p.yardstick,
                "p": rounded(p.p, 4),
                "notes": list(p.notes),
            }
            for p in found.points
        ],
    }


def training_numbers(gap: TrainingGap) -> dict[str, object]:
    """One training curve beside the reference's."""
    return {
        "role": gap.role,
        "metric": gap.metric,
        "reference_metric": gap.reference_metric,
        "steps": list(gap.steps),
        "run": rounded(gap.run),
        "reference": rounded(gap.reference),
        "share": rounded(gap.share, 4),
        "interval": [rounded(v, 4) for v in gap.interval],
        "sigmas": rounded(gap.sigmas, 4),
        "references": gap.members,
        "references_sd": rounded(gap.spread, 4),
        "same_batches": gap.same_batches,
        "trend": gap.trend,
        "proven": gap.apart,
        "since": gap.since,
        "was_apart": list(gap.was_apart) if gap.was_apart is not None else None,
        "severity": gap.severity.value if gap.severity else None,
        "sentence": gap.sentence,
        "notes": list(gap.notes),
    }


def projection_numbers(to: Projection | None) -> dict[str, object] | None:
    """The lag at the planned end; None where there is no projection."""
    if to is None:
        return None
    return {
        "at": rounded(to.at, 9),
        "lag_factor": rounded(to.factor, 4),
        "behind": rounded(to.trailing),
        "gpu_hours": None if to.gpu_hours is None else rounded(to.gpu_hours, 4),
    }


def numbers(comparison: Comparison) -> dict[str, object]:
    """The whole comparison."""
    severity = comparison.severity
    return {
        "run": comparison.run,
        "reference": comparison.reference,
        "axis": comparison.axis,
        "tokens_from": comparison.tokens_from,
        "axis_why": comparison.axis_why,
        "verdict": comparison.verdict,
        "sentence": comparison.sentence,
        "severity": severity.value if severity else None,
        "why_not": comparison.why_not,
        "groups": [group_numbers(g) for g in comparison.groups],
        "tasks": [task_numbers(t) for t in comparison.tasks],
        "at_one_checkpoint": [point_numbers(p) for p in comparison.at_one],
        "unmatched": [{"name": name, "why": why} for name, why in comparison.unmatched],
        "training": [training_numbers(g) for g in comparison.training],
        "training_not_compared": [{"role": role, "why": why} for role, why in comparison.not_training],
        "source": comparison.source,
        "licence": comparison.licence,
        "citation": comparison.citation,
    }


def rounded(value: float, digits: int = 6) -> float:
    """So many significant digits: the simulations tell no more, and reports stay the same over machines."""
    return float(f"{value:.{digits}g}") if math.isfinite(value) else value


def plain_numbers(data: object) -> object:
    """The same with non-finite numbers as the strings that RunLens's JSON uses."""
    if isinstance(data, dict):
        return {key: plain_numbers(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [plain_numbers(value) for value in data]
    if isinstance(data, float) and not math.isfinite(data):
        return "NaN" if math.isnan(data) else "Infinity" if data > 0 else "-Infinity"
    return data
