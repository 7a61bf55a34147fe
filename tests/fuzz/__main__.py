"""`python -m tests.fuzz`: run the fuzzers for a while, print what became of the inputs, exit 1 if any failed."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.harness import Totals, run_one
from tests.fuzz.targets import TARGETS

_TURN = 0.5
"""CPU seconds that a target is run for at a time: those that are behind come first."""
_SHOWN = 3
"""Failures of a target that are printed; all are counted."""


def main() -> int:
    """Run; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--only", default="", help="targets whose names begin so, with commas")
    parser.add_argument("--first", type=int, default=0, help="number of the first case of each target")
    parser.add_argument("--case", type=int, help="this one case alone, with its traceback")
    parser.add_argument(
        "--totals", type=Path, help="file in which the totals stand, and from which a later run goes on"
    )
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
            begin = _before(given.totals, totals)
            _until(time.monotonic() + 60 * given.minutes, targets, totals, given, begin, Path(made))
    _tell(totals)
    return int(any(t.failed for t in totals.values()))


def _before(file: Path | None, totals: dict[str, Totals]) -> dict[str, int]:
    """The totals of earlier runs, and the case at which each target goes on."""
    if file is None or not file.exists():
        return {}
    said = json.loads(file.read_text())
    for name, one in totals.items():
        one.counts.update(said["counts"].get(name, {}))
    return dict(said["next"])


def _until(end: float, targets, totals, given, begin, folder) -> None:  # type: ignore[no-untyped-def]
    """All targets in turn, each as long as the others."""
    following = {name: max(given.first, begin.get(name, 0)) for name in targets}
    spent = dict.fromkeys(targets, 0.0)
    while time.monotonic() < end and spent:
        name = min(spent, key=lambda n: spent[n])
        start = time.process_time()
        while time.process_time() < start + _TURN:
            run_one(name, targets[name], following[name], folder / name, totals[name])
            following[name] += 1
        spent[name] += time.process_time() - start
        if given.stop and len(totals[name].failed) >= _SHOWN:
            del spent[name]
        if given.totals is not None:
            counts = {n: dict(t.counts) for n, t in totals.items() if t.inputs}
            failed = {n: [case for case, _ in t.failed] for n, t in totals.items() if t.failed}
            said = {"counts": counts, "next": following, "failed": failed}
            given.totals.write_text(json.dumps(said, indent=1))


def _tell(totals: dict[str, Totals]) -> None:
    kinds = ("read", "told", "refused", "crash", "hang", "lost")
    print(f"{'target':24}{'inputs':>12}" + "".join(f"{kind:>12}" for kind in kinds))
    for name, one in totals.items():
        print(f"{name:24}{one.inputs:>12,}" + "".join(f"{one.counts[kind]:>12,}" for kind in kinds))
    print(f"{'all':24}{sum(t.inputs for t in totals.values()):>12,}")
    for name, one in totals.items():
        for case, why in one.failed[:_SHOWN]:
            print(f"\n--- {name} --case {case}\n{why}")


if __name__ == "__main__":
    sys.exit(main())
