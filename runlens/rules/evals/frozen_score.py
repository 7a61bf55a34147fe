"""EVAL006: a score that does not move by a single item, at a level that is no success, or a held-out loss."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NotRequired, TypedDict

import numpy as np

from runlens.comparison.curves import ROLES, RunCurve
from runlens.comparison.noise import Floats
from runlens.comparison.words import label
from runlens.model import Figure, Finding, PlacedSeries, Run, Severity, Skip, Symptom
from runlens.roles.rl import rl_sign
from runlens.rules.base import Rule
from runlens.rules.evals.parts.by_heart import KINDS, ByHeart, learnt_by_heart
from runlens.rules.evals.parts.overfit import held_out_loss, part_of_loss
from runlens.rules.evals.parts.own import roles_by_name, whole_curves
from runlens.rules.loss.parts.curve import train_loss
from runlens.rules.meaning import Part, Stage, Story
from runlens.rules.shared.frozen import Frozen, frozen_tail
from runlens.rules.shared.panels import BESIDE_EVALS, EVALS
from runlens.rules.shared.unlearning import is_forgotten

WHOLE = 1.5
"""Scores up to this are shares, those up to `PERCENT` percent; of others the best possible is not known."""
PERCENT = 100.0
DIGITS = 3
"""Significant digits of a held-out loss below which it may stand still by rounding alone."""


class FrozenScoreEvidence(TypedDict):
    """The score, and since when it stands."""

    value: float
    evaluations: int
    """How many in a row, up to the last one."""
    since_start: bool
    others: list[str]
    """Further scores, or held-out losses, that stand still."""
    train_before: NotRequired[float]
    """Where the score moves about its first level: the training loss at the start, and at the end."""
    train_after: NotRequired[float]


@dataclass(frozen=True)
class FrozenScore(Rule[FrozenScoreEvidence]):
    """A score that is exactly the same at evaluation after evaluation, at a level that is no success.

    What it does
    ------------
    Looks at the equal values that each score ends with. `warning` if the last `evaluations` and more, and at least
    `share` of all, are the same, and the run was never worse: it has stood there since its first evaluation, or came
    down to it. Nothing is said of a score that stands at `good` of the best possible (small test sets repeat themselves
    there) or above its first value, nor where any other score of the run still moves. Every evaluation counts, however
    many there are: of one example each, a score is 0 or 1, and one that comes back to the other is no frozen one.
    `warning` also if every held-out loss is the same from its first evaluation on, printed with three digits and more,
    while the training loss moves, and, where no held-out loss was logged, if no accuracy, F1 or MCC gained more than 15
    % of what it lacked over ten evaluations and more, each below half of the best, while nine tenths of the training
    loss went. Training losses are LOSS004's and LOSS006's; what a policy earns in reinforcement learning is RL001's.

    Why it matters
    --------------
    A model that gives one answer to everything (the commonest class, blanks, the end of the text) scores the same
    however its weights move. The loss may come down all the while.

    What to do
    ----------
    Look at what the model answers. Compare the score with the share of the commonest class; check the labels, the
    learning rate, frozen layers, and whether the evaluation loads the weights that are trained.

    Settings
    --------
    evaluations : evaluations in a row with the same score
    share : part of all evaluations that they must be
    good : share of the best possible score from which a score that stands still is a success

    References
    ----------
    A score over n items that moves at all by chance repeats itself six times in a row with a probability of about
    (1 / sqrt(2 pi n p (1 - p)))^5: below 1e-7 for 100 items, so such a score says that no answer changed.
    """

    code: ClassVar[str] = "EVAL006"
    name: ClassVar[str] = "frozen-score"
    needs: ClassVar[tuple[str, ...]] = ("|".join(ROLES),)
    symptom = Symptom.STALL
    headline = "frozen score"
    part = Part((Story.OPTIMISATION,), stage=Stage.EVALS, place=2)
    figure = Figure(panels=EVALS, beside=BESIDE_EVALS)
    settles = False

    evaluations: int = 6
    share: float = 0.5
    good: float = 0.9

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """One finding for all scores that stand still."""
        if rl_sign(run.placed, run.axis_name):
            yield self.skip("RL001 judges what a policy earns", kind="not-applicable")
            return
        known = roles_by_name(run)
        scores = [
            c
            for c in whole_curves(run)
            if not (held_out_loss(c) or part_of_loss(c) or is_forgotten(c.curve.name))
            and known[c.curve.name].direction is not None
        ]
        long = [c for c in scores if len(c.step) >= self.evaluations]
        losses = [c for c in whole_curves(run) if held_out_loss(c) and len(c.step) >= self.evaluations]
        if not long and not losses:
            yield self.skip(f"fewer than {self.evaluations} evaluations of each score", kind="too-few-points")
            return
        stands = [(c, tail) for c in long if (tail := self._stands(c)) is not None]
        if len(stands) < len(long) or not long:
            stands = [(c, tail) for c in losses if (tail := _never_moves(c)) is not None]
            stands = stands if len(stands) == len(losses) and _moves(train_loss(run)) else []
        if stands:
            yield self._finding(stands)
        elif not losses and (found := learnt_by_heart(long, train_loss(run))) is not None:
            yield self._by_heart(found, [c for c in long if c is not found.own])

    def _by_heart(self, found: ByHeart, beside: list[RunCurve]) -> Finding:
        """A score that never left its first level while the training loss went to nothing."""
        own = found.own
        return self.finding(
            Severity.WARNING,
            own.curve.name,
            (int(own.step[0]), int(own.step[-1])),
            f"{label(own.curve)} hardly left its first level in {len(own.step):,} evaluations, {found.before:.4g} "
            f"at first and {found.after:.4g} in the last third, while the training loss fell from "
            f"{found.train_before:.4g} to {found.train_after:.4g}: the model learnt its training data by heart, and "
            "nothing else",
            {
                "value": found.after,
                "evaluations": len(own.step),
                "since_start": True,
                "others": [c.curve.name for c in beside if c.curve.metric in KINDS],
                "train_before": found.train_before,
                "train_after": found.train_after,
            },
            "Hold the score against that of the commonest class; look at how the data were split, at labels and inputs "
            "of the evaluation, and regularise.",
        )

    @classmethod
    def words(cls, finding: Finding) -> str:
        """A score that moves about its first level is no frozen one."""
        return "score that never rose" if "train_after" in cls.evidence_of(finding) else super().words(finding)

    def _stands(self, own: RunCurve) -> Frozen | None:
        """The equal values that a score ends with, where it never was worse, at a level that is no success."""
        value = own.curve.value
        tail = None if _of_one_item(value) else frozen_tail(value)
        if tail is None or tail.points < max(self.evaluations, self.share * len(value)):
            return None
        sign = 1.0 if own.curve.direction == "up" else -1.0
        worst = bool(np.all(sign * value >= sign * tail.value))
        return tail if worst and not self._succeeds(tail.value, value, sign) else None

    def _succeeds(self, stands: float, value: Floats, sign: float) -> bool:
        """Whether a score is as good as `good` of the best possible, of a share or of percent."""
        most = float(np.abs(value).max())
        if most > PERCENT:
            return False
        best = 1.0 if most <= WHOLE else PERCENT
        return stands >= self.good * best if sign > 0 else stands <= (1.0 - self.good) * best

    def _finding(self, stands: list[tuple[RunCurve, Frozen]]) -> Finding:
        own, tail = max(stands, key=lambda found: found[1].points)
        first, last = int(own.step[tail.first]), int(own.step[-1])
        since = "at every evaluation" if not tail.first else f"from step {first:,} on"
        others = [c.curve.name for c, _ in stands if c is not own]
        kind, several = ("held-out loss", "es") if held_out_loss(own) else ("score", "s")
        more = f"; so is another {kind}" * bool(others)
        if len(others) > 1:
            more = f"; so are {len(others):,} other {kind}{several}"
        means = (
            "the weights that are evaluated do not change, or what is computed of them does not"
            if held_out_loss(own)
            else "the model gives the same answers however its weights move"
        )
        return self.finding(
            Severity.WARNING,
            own.curve.name,
            (first, last),
            f"{label(own.curve)} is exactly {tail.value:.6g} {since}, {tail.points:,} times in a row: {means}{more}",
            {"value": tail.value, "evaluations": tail.points, "since_start": not tail.first, "others": others},
            "Look at what the model answers, at the share of the commonest class, and at which weights are evaluated.",
        )


def _of_one_item(value: Floats) -> bool:
    """Whether a score is that of one example at a time: 0 or all, both of which it came to more than once.

    Long rows of zeros are what chance makes of a low score then; one fall from all to nothing is none.
    """
    least, most = float(value.min()), float(value.max())
    moves = np.diff(value[(value == least) | (value == most)])
    return least == 0.0 and most in (1.0, PERCENT) and len(moves) == len(value) - 1 and {-most, most} <= {*moves}


def _never_moves(own: RunCurve) -> Frozen | None:
    """The value of a held-out loss that is the same at every evaluation, if it was written finely enough to tell."""
    tail = frozen_tail(own.curve.value)
    if tail is None or tail.first or tail.value == 0.0:
        return None
    digits = f"{abs(tail.value):.6e}".split("e")[0].replace(".", "").rstrip("0")
    return tail if len(digits) >= DIGITS else None


def _moves(series: PlacedSeries | None) -> bool:
    """Whether the training loss takes more than one value."""
    known = series.value[np.isfinite(series.value)] if series is not None else np.empty(0)
    return bool(len(known) > 1 and np.ptp(known) > 0)
