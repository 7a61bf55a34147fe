"""What is said of each rebuilt trouble and of its twin, held against the record.

    python -m benchmarks.reports.judged [--keep DIR] [--only NAME[,NAME]]

Prints what is missed, and what is said that should not be.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import runlens
from benchmarks.reports.make import Log, Trouble, made, troubles
from benchmarks.reports.writers import write
from runlens.model import Finding, Severity

NEAR = 0.1
"""A trouble is told where a finding begins within this share of the rows of it, or within ten rows."""


@dataclass(frozen=True)
class Judged:
    """One file and what was said of it.

    Parameters
    ----------
    told : bool or None
        Whether the trouble was told at its severity; None for a healthy run.
    false : tuple of runlens.Finding
        Findings at warning or above that do not follow from the trouble.
    problem : str
        Why nothing was judged, if so.
    """

    trouble: Trouble
    kind: str
    path: Path
    told: bool | None
    false: tuple[Finding, ...]
    said: tuple[Finding, ...]
    problem: str = ""

    @property
    def right(self) -> bool:
        """Told, and nothing false beside it."""
        return self.told is not False and not self.false and not self.problem


def _near(log: Log, found: Finding, steps: tuple[int, int] | None) -> bool:
    """Whether a finding begins where the trouble does, both as shares of the run: a log may have an axis of its own."""
    trouble = log.trouble
    if found.steps is None or steps is None or steps[0] == steps[1]:
        return True
    n = trouble.rows
    onset = (log.step[min(int(trouble.onset * n), n - 1)] - log.step[0]) / np.ptp(log.step)
    first = (found.steps[0] - steps[0]) / (steps[1] - steps[0])
    slack = max(NEAR, 10 / n)
    return bool(first >= onset - slack and (trouble.slow or first <= onset + slack))


def judge(log: Log, kind: str, path: Path) -> Judged:
    """Judge one file."""
    trouble = log.trouble
    faulty = kind == "fault"
    report = runlens.check(str(path))
    problem = "" if len(report.runs) == 1 else f"{len(report.runs)} runs"
    runs = report.runs
    problem = problem or "; ".join(f.message for one in runs for f in one.failures)
    found = tuple(f for one in runs for f in one.findings)
    loud = [f for f in found if f.severity is not Severity.INFO]
    least = Severity.ERROR if trouble.least == "error" else Severity.WARNING
    named = [f for f in loud if f.code.startswith(trouble.expect)] if faulty and trouble.expect else []
    steps = runs[0].steps if len(runs) == 1 else None
    told = any(f.severity.rank >= least.rank and _near(log, f, steps) for f in named) if faulty else None
    known = trouble.expect + trouble.also if faulty else ()
    false = tuple(f for f in loud if not (known and f.code.startswith(known)))
    return Judged(trouble, kind, path, told, false, found, problem)


def everything(folder: Path, only: tuple[str, ...] = ()) -> Iterator[Judged]:
    """Every record judged: the trouble, where there is one, and the healthy run."""
    for trouble in troubles():
        if only and trouble.name not in only:
            continue
        kinds = {"fault": trouble.fault, "twin": trouble.twin} if trouble.expect else {"well": {}}
        for kind, changes in kinds.items():
            log = made(trouble, changes)
            yield judge(log, kind, write(log, folder / trouble.family / trouble.name / kind))


def main() -> None:
    """Print what is wrong, then the count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where the files are to stay")
    parser.add_argument("--only", default="", metavar="NAME", help="these records alone")
    parser.add_argument("--all", action="store_true", help="print what is right, too")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as there:
        done = list(everything(given.keep or Path(there), tuple(filter(None, given.only.split(",")))))
    for one in done:
        if not one.right or given.all:
            print(f"{one.trouble.family}/{one.trouble.name} {one.kind}", _verdict(one), one.problem)
            for f in one.said:
                mark = "FALSE " if f in one.false else ""
                if mark or f.severity is not Severity.INFO or one.told is False:
                    print(f"    {mark}{f.code} {f.severity} {f.steps} {f.message[:200]}")
    faults = [one for one in done if one.told is not None]
    told = sum(bool(one.told) for one in faults)
    right = sum(one.right for one in done)
    false = sum(len(one.false) for one in done)
    true = sum(len([f for f in one.said if f.severity is not Severity.INFO]) for one in done) - false
    print(
        f"right {right} of {len(done)}; told {told} of {len(faults)}; findings true {true}, false {false}",
        file=sys.stderr,
    )


def _verdict(one: Judged) -> str:
    return {True: "told", False: "MISSED", None: ""}[one.told]


if __name__ == "__main__":
    main()
