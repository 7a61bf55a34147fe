"""GRAD004: a loss scale that falls to its floor and stays there."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from runlens.model import Figure, Finding, PlacedSeries, Run, Severity, Skip, Symptom
from runlens.rules.base import Rule
from runlens.rules.meaning import Advice, Part, Stage, Story
from runlens.rules.shared.panels import TRAINING

LossScaleEvidence = TypedDict("LossScaleEvidence", {"from": float, "to": float, "points": int, "falling": bool})
"""What GRAD004 says for machines: the highest and the last scale, points at the floor, whether it still falls."""


@dataclass(frozen=True)
class LossScaleCollapse(Rule[LossScaleEvidence]):
    """The dynamic loss scale falls to its floor and stays there.

    What it does
    ------------
    Looks at where the loss scale stands at the end of the log. `warning` if it stands at `floor` or below for the last
    `points` logged points and stood `halvings` halvings higher before; `error` if it goes on falling below the floor,
    since no step is taken while it does, and if the log ends within one halving of the floor after `halvings` in a row.

    Why it matters
    --------------
    The scale is halved at each overflow. At 1 there is none left to give, so small gradients vanish in fp16; a scale
    that goes on falling says that every step overflows and is skipped.

    What to do
    ----------
    Look at the loss and the gradient norm where it began to fall; rewind to before it; move to bf16, or keep the
    softmax, the norms and the last layer in fp32.

    Settings
    --------
    floor : loss scale at which nothing is scaled.
    halvings : halvings down from the highest value since the search at the start.
    points : logged points at the end.

    References
    ----------
    Micikevicius et al., Mixed Precision Training (arXiv 1710.03740); Megatron-LM `--min-loss-scale` (1.0 by default);
    DeepSpeed, "Current loss scale already at minimum"; OPT-175B logbook (metaseq): restarts where the scale fell.
    """

    code = "GRAD004"
    name = "loss-scale-collapse"
    needs = ("loss_scale",)
    symptom = Symptom.OTHER
    part = Part((Story.OPTIMISATION,), stage=Stage.INSIDE, place=2)
    figure = Figure(panels=("loss_scale",), beside=TRAINING)
    advice = Advice(measures=("Move to bf16, or keep the softmax, the norms and the last layer in fp32.",))

    floor: float = 1.0
    halvings: int = 6
    points: int = 10

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding if the scale ends at its floor."""
        role = run.role("loss_scale")
        series = role.series.latest() if role is not None else None
        known = series.where(np.isfinite(series.value)) if series is not None else None
        if known is not None and (fell := self._halved_to_the_end(known)) is not None:
            yield fell
            return
        if known is None or len(known) < self.points:
            yield self.skip(f"fewer than {self.points} points of the loss scale", kind="too-few-points")
            return
        low = known.value <= self.floor
        high = np.flatnonzero(~low)
        first = int(high[-1]) + 1 if len(high) else 0
        if len(known) - first < self.points or first == 0:
            return
        most, end = float(known.value[:first].max()), float(known.value[-1])
        if most < 2.0**self.halvings * max(end, np.finfo(float).tiny):
            return
        since, last = int(known.step[first]), int(known.step[-1])
        falling = end < self.floor / 2.0
        yield self.finding(
            Severity.ERROR if falling else Severity.WARNING,
            known.name,
            (since, last),
            f"the loss scale fell from {most:,.0f} to {end:,.3g} and has not risen since step {since:,}"
            + ("; it goes on falling, so every step overflows and is skipped" if falling else ""),
            {"from": most, "to": end, "points": len(known) - first, "falling": falling},
            "Rewind to before it fell; move to bf16, or keep softmax, norms and the last layer in fp32.",
        )

    def _halved_to_the_end(self, known: PlacedSeries) -> Finding | None:
        """Every step overflows up to the last one: DeepSpeed stops the run there, before the floor is logged often."""
        value = known.value
        other = np.flatnonzero(value[1:] > value[:-1] / 2.0)
        first = int(other[-1]) + 1 if len(other) else 0
        halved = len(value) - 1 - first
        if halved < self.halvings or value[-1] > 2.0 * self.floor or value[-1] <= 0:
            return None
        most, end = float(value[first]), float(value[-1])
        times = round(math.log2(most / end))  # of every tenth step that is logged a point may be several
        return self.finding(
            Severity.ERROR,
            known.name,
            (int(known.step[first]), int(known.step[-1])),
            f"the loss scale was halved {times:,} times in a row, from {most:,.0f} to {end:,.3g}, and the log ends "
            "there: every step overflows and is skipped",
            {"from": most, "to": end, "points": halved + 1, "falling": True},
            "Rewind to before it fell; move to bf16, or keep softmax, norms and the last layer in fp32.",
        )
