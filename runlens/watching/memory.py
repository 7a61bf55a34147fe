"""What was found and told, so that each incident is told once, its changes to whom it was told, across restarts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from runlens.judging.news import overlap
from runlens.model import Finding, RunReport
from runlens.rules.loss.parts.incidents import RECOVERED

PATIENCE = 2
"""Judged looks in a row without a finding before it is taken back: what comes and goes is no news."""
MOST = 5000
"""Incidents that are remembered; the oldest that are over are forgotten first."""

What = Literal["found", "worse", "changed", "resolved", "retracted"]


@dataclass(slots=True)
class Incident:
    """One incident of one run."""

    id: str
    run: str
    code: str
    metric: str
    steps: tuple[int, int] | None
    """Where it was found last: its end moves as the run goes on."""
    rank: int
    """The worst severity told."""
    outcomes: list[str]
    message: str
    at_end: bool = False
    """It held at the last step of the run when it was found last."""
    missing: int = 0
    over: bool = False
    stands: str = ""
    """How the run stands by it, such as `stalled`: it is then told with the run's life; empty for all others."""
    told_to: list[str] = field(default_factory=list)
    """Channels that were told of it."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is new of an incident."""

    what: What
    incident: Incident
    finding: Finding | None
    """None where it is not found any more."""


@dataclass(slots=True)
class Incidents:
    """All incidents of a watch."""

    known: dict[str, Incident] = field(default_factory=dict)
    """By id, in the order in which they were found."""
    taken: dict[str, int] = field(default_factory=dict)
    """How many incidents of a run, code and metric there were."""

    def look(self, run: RunReport) -> Iterator[Change]:
        """What is new in the report of a run.

        A finding is one already known if run, code and metric are equal and the steps overlap. It is taken back when
        its rule judged the run twice without finding it; a rule that could not judge takes nothing back. Suppressed
        findings are never news.
        """
        mine = [i for i in self.known.values() if i.run == run.run]
        seen: set[str] = set()
        for finding in run.findings:
            same = (i for i in mine if (i.code, i.metric) == (finding.code, finding.metric))
            incident = next((i for i in same if i.id not in seen and overlap(i.steps, finding.steps)), None)
            if finding.suppressed is not None:
                if incident is not None:
                    incident.over = True
                    seen.add(incident.id)
                continue
            if incident is None:
                incident = self._new(run, finding)
                mine.append(incident)
                yield Change("found", incident, finding)
            elif (what := _changed(incident, finding)) is not None:
                yield Change(what, incident, finding)
            seen.add(incident.id)
            self._found(incident, finding, run)
        for incident in mine:
            if incident.id in seen or incident.over or incident.code not in run.checked:
                continue
            incident.missing += 1
            if incident.missing >= PATIENCE:
                incident.over = True
                yield Change("resolved" if incident.at_end else "retracted", incident, None)

    def _new(self, run: RunReport, finding: Finding) -> Incident:
        key = f"{run.run}\n{finding.code}\n{finding.metric}"
        self.taken[key] = self.taken.get(key, 0) + 1
        made = Incident(
            id_of(key, str(self.taken[key])), run.run, finding.code, finding.metric, finding.steps,
            finding.severity.rank, [], finding.message,
        )  # fmt: skip
        self.known[made.id] = made
        if len(self.known) > MOST:
            old = next((i.id for i in self.known.values() if i.over), None)
            if old is not None:
                del self.known[old]
        return made

    @staticmethod
    def _found(incident: Incident, finding: Finding, run: RunReport) -> None:
        incident.steps, incident.message = finding.steps, finding.message
        incident.rank = max(incident.rank, finding.severity.rank)
        incident.missing, incident.over = 0, False
        incident.at_end = finding.steps is None or run.steps is None or finding.steps[1] >= run.steps[1]
        if finding.outcome not in incident.outcomes:
            incident.outcomes.append(finding.outcome)

    def rename(self, old: str, new: str) -> None:
        """A run is called otherwise: its incidents stay what they are, under their ids."""
        for incident in self.known.values():
            if incident.run == old:
                incident.run = new
        for key in [key for key in self.taken if key.split("\n")[0] == old]:
            self.taken[new + key[len(old) :]] = self.taken.pop(key)

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON knows it."""
        return {"known": [asdict(i) for i in self.known.values()], "taken": self.taken}


def of_json(raw: Mapping[str, Any]) -> Incidents:
    """What `to_json` made."""
    incidents = [Incident(**{**i, "steps": tuple(i["steps"]) if i["steps"] else None}) for i in raw["known"]]
    return Incidents({i.id: i for i in incidents}, dict(raw["taken"]))


def _changed(incident: Incident, finding: Finding) -> What | None:
    if incident.over:
        return "found"  # it was taken back, and is there again
    if finding.severity.rank > incident.rank:
        return "worse"
    known = set(incident.outcomes)
    if finding.outcome in RECOVERED and known & set(RECOVERED):
        return None  # what counts as fast grows with the run: that it is over was told
    return "changed" if finding.outcome not in known else None


def id_of(*parts: str) -> str:
    """A short id that is the same whenever the parts are."""
    return hashlib.sha256("\n".join(parts).encode("utf-8", "backslashreplace")).hexdigest()[:12]
