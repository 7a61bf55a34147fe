"""EVAL002: an eval that fell below its own earlier level."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, TypedDict

from runlens.comparison.curves import ROLES, RunCurve
from runlens.comparison.words import label
from runlens.model import Figure, Finding, Run, Severity, Skip, Symptom
from runlens.model.words import percent, some
from runlens.roles.rl import rl_sign
from runlens.rules.base import Rule
from runlens.rules.evals.parts.classes import by_class, names_that_decide, traded
from runlens.rules.evals.parts.decline import Decline, declines, is_noise, was_costly
from runlens.rules.evals.parts.overfit import held_out_loss, part_of_loss, turned_beside
from runlens.rules.evals.parts.own import of_policy, own_curves, roles_by_name, says_held_out, since_start
from runlens.rules.evals.parts.ramped import without_ramped
from runlens.rules.evals.parts.scores import scores_since, weighed_better
from runlens.rules.evals.parts.whole import terms_of
from runlens.rules.meaning import Part, Stage, Story
from runlens.rules.shared.folds import as_of_folds
from runlens.rules.shared.panels import BESIDE_EVALS, EVALS
from runlens.rules.shared.unlearning import is_forgotten, is_kept, unlearning_sign

MOST_CLASSES = 1 / 3
"""Share of the classes up to which some that fall say nothing of the model: each is scored on few samples."""
FEW_SINCE_FIRST = 8
"""Checkpoints below which a loss above its first value is no warning while scores hold: its level is that one value."""
FEW_EPOCHS = 20
"""Epochs of a table below which a fall that lost less than `severe` is only worth knowing: two of public tables, of 10
and 15 epochs, were the noise of a small held-out set, whose accuracy stays away for some epochs and comes back."""


class WorseEval(TypedDict):
    """One eval of them."""

    name: str
    steps: list[int]
    level: float
    level_at_step: int
    worst: float
    latest: float
    share_of_progress: float


class RegressionEvidence(TypedDict):
    """The evals that fell together."""

    recovered: bool
    checkpoints: int
    share_of_progress: float
    evals: list[WorseEval]


@dataclass(frozen=True)
class EvalRegression(Rule[RegressionEvidence]):
    """An eval that has become worse than it was earlier in the same run.

    What it does
    ------------
    Holds each eval against its own best earlier level (the median of three checkpoints). A checkpoint counts as worse
    when it lies four scatters below (binomial error and what neighbouring checkpoints show), or 2.8 with two neighbours
    that do so too, and by at least 1 % of a loss or 2 % of a score. It is a warning when that lasts for three
    checkpoints up to the last one, or for two when a quarter of all progress is gone; an error when half of it is gone.
    One checkpoint far off, and a dip that came back, are information, but a dip of a score (of a loss where none is
    logged) that lasted for a tenth of the run and lost half of the progress is a warning; a fall no deeper than earlier
    ones that came back is the eval's own noise. An eval that is worse than its very first value ever since is a
    warning, if its name says that it is of held-out data and which way is better. One finding tells of all evals that
    fell together. A held-out loss that rises while the training loss falls is EVAL004, and one whose scores improved
    meanwhile is information. Which way is better is told by the name, `[evals."NAME"] higher_is_better = true`, a
    requirement, or the course of the run while it was young (a warning at most, then); an eval of which nothing tells
    it is named as not judged. Parts of a held-out loss (of a head, a layer, a term) that rise while the whole does not
    are information, so are scores of single classes while that of all does not fall (or fewer than a third of the
    classes do), precision and recall while mAP or F1 does not fall, and so is a loss that lost less than `at_once`
    while its scores held, or less than `severe` while an accuracy improved, or that stands above its first value at
    fewer than eight evaluations while they did, or that rose with the logged weight of a term that ramps up
    (`kl_weight`) and not after it. In fewer than 20 checkpoints the whole curve must speak for a lasting change
    (`lasting_rise`, as of EVAL004), and clearly so, or it is information. What a policy earns in reinforcement learning
    is RL001's, and another score of it that lost less than `at_once` is information, as is, in a table of fewer than 20
    epochs, what lost less than `severe`; what a run that unlearns is to forget is not judged, and its other evals but
    those of what is to be kept are information.

    Why it matters
    --------------
    A model that forgets has met bad data, too high a learning rate or a wrong mixture; the training loss, measured on
    the new data, need not show it.

    What to do
    ----------
    Look at what changed just before the first worse checkpoint: data stage, learning rate, a resume. If it does not
    come back by itself, rewind to the checkpoint before.

    Settings
    --------
    patience : checkpoints in a row that make a warning
    at_once : share of all progress whose loss is a warning at the second checkpoint
    severe : share of all progress whose loss is an error

    References
    ----------
    The noise is that of EVAL001 (docs/evals.md). Share of progress and three checkpoints are RunLens's own definitions.
    """

    code: ClassVar[str] = "EVAL002"
    name: ClassVar[str] = "eval-regression"
    needs: ClassVar[tuple[str, ...]] = ("|".join(ROLES),)
    symptom = Symptom.WORSE
    part = Part((Story.OPTIMISATION,), stage=Stage.EVALS)
    figure = Figure(panels=EVALS, beside=BESIDE_EVALS)

    patience: int = 3
    at_once: float = 0.25
    severe: float = 0.5

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """One finding for what is open now, one for each set of dips that began together and came back."""
        every = own_curves(run)
        curves = tuple(c for c in every if not (is_forgotten(c.curve.name) or since_start(c) or of_policy(run, c)))
        train = run.role("train_loss")
        unknown = [r.series.name for r in run.every("eval_score") if r.split == "eval" and r.direction is None]
        if unknown:
            yield self._not_judged(unknown)
        yield from self._set_aside(run, every)
        if all(len(c.step) < 4 for c in curves):
            if curves or not (unknown or every):
                yield self.skip(
                    "fewer than four checkpoints of each eval: no earlier level to compare with", kind="too-few-points"
                )
            return
        found, parts, turned = list[Decline](), list[Decline](), False
        terms = terms_of(run, curves)
        judged = terms.instead(curves)
        whole = next((c for c in judged if held_out_loss(c) and c.curve.metric == "loss" and len(c.step) >= 4), None)
        for curve in judged:
            if train is not None and turned_beside(curve, train.series, self.patience):
                turned = True
            elif whole is not None and part_of_loss(curve):
                parts += [d for d in declines(curve) if d.open]
            else:
                found += declines(curve)
        parts += [d for c in curves if c.curve.name in terms.names for d in declines(c) if d.open]
        self_told = {name for name, r in roles_by_name(run).items() if r.direction_from == "course"}
        past: dict[int, list[Decline]] = {}
        for decline in found:
            if not decline.open:
                past.setdefault(decline.steps[0], []).append(decline)
        deciding, policy = names_that_decide(curves), bool(rl_sign(run.placed, run.axis_name))
        for group in past.values():
            costly = not policy and any(d.eval.curve.name in deciding and was_costly(d, self.severe) for d in group)
            group.sort(key=lambda d: -d.share)
            yield self._finding(Severity.WARNING if costly else Severity.INFO, group, "and came back")
        lasting = sorted((d for d in found if d.open), key=lambda d: -d.share)
        lasting, classes = self._without_classes(lasting, curves)
        if classes is not None:
            yield classes
        if parts and whole is not None and not turned and not any(d.eval is whole for d in lasting):
            parts.sort(key=lambda d: -d.share)
            yield self._finding(Severity.INFO, parts, f"while the whole, {whole.curve.name}, did not, and it decides")
        lasting, ramped, why = without_ramped(run, lasting)
        if ramped:
            yield self._finding(Severity.INFO, ramped, why)
        if lasting:
            yield self._in_view_of(run, self._lasting(run, curves, lasting, self_told))

    def _in_view_of(self, run: Run, finding: Finding) -> Finding:
        """The finding, at most `info` where the run unlearns and nothing to be kept fell, or where it has folds."""
        unlearns, evals = unlearning_sign(run), self.evidence_of(finding)["evals"]
        if not unlearns or any(is_kept(one["name"]) for one in evals):
            return as_of_folds(run, finding)
        message = f"{finding.message}; {unlearns} says that this run unlearns, which may be its price"
        return replace(finding, severity=Severity.INFO, message=message)

    def _set_aside(self, run: Run, every: tuple[RunCurve, ...]) -> Iterator[Skip]:
        """What is no fall of an eval when it falls."""
        for names, why in (
            ([c.curve.name for c in every if is_forgotten(c.curve.name)], "to be forgotten, it gets worse on purpose"),
            (
                [c.curve.name for c in every if since_start(c)],
                "a rate of all episodes since the first falls as it settles",
            ),
            ([c.curve.name for c in every if of_policy(run, c)], "RL001 judges what a policy earns"),
        ):
            if names:
                yield self.skip(f"not judged: {some(names)}; {why}", kind="not-applicable")

    def _lasting(self, run: Run, curves: tuple[RunCurve, ...], lasting: list[Decline], self_told: set[str]) -> Finding:
        """One finding for all evals that are worse up to the end; of a loss the scores beside it decide."""
        policy, epochs = bool(rl_sign(run.placed, run.axis_name)), "epoch" in run.axis_name.lower()
        told = [self._severity(d, d.eval.curve.name in self_told, policy, epochs) for d in lasting]
        worst = max(told, key=lambda s: s.rank)
        first = lasting[told.index(worst)]
        lead, by_course = [first, *(d for d in lasting if d is not first)], first.eval.curve.name in self_told
        of_loss = held_out_loss(first.eval) or part_of_loss(first.eval)
        scores = scores_since(run, curves, first.best_step) if of_loss else None
        if not of_loss and (better := weighed_better(curves, [d.eval for d in lasting], first.best_step)):
            return self._finding(Severity.INFO, lead, f"while {better} improved, which weighs the classes", by_course)
        if scores is None or scores[0] == "worsened":
            return self._finding(worst, lead, "", by_course)
        course, name = scores
        if course == "improved":
            return self._finding(Severity.INFO, lasting, f"while {name} improved, and scores decide")
        of_one = course == "held" and first.since_first and first.checkpoints < FEW_SINCE_FIRST
        least, went = (self.at_once, "held") if course == "held" else (self.severe, "improved")
        if 0.0 < first.share < least or of_one:
            return self._finding(Severity.INFO, lasting, f"while {name} {went}, and scores decide")
        # as of EVAL004: no error while a score still improves
        worst = min(worst, Severity.WARNING, key=lambda s: s.rank)
        return self._finding(worst, lead, f"while {name} {'stood still' if went == 'held' else went}", by_course)

    def _without_classes(
        self, lasting: list[Decline], curves: tuple[RunCurve, ...]
    ) -> tuple[list[Decline], Finding | None]:
        """The declines without those of single classes, and a word on these: the score of the whole decides."""
        single, of_all = by_class(curves)
        if not single:
            single, of_all = traded(curves)
        fell = [d for d in lasting if d.eval.curve.name in single]
        rest = [d for d in lasting if d.eval.curve.name not in single]
        if not fell or any(d.eval.curve.name in of_all for d in rest):
            return lasting, None
        tasks = {c.curve.task for c in curves if c.curve.name in single}
        if not of_all and len({d.eval.curve.task for d in fell}) > MOST_CLASSES * len(tasks):
            return lasting, None
        whole = next((c.curve.name for c in curves if c.curve.name in of_all), "most of the classes")
        return rest, self._finding(Severity.INFO, fell, f"while {whole} did not")

    @classmethod
    def last_good(cls, finding: Finding) -> int | None:
        """Step of the last eval at its old level."""
        return max((eval["level_at_step"] for eval in cls.evidence_of(finding).get("evals", ())), default=None)

    def _severity(self, decline: Decline, self_told: bool, policy: bool, epochs: bool) -> Severity:
        untold = self_told or not says_held_out(decline.eval.curve.name)
        if decline.checkpoints == 1 or (decline.since_first and untold) or is_noise(decline):
            return Severity.INFO
        if policy and decline.share < self.at_once:  # few episodes make a score, and a policy is at another place
            return Severity.INFO
        if epochs and decline.share < self.severe and len(decline.eval.step) < FEW_EPOCHS:
            return Severity.INFO
        if decline.share >= self.severe and not self_told:
            return Severity.ERROR
        lasts = decline.checkpoints >= self.patience or decline.share >= self.at_once
        return Severity.WARNING if lasts else Severity.INFO

    def _not_judged(self, names: list[str]) -> Skip:
        setting = f'[evals."{names[0]}"] higher_is_better = true'
        return self.skip(
            f"not judged: {some(names)}; say which way is better, such as {setting}",
            kind="not-asked",
            lacking=(setting,),
        )

    def _finding(self, severity: Severity, group: list[Decline], end: str, self_told: bool = False) -> Finding:
        worst = group[0]
        first, last = min(d.steps[0] for d in group), max(d.steps[1] for d in group)
        curve = worst.eval.curve
        span = f"at step {first:,}" if first == last else f"from step {first:,} to {last:,}"
        moved = "fell below" if curve.direction == "up" else "rose above"
        lost = "all its progress lost" if worst.share >= 1 else f"{percent(worst.share)} of its progress lost"
        if worst.since_first:
            moved, lost = f"{moved.split()[0]} from its first value and never came back to it", ""
        message = (
            f"{label(curve)} {moved}{'' if worst.since_first else ' its own earlier level'} {span}: from "
            f"{worst.level:.4g} at step {worst.best_step:,} to {worst.worst:.4g}"
            f"{', ' + lost if lost else ''}{', ' + end if end else ''}"
        )
        if self_told:
            better = "more" if curve.direction == "up" else "less"
            message += f'; that {better} is better is told by its course alone: [evals."{curve.name}"] settles it'
        if len(group) > 1:
            others = [label(d.eval.curve) for d in group if d is not worst]
            message += f"; with it {', '.join(others[:3])}{f' and {len(others) - 3} more' if len(others) > 3 else ''}"
        evidence: RegressionEvidence = {
            "recovered": not worst.open,
            "checkpoints": worst.checkpoints,
            "share_of_progress": round(worst.share, 4),
            "evals": [
                {
                    "name": d.eval.curve.name,
                    "steps": list(d.steps),
                    "level": d.level,
                    "level_at_step": d.best_step,
                    "worst": d.worst,
                    "latest": d.latest,
                    "share_of_progress": round(d.share, 4),
                }
                for d in group
            ],
        }
        return self.finding(
            severity,
            curve.name,
            (first, last),
            message,
            evidence,
            f"Look at what changed between steps {worst.best_step:,} and {max(worst.steps[0], worst.best_step):,}: "
            "data, learning rate, a resume.",
        )
