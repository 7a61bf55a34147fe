"""`python -m tests.fuzz`: run the fuzzers for a while, print what became of the inputs, exit 1 if any failed."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.harness import Totals, run_one
from tests.fuzz.targets import TARGETS

_BATCH = 100
_SHOWN = 3
"""Failures of a target that are printed; all are counted."""


def main() -> int:
    """Run; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--only", default="", help="targets whose names begin so, with commas")
    parser.add_argument("--first", type=int, default=0, help="number of the first case of each target")
    parser.add_argument("--case", type=int, help="this one case alone, with its traceback")
    parser.add_argument("--stop", action="store_true", help="leave a target at its third failure")
    given = parser.parse_args()
    wanted = tuple(given.only.split(","))
    targets = {name: target for name, target in TARGETS.items() if name.startswith(wanted)}
    totals = {name: Totals() for name in targets}
    memory = Path("/dev/shm")  # in memory, where there is such a place
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as made:
        if given.case is not None:
            for name, target in targets.items():
                run_one(name, target, given.case, Path(made) / "case", totals[name])
        else:
            _until(time.monotonic() + 60 * given.minutes, targets, totals, given.first, Path(made), given.stop)
    _tell(totals)
    return int(any(t.failed for t in totals.values()))


def _until(end: float, targets, totals, first, folder, stop) -> None:  # type: ignore[no-untyped-def]
    """All targets in turn, each the same number of cases."""
    while time.monotonic() < end:
        for name, target in targets.items():
            if stop and len(totals[name].failed) >= _SHOWN:
                continue
            for case in range(first, first + _BATCH):
                run_one(name, target, case, folder / name, totals[name])
        first += _BATCH


def _tell(totals: dict[str, Totals]) -> None:
    kinds = ("read", "told", "refused", "crash", "hang", "lost")
    print(f"{'target':24}{'inputs':>10}" + "".join(f"{kind:>10}" for kind in kinds))
    for name, one in totals.items():
        print(f"{name:24}{one.inputs:>10,}" + "".join(f"{one.counts[kind]:>10,}" for kind in kinds))
    print(f"{'all':24}{sum(t.inputs for t in totals.values()):>10,}")
    for name, one in totals.items():
        for case, why in one.failed[:_SHOWN]:
            print(f"\n--- {name} --case {case}\n{why}")


if __name__ == "__main__":
    sys.exit(main())
