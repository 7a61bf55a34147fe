"""What a watch tells, and to whom: on standard output, and through the outbox to each channel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from runlens.errors import RunLensError
from runlens.model import Report, RunReport, Severity
from runlens.notify.notice import Kind, Notice, of_run
from runlens.render import json as report_json
from runlens.rules.log.bad_end import BadEnd
from runlens.rules.log.stale import StaleRun
from runlens.watching import state, words
from runlens.watching.life import Life, Lives, Turn
from runlens.watching.memory import Change, Incidents, id_of
from runlens.watching.memory import of_json as incidents_of
from runlens.watching.outbox import Message, Outbox, outbox_of

_ENDS = {StaleRun.code: Life.STALLED, BadEnd.code: Life.CRASHED}
"""Rules whose finding says how a run stands: it is one incident with that."""


@dataclass(slots=True)
class Told:
    """The memory of a watch, its outbox and its channels."""

    say: Callable[[str], None]
    print: Callable[[str], None]
    clock: Callable[[], float]
    lives: Lives
    floor: int = 1
    """Rank of the lowest severity that alerts."""
    channels: dict[str, Callable[[Message], None]] = field(default_factory=dict)
    """Name of a channel to what sends a message there."""
    file: Path | None = None
    """Where the state is kept; None keeps none."""
    incidents: Incidents = field(default_factory=Incidents)
    outbox: Outbox = field(default_factory=Outbox)
    about: dict[str, list[str]] = field(default_factory=dict)
    """Id of what was told of a run's life, or of the watch's sight, to the channels that were told."""
    troubles: dict[str, str] = field(default_factory=dict)
    """What was said last of a run that cannot be read or judged."""
    count: int = 0
    """Incidents told."""
    extra: dict[str, Any] = field(default_factory=dict)
    """What channels want to remember, such as Slack's threads."""

    def load(self) -> None:
        """Go on where a watch of the same state left off, if there was one."""
        if self.file is None or (raw := state.read(self.file, self.say)) is None:
            return
        try:
            self.incidents, self.outbox = incidents_of(raw["incidents"]), outbox_of(raw["outbox"])
            self.lives.runs, self.lives.alone = state.lives_of_json(raw["lives"]), raw["alone"]
            self.about = {key: list(value) for key, value in raw["about"].items()}
            for key, value in raw["extra"].items():
                self.extra.setdefault(key, {}).update(value)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            self.say(f"{self.file} cannot be used ({type(error).__name__}: {error}); the watch begins anew")
            self.incidents, self.outbox = Incidents(), Outbox()
            self.lives.runs, self.about = {}, {}
            return
        told, kept = len(self.incidents.known), len(self.outbox.messages)
        self.say(f"goes on where the watch before left off: {told} told, {kept} to be sent ({self.file})")

    def save(self) -> None:
        """Write the state; a disk that is full is said, and the watch goes on."""
        if self.file is None:
            return
        try:
            state.write(
                self.file,
                {
                    "incidents": self.incidents.to_json(),
                    "outbox": self.outbox.to_json(),
                    "lives": state.lives_to_json(self.lives.runs),
                    "alone": self.lives.alone,
                    "about": {id: to for id, to in self.about.items() if to},
                    "extra": self.extra,
                },
            )
        except (RunLensError, OSError) as error:
            self.say(f"the state was not written, the watch goes on: {error}")

    def look(self, report: Report, turns: Sequence[Turn]) -> None:
        """Print what a look has brought, and put it into the outbox."""
        notices: list[Notice] = []
        said: set[tuple[str, Life]] = set()
        for run in report.runs:
            for change in self.incidents.look(run):
                if (life := _how_it_stands(change)) is not None:
                    if change.finding is None:
                        continue  # that it goes on again is told of the run
                    said.add((run.run, life))
                notices.append(self._of_change(report.created, run, change))
            self._trouble(run)
        notices += [self._of_turn(report.created, one) for one in turns if (one.run, one.now) not in said]
        self.tell(notices, report)

    def rename(self, old: str, new: str) -> None:
        """Remember under its new name what was told of a run, so that nothing of it is told again."""
        self.incidents.rename(old, new)
        every: tuple[dict[str, Any], ...] = (self.about, self.troubles, self.extra.get("threads", {}))
        for held in every:
            for before, after in ((old, new), (life_id(old), life_id(new))):
                if before in held:
                    held[after] = held.pop(before)

    def tell(self, notices: Sequence[Notice], report: Report | None) -> None:
        """Print notices, and put them into the outbox of each channel that they are for."""
        for notice in notices:
            self.print(words.line(notice))
        self.count += sum(notice.kind == "found" for notice in notices)
        for channel in self.channels:
            mine = tuple(notice for notice in notices if self._is_for(notice, channel))
            self.outbox.messages += [Message(channel, part, _report(report, part)) for part in self._parts(mine)]
        if self.channels:
            self.save()

    def send(self) -> None:
        """Send what is in the outbox and may be sent now."""
        self.outbox.deliver(self.channels, self.save, self.say, self.clock())

    def _is_for(self, notice: Notice, channel: str) -> bool:
        """Whether a channel is told; it then hears of all that follows under the same id."""
        if notice.kind in ("heartbeat", "ended"):
            return True
        incident = self.incidents.known.get(notice.id)
        to = incident.told_to if incident is not None else self.about.get(notice.id, [])
        if channel not in to:
            if notice.over or Severity(notice.severity).rank < self.floor:
                return False
            to.append(channel)
        if incident is None:
            self.about[notice.id] = [name for name in to if name != channel] if notice.over else to
        return True

    def _parts(self, notices: tuple[Notice, ...]) -> list[tuple[Notice, ...]]:
        """What is new together, and each follow-up by itself where a channel answers in the thread of the first."""
        if not notices:
            return []
        threads = self.extra.get("threads", {})
        fresh = tuple(n for n in notices if n.id not in threads)
        return [*([fresh] if fresh else []), *((n,) for n in notices if n.id in threads)]

    def _of_change(self, created: str, run: RunReport, change: Change) -> Notice:
        incident, finding = change.incident, change.finding
        id = life_id(run.run) if incident.stands else incident.id
        if finding is not None:
            severity, text = finding.severity.value, finding.message
            return of_run(run, change.what, id, created, severity, text, finding=finding)
        over = (
            "is over" if change.what == "resolved" else "is taken back: with what came since it is not found any more"
        )
        made = of_run(run, change.what, id, created, "info", f"{over} ({incident.message})")
        return replace(made, code=incident.code, metric=incident.metric, steps=incident.steps)

    def _of_turn(self, created: str, one: Turn) -> Notice:
        kind: Kind = one.now.value
        return of_run(
            one.report, kind, life_id(one.run), created, words.SEVERITY[one.now], words.turn(one), name=one.run
        )

    def _trouble(self, run: RunReport) -> None:
        """Say what could not be read or judged and was readable until now, once until it works again."""
        now = "; ".join(sorted(failure.message for failure in run.failures))
        if now and now != self.troubles.get(run.run):
            self.say(f"{run.run}: {now}")
        self.troubles[run.run] = now

    def places(self, metrics: Path | None) -> list[str]:
        """Where it is told beside standard output."""
        return [*self.channels, *([f"metrics in {metrics}"] if metrics is not None else [])]


def _how_it_stands(change: Change) -> Life | None:
    """What the finding says of the run's life, which is then one incident with it; None if it is about something else.

    LOG006 also tells of series that stopped, and of plans that were not reached.
    """
    incident, finding = change.incident, change.finding
    if finding is not None and incident.code in _ENDS:
        crashed = incident.code == StaleRun.code or finding.evidence.get("kind") == "crashed"
        incident.stands = _ENDS[incident.code].value if crashed else ""
    return Life(incident.stands) if incident.stands else None


def life_id(run: str) -> str:
    """The id of what is told of how a run stands."""
    return id_of(run, "life")


def _report(report: Report | None, notices: Iterable[Notice]) -> dict[str, Any]:
    """The JSON report with the findings of the notices alone, and without charts."""
    if report is None:
        return {}
    told = {(n.run, n.code, n.metric, n.steps) for n in notices if n.code}
    names = {n.run for n in notices}
    runs = tuple(
        replace(
            run,
            charts=(),
            latest=(),
            config={},
            findings=tuple(f for f in run.findings if (run.run, f.code, f.metric, f.steps) in told),
        )
        for run in report.runs
        if run.run in names
    )
    return report_json.to_dict(replace(report, runs=runs))


def of_watch(kind: Kind, created: str, severity: str, text: str, names: Sequence[str]) -> Notice:
    """A notice about the watch itself."""
    about = "sight" if kind in ("blind", "sees") else f"{kind} {created}"
    return Notice(kind, id_of(*names, about), created, severity, text, source=", ".join(names)[:500])
