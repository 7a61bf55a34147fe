"""The clock of a run whose losses are those of two networks that train against each other."""

from __future__ import annotations

from runlens.model import RoleSeries, Run
from runlens.roles.names.adversaries import adversaries


def adversary(run: Run) -> list[RoleSeries]:
    """The loss of a discriminator, which plays no role, for its wall times; empty where there is no pair."""
    pair = run.once("adversaries", lambda: adversaries(run.placed))
    return [RoleSeries("other", run.placed[pair[0]], "")] if pair and not run.every("train_loss") else []
