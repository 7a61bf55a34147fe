"""LOSS003: a loss that is NaN or infinite."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from runlens.model import Figure, Finding, Run, Severity, Skip, Symptom
from runlens.rules.base import Rule
from runlens.rules.loss.parts.curve import train_loss
from runlens.rules.meaning import Part, Stage, Story
from runlens.rules.shared.non_finite import NonFiniteEvidence, stretches
from runlens.rules.shared.panels import LOSSES, TRAINING


@dataclass(frozen=True)
class NonFiniteLoss(Rule[NonFiniteEvidence]):
    """The training loss is NaN or infinite.

    What it does
    ------------
    Reports stretches of NaN or infinite loss: `error` if the loss stays so to the end of the log or for `steps`
    logged points in a row, `warning` if it comes back sooner. Many stretches are one finding.

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
    steps : logged points in a row from which a stretch is an error although the loss came back.

    References
    ----------
    torchtitan and Megatron-LM stop a run at a NaN loss (`--check-for-nan-in-loss-and-grad`); Micikevicius et al.,
    Mixed Precision Training (arXiv 1710.03740), on skipped steps.
    """

    code = "LOSS003"
    name = "non-finite-loss"
    needs = ("train_loss",)
    symptom = Symptom.NOT_FINITE
    part = Part((Story.OPTIMISATION,), stage=Stage.NOT_FINITE, place=1)
    figure = Figure(panels=LOSSES, beside=TRAINING, sudden=True)
    headline = "non-finite loss"
    settles = False

    steps: int = 10

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding if there is any such point."""
        series = train_loss(run)
        if series is None:
            yield self.skip("the training loss has no points", kind="too-few-points")
            return
        bad = stretches(series)
        if bad is None:
            return
        lasting = bad.to_the_end or bad.longest >= self.steps
        ending = (
            "and stays so to the end of the log"
            if bad.to_the_end
            else f"in {bad.count:,} of {len(series):,} logged points, and comes back"
        )
        evidence = bad.evidence()
        if bad.to_the_end:
            evidence["outcome"] = "diverged"
        yield self.finding(
            Severity.ERROR if lasting else Severity.WARNING,
            series.name,
            bad.steps,
            f"the loss is {bad.what} from step {bad.steps[0]:,} {ending}",
            evidence,
            "Rewind to the last checkpoint before it." if lasting else "Look at the batch and the loss scale there.",
        )
