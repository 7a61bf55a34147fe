"""Whether a watched run goes on: finished, crashed, stalled, gone and quiet are five things."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from runlens.model import Run, RunReport
from runlens.rules.log.stale import StaleRun

LOOKS_GONE, SECONDS_GONE = 3, 600.0
"""A run is gone when it was missing in so many looks in a row, for so long: a file system may be away for a moment."""
LIVE_AGE = 3600.0
"""Seconds since the last point, by the watcher's clock, within which a run among many is taken to be going before it
was seen to grow."""
UNKNOWN_GAP = 600.0
"""Seconds that a log may come late as long as nothing was seen to arrive: TensorBoard's writers hold back 120 s, a
local W&B file some 90 rows, a copy by `rsync` its own interval."""
SILENT = 600.0
"""Seconds without news after which a run whose log holds no wall times is stalled, at least."""
KEPT_GAPS = 50
"""Arrivals that tell how late a log comes, the newest: once more than a tenth of them are late, that is its habit."""


class Life(StrEnum):
    """How a watched run stands."""

    GOING = "going"
    STALLED = "stalled"
    """It says that it goes on, or says nothing, and logs nothing for longer than it ever did."""
    QUIET = "quiet"
    """Nothing new for the idle time that the user gave: it counts as ended."""
    FINISHED = "finished"
    CRASHED = "crashed"
    GONE = "gone"
    """Its log is not there any more."""


ENDED = (Life.QUIET, Life.FINISHED, Life.CRASHED, Life.GONE)


@dataclass(slots=True)
class Watched:
    """One run, as it was seen look by look. All times are the watcher's clock but `newest`, which is the log's."""

    changed: float
    """When something new was seen to arrive."""
    newest: float = math.nan
    """Wall time of the newest point by the log's own clock, which may be hours off."""
    points: int = -1
    gaps: list[float] = field(default_factory=list)
    """Seconds between arrivals: how late the log comes."""
    live: bool = False
    followed: bool = False
    """Another training was begun after it in the same log: it does not go on."""
    missing: int = 0
    missing_since: float = math.nan
    unread_since: float = math.nan
    """Since when it cannot be read; NaN while it can."""
    life: Life = Life.GOING
    since: float = math.nan
    """When its life was seen to change."""
    last: RunReport | None = None
    """The last report that judged it."""
    restored: bool = False
    """A watch before this one has told how it stands."""

    def arrived(self, newest: float, points: int, now: float) -> None:
        """Take what a look has read: is there anything new?"""
        if points == self.points and (newest == self.newest or not math.isfinite(newest)):
            return
        if self.points >= 0:
            if self.life is not Life.STALLED:  # a stall that was told is no habit of the log
                self.gaps = [*self.gaps[-KEPT_GAPS + 1 :], now - self.changed]
            self.live = True
        self.newest, self.points, self.changed = newest, points, now

    @property
    def late(self) -> float:
        """Seconds that may pass between two arrivals as things are."""
        return float(np.quantile(self.gaps, 0.9)) if self.gaps else UNKNOWN_GAP

    def log_clock(self, now: float) -> float:
        """What the log's own clock shows: its newest point, and what passed here since that arrived.

        Twice the usual time between arrivals is no age, but the way of the log to the watcher.
        """
        return self.newest + max(now - self.changed - 2 * self.late, 0.0)


@dataclass(frozen=True, slots=True)
class Turn:
    """A run whose life has changed."""

    run: str
    was: Life | None
    """None for a run that was not there before."""
    now: Life
    report: RunReport | None
    """As it was read last; None if it never was."""


@dataclass(slots=True)
class Lives:
    """All runs of a watch."""

    idle: float = math.inf
    """Seconds without anything new after which a run counts as ended."""
    runs: dict[str, Watched] = field(default_factory=dict)
    followed: set[str] = field(default_factory=set)
    """Runs after which another training was begun in the same log."""
    alone: bool | None = None
    """There was one run at the first look, and not a folder or project of many: it is watched because it goes on. None
    before the first look."""

    def as_read(self, run: Run, now: float) -> Run:
        """The run with the age that it has by its own clock, and going on unless it says otherwise.

        Where the log's clock is more than a day ahead of the watcher's, its times are left to the rules about clocks.
        """
        times = [float(s.time[-1]) for s in run.series.values() if len(s)]
        newest = max((t for t in times if math.isfinite(t) and t <= now + 86400.0), default=math.nan)
        watched = self.runs.get(run.id)
        if watched is None:
            watched = self.runs[run.id] = Watched(now, live=abs(now - newest) < LIVE_AGE)
            watched.gaps = [now - newest] if 0 <= now - newest < UNKNOWN_GAP else []
        watched.followed = run.id in self.followed
        # of system metrics at W&B a look brings the newest sample, and every half hour all: more of them is no news
        points = sum(len(s) for name, s in run.series.items() if not name.startswith("system."))
        watched.arrived(newest, points, now)
        if math.isfinite(newest):
            run = replace(run, read_at=watched.log_clock(now))
        return replace(run, state="running") if run.state == "unknown" and self.live(watched) else run

    def rename(self, old: str, new: str) -> None:
        """A run is called otherwise: it stands as it stood."""
        self.runs[new] = self.runs.pop(old)
        self.runs[new].followed = new in self.followed

    def look(self, reports: Iterable[RunReport], now: float) -> list[Turn]:
        """Take what a look gave, and say whose life has changed."""
        here = {report.run: report for report in reports}
        self.alone = len(here) == 1 if self.alone is None else self.alone
        turns: list[Turn] = []
        for name, report in here.items():
            new = name not in self.runs
            watched = self.runs.setdefault(name, Watched(now))
            before = None if new or (watched.last is None and not watched.restored) else watched.life
            if any(failure.missing for failure in report.failures):
                self._missed(watched, now)
            elif _unread(report):
                watched.unread_since = now if math.isnan(watched.unread_since) else watched.unread_since
                continue
            else:
                watched.missing, watched.missing_since, watched.unread_since = 0, math.nan, math.nan
                watched.life, watched.last = self._of(watched, report, now), report
            turns += _turn(name, watched, before, now)
        for name in sorted(self.runs.keys() - here.keys()):
            watched = self.runs[name]
            before = watched.life
            self._missed(watched, now)
            turns += _turn(name, watched, before, now)
        return turns

    def all_missing(self, now: float) -> list[Turn]:
        """Nothing is left at the names that were given: as `look` with no run."""
        return self.look((), now)

    def _of(self, watched: Watched, report: RunReport, now: float) -> Life:
        if report.state in ("finished", "crashed"):
            return Life(report.state)
        if now - watched.changed > self.idle:
            return Life.QUIET
        return Life.STALLED if self.live(watched) and _stalled(watched, report, now) else Life.GOING

    def live(self, watched: Watched) -> bool:
        """Whether it is taken to be going where its log does not say so."""
        return not watched.followed and (watched.live or bool(self.alone))

    @staticmethod
    def _missed(watched: Watched, now: float) -> None:
        if watched.life in (Life.FINISHED, Life.CRASHED, Life.GONE):
            return  # what has ended may be cleared away
        watched.missing += 1
        watched.missing_since = now if watched.missing == 1 else watched.missing_since
        if watched.missing >= LOOKS_GONE and now - watched.missing_since >= SECONDS_GONE:
            watched.life = Life.GONE

    @property
    def ended(self) -> bool:
        """Whether every run has ended."""
        return bool(self.runs) and all(watched.life in ENDED for watched in self.runs.values())

    def count(self, life: Life) -> int:
        """How many runs stand so."""
        return sum(watched.life is life for watched in self.runs.values())


def _turn(name: str, watched: Watched, before: Life | None, now: float) -> list[Turn]:
    if watched.life is before:
        return []
    watched.since = now
    return [Turn(name, before, watched.life, watched.last)]


def _unread(report: RunReport) -> bool:
    return report.points == 0 and any(failure.stage == "read" for failure in report.failures)


def _stalled(watched: Watched, report: RunReport, now: float) -> bool:
    """By LOG004, which knows the run's own cadence; where that could not judge, by what was seen to arrive."""
    if StaleRun.code in report.checked:
        return any(f.code == StaleRun.code for f in report.findings)
    return now - watched.changed > max(SILENT, 5 * watched.late)
