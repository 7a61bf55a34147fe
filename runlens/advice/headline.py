"""The line that is read first: cause, outcome, and the one thing to do, in words that fit the life of the run."""

from __future__ import annotations

from dataclasses import replace

from runlens.advice.advised import Advised
from runlens.advice.facts import LIKELY, Facts, onset
from runlens.model import Action, Finding, State, Suspect, Symptom
from runlens.rules import rule_of

LONGEST = 170
"""Characters of a headline; the measure is left to the list below it where it would be longer."""

_CAUSING = (Symptom.MACHINE, Symptom.SCHEDULE, Symptom.SURGE, Symptom.RESUME)
_CAUSED = (Symptom.SPIKE, Symptom.NOT_FINITE, Symptom.SLOW)
_OPEN = (Symptom.SPIKE, Symptom.STALL, Symptom.SHIFT, Symptom.BEHIND)
"""What no clue of a cause is made from alone."""
_FIX: dict[State, str] = {
    "running": "fix it while it runs",
    "finished": "fix it before the next run",
    "crashed": "fix it before the run is resumed",
    "unknown": "fix it",
}
_OUTCOMES = {
    "recovered-fast": "that recovered fast",
    "recovered-slow": "that recovered slowly",
    "plateaued": "that plateaued",
    "diverged": "that diverged",
    "unresolved": "that is still open",
}


def with_headline(advised: Advised, facts: Facts) -> Action:
    """The action with its cause and its headline."""
    cause, outcome = _chain(advised.finding, facts)
    shown = cause
    suspect = next(iter(facts.suspects(advised.finding)), None)
    if not cause and suspect is not None and suspect.score >= LIKELY and _has_more(suspect, advised.finding):
        cause, shown = suspect.title, f"likely {suspect.short or suspect.title}"
    lead = _begun(f"{shown} → {outcome}" if shown else outcome)
    order = _order(advised, facts, LONGEST - len(lead) - 2)
    return replace(
        advised.action, cause=cause, headline=f"{lead}: {order}", order=order, incident=advised.finding.incident
    )


def going_on(action: Action, facts: Facts) -> Action:
    """The action of a run that nothing calls to change, with its headline."""
    order = "" if facts.ended else "go on"
    return replace(action, headline="Nothing needs a change" + (f": {order}" if order else ""), order=order)


def _has_more(suspect: Suspect, finding: Finding) -> bool:
    """Whether anything but the finding itself can speak for a suspect: else it says the same in other words."""
    rule = rule_of(finding.code)
    return len(suspect.speaks_for) > 1 or rule.symptom in _OPEN or bool(rule.tied_roles(finding))


def _chain(finding: Finding, facts: Facts) -> tuple[str, str]:
    """The finding that is the cause, if one is, and the one that is the outcome, in words."""
    if facts.incident_of(finding) is None:
        return "", phrase(finding)
    own = [f for f in facts.findings if f.incident == finding.incident and f is not finding and f.severity.rank >= 1]
    symptom = rule_of(finding.code).symptom
    after = [f for f in own if symptom in _CAUSING and rule_of(f.code).symptom in _CAUSED]
    if after and _before(finding, after[0]):
        return phrase(finding), phrase(after[0])
    earlier = [f for f in own if f.code != finding.code and rule_of(f.code).symptom in _CAUSING and _before(f, finding)]
    if earlier and symptom not in _CAUSING:
        return phrase(min(earlier, key=lambda f: (rule_of(f.code).part.stage, onset(f)))), phrase(finding)
    return "", phrase(finding)


def _before(one: Finding, other: Finding) -> bool:
    """Whether the first may cause the second, by what the rules say of themselves."""
    if rule_of(one.code).symptom is Symptom.SURGE and onset(one) >= onset(other):
        return False  # a norm that jumps with the loss is the same event
    return rule_of(one.code).part.stage < rule_of(other.code).part.stage


def phrase(finding: Finding) -> str:
    """A finding in a few words: `GPU overheating on GPU 5 at step 501`, `loss spike at step 1,500 that plateaued`."""
    where = (
        "" if finding.steps is None else f" at step {finding.steps[0]:,}" if finding.steps[0] > 0 else " from the start"
    )
    whose = f" on {device}" if (device := _device(finding)) else ""
    told = f" {_OUTCOMES[finding.outcome]}" if finding.outcome in _OUTCOMES else ""
    return f"{rule_of(finding.code).words(finding)}{whose}{where}{told}"


def _device(finding: Finding) -> str:
    """The only device that it names, or how many."""
    named = finding.evidence.get("devices", finding.evidence.get("device"))
    devices = [named] if isinstance(named, str) else list(named) if isinstance(named, list | tuple) else []
    if len(devices) > 1:
        return f"{len(devices)} devices"
    return str(devices[0]).replace("gpu ", "GPU ")[:40] if devices else ""


def _order(advised: Advised, facts: Facts, room: int) -> str:
    """What to do, without a capital."""
    action, state = advised.action, facts.run.state
    if action.kind == "continue":
        return "nothing to do" if facts.ended else "go on"
    if action.kind in ("fix-on-the-fly", "investigate"):
        measure = advised.first or (_clause(action.measures[0]) if action.measures else "")
        head = _FIX[state] if action.kind == "fix-on-the-fly" else "" if measure else "investigate"
        text = f"{head}: {measure}" if head and measure else head or measure
        return text if len(text) <= room else head or "investigate"
    parts = [advised.first] if advised.first else []
    again = "train again" if state == "finished" else ""
    if action.kind == "restart":
        if advised.complete:
            return advised.first
        return ", then ".join([*parts, f"{again or 'start again'} from the beginning"])
    if action.rewind_to_step is not None:
        place = "the checkpoint at step" if action.checkpoint_known else "the last checkpoint at or before step"
        parts.append(f"{again + ' from' if again else 'rewind to'} {place} {action.rewind_to_step:,}")
    text = ", then ".join(parts)
    if action.skip_steps is not None:
        text += f" without the batches of steps {action.skip_steps[0]:,}–{action.skip_steps[1]:,}"
    return text


def _clause(measure: str) -> str:
    """The first clause of a measure, as part of a sentence."""
    clause = measure.split(";")[0].rstrip(". ")
    return clause[:1].lower() + clause[1:] if clause[1:2].islower() or clause[1:2] == " " else clause


def _begun(text: str) -> str:
    return text[:1].upper() + text[1:]
