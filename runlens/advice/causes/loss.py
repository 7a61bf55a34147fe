"""Clues of loss, gradient and schedule: each takes an incident and answers with a sentence, or None."""

# ruff: noqa: D103 - a name and the sentence that it answers with say all

from __future__ import annotations

from runlens.advice.causes.case import Case, finite
from runlens.advice.facts import SAME_STEP
from runlens.model.words import number, percent, short
from runlens.rules.gradient.non_finite import NonFiniteGradient
from runlens.rules.gradient.surge import GradientSurge
from runlens.rules.log.restart import Restart
from runlens.rules.loss.frequency import SpikeFrequency
from runlens.rules.loss.non_finite import NonFiniteLoss
from runlens.rules.loss.shift import LossShift
from runlens.rules.loss.spike import LossSpike
from runlens.rules.schedule.schedule_break import ScheduleBreak


def schedule_breaks(case: Case) -> str | None:
    finding = case.of(ScheduleBreak)
    return finding.message if finding else None


def schedule_holds(case: Case) -> str | None:
    told = f"The learning rate kept to its schedule ({ScheduleBreak.code} judged)."
    return told if case.silent(ScheduleBreak) else None


def gradient_leads(case: Case) -> str | None:
    surge, spike = case.of(GradientSurge), case.of(LossSpike, NonFiniteLoss)
    if not (surge and spike and surge.steps and spike.steps and surge.steps[0] < spike.steps[0]):
        return None
    return f"The gradient norm moved {spike.steps[0] - surge.steps[0]:,} steps before the loss."


def gradient_had_grown(case: Case) -> str | None:
    """The tenth of the run before the onset against the lowest tenth before that: healthy runs stay below 1.25."""
    grown = case.gradient_growth
    if grown is None or grown[1] < 1.5 * grown[0]:
        return None
    return f"The gradient norm had already grown from {number(grown[0], 3)} to {number(grown[1], 3)} before it."


def surges_alone(case: Case) -> str | None:
    surges = case.all_of(GradientSurge)
    return f"The gradient norm surged {len(surges)} times in this run." if len(surges) >= 3 else None


def came_back_fast(case: Case) -> str | None:
    if case.spike is None or case.outcome != "recovered-fast":
        return None
    steps = finite(case.spike.get("recovery_steps"))
    return f"The loss was back after {steps:,.0f} steps." if steps is not None else "The loss came back fast."


def came_back_slowly(case: Case) -> str | None:
    if case.outcome not in ("recovered-slow", "plateaued"):
        return None
    return f"The spike {case.outcome.replace('-', ' ')}: more than a few bad batches would leave behind."


def did_not_come_back(case: Case) -> str | None:
    if case.spike is None or case.outcome not in ("plateaued", "diverged"):
        return None
    before, after = finite(case.spike.get("level_before")), finite(case.spike.get("level_after"))
    levels = f" ({number(before)} before, {number(after)} after)" if before is not None and after is not None else ""
    return f"The loss never returned to its old level{levels}."


def diverged(case: Case) -> str | None:
    return "The loss diverged." if case.outcome == "diverged" else None


def alone(case: Case) -> str | None:
    spikes = case.all_of(LossSpike)
    return "It is the only spike of the run." if len(spikes) == 1 and spikes[0] in case.findings else None


def same_place_again(case: Case) -> str | None:
    spike = case.of(LossSpike)
    if spike is None or spike.steps is None:
        return None
    onsets = [f.steps[0] for f in case.all_of(LossSpike) if f is not spike and f.steps]
    again = any(abs(onset - spike.steps[0]) <= SAME_STEP for onset in onsets)
    return "After a rewind the loss spiked again at the same step, on the same data." if again else None


def not_finite(case: Case) -> str | None:
    finding = case.of(NonFiniteLoss, NonFiniteGradient)
    return finding.message if finding else None


def half_precision(case: Case) -> str | None:
    return _precision(case, ("fp16",))


def brain_float(case: Case) -> str | None:
    return _precision(case, ("bf16", "fp32"))


def _precision(case: Case, kinds: tuple[str, ...]) -> str | None:
    found = case.configured.precision()
    if found is None or found.kind not in kinds:
        return None
    value = "true" if found.value is True else str(found.value)
    return f"The configuration says {short(found.key, 60)} = {short(value, 40)}."


def more_and_more_spikes(case: Case) -> str | None:
    finding = case.elsewhere(SpikeFrequency)
    return finding.message if finding else None


def early(case: Case) -> str | None:
    if case.place < 0.005:
        return "It began at the start of the run."
    return f"It began {percent(case.place)} into the run." if case.place < 0.1 else None


def has_guards(case: Case) -> str | None:
    found = case.configured.guard()
    return f"The configuration has {short(found[0], 60)} = {short(str(found[1]), 40)}." if found else None


def restarted_before(case: Case) -> str | None:
    found = case.restart_before(200)
    return f"The run was resumed at step {found[0]:,}, {found[1]:,} steps before." if found else None


def never_restarted(case: Case) -> str | None:
    return f"The run was not resumed ({Restart.code} judged)." if case.silent(Restart) else None


def goes_on_improving(case: Case) -> str | None:
    finding = case.of(LossShift)
    return finding.message if finding else None
