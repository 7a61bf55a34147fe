"""A look costs what is new: a run whose log is as it was is not read and judged again."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from runlens.errors import RunLensError
from runlens.judging.check import judge_and
from runlens.judging.digest import Seen, digest, footprint
from runlens.judging.one import Settings
from runlens.model import Finding, Run, RunRef, RunReport
from runlens.rules.log.clock_jump import ClockJump
from runlens.rules.log.stale import StaleRun
from runlens.rules.shared.points import spine
from runlens.watching.glances import Glances
from runlens.watching.life import Lives
from runlens.watching.renamed import followed

if TYPE_CHECKING:
    from runlens.sources.carried import Carried
    from runlens.sources.wandb_api.live import Live

Read = Callable[[RunRef], Run]
GROWN = 1.1
"""Growth of the age of a stale run after which it is looked at anew: the advice says its age, too."""

MOST_POINTS = 30_000_000
"""Points of all runs together that are kept between looks, some 50 bytes each: beyond it runs that have not changed for
longest are read whole when they do."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A verdict, what it was made from, and the one series by which a run ages."""

    key: bytes
    report: RunReport
    spine: Run


@dataclass(slots=True)
class Unchanged:
    """The verdicts of the look before."""

    lives: Lives
    clock: Callable[[], float]
    kept: dict[str, _Kept] = field(default_factory=dict)
    live: dict[str, Live] = field(default_factory=dict)
    """Runs at W&B, by their reference's id."""
    carried: dict[str, tuple[RunRef, Carried | None]] = field(default_factory=dict)
    """What was read of runs in files that grow; None for one that is read whole."""
    memory: dict[str, dict[Hashable, object]] = field(default_factory=dict)
    """What rules have worked out of each run, for the next look."""
    points: dict[str, int] = field(default_factory=dict)
    """Points of those runs, the one that changed last at the end."""

    def judge(self, plan: Sequence[tuple[RunRef, Settings]], read: Read | None) -> Iterator[RunReport]:
        """Judge runs as `runlens.judging.check.check` does, but those that are as they were."""
        seen: Seen = {}
        here = {ref.id for ref, _ in plan}
        self.lives.followed = followed(here)
        self.kept = {name: kept for name, kept in self.kept.items() if name in here}
        self.live = {name: live for name, live in self.live.items() if name in here}
        for name in (self.points.keys() | self.carried.keys()) - here:
            self._forget(name)
        for ref, settings in plan:
            if ref.source == "wandb_api" and settings.hardware:
                self.live.pop(ref.id, None)
            elif ref.source == "wandb_api" and ref.id not in self.live:
                from runlens.sources.wandb_api.live import Live

                self.live[ref.id] = Live(ref)
        with Glances([self.live[ref.id] for ref, _ in plan if ref.id in self.live]) as glances:
            for ref, settings in plan:
                try:
                    report = self._judged(ref, settings, seen, read, glances)
                finally:
                    if ref.id in self.live:
                        self.live[ref.id].close()
                yield report

    def _judged(self, ref: RunRef, settings: Settings, seen: Seen, read: Read | None, glances: Glances) -> RunReport:
        # before reading: what is written meanwhile is seen at the next look
        key = self._key(ref, settings, seen, glances)
        kept = self.kept.get(ref.id)
        if kept is not None and ref.id in self.lives.followed and kept.report.state == "running":
            kept = None  # another training was begun after it
        if kept is not None and kept.key == key and (again := self._again(kept, settings)) is not None:
            return again
        report, aged = judge_and(ref, settings, _ageing, read)
        if key is not None and aged is not None and not report.failures:
            self.kept[ref.id] = _Kept(key, report, aged)
        else:
            self.kept.pop(ref.id, None)
        return report

    def read(self, ref: RunRef, whole: Read) -> Run:
        """Read a run: what is new since the last look where its form allows that, else all of it by `whole`."""
        live = self.live.get(ref.id)
        if live is None:
            return self._remembered(ref, self._in_files(ref, whole))
        from runlens.sources.bounds import within_bounds
        from runlens.sources.wandb_api import live as at_wandb

        if live.refused is not None:
            raise live.refused
        if live.read_at is None:
            run = whole(ref)
            live.read_at = live.seen
            return run
        run = within_bounds(live.read())
        at_wandb.within_bounds(list(self.live.values()))
        return self._remembered(ref, run)

    def _remembered(self, ref: RunRef, run: Run) -> Run:
        """The run with what was worked out of it before; of runs that have not changed for longest that is let go."""
        self.points.pop(ref.id, None)
        self.points[ref.id] = run.points
        while len(self.points) > 1 and sum(self.points.values()) > MOST_POINTS:
            self._forget(next(iter(self.points)))
        return replace(run, memory=self.memory.setdefault(ref.id, {}))

    def _forget(self, name: str) -> None:
        every: tuple[MutableMapping[str, Any], ...] = (self.points, self.memory, self.carried)
        for held in every:
            held.pop(name, None)

    def _in_files(self, ref: RunRef, whole: Read) -> Run:
        from runlens.sources.bounds import within_bounds
        from runlens.sources.carried import carried

        known, reader = self.carried.get(ref.id, (None, None))
        if known is None or replace(known, files=ref.files) != ref:
            reader = carried(ref)
        elif reader is not None:
            reader.ref = ref  # another file was begun
        self.carried[ref.id] = ref, reader
        return within_bounds(reader.read()) if reader is not None else whole(ref)

    def _key(self, ref: RunRef, settings: Settings, seen: Seen, glances: Glances) -> bytes | None:
        """What a verdict depends on; None for a run of which that is not known."""
        if ref.source != "wandb_api":
            return footprint(ref, settings, seen)
        live = self.live.get(ref.id)
        if live is None:
            return None
        try:
            shown = glances.of(live)
        except RunLensError as error:
            live.refused = error  # said where it would be read
            return None
        live.refused = None
        return digest((ref.source, ref.location, ref.id, shown, settings), seen)

    def _again(self, kept: _Kept, settings: Settings) -> RunReport | None:
        """The verdict as of now; None where the clock has changed more in it than an age."""
        watched = self.lives.runs.get(kept.report.run)
        report = kept.report
        if watched is None or any(f.code == ClockJump.code for f in report.findings):
            return None
        if report.state == "unknown" and self.lives.live(watched):
            return None  # it is taken to be going from now on
        run = replace(kept.spine, read_at=watched.log_clock(self.clock()))
        said = [
            found
            for rule in settings.rules
            if isinstance(rule, StaleRun)
            for found in rule.check(run)
            if isinstance(found, Finding)
        ]
        told = [f for f in report.findings if f.code == StaleRun.code]
        if len(said) != len(told) or any(_age(new) > GROWN * _age(old) for new, old in zip(said, told, strict=True)):
            return None  # it has become stale, or much older: incidents and advice follow from that
        newer = dict(zip(map(id, told), said, strict=True))
        findings = tuple(
            replace(f, message=newer[id(f)].message, evidence=newer[id(f)].evidence) if id(f) in newer else f
            for f in report.findings
        )
        return replace(report, findings=findings) if said else report


def _age(finding: Finding) -> float:
    age = finding.evidence["age_s"]
    return float(age) if isinstance(age, float | int) else 0.0


def _ageing(ref: RunRef, run: Run, report: RunReport) -> Run:
    """The run with nothing but the series by which it ages: what LOG004 looks at."""
    part = spine(run)
    return Run(run.id, run.name, run.source, run.state, roles={part.role: (part,)} if part is not None else {})
