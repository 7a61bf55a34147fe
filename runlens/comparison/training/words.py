"""What a gap between training curves is, in words."""

from __future__ import annotations

import math
from dataclasses import replace
from types import MappingProxyType

from runlens.model.training import TrainingGap
from runlens.model.words import number, percent

NAMES = MappingProxyType(
    {
        "train_loss": "training loss",
        "grad_norm": "gradient norm",
        "tokens_per_second": "throughput",
        "samples_per_second": "throughput",
        "step_time": "time of a step",
    }
)


def sentence(gap: TrainingGap) -> TrainingGap:
    """The gap with its sentence."""
    return replace(gap, sentence=_lost(gap) if gap.lost else _said(gap))


def _lost(gap: TrainingGap) -> str:
    since = f"step {gap.since:,}" if gap.since is not None else "its end"
    return f"the {NAMES[gap.role]} is not finite from {since} on, where the reference's is"


def _said(gap: TrainingGap) -> str:
    what = f"the {NAMES[gap.role]}"
    low, high = gap.interval
    figures = f"{number(gap.run)} against {number(gap.reference)}"
    side = "higher" if gap.share > 0 else "lower"
    if not gap.apart:
        was = ""
        if gap.was_apart is not None:
            was = f"; it was apart from step {gap.was_apart[0]:,} to {gap.was_apart[1]:,}, and came back"
        return f"{what} is level at its end ({figures}, {abs(gap.sigmas):.1f} {_yardstick(gap)}){was}"
    since = f", from step {gap.since:,} on" if gap.since is not None else ""
    if gap.was_apart is not None:
        since += f", and apart before that from step {gap.was_apart[0]:,} to {gap.was_apart[1]:,}"
    between = sorted((abs(low), abs(high))) if low * high > 0 else [0.0, max(abs(low), abs(high))]
    trend = f", and {gap.trend}" if gap.trend != "steady" else ""
    return (
        f"{what} is {percent(abs(gap.share))} {side} ({figures}; 95 % interval {percent(between[0])} to "
        f"{percent(between[1])}){since}{trend}: {abs(gap.sigmas):.1f} {_yardstick(gap)}"
    )


def _yardstick(gap: TrainingGap) -> str:
    if gap.members > 1:
        own = f" (they differ by {percent(gap.spread)})" if math.isfinite(gap.spread) else ""
        return f"standard deviations of your {gap.members} references{own}"
    if gap.same_batches and gap.role == "train_loss":
        return "standard deviations of what twins on the same batches differ by"
    return "standard deviations of what healthy twins differ by"
