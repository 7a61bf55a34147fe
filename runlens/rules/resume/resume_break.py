"""RES001: a run that does not go on where it stood when it was resumed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from runlens.model import Figure, Finding, Run, Severity, Skip, Symptom
from runlens.model.words import percent
from runlens.rules.base import Rule
from runlens.rules.loss.parts.curve import ROLE, train_loss
from runlens.rules.loss.parts.incidents import loss_incidents
from runlens.rules.loss.parts.sensitivity import USUAL
from runlens.rules.meaning import Advice, Extent, Part, Stage, Story
from runlens.rules.resume.parts.breaks import ResumeBreak, resume_breaks
from runlens.rules.resume.parts.loss import HIGH, Lost, Moved
from runlens.rules.resume.parts.rate import Rate
from runlens.rules.resume.parts.resumes import resumes
from runlens.rules.shared.panels import LOSSES, TRAINING
from runlens.rules.shared.watched import standing


class ResumeBreakEvidence(TypedDict):
    """What was not restored at a resume."""

    resumed_at_step: int
    reached_step: int
    not_restored: list[str]
    """`weights`, `part of the weights`, `optimizer state`, `something`, `data seen twice`, `reporting`, `schedule`."""
    loss_before: float | None
    loss_after: float | None
    loss_settled: float | None
    back_at_step: int | None
    factor: float | None
    """Of the reported loss, where only the reporting changed."""
    learning_rate_before: float | None
    learning_rate_after: float | None


@dataclass(frozen=True)
class ResumeBroken(Rule[ResumeBreakEvidence]):
    """After a resume the run does not go on where it stood.

    What it does
    ------------
    At every resume (steps that go back, a start that the log records) the run after it is held against the run before:
    the training loss against its level and trend at the checkpoint, the learning rate against the value at the same
    step, or against the step before. It names what was not restored. `error`: the weights (the loss is back near its
    first value), and what keeps the loss higher by 15 % and more for good. `warning`: a part of the weights, the
    optimizer's state (a bump that heals), the schedule (a rate that is off by 10 % and more, or warmed up again), data
    seen twice (a dip until the samples are through, then the old level), a loss that is reported by another factor. A
    lower rate after a run was taken back from a spike or from NaN is `info`: that is what people choose. So is a higher
    one, up to the old peak, where the schedule had come to 5 % of it: the run was made longer.

    Why it matters
    --------------
    A job that comes up again looks healthy. Weights that were not loaded cost everything before the resume; a rate that
    begins anew, moments that are gone or samples that are seen twice cost days, and nobody looks for them there. The
    batches are innocent: to rewind and skip them mends nothing.

    What to do
    ----------
    Stop, and resume from the same checkpoint with what is missing: the weights of all layers and ranks, the optimizer,
    the scheduler, the position of the data loader. Where only the reporting changed, mend the report.

    Settings
    --------
    high : rise of log loss for good from which it is an error.

    References
    ----------
    torchtitan and OLMo-core save model, optimizer, scheduler and data loader together for this reason; BLOOM chronicles
    (bigscience) on data that was seen again after restarts; Loshchilov and Hutter (arXiv 1711.05101): moments of Adam
    forget within 1 / (1 - beta2) steps.
    """

    code = "RES001"
    name = "resume-break"
    needs = (f"{ROLE}|learning_rate",)
    symptom = Symptom.RESUME
    headline = "broken resume"
    part = Part((Story.OPTIMISATION,), opens=True, stage=Stage.RESUME, place=1, extent=Extent.WHOLE)
    figure = Figure(panels=LOSSES, beside=TRAINING, sudden=True)
    settles = False
    advice = Advice(
        measures=(
            "Stop, and resume from the same checkpoint with model, optimizer, scheduler and data position restored.",
            "Compare the keys of the checkpoint with those that were loaded, on every rank.",
            "Skip no batches: they are innocent.",
        )
    )

    high: float = HIGH

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding for each resume at which something was not restored."""
        if not resumes(run):
            return
        for one in resume_breaks(run):
            yield self._finding(run, one)

    def _finding(self, run: Run, one: ResumeBreak) -> Finding:
        step, moved, rate = one.resume.step, one.moved, one.rate
        lost: list[str] = [moved.lost] if moved is not None else []
        said = [_loss_words(moved)] if moved is not None else []
        if rate is not None:
            lost += [] if rate.ended else ["schedule"]
            said.append(_rate_words(rate))
        role = run.role(ROLE if moved is not None else "learning_rate")
        last = moved.back_at if moved is not None and moved.back_at is not None else step
        severity = _severity(moved, self.high) if moved is not None else Severity.INFO
        if rate is not None and not rate.ended and not (rate.times < 1.0 and not rate.rewarmed and _after_trouble(run)):
            severity = max(severity, Severity.WARNING, key=lambda s: s.rank)
        return self.finding(
            severity,
            role.series.name if role is not None else "",
            (step, max(step, last)),
            f"the run was resumed at step {step:,}, and {' and '.join(said)}",
            {
                "resumed_at_step": step,
                "reached_step": one.resume.reached,
                "not_restored": lost,
                "loss_before": moved.before if moved is not None else None,
                "loss_after": moved.after if moved is not None else None,
                "loss_settled": moved.settled if moved is not None else None,
                "back_at_step": moved.back_at if moved is not None else None,
                "factor": moved.factor if moved is not None else None,
                "learning_rate_before": rate.before if rate is not None else None,
                "learning_rate_after": rate.after if rate is not None else None,
            },
            HELP[moved.lost] if moved is not None else HELP_RATE,
        )


HELP: dict[Lost, str] = {
    "weights": "Stop the run and resume from the checkpoint: its weights were not loaded.",
    "part of the weights": "Compare the keys of the checkpoint with those that were loaded, on every rank.",
    "optimizer state": "Check that the optimizer's moments are saved and loaded, on every rank.",
    "something": "Compare checkpoint, optimizer, data and settings of the two starts; the batches are innocent.",
    "data seen twice": "Check that the data loader's position is saved and restored; go on if the overlap is small.",
    "reporting": "Look at what changed in how the loss is summed or averaged: accumulation, world size, logging.",
}
HELP_RATE = "Check that the scheduler's state is saved and restored with the checkpoint."


def _after_trouble(run: Run) -> bool:
    """Whether the run was taken back from a spike or from NaN: then a lower rate is what people choose."""
    loss = train_loss(run)
    broken = loss is not None and not bool(np.isfinite(loss.where(~standing(loss)).value).all())
    return broken or any(i.rewound and i.kind == "spike" for i in loss_incidents(run, USUAL))


def _severity(moved: Moved, high: float) -> Severity:
    if moved.lost == "weights":
        return Severity.ERROR
    grave = moved.lost in ("something", "part of the weights") and moved.back_at is None
    if grave and moved.settled > moved.before * (1.0 + high):
        return Severity.ERROR
    return Severity.WARNING


def _loss_words(moved: Moved) -> str:
    levels = f"from {moved.before:.4g} to {moved.after:.4g}"
    back = f"; it was back at step {moved.back_at:,}" if moved.back_at is not None else "; it is not back"
    if moved.lost == "weights":
        return f"the loss went {levels}, near its first value: the weights were not loaded"
    if moved.lost == "part of the weights":
        return f"the loss went {levels}: a part of the weights was not restored{back}"
    if moved.lost == "optimizer state":
        return f"the loss rose {levels} and healed by step {moved.back_at:,}, as without the optimizer's state"
    if moved.lost == "data seen twice":
        end = f"until step {moved.back_at:,}, then back" if moved.back_at is not None else "to the end of the log"
        return f"the loss fell {levels} {end}: the same data is seen again"
    if moved.lost == "reporting":
        return (
            f"the loss is reported {moved.factor:.4g} times as high since, {levels}, and training goes on undisturbed"
        )
    higher = percent(moved.settled / moved.before - 1.0)
    return f"the loss went {levels} and stays {higher} above where it stood: something was not restored"


def _rate_words(rate: Rate) -> str:
    if rate.rewarmed:
        return f"the learning rate is warmed up again, from {rate.after:.3g} where {rate.before:.3g} stood"
    if rate.ended:
        return (
            f"the learning rate goes on at {rate.after:.3g} where its schedule had ended, at {rate.before:.3g}: "
            "the run was made longer"
        )
    higher = "higher" if rate.times > 1.0 else "lower"
    off = percent(abs(rate.times - 1.0))
    return f"the learning rate is {off} {higher} than where it stood: {rate.after:.3g}, not {rate.before:.3g}"
