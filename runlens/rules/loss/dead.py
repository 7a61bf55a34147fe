"""LOSS006: a loss that is exactly zero, or does not change by a single bit, to the end of the log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from runlens.model import Figure, Finding, Run, Severity, Skip, Symptom
from runlens.rules.base import Rule
from runlens.rules.loss.parts.curve import LossCurve, rounding, train_curve, train_loss
from runlens.rules.meaning import Advice, Part, Stage, Story
from runlens.rules.shared.frozen import Frozen, fell_on, frozen_tail
from runlens.rules.shared.panels import LOSSES, TRAINING
from runlens.stats.distinct import distinct
from runlens.stats.robust import median

APPROACH = 0.02
"""Part of its way that a loss still has before it when it falls on zero: one that is learnt by heart, and halves at
each point, passes six points below this before four digits show it as zero."""
SEEN = 0.02
"""Share of exact zeros that may stand before the last stretch: a loss that is often zero (margins, preferences) may
also end with a few."""
TURNS = 0.25
"""Share of turns among the values before a constant stretch: noise turns at two of three points, a curve without noise
that comes to its level at none."""
LEARNT = 0.5
"""Share by which a held-out loss must have fallen from the first third of its points since then to the last: weights
that are NaN, or stand still, give one that is not finite or stands still, and warm statistics of a normalisation move
it by some per cent."""
OFTEN = 4
"""Writes a step, in the mean, of a log whose rows are no steps of a training: resumes and splits write one twice."""
DISTINCT = 0.5
"""Share of different values before a constant stretch: a log rounded to two digits repeats itself by chance."""


class DeadLossEvidence(TypedDict):
    """What LOSS006 says for machines."""

    value: float
    """The value that is repeated."""
    points: int
    level_before: float | None
    """Median of the last five values before it; None if there are none."""
    whole_run: bool


@dataclass(frozen=True)
class DeadLoss(Rule[DeadLossEvidence]):
    """The training loss is exactly zero, or exactly constant, to the end of the log.

    What it does
    ------------
    Looks at the equal values that the loss ends with. `error` if it fell to exactly zero at once and stays there
    for `points` logged points, and if it repeats any other value for `constant` points although it was noisy
    before. A loss that came down to zero bit by bit, as one that is learnt by heart, is none, nor is a log that is
    rounded so far that its values repeat anyway, nor a table with a row for each split and 0 in the column of the
    other one, nor a sum of terms of a loss that are 0 throughout, nor one beside a held-out loss that has halved since.

    Why it matters
    --------------
    A loss of exactly zero is the face that NaN wears in Hugging Face's Trainer (`logging_nan_inf_filter`), and what a
    mask that leaves no token gives. The run goes on, trains nothing, and looks better than ever.

    What to do
    ----------
    Rewind to the last checkpoint before it. Set `logging_nan_inf_filter=False` to see the NaN; look at the gradient
    norm, the precision, the labels that are left after masking, and whether the logger repeats its last value.

    Settings
    --------
    points : logged points in a row of exactly zero.
    constant : logged points in a row of any other value.

    References
    ----------
    transformers, TrainingArguments, `logging_nan_inf_filter`: a loss that is NaN or infinite is left out of the mean,
    which is 0 where all are.
    """

    code = "LOSS006"
    name = "dead-loss"
    needs = ("train_loss",)
    symptom = Symptom.OTHER
    part = Part((Story.OPTIMISATION,), stage=Stage.NOT_FINITE, place=2)
    figure = Figure(panels=LOSSES, beside=TRAINING, sudden=True)
    settles = False
    advice = Advice(
        measures=(
            "Stop the run, which trains nothing, and look at what the loss is computed from.",
            "Look for NaN behind the value (`logging_nan_inf_filter=False`), at the precision and at the labels.",
        )
    )
    headline = "dead loss"

    points: int = 5
    constant: int = 20

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding if the loss is dead at the end."""
        curve = train_curve(run)
        if curve is None or len(curve.value) < self.points:
            yield self.skip(f"fewer than {self.points} finite points of training loss", kind="too-few-points")
            return
        tail = frozen_tail(curve.value)
        if curve.ends_non_finite or tail is None:  # LOSS003 speaks of a loss that is not finite
            return
        if not tail.first and _written_over(run, curve):
            yield self.skip(
                f"{curve.metric} was written several times a step, the last time as 0", kind="not-applicable"
            )
            return
        role = run.role("train_loss")
        if tail.value == 0.0 and not tail.first and role is not None and role.derived:
            yield self.skip(
                f"{curve.metric}, a sum of what was logged, is 0 throughout: terms that are switched off",
                kind="not-applicable",
            )
            return
        if tail.value == 0.0:
            often = np.count_nonzero(curve.value[: tail.first] == 0.0) > SEEN * tail.first
            grain = rounding(curve.value)
            dead = tail.points >= self.points and not often and fell_on(curve.value, tail, APPROACH, grain)
        else:
            dead = tail.points >= self.constant and _varied(curve, tail)
        if dead and (lives := _falls_on(run, int(curve.step[tail.first]))):
            why = f"{curve.metric} repeats one value while {lives} went on falling: what is trained is another loss"
            yield self.skip(why, kind="not-applicable")
        elif dead:
            yield self._finding(curve, tail)

    def _finding(self, curve: LossCurve, tail: Frozen) -> Finding:
        first, last = int(curve.step[tail.first]), int(curve.step[-1])
        before = median(curve.value[max(tail.first - 5, 0) : tail.first]) if tail.first else None
        exactly = "exactly 0" if tail.value == 0.0 else f"exactly {tail.value:.6g}"
        where = f"at all {tail.points:,} logged points" if not tail.first else f"from step {first:,} to the end"
        came = f", from {before:.4g} just before" if before is not None else ""
        return self.finding(
            Severity.ERROR,
            curve.metric,
            (first, last),
            f"the loss is {exactly} {where}, for {tail.points:,} points{came}: nothing is measured or learnt",
            {"value": tail.value, "points": tail.points, "level_before": before, "whole_run": not tail.first},
            "Rewind to the last checkpoint before it; look for NaN behind it, at the precision and at the labels.",
        )


def _falls_on(run: Run, since: int) -> str:
    """A held-out loss that fell by `LEARNT` and more since a step, which no dead training does; empty if none did."""
    for held in run.every("eval_loss"):
        latest = held.series.latest()
        value = latest.value[(latest.step >= since) & np.isfinite(latest.value)]
        third = len(value) // 3
        if third >= 2 and 0.0 < median(value[-third:]) <= (1.0 - LEARNT) * median(value[:third]):
            return held.series.name
    return ""


def _written_over(run: Run, curve: LossCurve) -> bool:
    """Whether a loss of 0 stands over another: at most steps, as in a table with a row a split and 0 in the other one,
    or anywhere in a log that writes each step `OFTEN`, as a job does that evaluates one checkpoint again and again.
    """
    series = train_loss(run)
    if series is None or curve.value[-1] != 0.0:
        return False
    if len(series) >= OFTEN * len(curve.step) and bool(np.any(series.value != 0.0)):
        return True
    steps = np.unique(series.step[np.isfinite(series.value) & (series.value != 0.0)])
    return 2 * int(np.count_nonzero(np.isin(curve.step, steps))) > len(curve.step)


def _varied(curve: LossCurve, tail: Frozen) -> bool:
    """Whether the values before the stretch, as many again, differed from each other, up and down.

    Or whether a descent broke off there. Both only where the value has more than three digits if little stands before
    it: `0.69` all along may be a log that was rounded.
    """
    before = curve.value[max(tail.first - tail.points, 0) : tail.first]
    digits = float(f"{tail.value:.3g}") != tail.value
    if len(before) < 5:
        return digits
    if len(distinct(before)) <= DISTINCT * len(before):
        return False
    grain = 0.0 if float(f"{tail.value:.5g}") != tail.value else rounding(curve.value)
    if digits and fell_on(curve.value, tail, APPROACH, grain):
        return True
    up = np.diff(before) > 0.0
    return float(np.mean(up[1:] != up[:-1])) > TURNS
