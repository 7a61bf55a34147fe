"""GRAD001: gradient norms that are not finite."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from runlens.model import Figure, Finding, PlacedSeries, Run, Severity, Skip, Symptom
from runlens.rules.base import Rule
from runlens.rules.loss.parts.curve import train_loss
from runlens.rules.meaning import Part, Stage, Story
from runlens.rules.shared.non_finite import NonFinite, NonFiniteEvidence, stretches
from runlens.rules.shared.panels import TRAINING

SEARCH = 72
"""Logged points that the search for a loss scale may take: from 2^32 (Megatron-LM) down to 1, two overflows a halving,
and a few more."""
FEW = 3
"""Points that a short log may have of what is at most 1 % in a long one."""


@dataclass(frozen=True)
class NonFiniteGradient(Rule[NonFiniteEvidence]):
    """The gradient norm is NaN or infinite.

    What it does
    ------------
    Reports non-finite gradient norms. `error` if they last to the end of the log or for `steps` logged points in a row;
    `warning` if they come and go; `info` where a dynamic loss scale accounts for them while the loss stays finite: in
    the first steps of a run, where the scale is found by overflowing, and later, if a loss scale is logged or the
    config says fp16, in up to `skipped` of the points, which are steps that were skipped.

    Why it matters
    --------------
    One non-finite gradient that reaches the optimizer makes every weight NaN; where steps are skipped instead, they
    train nothing.

    What to do
    ----------
    Check that such steps are skipped. With fp16, look at the loss scale; with bf16 there is no reason for them, so look
    at the batch, at divisions and logarithms in the loss, and at the hardware.

    Settings
    --------
    steps : logged points in a row from which it is an error although it ends.
    skipped : share of points that dynamic loss scaling may skip.

    References
    ----------
    Micikevicius et al., Mixed Precision Training (arXiv 1710.03740): one overflow in about 2,000 steps is how the scale
    is kept; Megatron-LM starts at 2^32 with a hysteresis of 2, and reports such iterations as skipped.
    """

    code = "GRAD001"
    name = "non-finite-gradient"
    needs = ("grad_norm",)
    symptom = Symptom.NOT_FINITE
    part = Part((Story.OPTIMISATION,), stage=Stage.NOT_FINITE)
    figure = Figure(panels=("grad_norm",), beside=TRAINING, sudden=True)
    headline = "non-finite gradient"
    settles = False

    steps: int = 10
    skipped: float = 0.01

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding if there is any such point."""
        role = run.role("grad_norm")
        if role is None or not len(role.series):
            yield self.skip("the gradient norm has no points", kind="too-few-points")
            return
        bad = stretches(role.series)
        if bad is not None:
            yield self._finding(run, role.series, bad)

    def _finding(self, run: Run, series: PlacedSeries, bad: NonFinite) -> Finding:
        severity, reason = self._severity(run, series, bad)
        where = f"in {bad.count:,} of {len(series):,} logged points"
        if bad.tail >= FEW:
            ending = "and stays so to the end of the log"
        elif bad.to_the_end:
            ending = f"{where}, the last one among them"
        else:
            ending = f"{where}, and comes back"
        return self.finding(
            severity,
            series.name,
            bad.steps,
            f"the gradient norm is {bad.what} from step {bad.steps[0]:,} {ending}{reason}",
            bad.evidence(),
            "Rewind to the last checkpoint before it."
            if severity is Severity.ERROR
            else "Check that these steps were skipped.",
        )

    def _severity(self, run: Run, series: PlacedSeries, bad: NonFinite) -> tuple[Severity, str]:
        loss = train_loss(run)
        healthy = loss is None or stretches(loss) is None
        searched = bad.head if bad.head <= SEARCH and bad.head < len(series) and healthy else 0
        if searched == bad.count:
            return Severity.INFO, "; so a loss scale is found at the start of a run"
        if (
            bad.tail >= FEW
            or (bad.to_the_end and not healthy)
            or (bad.longest >= self.steps and bad.longest > searched)
        ):
            return Severity.ERROR, ""
        precision = run.configured.precision()
        scaled = run.role("loss_scale") is not None or (precision is not None and precision.kind == "fp16")
        if scaled and healthy and bad.count - searched <= max(FEW, self.skipped * len(series)):
            return Severity.INFO, "; the loss scale accounts for it"
        return Severity.WARNING, ""
