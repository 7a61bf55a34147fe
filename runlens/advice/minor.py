"""Advice for what does not call for going back."""

from __future__ import annotations

from runlens.advice.advised import Advised
from runlens.advice.divergence import OLMO2, PALM
from runlens.advice.facts import Facts, onset
from runlens.advice.rewind import rewind
from runlens.model import Action, Finding, Symptom
from runlens.rules import rule_of

PLAYBOOK = "Hugging Face smol training playbook, 'Staying the course'"
OFTEN = 3
"""From so many recovered spikes on, the run has a habit and not an accident."""


def broken_schedule(facts: Facts) -> Advised | None:
    """A learning rate that leaves its own schedule is mended in place."""
    broken = facts.showing(Symptom.SCHEDULE, at_least=1)
    return _declared(max(broken, key=lambda f: f.severity.rank), facts) if broken else None


def hardware_or_speed(facts: Facts) -> Advised | None:
    """Slow or ailing hardware is drained while the run goes on."""
    slow = facts.showing(Symptom.MACHINE, Symptom.SLOW, at_least=1)
    if not slow:
        return None
    worst = max(slow, key=lambda f: (f.severity.rank, rule_of(f.code).symptom is Symptom.MACHINE))
    slow.sort(key=lambda f: f is not worst)
    chosen = dict.fromkeys(
        text for f in slow if (own := rule_of(f.code).advice) for text in own.first_and_others(facts.loader)
    )
    if any(rule_of(f.code).symptom is Symptom.SLOW for f in slow):
        chosen.setdefault(
            "Compare the nodes' clocks, temperatures and network counters from before and after the change."
        )
    return Advised(Action("fix-on-the-fly", worst.message, measures=tuple(chosen), sources=(PLAYBOOK,)), worst)


def look_closer(facts: Facts) -> Advised | None:
    """Anything else at warning or above: as its own rule advises, if it does."""
    spikes = (Symptom.SPIKE, Symptom.HABIT)
    other = [f for f in facts.findings if f.severity.rank >= 1 and rule_of(f.code).symptom not in spikes]
    if not other:
        return None
    return _declared(max(other, key=lambda f: f.severity.rank), facts)


def _declared(finding: Finding, facts: Facts) -> Advised:
    """What the finding's own rule advises, or else to look where its help points."""
    own = rule_of(finding.code).advised(finding)
    if own is None:
        action = Action("investigate", finding.message, measures=(finding.help,) if finding.help else ())
    else:
        action = Action(own.kind, finding.message, measures=own.first_and_others(facts.loader), sources=own.sources)
    return Advised(action, finding)


def repeated_spikes(facts: Facts) -> Advised | None:
    """Spikes that recover and come again: prevention, not rewinding."""
    recovered = facts.with_outcome("recovered-fast", "recovered-slow")
    often = facts.showing(Symptom.HABIT, at_least=1)
    if len(recovered) < OFTEN and not often:
        return None
    count = f"{len(recovered)} loss spikes recovered by themselves" if recovered else often[0].message
    action = Action(
        "fix-on-the-fly" if often else "continue",
        f"{count}; take away what makes them.",
        measures=(
            "Filter documents of repeated n-grams from the data.",
            "Tighten gradient clipping; consider z-loss, QK-norm, and no weight decay on embeddings.",
            "If one comes back at the same data after a rewind, that data is bad; else suspect the learning rate.",
        ),
        sources=(OLMO2, PALM),
    )
    return Advised(action, often[0] if often else max(recovered, key=lambda f: f.severity.rank))


def recovered_slowly(facts: Facts) -> Advised | None:
    """A slow recovery is let be, with a plan for the next one."""
    slow = facts.with_outcome("recovered-slow", at_least=1)
    if not slow:
        return None
    plan = rewind(facts, slow[-1])
    action = Action(
        "continue",
        f"The loss recovered slowly, but by itself, from the spike at step {onset(slow[-1]):,}; if it spikes there "
        f"again, {plan.sentence()}.",
        measures=("Keep the last checkpoint before the onset from being deleted.",),
        sources=(PALM,),
    )
    return Advised(action, slow[-1])


def go_on(facts: Facts) -> tuple[Action, Finding | None]:
    """Nothing that needs a change, and the spike that it is said of, if one recovered."""
    fast = facts.with_outcome("recovered-fast")
    if fast:
        many = f"{len(fast)} loss spikes" if len(fast) > 1 else f"The loss spike at step {onset(fast[0]):,}"
        reason = f"{many} recovered fast; nothing needs a change."
        return Action("continue", reason, sources=("BLOOM chronicles, PaLM",)), fast[-1]
    if facts.known:
        return Action("continue", "Nothing was found that needs a change, but for what is known."), None
    return Action("continue", "Nothing was found that needs a change."), None
