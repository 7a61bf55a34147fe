"""Advice for a loss that did not come back, or is not a number."""

from __future__ import annotations

import math

from runlens.advice.advised import Advised
from runlens.advice.facts import Facts, onset
from runlens.advice.rewind import STEPS_BEFORE, Rewind, rewind
from runlens.model import Action, Finding, Symptom
from runlens.rules.gradient.non_finite import NonFiniteGradient
from runlens.rules.loss.spike import LossSpike

PALM = "PaLM (arXiv 2204.02311), section 5.1: rewind about 100 steps, skip 200-500 batches"
BLOOM = "BLOOM-176B chronicles (bigscience-workshop): fp16 diverged where bf16 held"
OLMO2 = "OLMo 2 (arXiv 2501.00656), section 3: QK-norm, z-loss, N(0, 0.02) initialisation, repeated n-grams filtered"
FALCON = "Falcon (arXiv 2311.16867): rewound and skipped 1 B tokens"
MARIN = "Marin 32B retrospective: QK-norm switched on in mid-run ended the spikes"


def after_non_finite(facts: Facts) -> Advised | None:
    """NaN or infinity that lasts: rewind, and look at the precision first."""
    lasting = [
        f
        for f in facts.showing(Symptom.NOT_FINITE, at_least=2)
        if f.steps and f.steps[1] >= facts.last_step - max(1, (facts.last_step - facts.first_step) // 100)
    ]
    if not lasting:
        return None
    first = lasting[0]
    what = "gradient norm" if first.code == NonFiniteGradient.code else "loss"
    plan = rewind(facts, first)
    from_the_start = onset(first) <= facts.first_step < STEPS_BEFORE
    if plan.nowhere or (from_the_start and not plan.checkpoint_known):
        since = f"the first logged step, {onset(first):,}," if from_the_start else f"step {onset(first):,}"
        action = Action(
            "restart",
            f"The {what} is not finite from {since} to the end: there is no good checkpoint in this log to go back to.",
            measures=(
                _precision(facts),
                "Look at the first batch, the initialisation and the loss function.",
                "If this log continues another one, rewind to a checkpoint of that.",
            ),
            sources=(BLOOM,),
        )
        return Advised(action, first, facts.mend(first))
    measures = (
        _precision(facts),
        "Lower the peak learning rate, or lengthen the warm-up.",
        "Check the batch at that step for bad data.",
    )
    return _back(facts, first, plan, f"The {what} is not finite from step {onset(first):,} to the end.", measures,
                 (BLOOM, PALM))  # fmt: skip


def _back(
    facts: Facts, finding: Finding, plan: Rewind, reason: str, measures: tuple[str, ...], sources: tuple[str, ...]
) -> Advised:
    """Rewind, or start again where there is nothing to go back to; leave batches out only where these are to blame."""
    if plan.nowhere:
        none = "It came on before a first checkpoint: there is none to go back to."
        return Advised(
            Action("restart", reason, measures=(*measures, none), sources=sources), finding, facts.mend(finding)
        )
    skips = facts.in_the_batches(finding) or facts.came_back(finding)
    look = f"Look at the batches of steps {plan.skip[0]:,} to {plan.skip[1]:,} before they are used again."
    action = Action(
        "rewind-and-skip",
        reason,
        plan.to_step,
        plan.skip if skips else None,
        plan.skip_tokens if skips else None,
        plan.checkpoint_known,
        (*measures, *(plan.measures() if skips else (look,))),
        sources,
    )
    return Advised(action, finding, "" if skips else facts.mend(finding))


def after_a_bad_spike(facts: Facts) -> Advised | None:
    """Diverged or plateaued: rewind before the onset, mend what made it, skip the window where the data did."""
    bad = facts.with_outcome("diverged", "plateaued", at_least=1)
    if not bad:
        return None
    spike = max(bad, key=lambda f: f.severity.rank)
    outcome = spike.outcome
    plan = rewind(facts, spike)
    schedule = [
        f for f in facts.showing(Symptom.SCHEDULE) if f.steps and spike.steps and abs(f.steps[0] - spike.steps[0]) <= 50
    ]
    earlier = len(facts.with_outcome("recovered-fast", "recovered-slow", "plateaued", "diverged")) - 1
    measures: list[str] = []
    if schedule:
        measures.append("Mend the learning-rate schedule first: it breaks at the onset, so the data may be innocent.")
    if outcome == "diverged":
        measures += [
            "Lower the learning rate (or lengthen the warm-up) from the rewind point on.",
            _precision(facts),
            "Add QK-norm or z-loss if the architecture allows it.",
        ]
    else:
        measures.append("Tighten gradient clipping from the rewind point on.")
    if facts.came_back(spike):
        measures.insert(
            0, "The spike returned at this step after a rewind: the data there is bad, so skip it this time."
        )
    elif earlier:
        measures.append(
            f"{earlier} other spike{'s' if earlier > 1 else ''} in this run: the same again at the same data "
            "means bad data, at other data the state or the learning rate."
        )
    state = "never recovered from" if outcome == "plateaued" else "diverged after"
    end = ""
    told = LossSpike.evidence_of(spike)
    before, after = told.get("level_before"), told.get("level_after")
    if before is not None and after is not None and math.isfinite(after):
        now = "settled at" if outcome == "plateaued" else "stands at"
        end = f": it {now} {after:.4g}, where {before:.4g} stood before"
    reason = f"The loss {state} the spike at step {onset(spike):,}{end}."
    sources = (PALM, FALCON, BLOOM, OLMO2) if outcome == "diverged" else (PALM, FALCON, MARIN)
    return _back(facts, spike, plan, reason, tuple(measures), sources)


def after_an_open_spike(facts: Facts) -> Advised | None:
    """A spike that the run ends in: decide soon, and say by what."""
    open_ones = facts.with_outcome("unresolved", at_least=1)
    if not open_ones:
        return None
    spike = open_ones[-1]
    plan = rewind(facts, spike)
    since = facts.last_step - onset(spike)
    then = f"; if the loss does not recover soon, {plan.sentence()}" if not facts.ended else ""
    action = Action(
        "investigate",
        f"The log ends {since:,} steps into the spike at step {onset(spike):,}, too early to tell{then}.",
        measures=(
            "Keep the last checkpoint before the onset from being deleted.",
            *(() if facts.ended else ("Run `runlens check` again when more is logged.",)),
        ),
        sources=(PALM, "BLOOM chronicles: 176B recovered in about 30 steps, 13B in 500, 104B in 2,000"),
    )
    return Advised(action, spike, "keep the checkpoint before it" + ("" if facts.ended else " and look again soon"))


def _precision(facts: Facts) -> str:
    if facts.precision == "fp16":
        return "The config says fp16: move to bf16, or keep weights and moments in fp32."
    if facts.precision == "bf16":
        return "The config says bf16, so overflow is unlikely: check the softmax and the norms kept in fp32."
    return "Check the precision: fp16 weights or moments overflow where bf16 holds."
