"""LOSS001: loss spikes, one finding per incident, with how each ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from runlens.model import Figure, Finding, Run, Severity, Skip, Symptom
from runlens.model.words import percent
from runlens.rules.base import Rule
from runlens.rules.loss.parts.another_stage import FOLDS
from runlens.rules.loss.parts.context import Context, ContextEvidence, context_of
from runlens.rules.loss.parts.epoch_order import falls_with_epoch
from runlens.rules.loss.parts.incidents import (
    RECOVERED,
    LossIncident,
    is_like_others,
    is_mixed,
    loss_incidents,
    why_none,
)
from runlens.rules.loss.parts.sensitivity import USUAL, LossSensitivity
from runlens.rules.loss.parts.slight import NOTHING_LEARNT, begins_higher, slight
from runlens.rules.loss.parts.throughout import rises_throughout
from runlens.rules.meaning import Part, Stage, Story
from runlens.rules.resume.parts.breaks import explained
from runlens.rules.shared.panels import LOSSES, TRAINING
from runlens.stats.excursions.outcome import Outcome

SEVERITY: Mapping[Outcome, Severity] = {
    "recovered-fast": Severity.INFO,
    "recovered-slow": Severity.WARNING,
    "plateaued": Severity.ERROR,
    "diverged": Severity.ERROR,
    "unresolved": Severity.WARNING,
}
HELP: Mapping[Outcome, str] = {
    "recovered-fast": "Go on. If the loss spikes again, look at the batches of these steps.",
    "recovered-slow": "Go on, but keep the checkpoint before it: if it spikes here again, the data is bad.",
    "plateaued": "Rewind to the last checkpoint before the onset; leave batches out if they are bad (PaLM: 200-500).",
    "diverged": "Rewind to the last checkpoint before the onset; check the learning rate, the precision and the data.",
    "unresolved": "Too early to tell: keep the checkpoint before the onset and look again soon.",
}
HELP_STAGE = "Go on if this stage was planned there; rewind to before it if it was not."


SOON = 0.1
"""Share of the log within which a bump of the warm-up is over."""
EPOCHS, MANY_TIMES = 50, 5.0
"""An epoch of so few is 2 % of the run and more: one at so many times the loss before it cost that, though it came back
at once."""
STAYS = 0.3
"""Share of the log from which a loss that blew up within the first points is an error although it came back."""


class SpikeEvidence(ContextEvidence):
    """How a spike went."""

    outcome: Outcome
    peak: float
    peak_step: int
    expected: float
    sigmas: float
    level_before: float
    level_after: float
    recovery_steps: int | None
    points: int
    progress_lost: float | None
    rising: bool
    rewound: bool


@dataclass(frozen=True)
class LossSpike(Rule[SpikeEvidence]):
    """The training loss leaves its level upwards, and comes back or does not.

    What it does
    ------------
    Holds log loss (plain loss where it is not positive) against the level of the points before, carried on along its
    own slope, and reports every stretch above it once: one finding per incident, with its outcome in
    `evidence.outcome`, judged against the level before the onset. `recovered-fast` and `recovered-slow`: back within
    one standard deviation, and staying there. `plateaued`: settled above the old level. `diverged`: non-finite, still
    rising at the end, or half of all progress lost. `unresolved`: the log ends too early to tell, or the next spike
    begins, which then says what was lost (`info`). The noise sets its own bar: a point that stands alone must be higher
    than what the tail of the run's own residuals reaches once in ten million points, a cluster may be lower. A slow
    rise is looked for on medians of 4, 16, 64 … points, of which a cluster needs three quarters of the standard
    deviations only. The losses of two networks that train against each other (GAN) are not judged, unless one is named
    with `--metric`. Where neighbours share their noise (running means), it is measured at the distance over which they
    do; means since an epoch began are taken back first. A loss that doubles within the first points and stays so high
    for a tenth of the log is a spike, too, and an error where it stays for three tenths. A rise at which a logged
    stage, phase or switch of the loss changes, a term of it sets in, folds or tasks follow each other, or a step comes
    to take half as long again or two thirds of it while the loss then falls, is `info`, or a warning where most of the
    progress is lost, unless it goes on; one with the logged weight of a term that ramps up (`kl_weight`) is `info`,
    unless it goes on after the ramp. A bump while the learning rate warms up for the first time, and that is gone
    within a tenth of the log, is `info`. So is one that is back and undid less than 1 % of the progress, or set in
    before the loss had fallen at all and did not double it; one like the latter that stays is a `warning`. So is one
    that is back and stayed below 1.1 times its level in a log of 100 points or less. So is an unresolved one that at
    its worst stands below 1 % of the first loss. So is an unresolved one of a log that prints no step, unless it stands
    at twice all that was before: another training may begin there; one in which the loss kept going back and forth
    between its level and its peak, so that single batches are high; and one of three points at the end of the log where
    three spikes as high were back at once; and one that fell at once where the epoch ended in which it began. In a
    table of 50 epochs or less a spike to five times the level is a warning although it was back at the next one: it
    cost the run 2 % and more.

    Why it matters
    --------------
    A spike that comes back costs little. One that does not wastes every step after it, and on a chart at full
    length the two look alike for hours.

    What to do
    ----------
    Recovered: go on, and look at the batches if it repeats. Plateaued or diverged: rewind to about 100 steps before
    the onset and skip 200-500 batches (PaLM), tighten clipping or lower the learning rate; check the precision if
    the weights are fp16 (BLOOM). Where the gradient norm moved first, begin to skip there.

    Settings
    --------
    sigmas : smallest rise in standard deviations of the noise.
    rise : smallest rise as a share of the old level (0.03 is 3 %).
    fast : steps within which a recovery is fast, for runs of at least 20 times as many (else 5 % of the run).
    slow : steps within which a recovery is expected at all, for runs of at least twice as many (else half of the run).

    References
    ----------
    PaLM (arXiv 2204.02311, section 5.1); OLMo 2 (arXiv 2501.00656, section 3); BLOOM chronicles (bigscience); Falcon
    (arXiv 2311.16867); llm-foundry `KillLossSpike`; OLMo-core `SpikeMonitor`. Six sigma and 3 %: no alarm on 200,000
    logged steps of public GPT-2 speed runs; recovery limits: BLOOM-176B was back in 30 steps, 13B in 500, 104B
    in 2,000.
    """

    code = "LOSS001"
    name = "loss-spike"
    needs = ("train_loss",)
    symptom = Symptom.SPIKE
    part = Part((Story.OPTIMISATION,), opens=True, stage=Stage.LOSS, place=1)
    figure = Figure("peak", panels=LOSSES, beside=TRAINING, sudden=True)

    sigmas: float = USUAL.sigmas
    rise: float = USUAL.rise
    fast: int = USUAL.fast
    slow: int = USUAL.slow

    @property
    def sensitivity(self) -> LossSensitivity:
        """What all rules go by that look for incidents of the loss."""
        return LossSensitivity(self.sigmas, self.rise, self.fast, self.slow)

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding per spike."""
        incidents = loss_incidents(run, self.sensitivity)
        if not incidents and (none := why_none(run)):
            yield self.skip(none[0], kind=none[1])
        elsewhere = rises_throughout(run) is not None  # LOSS004 tells of it
        spikes = [
            i for i in incidents if i.kind == "spike" and (i.rewound or not (elsewhere or explained(run, i.steps[0])))
        ]
        for incident, more in _at_once(spikes):
            context = context_of(run, incident)
            message = _message(incident, context)
            severity = _severity(incident, context, run.counts_lines, "epoch" in run.axis_name.lower())
            if is_like_others(incident, incidents):
                severity = Severity.INFO
                message += "; spikes as high came back before"
            elif falls_with_epoch(run, incident):
                severity = Severity.INFO
                message += "; it fell at once where the epoch ended, so that batches come in an order"
            if more:
                message += f", and so were {more:,} more at these steps"
            yield self.finding(
                severity,
                incident.curve.metric,
                incident.steps,
                message,
                _evidence(incident, context),
                HELP_STAGE if context.plan is not None else HELP[incident.ending.outcome],
            )

    @classmethod
    def taken_back(cls, finding: Finding) -> bool:
        """Whether the run was rewound to before this spike."""
        return bool(cls.evidence_of(finding).get("rewound"))


def _at_once(spikes: Sequence[LossIncident]) -> list[tuple[LossIncident, int]]:
    """The spikes, and how many more were written over at the steps of each that was: those are one line together."""
    told: list[tuple[LossIncident, int]] = []
    for one in spikes:
        if told and one.rewound and told[-1][0].rewound and one.steps[0] <= told[-1][0].steps[1]:
            told[-1] = (told[-1][0], told[-1][1] + 1)
        else:
            told.append((one, 0))
    return told


def _severity(incident: LossIncident, context: Context, counts_lines: bool, epochs: bool) -> Severity:
    if incident.rewound or context.warm_restart:
        return Severity.INFO
    if counts_lines and incident.ending.outcome == "unresolved" and not _above_all(incident):
        return Severity.INFO  # another training may begin there
    if context.ramped:
        return Severity.INFO
    if context.plan is not None:  # a stage may be harder, but one that undoes most of the progress is worth a look
        undone = incident.ending.outcome == "diverged" and context.plan != FOLDS
        return Severity.WARNING if undone else Severity.INFO
    if incident.early and incident.points > STAYS * len(incident.curve.y):
        return Severity.ERROR
    if slight(incident):
        return Severity.INFO
    if context.warming_up and incident.ending.outcome in RECOVERED and incident.points <= SOON * len(incident.curve.y):
        return Severity.INFO
    if _overtaken(incident) or is_mixed(incident):
        return Severity.INFO
    if begins_higher(incident):
        return Severity.WARNING
    costly = epochs and len(incident.curve.y) <= EPOCHS and _is_high(incident)
    return max(SEVERITY[incident.ending.outcome], Severity.WARNING if costly else Severity.INFO, key=lambda s: s.rank)


def _is_high(incident: LossIncident) -> bool:
    """Whether a loss rose to `MANY_TIMES` what it was, or of one that is not positive, by as much and all progress."""
    curve, one = incident.curve, incident.excursion
    before, peak = curve.loss(one.level), float(curve.value[one.peak])
    if curve.log:
        return peak >= MANY_TIMES * before
    return peak - before >= MANY_TIMES * max(abs(before), float(curve.value[0]) - before)


def _above_all(incident: LossIncident) -> bool:
    """Whether a loss rose to twice all that it was before, where no training begins."""
    curve, one = incident.curve, incident.excursion
    return 0.0 < 2.0 * float(curve.value[: one.first].max()) <= curve.loss(incident.ending.after)


def _overtaken(incident: LossIncident) -> bool:
    """Whether another excursion began before it could be told how this one ends: that one says what was lost."""
    return incident.ending.outcome == "unresolved" and incident.until < len(incident.curve.y)


def _message(incident: LossIncident, context: Context) -> str:
    one, end, curve = incident.excursion, incident.ending, incident.curve
    before, peak, after = curve.loss(one.level), float(curve.value[one.peak]), curve.loss(end.after)
    first, last = incident.steps
    kind = "return to the initial loss" if context.from_scratch else "loss spike"
    said = [f"{kind} at step {first:,}: from {before:.4g} to {peak:.4g}"]
    if end.outcome in RECOVERED:
        speed = "fast" if end.outcome == "recovered-fast" else "slowly"
        where = "at the next logged point" if incident.points == 1 else f"after {int(end.steps or 0):,} steps"
        said.append(f"recovered {speed}, back {where}")
    elif end.outcome == "plateaued":
        said.append(f"settled at {after:.4g}, {_share(before, after)} above the level before, through step {last:,}")
    elif end.outcome == "diverged":
        if curve.ends_non_finite and incident.until == len(curve.y):
            said.append("diverged: the loss ends as NaN or infinity")
        elif end.rising:
            said.append(f"diverged: still rising at {after:.4g} at step {last:,}")
        else:
            share = "all" if end.lost >= 1.0 else f"{percent(end.lost)} of all"
            said.append(f"diverged: {share} progress is lost, the loss stands at {after:.4g}")
    elif _overtaken(incident):
        said.append(f"not back by step {last:,}, where the next one begins at {after:.4g}")
    else:
        said.append(f"not back by step {last:,}, where the log ends at {float(curve.value[-1]):.4g}: too early to tell")
    if is_mixed(incident):
        said.append("in between it kept coming back to its level, so that single batches are high, and not the loss")
    if context.gradient_first:
        said.append(f"the gradient norm rose {context.gradient_first:,} steps earlier")
    if context.warm_restart:
        said.append("the learning rate was restarted there")
    if context.warming_up and end.outcome in RECOVERED:
        said.append("the learning rate was still warming up")
    elif why := slight(incident) or (NOTHING_LEARNT if begins_higher(incident) else ""):
        said.append(why)
    if context.plan is not None:
        said.append(f"{context.plan.words()} {'meanwhile, and the loss with it' if context.ramped else 'there'}")
    if incident.rewound:
        said.append("the run was rewound to before it")
    return "; ".join(said)


def _share(before: float, after: float) -> str:
    return percent(after / before - 1) if before > 0 else f"{after - before:.3g}"


def _evidence(incident: LossIncident, context: Context) -> SpikeEvidence:
    one, end, curve = incident.excursion, incident.ending, incident.curve
    return {
        "outcome": end.outcome,
        "peak": float(curve.value[one.peak]),
        "peak_step": int(curve.step[one.peak]),
        "expected": curve.loss(one.expected),
        "sigmas": round(float(curve.y[one.peak] - one.expected) / one.sigma, 1),
        "level_before": curve.loss(one.level),
        "level_after": curve.loss(end.after),
        "recovery_steps": None if end.steps is None else int(end.steps),
        "points": incident.points,
        "progress_lost": None if end.lost != end.lost else round(end.lost, 3),
        "rising": end.rising,
        "rewound": incident.rewound,
        **context.evidence(),
    }
