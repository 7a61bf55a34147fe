"""GRAD001 and GRAD002: gradient norms that are not finite, or that surge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from runlens.model import Finding, Run, Severity, Skip
from runlens.rules.base import Rule
from runlens.rules.nonfinite import stretches


@dataclass(frozen=True)
class NonFiniteGradient(Rule):
    """The gradient norm is NaN or infinite.

    What it does
    ------------
    Reports non-finite gradient norms: `error` if they last to the end of the log or for `steps` logged points in a
    row, `warning` if they come and go, and `info` where a loss scale is logged too and no more than `skipped` of the
    points are affected: a dynamic loss scale is found by overflowing now and then, and skips those steps.

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
    is kept; Megatron-LM reports such iterations as skipped.
    """

    code = "GRAD001"
    name = "non-finite-gradient"
    needs = ("grad_norm",)

    steps: int = 10
    skipped: float = 0.01

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding if there is any such point."""
        role = run.role("grad_norm")
        if role is None or not len(role.series):
            yield self.skip("the gradient norm has no points")
            return
        series = role.series
        bad = stretches(series)
        if bad is None:
            return
        lasting = bad.to_the_end or bad.longest >= self.steps
        scaled = run.role("loss_scale") is not None and bad.count <= max(3, self.skipped * len(series))
        severity = Severity.ERROR if lasting else Severity.INFO if scaled else Severity.WARNING
        ending = (
            "and stays so to the end of the log"
            if bad.to_the_end
            else f"in {bad.count:,} of {len(series):,} logged points, and comes back"
        )
        reason = "; the loss scale accounts for it" if severity is Severity.INFO else ""
        yield self.finding(
            severity,
            series.name,
            bad.steps,
            f"the gradient norm is {bad.what} from step {bad.steps[0]:,} {ending}{reason}",
            bad.evidence(),
            "Rewind to the last checkpoint before it." if lasting else "Check that these steps were skipped.",
        )
