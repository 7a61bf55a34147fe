"""Networks that train against each other: games that one wins for good, and games that go on.

    python -m benchmarks.quality_adversaries [--quick]

Everything is seeded, with seeds that no default was chosen on (`tests/synthetic/adversaries.py`).
"""

from __future__ import annotations

from benchmarks.kinds import tables
from benchmarks.tables import print_report
from tests.synthetic.adversaries import FAULTS, HEALTHY


def report(quick: bool) -> str:
    """Both tables as Markdown."""
    return tables("Adversaries", FAULTS, HEALTHY, 12 if quick else 40)


if __name__ == "__main__":
    print_report(__doc__, report)
