"""EVAL004: a held-out loss that rises while the training loss falls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, TypedDict

from runlens.comparison.words import label
from runlens.model import Figure, Finding, Run, Severity, Skip, Symptom
from runlens.rules.base import Rule
from runlens.rules.evals.parts.overfit import Overfit, beside_train, overfit, same_but_for_split
from runlens.rules.evals.parts.own import own_curves
from runlens.rules.evals.parts.ramped import ramp_under
from runlens.rules.evals.parts.scores import Course, scores_since
from runlens.rules.evals.parts.whole import terms_of
from runlens.rules.meaning import Part, Stage, Story
from runlens.rules.shared.folds import as_of_folds
from runlens.rules.shared.panels import BESIDE_EVALS, EVALS
from runlens.rules.shared.ramps import Ramp
from runlens.rules.shared.unlearning import is_forgotten, is_kept, unlearning_sign

STILL_IMPROVED = 0.25
"""Share of all progress that a held-out loss gives back for a warning while an accuracy of the same predictions goes on
improving: in a public log it gave back 12 % while retrieval stood at its best, in one of a classifier 37 %."""
LITTLE = "neither moved by much"
UNSURE = "the evaluations scatter too much to be sure of it"


def _with_weight(finding: Finding, ramp: Ramp) -> Finding:
    message = f"{finding.message}; {ramp.setting.words()} meanwhile, which weighs a term of it and none of that"
    return replace(finding, severity=Severity.INFO, message=message)


class OverfitEvidence(TypedDict):
    """The held-out loss at its best and now, and the training loss at both."""

    best: float
    best_step: int
    latest: float
    train_before: float
    train_after: float
    checkpoints: int
    share_of_progress: float
    scores: str | None
    """`improved`, `still-improved`, `held` or `worsened`: the scores beside it since its best; None without any."""
    others: list[str]
    """Further held-out losses that turned."""


@dataclass(frozen=True)
class Overfitting(Rule[OverfitEvidence]):
    """A held-out loss that rises while the training loss falls.

    What it does
    ------------
    Finds the best level of each held-out loss (the median of three checkpoints, of a seventh of many, or the first
    one). If the level at the end lies above it (by 1 % at least), nine tenths of the later levels stay above it, a
    lasting rise tells the curve better than noise about a fall does (noise of neighbours that know nothing of each
    other, and noise that wanders; less proof is asked of a rise by a fifth beside a training loss that fell by a
    fifth), and the median training loss has fallen meanwhile, the model learns its training data by heart: a warning,
    an error when the held-out loss has given back half of its progress. Less is asked, for a warning, where each
    checkpoint since the best is worse than the one before beside a training loss that fell by a fifth: of three and
    more by 5 % each and a fifth in all, in four checkpoints by 8 % each, or twice 8 % and by half in all. A turn that
    does not stand out of what the evaluations scatter is information. Still rising or settled above its best makes no
    difference; a loss that swings about one level has not turned. Scores that were logged beside it decide: information
    where they improved all the while (speech recognition and summarisation often do), a warning at most where they
    held, and information there unless the loss has given back `given_back` of its progress, or a quarter of it where
    only an accuracy of the same predictions improved: then the checkpoint is chosen by that score. The metric that the
    run itself chooses its best model by is asked first, and then alone; precision and recall are not asked beside mAP
    or F1, which weigh both. Terms of a held-out loss that the training loss has as well (`val/box_loss`) are not judged
    one by one: their total is, or their sum where no total was logged. In a run that unlearns, by the names of its
    series or its config, what is to be forgotten is not judged, and anything else but what is to be kept is `info`. So
    is a loss that rose with the logged weight of one of its terms (`kl_weight`), beside a training loss of another
    name. One finding tells of all held-out losses.

    Why it matters
    --------------
    From the best checkpoint on, every further step costs compute and makes the model worse at what it has not seen.

    What to do
    ----------
    Stop at, or go back to, the best checkpoint; bring in fresh data or fewer epochs, or more regularisation.

    Settings
    --------
    patience : checkpoints that must follow the best one
    severe : share of all progress whose loss is an error
    given_back : share of all progress whose loss is a warning although the scores held

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
    given_back: float = 0.1

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """One finding, of the held-out loss that has lost most."""
        train = run.role("train_loss")
        every = tuple(c for c in own_curves(run) if not is_forgotten(c.curve.name))
        name = train.series.name if train is not None else ""
        curves = [c for c in terms_of(run, every).instead(every) if beside_train(c, name)]
        found = []
        if train is not None:
            found = [turn for c in curves if (turn := overfit(c, train.series, self.patience)) is not None]
        if not found and all(len(c.step) < self.patience + 2 for c in curves):
            yield self.skip(f"fewer than {self.patience + 2} checkpoints of a held-out loss", kind="too-few-points")
            return
        if found:
            found.sort(key=lambda turn: -turn.lost)
            own, best_step = found[0].eval, found[0].best_step
            ramp = None if same_but_for_split(own.curve.name, name) else ramp_under(run, own, best_step, found[0].best)
            told = self._finding(found, scores_since(run, every, best_step), unlearning_sign(run))
            yield as_of_folds(run, told if ramp is None else _with_weight(told, ramp))

    @classmethod
    def last_good(cls, finding: Finding) -> int | None:
        """Step of the best held-out loss."""
        return cls.evidence_of(finding).get("best_step")

    def _finding(self, turns: list[Overfit], scores: tuple[Course, str] | None, unlearns: str) -> Finding:
        found, others = turns[0], turns[1:]
        curve = found.eval.curve
        severity = Severity.ERROR if found.lost >= self.severe and not found.few else Severity.WARNING
        message = (
            f"{label(curve)} was best at step {found.best_step:,} ({found.best:.4g}) and has risen to "
            f"{found.latest:.4g} at {found.last_step:,}, while the training loss fell from {found.train_before:.4g} "
            f"to {found.train_after:.4g}"
        )
        help = f"Go back to the checkpoint of step {found.best_step:,}; bring in fresh data or train for fewer epochs."
        if others:
            message += f"; so have {len(others):,} other held-out loss{'es' if len(others) > 1 else ''}"
        if scores is not None and scores[0] == "improved":
            severity = Severity.INFO
            message += f"; but {scores[1]} improved all the while, and scores decide"
            help = f"Choose the checkpoint by {scores[1]}; the loss says that the model has become too sure of itself."
        elif scores is not None and scores[0] == "still-improved":
            severity = Severity.WARNING if found.lost >= STILL_IMPROVED else Severity.INFO
            message += f"; {scores[1]} improved meanwhile"
            help = f"Choose the checkpoint by {scores[1]}; fresh data or more regularisation would serve both."
        elif scores is not None and scores[0] == "held":
            severity = Severity.WARNING if found.lost >= self.given_back else Severity.INFO
            message += f"; {scores[1]} stood still"
        if (found.slight or not found.sure) and severity is not Severity.INFO:
            severity = Severity.INFO
            message += (
                f"; {'neither moved by much' if found.sure else 'the evaluations scatter too much to be sure of it'}"
            )
        if unlearns and not is_kept(curve.name):
            severity = Severity.INFO
            message += f"; {unlearns} says that this run unlearns, which may be its price"
        return self.finding(
            severity,
            curve.name,
            (found.best_step, found.last_step),
            message,
            {
                "best": found.best,
                "best_step": found.best_step,
                "latest": found.latest,
                "train_before": found.train_before,
                "train_after": found.train_after,
                "checkpoints": found.checkpoints,
                "share_of_progress": round(found.lost, 4),
                "scores": scores[0] if scores is not None else None,
                "others": [turn.eval.curve.name for turn in others],
            },
            help,
        )
