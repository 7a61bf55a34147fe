"""What is new since the last look at a live run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from runlens.model import Finding, Report, RunReport


@dataclass(slots=True)
class Memory:
    """The findings that were told, so that each incident is told once, and again only when it gets worse."""

    told: dict[tuple[str, str, str], list[tuple[tuple[int, int] | None, int, str]]] = field(default_factory=dict)

    def news(self, run: RunReport) -> tuple[Finding, ...]:
        """The findings that were not told yet, or have got worse, or have another outcome; remembers them.

        A finding is one already told if code, run and metric are equal and the steps overlap: its end moves as the run
        goes on. Suppressed ones are never news.
        """
        fresh = []
        for finding in run.findings:
            if finding.suppressed is not None:
                continue
            outcome = str(finding.evidence.get("outcome", ""))
            before = self.told.setdefault((run.run, finding.code, finding.metric), [])
            match = next((i for i, (steps, _, _) in enumerate(before) if _overlap(steps, finding.steps)), None)
            entry = (finding.steps, finding.severity.rank, outcome)
            if match is None:
                before.append(entry)
                fresh.append(finding)
            else:
                _, rank, old = before[match]
                if finding.severity.rank > rank or outcome != old:
                    fresh.append(finding)
                before[match] = entry
        return tuple(fresh)


def only(report: Report, news: Iterable[tuple[str, tuple[Finding, ...]]]) -> Report:
    """The report with nothing but the news in it, for an alert."""
    by_run = dict(news)
    runs = tuple(replace(run, findings=by_run[run.run]) for run in report.runs if by_run.get(run.run) or run.failures)
    return replace(report, runs=runs)


def _overlap(one: tuple[int, int] | None, other: tuple[int, int] | None) -> bool:
    if one is None or other is None:
        return one is other
    return one[0] <= other[1] and other[0] <= one[1]
