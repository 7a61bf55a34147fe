"""LOSS003: a loss that is NaN or infinite."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from runlens.model import Figure, Finding, PlacedSeries, Run, Severity, Skip, Symptom
from runlens.rules.base import Rule
from runlens.rules.loss.parts.curve import train_loss
from runlens.rules.meaning import Part, Stage, Story
from runlens.rules.shared.non_finite import NonFinite, NonFiniteEvidence, stretches
from runlens.rules.shared.panels import LOSSES, TRAINING
from runlens.rules.shared.watched import goes_bad, never_finite, now_and_then, standing, watched

MOST = 4
"""Names that one sentence lists; the rest is counted."""


@dataclass(frozen=True)
class NonFiniteLoss(Rule[NonFiniteEvidence]):
    """The training loss, or another loss, KL or reward, is NaN or infinite.

    What it does
    ------------
    Reports stretches of NaN or infinite training loss: `error` if the loss stays so to the end of the log or for
    `steps` logged points in a row, `warning` if it comes back sooner. Many stretches are one finding. What a resume
    went back to before is history: `info`. Every other loss, KL divergence, reward or entropy that was finite and then
    is not to the end, for `steps` points, is an `error` too, also of another process that writes to the same folder,
    and in reinforcement learning, where no training loss is judged. A held-out loss that is a number at none of two
    or more evaluations is a `warning`: weights may be sound, and nothing tells; so is one that was no number at two or
    more after it had been one.

    Why it matters
    --------------
    After a NaN in the weights every further step is lost, while the job goes on to burn hours.

    What to do
    ----------
    Rewind to the last checkpoint before it. Look at the batch of that step, the learning rate, the loss scale (fp16)
    and divisions by zero in masked losses. If the loss comes back by itself, the step was skipped by the loss
    scaler: count how often that happens.

    Settings
    --------
    steps : logged points in a row from which a stretch is an error although the loss came back; also of the
        others.

    References
    ----------
    torchtitan and Megatron-LM stop a run at a NaN loss (`--check-for-nan-in-loss-and-grad`); Micikevicius et al.,
    Mixed Precision Training (arXiv 1710.03740), on skipped steps.
    """

    code = "LOSS003"
    name = "non-finite-loss"
    symptom = Symptom.NOT_FINITE
    part = Part((Story.OPTIMISATION,), stage=Stage.NOT_FINITE, place=1)
    figure = Figure(panels=LOSSES, beside=TRAINING, sudden=True)
    headline = "non-finite loss"
    settles = False

    steps: int = 10

    @classmethod
    def taken_back(cls, finding: Finding) -> bool:
        """Whether a resume went back to before it."""
        return bool(cls.evidence_of(finding).get("rewound"))

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield at most one finding on the training loss, one on what it lost to a resume, and one on all others."""
        loss = train_loss(run)
        others = watched(run, loss)
        if loss is None and not others:
            yield self.skip("no loss, KL or reward was logged", kind="missing-role", lacking=("train_loss",))
            return
        stands = standing(loss) if loss is not None else None
        bad = None
        if loss is not None and stands is not None and not bool(np.isfinite(loss.value).all()):
            if lost := stretches(loss.where(~stands)):
                yield self._taken_back(loss.name, lost)
            bad = stretches(loss.where(stands))
        since = {s.name: at for s in others if (at := goes_bad(s.where(standing(s)), self.steps)) is not None}
        if loss is not None and bad is not None:
            yield self._loss(loss, bad, sorted(since, key=since.__getitem__))
        elif since:
            names = sorted(since, key=since.__getitem__)
            first = run.placed[names[0]]
            if worst := stretches(first.where(first.step >= since[names[0]])):
                yield self._others(names, worst)
        elif names := never_finite(run) or now_and_then(run):
            yield self._held_out(run.placed[names[0]], names)

    def _loss(self, loss: PlacedSeries, bad: NonFinite, others: list[str]) -> Finding:
        lasting = bad.to_the_end or bad.longest >= self.steps
        ending = (
            "and stays so to the end of the log"
            if bad.to_the_end
            else f"in {bad.count:,} of {len(loss):,} logged points, and comes back"
        )
        evidence = bad.evidence()
        if bad.to_the_end:
            evidence["outcome"] = "diverged"
        if others:
            evidence["others"] = others
            ending += f"; so {'is' if len(others) == 1 else 'are'} {_named(others)} at the end"
        return self.finding(
            Severity.ERROR if lasting or others else Severity.WARNING,
            loss.name,
            bad.steps,
            f"the loss is {bad.what} from step {bad.steps[0]:,} {ending}",
            evidence,
            "Rewind to the last checkpoint before it." if lasting else "Look at the batch and the loss scale there.",
        )

    def _taken_back(self, metric: str, lost: NonFinite) -> Finding:
        return self.finding(
            Severity.INFO,
            metric,
            lost.steps,
            f"the loss was {lost.what} from step {lost.steps[0]:,} in {lost.count:,} logged points; a resume went "
            "back to before them",
            {**lost.evidence(), "rewound": True},
            "Look whether the cause is mended, or comes again at the same step.",
        )

    def _others(self, names: list[str], bad: NonFinite) -> Finding:
        verb = "is" if len(names) == 1 else "are"
        evidence = bad.evidence()
        evidence["outcome"] = "diverged"
        evidence["others"] = names[1:]
        return self.finding(
            Severity.ERROR,
            names[0],
            bad.steps,
            f"{_named(names)} {verb} {bad.what} from step {bad.steps[0]:,} to the end of the log",
            evidence,
            "Rewind to the last checkpoint before it.",
        )

    def _held_out(self, series: PlacedSeries, names: list[str]) -> Finding:
        """Of held-out losses that are a number at no evaluation, or were none at some."""
        bad = stretches(series)
        assert bad is not None
        one, every = len(names) == 1, len(series)
        if bad.count == every:
            said = (
                f"{'is' if one else 'are'} {bad.what} at every evaluation, {every} of {every}: nothing tells how good "
                "the model is"
            )
            help = (
                "Evaluate one batch by hand: an empty set, labels that are all masked, or half precision that "
                "overflows."
            )
        else:
            said = (
                f"{'was' if one else 'were'} {bad.what} from step {bad.steps[0]:,} to {bad.steps[1]:,} at {bad.count} "
                f"of {every} evaluations, {'to the end of the log' if bad.to_the_end else 'and came back'}"
            )
            help = "Take no checkpoint of those steps; evaluate in full precision, and look at the learning rate there."
        evidence = bad.evidence()
        evidence["others"] = names[1:]
        return self.finding(Severity.WARNING, series.name, bad.steps, f"{_named(names)} {said}", evidence, help)


def _named(names: list[str]) -> str:
    """Names in a row, the first few of many."""
    if len(names) == 1:
        return names[0]
    if len(names) <= MOST:
        return f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{', '.join(names[:MOST])} and {len(names) - MOST} more"
