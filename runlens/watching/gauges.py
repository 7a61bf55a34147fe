"""The metrics file of a watch: gauges of the runs that go on, and for a day when others ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from runlens.files import save
from runlens.model import Report
from runlens.render.openmetrics import Standing, render
from runlens.watching.life import ENDED, Life, Lives

_STATES = {life: life.value for life in Life} | {Life.GOING: "running"}
KEPT = 86400.0
"""Seconds for which it is told that a run ended: alert rules look back for an hour."""


@dataclass(slots=True)
class Gauges:
    """Writes the file of one watch."""

    file: Path
    clock: Callable[[], float]
    """Seconds since the epoch."""

    def write(self, report: Report, lives: Lives, *, over: bool = False) -> None:
        """Write what the report tells; `over` at the last time, when nothing may stay that only a watch can move.

        Runs that are gone are in no report any more: of them it is told that they were.

        Raises
        ------
        ConfigError, NotWritten
            The file cannot be written.
        """
        now = self.clock()
        here = {run.run for run in report.runs}
        left = [w.last for name, w in lives.runs.items() if name not in here and w.life in ENDED and w.last is not None]
        standing: dict[str, Standing] = {}
        shown = []
        for run in (*report.runs, *left):
            watched = lives.runs.get(run.run)
            ended = watched is not None and watched.life in ENDED
            if watched is not None:
                standing[run.run] = Standing(_STATES[watched.life], watched.since if ended else None)
                if ended and now - watched.since > KEPT:
                    continue
            if over and not ended:
                continue
            shown.append(replace(run, source=in_full(run.source)))
        whole = replace(report, runs=tuple(shown), asked=tuple(map(in_full, report.asked)))
        save(self.file, render(whole, standing, over=over).encode())


def in_full(name: str) -> str:
    """A path in full, since two watches may stand in different folders; an address or a name at a server as it is."""
    there = "://" not in name and Path(name).exists()
    return str(Path(name).absolute()) if there else name
