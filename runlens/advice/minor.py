"""Advice for what does not call for going back."""

from __future__ import annotations

from runlens.advice.divergence import OLMO2, PALM
from runlens.advice.facts import Facts, onset
from runlens.advice.rewind import rewind
from runlens.model import Action, Finding, Symptom
from runlens.rules import rule_of

PLAYBOOK = "Hugging Face smol training playbook, 'Staying the course'"
OFTEN = 3
"""From so many recovered spikes on, the run has a habit and not an accident."""


def broken_schedule(facts: Facts) -> Action | None:
    """A learning rate that leaves its own schedule is mended in place."""
    broken = facts.showing(Symptom.SCHEDULE, at_least=1)
    return _declared(broken[0]) if broken else None


def hardware_or_speed(facts: Facts) -> Action | None:
    """Slow or ailing hardware is drained while the run goes on."""
    slow = facts.showing(Symptom.MACHINE, Symptom.SLOW, at_least=1)
    if not slow:
        return None
    worst = max(slow, key=lambda f: (f.severity.rank, rule_of(f.code).symptom is Symptom.MACHINE))
    chosen = dict.fromkeys(text for f in slow if (own := rule_of(f.code).advice) for text in own.measures)
    chosen.setdefault("Compare the nodes' clocks, temperatures and network counters from before and after the change.")
    return Action("fix-on-the-fly", worst.message, measures=tuple(chosen), sources=(PLAYBOOK,))


def look_closer(facts: Facts) -> Action | None:
    """Anything else at warning or above: as its own rule advises, if it does."""
    spikes = (Symptom.SPIKE, Symptom.HABIT)
    other = [f for f in facts.findings if f.severity.rank >= 1 and rule_of(f.code).symptom not in spikes]
    if not other:
        return None
    return _declared(max(other, key=lambda f: f.severity.rank))


def _declared(finding: Finding) -> Action:
    """What the finding's own rule advises, or else to look where its help points."""
    own = rule_of(finding.code).advice
    if own is None:
        return Action("investigate", finding.message, measures=(finding.help,) if finding.help else ())
    return Action(own.kind, finding.message, measures=own.measures, sources=own.sources)


def repeated_spikes(facts: Facts) -> Action | None:
    """Spikes that recover and come again: prevention, not rewinding."""
    recovered = facts.with_outcome("recovered-fast", "recovered-slow")
    often = facts.showing(Symptom.HABIT, at_least=1)
    if len(recovered) < OFTEN and not often:
        return None
    count = f"{len(recovered)} loss spikes recovered by themselves" if recovered else often[0].message
    return Action(
        "fix-on-the-fly" if often else "continue",
        f"{count}; take away what makes them.",
        measures=(
            "Filter documents of repeated n-grams from the data.",
            "Tighten gradient clipping; consider z-loss, QK-norm, and no weight decay on embeddings.",
            "If one comes back at the same data after a rewind, that data is bad; else suspect the learning rate.",
        ),
        sources=(OLMO2, PALM),
    )


def recovered_slowly(facts: Facts) -> Action | None:
    """A slow recovery is let be, with a plan for the next one."""
    slow = facts.with_outcome("recovered-slow")
    if not slow:
        return None
    plan = rewind(facts, slow[-1])
    return Action(
        "continue",
        f"The loss recovered slowly, but by itself, from the spike at step {onset(slow[-1]):,}; if it spikes there "
        f"again, {plan.sentence()}.",
        measures=("Keep the last checkpoint before the onset from being deleted.",),
        sources=(PALM,),
    )


def go_on(facts: Facts) -> Action:
    """Nothing that needs a change."""
    fast = facts.with_outcome("recovered-fast")
    if fast:
        many = f"{len(fast)} loss spikes" if len(fast) > 1 else f"The loss spike at step {onset(fast[0]):,}"
        return Action(
            "continue", f"{many} recovered fast; nothing needs a change.", sources=("BLOOM chronicles, PaLM",)
        )
    if facts.known:
        return Action("continue", "Nothing was found that needs a change, but for what is known.")
    return Action("continue", "Nothing was found that needs a change.")
