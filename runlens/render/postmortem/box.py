"""The box that is read first, by someone who reads nothing else: what, why, cost, since when, next step, owner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runlens.model import Action, Finding, Incident, RunReport
from runlens.render import words
from runlens.render.postmortem.cost import Cost, between, costs
from runlens.render.text import amount, clock, duration, gpu_time, plural, visible

_COSTS = 2
"""Items of the account that the box tells; the rest stands with the incident."""


@dataclass(frozen=True, slots=True)
class Box:
    """Six lines; each is a sentence or two."""

    what: str
    why: str
    cost: str
    since: str
    next: str

    @property
    def lines(self) -> tuple[tuple[str, str], ...]:
        """Heading and text, the owner left to be filled in."""
        return (
            ("What happened", self.what),
            ("Why", self.why),
            ("Cost", self.cost),
            ("Since when", self.since),
            ("Next step", self.next),
            ("Owner", ""),
        )


def lead(run: RunReport) -> Incident | None:
    """The incident that the advice answers, else the gravest; None where no finding above a note counts."""
    grave = [i for i in run.incidents if i.severity.rank >= 1]
    answered = run.action.incident if run.action is not None else None
    return next(
        (i for i in grave if i.number == answered), min(grave, key=lambda i: (-i.severity.rank, i.number), default=None)
    )


def box(run: RunReport, incident: Incident | None) -> Box | None:
    """The box of a run, about one of its incidents; None where there is none to tell of."""
    if incident is None:
        return None
    parts = [f for f in run.findings if f.incident == incident.number and f.suppressed is None]
    if not parts:
        return None
    worst = min(parts, key=lambda f: (-f.severity.rank, f.steps or (-1, -1)))
    others = sum(i.severity.rank >= 1 for i in run.incidents) - 1
    more = f" {plural(others, 'more incident')} below." if others > 0 else ""
    return Box(
        what=words.sentence(worst.message) + more,
        why=_why(run.action, incident, worst.message),
        cost=_cost(run, costs(run, incident)),
        since=_since(run, incident, parts),
        next=_next(run, incident, worst),
    )


def _why(action: Action | None, incident: Incident, told: str) -> str:
    """The cause that the advice names, or the likeliest one with what speaks for it and is not told already."""
    suspect = next(iter(incident.suspects), None)
    named = action.cause if action is not None and action.incident == incident.number else ""
    if suspect is None and not named:
        return "Not known: nothing in the log speaks for one cause more than for another."
    if suspect is None or (named and named != suspect.title):
        return words.sentence(named[:1].upper() + named[1:])
    clue = next((clue for clue in suspect.speaks_for if clue != told), "")
    proof = f": {visible(clue)}" if clue else ""
    return words.sentence(f"Likely {visible(suspect.short or suspect.title)}{proof}")


def _cost(run: RunReport, items: Sequence[Cost]) -> str:
    """The first items of the account in one line each, what is lost so far first."""
    if not items:
        lacking = [what for what, known in (("wall times", run.time), ("tokens", run.tokens)) if known is None]
        return (
            f"Not known: the log has no {' and no '.join(lacking)}." if lacking else "No training has to be repeated."
        )
    told = [f"{item.what}: {', '.join(_amounts(item))}" for item in items[:_COSTS]]
    more = f"; {plural(len(items) - _COSTS, 'more item')} below" if len(items) > _COSTS else ""
    return f"{'; '.join(told)}{more}."


def _amounts(item: Cost) -> list[str]:
    parts = [f"{amount(item.tokens)} tokens"] if item.tokens is not None else []
    parts += [duration(item.hours * 3600)] if item.hours is not None else []
    parts += [gpu_time(item.gpu_hours)] if item.gpu_hours is not None and item.gpu_hours * 60 >= 1.0 else []
    return parts


def _since(run: RunReport, incident: Incident, parts: Sequence[Finding]) -> str:
    """Where it began, and how long the run went on since then."""
    if incident.steps is None or run.steps is None:
        return "Of the whole run."
    first = min((f for f in parts if f.steps), key=lambda f: f.steps or (0, 0), default=None)
    spots = [amount(first.tokens[0]) + " tokens"] if first is not None and first.tokens is not None else []
    when = clock(first.time[0]) if first is not None and first.time is not None else ""
    spots += [f"{when} UTC"] if when else []
    where = f"Step {incident.steps[0]:,}" + (f" ({', '.join(spots)})" if spots else "")
    left = run.steps[1] - incident.steps[0]
    if left <= 0:
        return f"{where}, where the log ends."
    hours = between(run, incident.steps[0], run.steps[1])[1]
    lasted = f" and {duration(hours * 3600)}" if hours else ""
    verb = "has gone on" if run.state == "running" else "went on"
    return f"{where}; the run {verb} for {plural(left, 'step')}{lasted} since."


def _next(run: RunReport, incident: Incident, worst: Finding) -> str:
    """The order of the advice; where that answers another incident, what the finding itself says."""
    action = run.action
    if action is not None and action.incident in (None, incident.number):
        return words.sentence(words.order(action))
    return words.sentence(worst.help) or "Look at the evidence below."
