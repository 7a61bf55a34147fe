"""The clock of a run in which nothing that plays a role tells one."""

from __future__ import annotations

from runlens.model import RoleSeries, Run
from runlens.roles.names.adversaries import adversaries


def clock_without_role(run: Run) -> list[RoleSeries]:
    """A series for its wall times, which plays no role; empty where a training loss tells them, or nothing does.

    The loss of a discriminator, of two networks that train against each other; or a mean speed since the start that is
    too coarse to tell the rate of each interval (`time/fps` of stable-baselines3).
    """
    if run.every("train_loss"):
        return []
    pair = run.once("adversaries", lambda: adversaries(run.placed))
    if pair:
        return [RoleSeries("other", run.placed[pair[0]], "")]
    return [r for r in run.every("other") if r.cumulative][:1]
