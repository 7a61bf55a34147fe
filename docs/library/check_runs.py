"""Judge a folder of runs, write the page, and end with the code that a gate needs.

    python docs/library/check_runs.py LOGS PAGE.html

Exit code 0 if every run passed, 1 if one failed, 3 if one could not be judged.
"""

from __future__ import annotations

import sys
from pathlib import Path

import runlens

EXIT = {"pass": 0, "fail": 1, "undecided": 3}


def main(logs: str, page: str) -> int:
    """What `runlens check LOGS --report html=PAGE` does, by hand."""
    report = runlens.check(logs)
    Path(page).write_text(report.to_html(), encoding="utf-8")
    for run in report.runs:
        grave = [f for f in run.findings if f.severity is not runlens.Severity.INFO]
        print(f"{run.verdict.upper():9} {run.run}: {len(grave)} to look at")
        for finding in grave:
            print(f"          {finding.code} {finding.message}")
        if grave and run.action is not None:
            print(f"          -> {run.action.headline}")
    return EXIT[report.verdict]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
