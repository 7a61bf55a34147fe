"""Trainings of few evaluations and few epochs, and such as stand still or heal: what is found, what alarms falsely.

    python -m benchmarks.quality_few [--quick]

Everything is seeded, with seeds that no default was chosen on (`tests/synthetic/few_points.py`).
"""

from __future__ import annotations

from benchmarks.kinds import tables
from benchmarks.tables import print_report
from tests.synthetic.few_points import FAULTS, HEALTHY


def report(quick: bool) -> str:
    """Both tables as Markdown."""
    return tables("Few points", FAULTS, HEALTHY, 12 if quick else 40)


if __name__ == "__main__":
    print_report(__doc__, report)
