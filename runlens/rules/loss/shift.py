"""LOSS005: the loss moves to another level and goes on from there, which is no spike."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import bottleneck as bn
import numpy as np

from runlens.model import Figure, Finding, Run, Severity, Skip, Symptom
from runlens.rules.base import Rule
from runlens.rules.loss.parts.context import Context, ContextEvidence, context_of
from runlens.rules.loss.parts.incidents import LossIncident, loss_incidents, why_none
from runlens.rules.loss.parts.sensitivity import USUAL, LossSensitivity
from runlens.rules.meaning import Part, Stage, Story
from runlens.rules.resume.parts.breaks import explained
from runlens.rules.shared.panels import LOSSES, TRAINING
from runlens.stats.excursions.level import decay_rate, from_start, log_steps
from runlens.stats.robust import difference_sigma, median, standard_error_of_median

ANNEALED = 0.7
"""A learning rate that falls to less than this share of itself around the onset explains a drop of the loss."""

DUE, SIGMAS = 0.02, 6.0
"""Progress that the trend before a rise led to, at least, on the scale of the curve and in standard errors, so that its
absence says something."""
LEFT = 0.25
"""Part of it below which there is none (as of LOSS004)."""
LEAST = 16
"""Points of a quarter of the time since the rise."""


class ShiftEvidence(ContextEvidence):
    """From which level to which."""

    kind: str
    level_before: float
    level_after: float
    extreme: float
    expected: float
    sigmas: float
    rewound: bool
    stands: bool
    """The loss has made no progress since, where its trend led on."""


@dataclass(frozen=True)
class LossShift(Rule[ShiftEvidence]):
    """The loss moves to another level at once and goes on from there.

    What it does
    ------------
    Reports changes of level that are no spikes, as `info`: up without overshoot and on at the new level, or
    up and then on to well below the old trend (another data stage); down at once and on from there (another stage, or
    data seen before, as when a resume replays what it had trained on); down and back (repeated text, a batch that is
    too easy). A drop that a falling learning rate explains is not reported. A rise after which the loss makes no
    progress, where its trend before led to some, is a `warning`.

    Why it matters
    --------------
    A planned data stage looks like a spike to every alarm. One that nobody planned (a loader that started over, a shard
    of duplicates) looks like progress, and is paid for in the evals.

    What to do
    ----------
    Compare the step with the data plan. If no change was planned there, look at the data loader's state, above all
    after a resume, and at the source of the batches.

    Settings
    --------
    sensitivity : which changes count: `sigmas` and `rise` of LOSS001.

    References
    ----------
    OLMo 2 (arXiv 2501.00656) and SmolLM3 train in stages with different data; BLOOM chronicles on data order after
    restarts; Hugging Face smol training playbook, "Staying the course".
    """

    code = "LOSS005"
    name = "loss-shift"
    needs = ("train_loss",)
    symptom = Symptom.SHIFT
    part = Part((Story.OPTIMISATION,), opens=True, stage=Stage.LOSS)
    figure = Figure(panels=LOSSES, beside=TRAINING)

    sensitivity: LossSensitivity = USUAL

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding per change of level."""
        incidents = loss_incidents(run, self.sensitivity)
        if not incidents and (none := why_none(run)):
            yield self.skip(none[0], kind=none[1])
        for incident in incidents:
            if incident.kind not in ("shift-up", "shift-down", "dip"):
                continue
            if incident.kind == "shift-down" and _annealed(run, incident):
                continue
            if not incident.rewound and explained(run, incident.steps[0]) is not None:  # RES001 says it
                continue
            context = context_of(run, incident)
            stands = not incident.rewound and context.plan is None and _stands(incident)
            yield self.finding(
                Severity.WARNING if stands else Severity.INFO,
                incident.curve.metric,
                incident.steps,
                _message(incident, context, stands),
                _evidence(incident, context, stands),
                "Compare with the data plan; if nothing was planned there, look at the data loader's state.",
            )

    @classmethod
    def taken_back(cls, finding: Finding) -> bool:
        """Whether the run was rewound to before this change."""
        return bool(cls.evidence_of(finding).get("rewound"))


def _stands(incident: LossIncident) -> bool:
    """Whether the loss went up for good and has made no progress since, where its trend led on.

    A new stage is harder and goes on improving. Nothing is said where little progress was due, such as at the end of a
    schedule.
    """
    one, curve = incident.excursion, incident.curve
    part = (incident.until - one.first) // 4
    if incident.kind != "shift-up" or one.back or part < LEAST or incident.until < len(curve.y):
        return False
    early, late = curve.y[one.first + 1 : one.first + 1 + part], curve.y[incident.until - part : incident.until]
    step = curve.step - from_start(curve.step)
    due = decay_rate(curve.y, step, one.first) * float(
        log_steps(step[one.first + part // 2], step[incident.until - part // 2 - 1])
    )
    doubt = math.sqrt(2.0) * standard_error_of_median(max(difference_sigma(early), difference_sigma(late)), part)
    return due >= max(DUE, SIGMAS * doubt) and median(early) - median(late) < LEFT * due


def _annealed(run: Run, incident: LossIncident) -> bool:
    """Whether the learning rate fell around the onset."""
    role = run.role("learning_rate")
    if role is None or not len(role.series):
        return False
    rate = role.series.latest()
    at = int(np.searchsorted(rate.step, incident.steps[0]))
    reach = max(8, len(rate) // 100)
    before, after = rate.value[max(0, at - reach) : at], rate.value[at : at + reach]
    if not (np.isfinite(before).any() and np.isfinite(after).any()):
        return False
    return bool(bn.nanmin(after) < ANNEALED * bn.nanmax(before))


def _message(incident: LossIncident, context: Context, stands: bool) -> str:
    one, curve = incident.excursion, incident.curve
    first, last = incident.steps
    before, peak = curve.loss(one.level), float(curve.value[one.peak])
    after = curve.loss(incident.ending.after)
    resume = ", right after a resume" if context.after_resume else ""
    if incident.kind == "dip":
        span = f"between steps {first:,} and {last:,}{resume}, and is back"
        return f"the loss dips from {before:.4g} to {peak:.4g} {span}: repeated or unusually easy data"
    where = f"at step {first:,}{resume}"
    if incident.kind == "shift-down":
        cause = "data seen before" if context.after_resume else "a new data stage, or data seen before"
        return f"the loss drops from {before:.4g} to {after:.4g} {where} and goes on from there: {cause}"
    if one.back:
        course = f"rises from {before:.4g} to {peak:.4g} {where} and then improves past its old level"
    else:
        course = f"moves from {before:.4g} to {after:.4g} {where} without overshoot and "
        if stands:
            return f"the loss {course}makes no progress since, where its trend led on: no data stage that it learns"
        course += "goes on from there"
    return f"the loss {course}: a new data stage, if one was planned"


def _evidence(incident: LossIncident, context: Context, stands: bool) -> ShiftEvidence:
    one, curve = incident.excursion, incident.curve
    return {
        "kind": incident.kind,
        "level_before": curve.loss(one.level),
        "level_after": curve.loss(incident.ending.after),
        "extreme": float(curve.value[one.peak]),
        "expected": curve.loss(one.expected),
        "sigmas": round(float(curve.y[one.peak] - one.expected) / one.sigma, 1),
        "rewound": incident.rewound,
        "stands": stands,
        **context.evidence(),
    }
