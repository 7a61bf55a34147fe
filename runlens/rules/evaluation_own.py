"""EVAL002 to EVAL004: a run's evals against themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from runlens.evals.curves import ROLES, RunCurve, run_curves
from runlens.evals.decline import Decline, declines
from runlens.evals.overfit import Overfit, overfit
from runlens.evals.words import label
from runlens.model import Finding, Run, Severity, Skip
from runlens.model.words import percent
from runlens.rules.base import Rule
from runlens.stats.distinct import distinct

EVALS = "eval_score|eval_loss|perplexity"


@dataclass(frozen=True)
class EvalRegression(Rule):
    """An eval that has become worse than it was earlier in the same run.

    What it does
    ------------
    Holds each eval against its own best earlier level (the median of three checkpoints). A checkpoint counts as worse
    when it lies four scatters below (binomial error and what neighbouring checkpoints show), and by at least 1 % of a
    loss or 2 % of a score. It is a warning when that lasts for three checkpoints up to the last one, or at once when a
    quarter of all progress is gone; an error when half of it is gone. A dip that came back is information. One finding
    tells of all evals that fell together. A held-out loss that rises while the training loss falls is EVAL004.

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
    at_once : share of all progress whose loss is a warning at the first checkpoint
    severe : share of all progress whose loss is an error

    References
    ----------
    The noise is that of EVAL001 (docs/evals.md). The share of progress lost, and three checkpoints for a pattern
    rather than an accident, are RunLens's own definitions.
    """

    code: ClassVar[str] = "EVAL002"
    name: ClassVar[str] = "eval-regression"
    needs: ClassVar[tuple[str, ...]] = (EVALS,)

    patience: int = 3
    at_once: float = 0.25
    severe: float = 0.5

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """One finding for what is open now, one for each set of dips that began together and came back."""
        own = run_curves(run, "steps")
        train = run.role("train_loss")
        if all(len(c.step) < 4 for c in own.curves):
            yield self.skip("fewer than four checkpoints of each eval: no earlier level to compare with")
            return
        found: list[Decline] = []
        for curve in own.curves:
            if train is not None and _held_out_loss(curve) and overfit(curve, train.series, self.patience):
                continue
            found += declines(curve)
        past: dict[int, list[Decline]] = {}
        for decline in found:
            if not decline.open:
                past.setdefault(decline.steps[0], []).append(decline)
        for group in past.values():
            yield self._finding(Severity.INFO, group, "and came back")
        lasting = sorted((d for d in found if d.open), key=lambda d: -d.share)
        if lasting:
            yield self._finding(max((self._severity(d) for d in lasting), key=lambda s: s.rank), lasting, "")

    def _severity(self, decline: Decline) -> Severity:
        if decline.share >= self.severe:
            return Severity.ERROR
        lasts = decline.checkpoints >= self.patience
        return Severity.WARNING if lasts or decline.share >= self.at_once else Severity.INFO

    def _finding(self, severity: Severity, group: list[Decline], end: str) -> Finding:
        worst = max(group, key=lambda d: d.share)
        first, last = min(d.steps[0] for d in group), max(d.steps[1] for d in group)
        curve = worst.eval.curve
        span = f"at step {first:,}" if first == last else f"from step {first:,} to {last:,}"
        moved = "fell below" if curve.direction == "up" else "rose above"
        lost = "all its progress lost" if worst.share >= 1 else f"{percent(worst.share)} of its progress lost"
        message = (
            f"{label(curve)} {moved} its own earlier level {span}: from {worst.level:.4g} at step {worst.best_step:,} "
            f"to {worst.worst:.4g}, {lost}{', ' + end if end else ''}"
        )
        if len(group) > 1:
            others = [label(d.eval.curve) for d in group if d is not worst]
            message += f"; with it {', '.join(others[:3])}{f' and {len(others) - 3} more' if len(others) > 3 else ''}"
        evidence = {
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
            f"Look at what changed between steps {worst.best_step:,} and {first:,}: data, learning rate, a resume.",
        )


@dataclass(frozen=True)
class EvalOverdue(Rule):
    """No eval for longer than the run's own cadence.

    What it does
    ------------
    Takes the longest of the last five gaps between the evaluations of each eval, in steps, and warns when training
    has gone on for `factor` times as long since the last one. A gap of that length that was closed again is
    information. Evals of one cadence that stopped together make one finding.

    Why it matters
    --------------
    An evaluation job that died, ran out of disk or lost its checkpoint takes away the only instrument that sees what
    the loss does not. Nobody misses a point that is not on a chart.

    What to do
    ----------
    Look at the evaluation job and its queue; evaluate the checkpoints that were left out before going on.

    Settings
    --------
    factor : how many times the usual gap counts as overdue

    References
    ----------
    2.5 gaps: one evaluation may be skipped, and the next may be late by half, before anybody is called.
    """

    code: ClassVar[str] = "EVAL003"
    name: ClassVar[str] = "eval-overdue"
    needs: ClassVar[tuple[str, ...]] = (EVALS,)

    factor: float = 2.5

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """One finding for each set of evals that stopped together."""
        span = run.step_range()
        steps = {r.series.name: distinct(r.series.step) for role in ROLES for r in run.every(role) if r.split == "eval"}
        known = {name: s for name, s in steps.items() if len(s) >= 3}
        if not known or span is None:
            yield self.skip("fewer than three evaluations of each eval: no cadence to hold it to")
            return
        stopped: dict[tuple[int, int], list[str]] = {}
        gaps: dict[tuple[int, int, int], list[str]] = {}
        for name, at in known.items():
            between = np.diff(at)
            usual = int(between[-5:].max())
            if span[1] - int(at[-1]) > self.factor * usual:
                stopped.setdefault((int(at[-1]), usual), []).append(name)
            for i in range(2, len(between)):
                before = int(between[max(0, i - 5) : i].max())
                if between[i] > self.factor * before:
                    gaps.setdefault((int(at[i]), int(at[i + 1]), before), []).append(name)
        for (first, last, usual), names in sorted(gaps.items()):
            yield self.finding(
                Severity.INFO,
                names[0],
                (first, last),
                f"{_named(names)} evaluated at step {first:,} and not again until {last:,}, usually every {usual:,}",
                self._evidence(names, usual, last - first),
                "Evaluate the checkpoints of that time if anything went wrong in it.",
            )
        for (last, usual), names in sorted(stopped.items()):
            gap = span[1] - last
            yield self.finding(
                Severity.WARNING,
                names[0],
                (last, span[1]),
                f"{_named(names)} last evaluated at step {last:,}; training is at {span[1]:,}, {gap:,} steps later, "
                f"{gap / usual:.1f} times the usual {usual:,}",
                self._evidence(names, usual, gap),
                "Look at the evaluation job, then evaluate the checkpoints that were left out.",
            )

    @staticmethod
    def _evidence(names: list[str], usual: int, gap: int) -> dict[str, object]:
        return {"evals": names, "usual_gap_steps": usual, "gap_steps": gap, "ratio": round(gap / usual, 3)}


@dataclass(frozen=True)
class Overfitting(Rule):
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

    patience: int = 3
    severe: float = 0.5

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """One finding for each held-out loss that has turned."""
        train = run.role("train_loss")
        curves = [c for c in run_curves(run, "steps").curves if _held_out_loss(c)]
        if train is None or all(len(c.step) < self.patience + 2 for c in curves):
            yield self.skip(f"fewer than {self.patience + 2} checkpoints of a held-out loss")
            return
        for curve in curves:
            found = overfit(curve, train.series, self.patience)
            if found is not None:
                yield self._finding(found)

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


def _held_out_loss(curve: RunCurve) -> bool:
    return curve.curve.direction == "down" and curve.curve.metric in ("loss", "ppl", "bpb", "bpc")


def _named(names: list[str]) -> str:
    more = f" and {len(names) - 2} more" if len(names) > 2 else ""
    return f"{', '.join(names[:2])}{more} {'was' if len(names) == 1 else 'were'}"
