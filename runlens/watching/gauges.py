"""The metrics file of a watch: gauges of the runs that go on, and for a day when others ended."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from runlens.files import save
from runlens.model import Report
from runlens.render.openmetrics import render

KEPT = 86400.0
"""Seconds for which it is told that a run ended: alert rules look back for an hour."""
ENDED = ("finished", "crashed")


@dataclass(slots=True)
class Gauges:
    """Writes the file of one watch."""

    file: Path
    clock: Callable[[], float]
    """Seconds since the epoch."""
    ended: dict[str, float] = field(default_factory=dict)
    """Runs that ended, and when that was seen first."""

    def write(self, report: Report, *, over: bool = False) -> None:
        """Write what the report tells; `over` at the last time, when nothing may stay that only a watch can move.

        Raises
        ------
        ConfigError, NotWritten
            The file cannot be written.
        """
        now = self.clock()
        runs = {run.run: run for run in report.runs}
        self.ended = {name: since for name, since in self.ended.items() if name in runs and runs[name].state in ENDED}
        for name, run in runs.items():
            if run.state in ENDED:
                self.ended.setdefault(name, now)
        old = {name for name, since in self.ended.items() if now - since > KEPT}
        shown = tuple(
            replace(run, source=in_full(run.source))
            for run in report.runs
            if run.run not in old and not (over and run.run not in self.ended)
        )
        whole = replace(report, runs=shown, asked=tuple(map(in_full, report.asked)))
        save(self.file, render(whole, self.ended, over=over).encode())


def in_full(name: str) -> str:
    """A path in full, since two watches may stand in different folders; an address or a name at a server as it is."""
    if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://", name) or not Path(name).exists():
        return name
    return str(Path(name).absolute())
