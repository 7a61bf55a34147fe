"""Training that dies, blows up early or only gets worse: what is found, and how often healthy runs alike alarm.

    python -m benchmarks.quality_collapse [--quick]

Everything is seeded, with seeds that no default was chosen on (`tests/synthetic/collapses.py`).
"""

from __future__ import annotations

from benchmarks.kinds import tables
from benchmarks.tables import print_report
from tests.synthetic.collapses import FAULTS, HEALTHY


def report(quick: bool) -> str:
    """Both tables as Markdown."""
    return tables("Collapse and blow-ups", FAULTS, HEALTHY, 12 if quick else 40)


if __name__ == "__main__":
    print_report(__doc__, report)
