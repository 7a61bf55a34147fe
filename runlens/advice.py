"""From findings to what to do now: go on, fix, rewind and skip, restart or investigate."""

from __future__ import annotations

from runlens.model import Action, Run, RunReport


def advise(report: RunReport, run: Run) -> Action:
    """The action for a run (first version: look at it if anything counts)."""
    worst = report.worst()
    if worst is None or worst.rank == 0:
        return Action("continue", "Nothing was found that needs a change.")
    return Action("investigate", "There are findings to look at.")
