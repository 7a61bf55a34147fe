"""Held-out losses, scores and rewards that get worse, or seem to: what is found, and how often healthy runs alarm.

    python -m benchmarks.quality_held_out [--quick]

Everything is seeded, with seeds that no default was chosen on (`tests/synthetic/held_out.py`).
"""

from __future__ import annotations

from benchmarks.kinds import tables
from benchmarks.tables import print_report
from tests.synthetic.held_out import FAULTS, HEALTHY


def report(quick: bool) -> str:
    """Both tables as Markdown."""
    return tables("Held-out losses and rewards", FAULTS, HEALTHY, 12 if quick else 40)


if __name__ == "__main__":
    print_report(__doc__, report)
