"""`runlens show --format json`: roles, series and what was not understood, for machines."""

from __future__ import annotations

import json
import math

import numpy as np

from runlens.model import RoleSeries, Run
from runlens.render.pages.show import not_understood
from runlens.render.words import guess_of


def render(run: Run) -> str:
    """The resolved run as JSON, ending in a newline.

    Non-finite numbers are the strings `NaN`, `Infinity` and `-Infinity`, as in the report; `steps` and the values are
    null for a series without points.
    """
    span = run.step_range()
    tokens = run.tokens_at(np.array(span)) if span else np.array([math.nan])
    page = {
        "schema": 1,
        "run": run.id,
        "name": run.name,
        "source": run.source,
        "state": run.state,
        "framework": run.framework,
        "hardware_count": run.hardware_count,
        "steps": list(span) if span else None,
        "axis": run.axis_name or None,
        "tokens": [float(t) for t in tokens] if bool(np.isfinite(tokens).all()) else None,
        "points": run.points,
        "roles": {role: [_series(r) for r in group] for role, group in run.roles.items() if role != "other"},
        "guess": guess_of({role: group[0] for role, group in run.roles.items()}),
        "other": [{"metric": r.series.name, "why": r.why, "origin": r.origin} for r in run.every("other")],
        "texts": {name: list(words) for name, words in run.texts.items()},
        "not_understood": not_understood(run),
        "notes": [{"kind": note.kind, "message": note.message} for note in run.notes],
    }
    return json.dumps(page, indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def _series(r: RoleSeries) -> dict[str, object]:
    value, step = r.series.value, r.series.step
    known = value[np.isfinite(value)]
    ends = (value[0], value[-1]) if len(value) else (None, None)
    return {
        "metric": r.series.name,
        "unit": r.unit,
        "scope": r.scope,
        "split": r.split,
        "task": r.task,
        "metric_kind": r.metric_kind,
        "setting": r.setting,
        "device": r.device,
        "direction": r.direction,
        "confidence": r.confidence,
        "why": r.why,
        "origin": r.origin,
        "derived": r.derived,
        "running_mean": r.cumulative,
        "points": len(value),
        "steps": [int(step.min()), int(step.max())] if len(step) else None,
        "first": _number(ends[0]),
        "last": _number(ends[1]),
        "lowest": _number(known.min()) if len(known) else None,
        "highest": _number(known.max()) if len(known) else None,
    }


def _number(value: float | None) -> float | str | None:
    if value is None or math.isfinite(value):
        return None if value is None else float(value)
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
