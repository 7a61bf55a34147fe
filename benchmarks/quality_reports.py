"""Troubles that people reported, rebuilt: how many are told of, and what is said that should not be.

    python -m benchmarks.quality_reports [--quick]

The records are in `benchmarks/reports/records`, each with its source; `python -m benchmarks.reports.judged` says of
each what was said. All of them take a few seconds, so `--quick` leaves none out.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.reports.judged import Judged, everything
from benchmarks.tables import print_report, table, wilson

FAMILIES = {
    "collapse": "losses and gradients that die",
    "epochs": "short logs, a row an epoch",
    "machines": "cards that are hot, slow or full",
    "policies": "policies and experts",
    "schedules": "learning rates and resumes",
    "operations": "schedules, scales, machines and evaluations once more",
    "scores": "held-out losses and scores",
    "speed": "steps that take longer",
    "spikes": "losses and norms that leave their level",
    "steps": "blow-ups, resumes and policies, step by step",
}
"""Records with a trouble, and what they are of; the others are of what only looked like one."""


def report(_: bool) -> str:
    """The table as Markdown."""
    with tempfile.TemporaryDirectory() as folder:
        done = list(everything(Path(folder)))
    rows = [
        (words, *_cells([one for one in done if one.trouble.family == family])) for family, words in FAMILIES.items()
    ]
    rest = [one for one in done if one.trouble.family not in FAMILIES]
    rows = [*rows, ("no trouble at all", *_cells(rest)), ("all", *_cells(done))]
    heads = ("of what", "troubles told", "with a false warning beside it", "healthy runs warned of, or not read")
    return table("Reports rebuilt", rows, heads)


def _cells(done: Sequence[Judged]) -> tuple[str, str, str]:
    faults = [one for one in done if one.told is not None]
    healthy = [one for one in done if one.told is None]
    return (
        wilson([bool(one.told) for one in faults]),
        wilson([bool(one.false) for one in faults]),
        wilson([bool(one.false or one.problem) for one in healthy]),
    )


if __name__ == "__main__":
    print_report(__doc__, report)
