"""A notice: one thing that a watch tells, the same for every channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from runlens.model import Finding, RunReport
from runlens.model.words import web_address

Kind = Literal[
    "found", "worse", "changed", "resolved", "retracted",
    "going", "stalled", "quiet", "finished", "crashed", "gone",
    "blind", "sees", "heartbeat", "ended",
]  # fmt: skip
"""What happened. Of a finding: `found`, `worse` (a higher severity), `changed` (another outcome), `resolved` (it held
at the run's end and does not any more), `retracted` (with what came since it is not found any more). Of a run: how it
stands. Of the watch: `blind` and `sees`, `heartbeat`, `ended`."""
OVER = ("resolved", "retracted", "going", "sees")
"""Kinds that end what was told before under the same id."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that is told."""

    kind: Kind
    id: str
    """Of the incident: the same for all that is told of it, across restarts; for threads and to leave out doubles."""
    created: str
    """UTC, ISO 8601."""
    severity: str
    text: str
    """One sentence."""
    run: str = ""
    """Empty where it is about the watch."""
    name: str = ""
    source: str = ""
    entity: str = ""
    project: str = ""
    verdict: str = ""
    link: str = ""
    """Address of the run's page; empty if it has none."""
    code: str = ""
    """Of the rule; empty where it is about no finding."""
    metric: str = ""
    steps: tuple[int, int] | None = None
    outcome: str = ""
    cause: str = ""
    """The likeliest cause, or what the advice comes from."""
    action: str = ""
    """What to do: `continue`, `rewind-and-skip`, …"""
    action_step: int | None = None
    """The step to go back to, where that is the advice."""
    action_text: str = ""

    @property
    def over(self) -> bool:
        """Whether it ends what was told before."""
        return self.kind in OVER

    def to_json(self) -> dict[str, Any]:
        """All fields as JSON knows them, and `resolved`."""
        return {**asdict(self), "steps": list(self.steps) if self.steps else None, "resolved": self.over}


def of_json(raw: Mapping[str, Any]) -> Notice:
    """The notice that `to_json` made; fields that this version does not know are passed over."""
    known = {f.name for f in fields(Notice)}
    steps = raw.get("steps")
    return Notice(**{**{k: v for k, v in raw.items() if k in known}, "steps": tuple(steps) if steps else None})


def of_run(
    run: RunReport | None, kind: Kind, id: str, created: str, severity: str, text: str, *,
    finding: Finding | None = None, name: str = "",
) -> Notice:  # fmt: skip
    """A notice about a run, with its verdict, cause, action and link.

    Parameters
    ----------
    run : RunReport or None
        None for one that was never read.
    kind, id, created, severity, text
        As in `Notice`.
    finding : Finding, optional
    name : str
        Of a run that was never read.
    """
    if run is None:
        return Notice(kind, id, created, severity, text, run=name, name=name)
    action = run.action
    return Notice(
        kind=kind,
        id=id,
        created=created,
        severity=severity,
        text=text,
        run=run.run,
        name=run.name or run.run,
        source=run.source,
        entity=run.entity,
        project=run.project,
        verdict=run.verdict,
        link=web_address(run.url),
        code=finding.code if finding else "",
        metric=finding.metric if finding else "",
        steps=finding.steps if finding else None,
        outcome=finding.outcome if finding else "",
        cause=action.cause if action else "",
        action=action.kind if action else "",
        action_step=action.rewind_to_step if action else None,
        action_text=(action.headline or action.reason) if action else "",
    )
