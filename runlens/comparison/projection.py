"""Where a widening lag leads at the planned end of a run, and what that costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runlens.comparison.restart import planned_tokens, speed_of
from runlens.model import Axis, GroupLag, Projection, Run


@dataclass(frozen=True, slots=True)
class Plan:
    """What is planned for a run, on the axis of the comparison."""

    end: float
    """Tokens or steps."""
    speed: float | None
    """Of the whole run, in the axis's unit per second; None where it is not known."""
    gpus: int
    """0 if not known."""


def plan_of(run: Run, axis: Axis, total_tokens: float | None = None) -> Plan | None:
    """The plan that the user or the run's config tells; None if neither does.

    Parameters
    ----------
    run : Run
        Resolved.
    axis : {'tokens', 'steps'}
    total_tokens : float, optional
        Counts before the config; on the axis of steps it is turned into steps by the run's own tokens.
    """
    tokens = total_tokens or planned_tokens(run)
    speed = speed_of(run)
    if axis == "tokens":
        return Plan(tokens, speed, run.hardware_count) if tokens else None
    span = run.step_range()
    done = run.tokens_at(np.array([span[1]], dtype=np.float64))[0] if span else np.nan
    per_step = float(done / span[1]) if span and span[1] > 0 and np.isfinite(done) and done > 0 else None
    told = run.configured.planned_steps()
    steps = total_tokens / per_step if total_tokens and per_step else told.value if told else None
    return Plan(steps, speed / per_step if speed and per_step else None, run.hardware_count) if steps else None


def projected(group: GroupLag, plan: Plan | None, far: float) -> Projection | None:
    """The lag at the planned end, if it goes on growing with log tokens as it does.

    Parameters
    ----------
    group : GroupLag
    plan : Plan or None
    far : float
        The lag from which on it is an error.

    Returns
    -------
    Projection or None
        None if the group is not behind or its lag does not widen, or the end is not known or reached.
    """
    if plan is None or not group.behind or group.growth <= 0 or plan.end <= group.at:
        return None
    factor = group.factor * float((plan.end / group.at) ** group.growth)
    trailing = plan.end - plan.end / factor
    hours = trailing / plan.speed * plan.gpus / 3600 if plan.speed and plan.gpus else None
    return Projection(plan.end, factor, factor >= far, hours)
