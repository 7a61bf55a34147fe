"""Evals of result files: the file tells what they are, and no name is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from runlens.model import RoleSeries
from runlens.model.measured import Measured
from runlens.roles.names.claim import Claim

_LOSSES = frozenset({"loss", "log_loss", "ctc_loss", "bpb", "bpc"})
_PERPLEXITIES = frozenset({"ppl", "byte_ppl", "word_ppl"})


def claim_of(measured: Measured) -> Claim:
    """The role of an eval."""
    role = (
        "eval_loss"
        if measured.metric in _LOSSES
        else "perplexity"
        if measured.metric in _PERPLEXITIES
        else "eval_score"
    )
    unit = {"bpb": "bits/byte", "bpc": "bits/char"}.get(measured.metric, "")
    return Claim(role, unit, split="eval", confidence=0.95, why="a result file", origin="table", by="eval results")


def as_measured(
    groups: Mapping[str, list[RoleSeries]], measured: Mapping[str, Measured]
) -> dict[str, list[RoleSeries]]:
    """The groups with task, metric, setting and direction of what was measured as the files tell them."""
    return {role: [_told(r, measured.get(r.series.name)) for r in group] for role, group in groups.items()}


def _told(series: RoleSeries, found: Measured | None) -> RoleSeries:
    if found is None:
        return series
    return replace(series, task=found.task, metric_kind=found.metric, setting=found.setting, direction=found.direction)
