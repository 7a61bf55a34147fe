"""EVAL004: a held-out loss that rises while the training loss falls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, TypedDict

from runlens.comparison.curves import run_curves
from runlens.comparison.words import label
from runlens.model import Figure, Finding, Run, Severity, Skip, Symptom
from runlens.rules.base import Rule
from runlens.rules.evals.parts.overfit import Overfit, held_out_loss, overfit
from runlens.rules.meaning import Part, Stage, Story
from runlens.rules.shared.panels import BESIDE_EVALS, EVALS


class OverfitEvidence(TypedDict):
    """The held-out loss at its best and now, and the training loss at both."""

    best: float
    best_step: int
    latest: float
    train_before: float
    train_after: float
    checkpoints: int
    share_of_progress: float


@dataclass(frozen=True)
class Overfitting(Rule[OverfitEvidence]):
    """A held-out loss that rises while the training loss falls.

    What it does
    ------------
    Finds the best checkpoint of each held-out loss. If every later one is worse, the last three by four scatters (and
    1 %) and still rising, and the median training loss has fallen meanwhile, the model learns its training data by
    heart: a warning, an error when the held-out loss has given back half of its progress.

    Why it matters
    --------------
    From the best checkpoint on, every further step costs compute and makes the model worse at what it has not seen.

    What to do
    ----------
    Stop at, or go back to, the best checkpoint; bring in fresh data or fewer epochs, or more regularisation.

    Settings
    --------
    patience : checkpoints in a row that must be worse
    severe : share of all progress whose loss is an error

    References
    ----------
    Prechelt 1998, "Early stopping - but when?" (UP criterion: a rise in so many strips in a row). Muennighoff et al.
    2023 (arXiv 2305.16264): up to four epochs of repeated data cost little, beyond that the held-out loss turns.
    """

    code: ClassVar[str] = "EVAL004"
    name: ClassVar[str] = "overfitting"
    needs: ClassVar[tuple[str, ...]] = ("eval_loss|perplexity", "train_loss")
    symptom = Symptom.OVERFIT
    part = Part((Story.OPTIMISATION,), stage=Stage.EVALS, place=1)
    figure = Figure(panels=EVALS, beside=BESIDE_EVALS)

    patience: int = 3
    severe: float = 0.5

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """One finding for each held-out loss that has turned."""
        train = run.role("train_loss")
        curves = [c for c in run_curves(run, "steps").curves if held_out_loss(c)]
        if train is None or all(len(c.step) < self.patience + 2 for c in curves):
            yield self.skip(f"fewer than {self.patience + 2} checkpoints of a held-out loss", kind="too-few-points")
            return
        for curve in curves:
            found = overfit(curve, train.series, self.patience)
            if found is not None:
                yield self._finding(found)

    @classmethod
    def last_good(cls, finding: Finding) -> int | None:
        """Step of the best held-out loss."""
        return cls.evidence_of(finding).get("best_step")

    def _finding(self, found: Overfit) -> Finding:
        curve = found.eval.curve
        progress = float(curve.value[0]) - found.best
        lost = (found.latest - found.best) / progress if progress > 0 else 1.0
        return self.finding(
            Severity.ERROR if lost >= self.severe else Severity.WARNING,
            curve.name,
            (found.best_step, found.last_step),
            f"{label(curve)} was best at step {found.best_step:,} ({found.best:.4g}) and has risen to "
            f"{found.latest:.4g} at {found.last_step:,}, while the training loss fell from {found.train_before:.4g} "
            f"to {found.train_after:.4g}",
            {
                "best": found.best,
                "best_step": found.best_step,
                "latest": found.latest,
                "train_before": found.train_before,
                "train_after": found.train_after,
                "checkpoints": found.checkpoints,
                "share_of_progress": round(lost, 4),
            },
            f"Go back to the checkpoint of step {found.best_step:,}; bring in fresh data or train for fewer epochs.",
        )
