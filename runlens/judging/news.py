"""What is new since the last look at a run from within its training."""

from __future__ import annotations

from dataclasses import dataclass, field

from runlens.model import Finding, RunReport


@dataclass(slots=True)
class _Told:
    """An incident that was told."""

    steps: tuple[int, int] | None
    """Where it was found last: its end moves as the run goes on."""
    rank: int
    """The worst severity that was told: one that comes and goes is no news."""
    outcomes: set[str]


@dataclass(slots=True)
class Memory:
    """What was told, so that each incident is told once, and again only when it gets worse or turns out otherwise."""

    incidents: dict[tuple[str, str, str], list[_Told]] = field(default_factory=dict)
    """By run, code and metric."""

    def news(self, run: RunReport) -> tuple[Finding, ...]:
        """The findings that were not told yet, or have got worse, or have another outcome; remembers them.

        A finding is one already told if code, run and metric are equal and the steps overlap. Suppressed ones are never
        news.
        """
        return tuple(f for f in run.findings if f.suppressed is None and self._is_news(run, f))

    def _is_news(self, run: RunReport, finding: Finding) -> bool:
        outcome, rank = finding.outcome, finding.severity.rank
        before = self.incidents.setdefault((run.run, finding.code, finding.metric), [])
        known = next((told for told in before if overlap(told.steps, finding.steps)), None)
        if known is None:
            before.append(_Told(finding.steps, rank, {outcome}))
            return True
        fresh = rank > known.rank or outcome not in known.outcomes
        known.steps, known.rank = finding.steps, max(rank, known.rank)
        known.outcomes.add(outcome)
        return fresh


def overlap(one: tuple[int, int] | None, other: tuple[int, int] | None) -> bool:
    """Whether two spans of steps share a step; of two that are about the whole run, true."""
    if one is None or other is None:
        return one is other
    return one[0] <= other[1] and other[0] <= one[1]
