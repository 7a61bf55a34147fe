"""`python -m tests.fuzz.fleet`: 2,000 runs, 50 broken in twenty ways; exit 1 if a verdict hangs on its neighbours."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.broken import KINDS, differences, made


def main() -> int:
    """Run; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.fleet", description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--broken", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=1)
    given = parser.parse_args()
    start = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        sound, others = made(Path(folder), given.runs - given.broken, given.broken)
        found = differences(Path(folder), sound, others, given.jobs)
    kinds = min(len(KINDS), len(others))
    print(f"{len(sound)} sound runs, {len(others)} broken in {kinds} ways, {time.process_time() - start:.0f} CPU s")
    print("\n".join(found[:20]) or "each sound one is judged as alone, and each broken one is named")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
