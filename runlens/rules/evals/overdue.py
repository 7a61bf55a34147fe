"""EVAL003: evaluations that stopped coming."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, TypedDict

import numpy as np

from runlens.comparison.curves import ROLES
from runlens.model import Figure, Finding, Run, Severity, Skip, Symptom
from runlens.rules.base import Rule
from runlens.rules.meaning import Part
from runlens.rules.shared.panels import BESIDE_EVALS, EVALS
from runlens.stats.distinct import distinct


class OverdueEvidence(TypedDict):
    """The evals that stopped, and their cadence."""

    evals: list[str]
    usual_gap_steps: int
    gap_steps: int
    ratio: float


@dataclass(frozen=True)
class EvalOverdue(Rule[OverdueEvidence]):
    """No eval for longer than the run's own cadence.

    What it does
    ------------
    Takes the longest of the last five gaps between the evaluations of each eval, in steps, and warns when training
    has gone on for `factor` times as long since the last one. A gap of that length that was closed again is
    information. Evals of one cadence that stopped together make one finding.

    Why it matters
    --------------
    An evaluation job that died, ran out of disk or lost its checkpoint takes away the only instrument that sees what
    the loss does not. Nobody misses a point that is not on a chart.

    What to do
    ----------
    Look at the evaluation job and its queue; evaluate the checkpoints that were left out before going on.

    Settings
    --------
    factor : how many times the usual gap counts as overdue

    References
    ----------
    2.5 gaps: one evaluation may be skipped, and the next may be late by half, before anybody is called.
    """

    code: ClassVar[str] = "EVAL003"
    name: ClassVar[str] = "eval-overdue"
    needs: ClassVar[tuple[str, ...]] = ("|".join(ROLES),)
    symptom = Symptom.OTHER
    part = Part()
    figure = Figure(panels=EVALS, beside=BESIDE_EVALS)

    factor: float = 2.5

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """One finding for each set of evals that stopped together."""
        span = run.step_range()
        steps = {r.series.name: distinct(r.series.step) for role in ROLES for r in run.every(role) if r.split == "eval"}
        known = {name: s for name, s in steps.items() if len(s) >= 3}
        if not known or span is None:
            yield self.skip(
                "fewer than three evaluations of each eval: no cadence to hold it to", kind="too-few-points"
            )
            return
        stopped: dict[tuple[int, int], list[str]] = {}
        gaps: dict[tuple[int, int, int], list[str]] = {}
        for name, at in known.items():
            between = np.diff(at)
            usual = int(between[-5:].max())
            if span[1] - int(at[-1]) > self.factor * usual:
                stopped.setdefault((int(at[-1]), usual), []).append(name)
            for i in range(2, len(between)):
                before = int(between[max(0, i - 5) : i].max())
                if between[i] > self.factor * before:
                    gaps.setdefault((int(at[i]), int(at[i + 1]), before), []).append(name)
        for (first, last, usual), names in sorted(gaps.items()):
            yield self.finding(
                Severity.INFO,
                names[0],
                (first, last),
                f"{_named(names)} evaluated at step {first:,} and not again until {last:,}, usually every {usual:,}",
                self._evidence(names, usual, last - first),
                "Evaluate the checkpoints of that time if anything went wrong in it.",
            )
        for (last, usual), names in sorted(stopped.items()):
            gap = span[1] - last
            yield self.finding(
                Severity.WARNING,
                names[0],
                (last, span[1]),
                f"{_named(names)} last evaluated at step {last:,}; training is at {span[1]:,}, {gap:,} steps later, "
                f"{gap / usual:.1f} times the usual {usual:,}",
                self._evidence(names, usual, gap),
                "Look at the evaluation job, then evaluate the checkpoints that were left out.",
            )

    @staticmethod
    def _evidence(names: list[str], usual: int, gap: int) -> OverdueEvidence:
        return {"evals": names, "usual_gap_steps": usual, "gap_steps": gap, "ratio": round(gap / usual, 3)}


def _named(names: list[str]) -> str:
    more = f" and {len(names) - 2} more" if len(names) > 2 else ""
    return f"{', '.join(names[:2])}{more} {'was' if len(names) == 1 else 'were'}"
