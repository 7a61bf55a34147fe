"""What a watch has told, and where it tells it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from runlens.errors import RunLensError
from runlens.judging.news import Memory, only
from runlens.model import Finding, Report, RunReport


@dataclass(slots=True)
class Told:
    """The memory of a watch, and its channels."""

    say: Callable[[str], None]
    floor: int = 1
    """Rank of the lowest severity that alerts."""
    channels: dict[str, Callable[[Report], None]] = field(default_factory=dict)
    """What is said of a channel to what sends a report of news there."""
    memory: Memory = field(default_factory=Memory)
    count: int = 0
    """Incidents told."""

    def send(self, report: Report, news: Sequence[tuple[RunReport, tuple[Finding, ...]]]) -> None:
        """Send what is new and grave enough; a channel that is down is said, and the watch goes on."""
        self.count += sum(len(found) for _, found in news)
        alerts = [(run.run, tuple(f for f in found if f.severity.rank >= self.floor)) for run, found in news]
        if not any(found for _, found in alerts):
            return
        alert = only(report, alerts)
        for send in self.channels.values():
            try:
                send(alert)
            except RunLensError as error:
                self.say(str(error))

    def places(self, metrics: Path | None) -> list[str]:
        """Where it is told beside standard output."""
        return [*self.channels, *([f"metrics in {metrics}"] if metrics is not None else [])]
