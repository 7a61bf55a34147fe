"""Gradient norms that climb or are cut off for good, and healthy ones that look alike.

    python -m benchmarks.quality_gradients [--quick]

Everything is seeded, with seeds that no default was chosen on (`tests/synthetic/gradients.py`).
"""

from __future__ import annotations

from benchmarks.kinds import tables
from benchmarks.tables import print_report
from tests.synthetic.gradients import FAULTS, HEALTHY


def report(quick: bool) -> str:
    """Both tables as Markdown."""
    return tables("Gradient norms", FAULTS, HEALTHY, 12 if quick else 40)


if __name__ == "__main__":
    print_report(__doc__, report)
