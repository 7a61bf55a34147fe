"""Training that dies, blows up early or only gets worse: what is found, and how often healthy runs alike alarm.

    python -m benchmarks.quality_collapse [--quick]

Everything is seeded, with seeds that no default was chosen on (`tests/synthetic/collapses.py`).
"""

from __future__ import annotations

import argparse

from benchmarks.kinds import tables
from tests.synthetic.collapses import FAULTS, HEALTHY


def report(quick: bool) -> str:
    """Both tables as Markdown."""
    return tables("Collapse and blow-ups", FAULTS, HEALTHY, 12 if quick else 40)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a small part of the runs")
    print(report(parser.parse_args().quick))


if __name__ == "__main__":
    main()
