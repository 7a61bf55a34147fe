"""Timers, counters and the wall clock; loads of experts; machines: what is found, and how often healthy runs alarm.

    python -m benchmarks.quality_clocks [--quick]

Everything is seeded, with seeds that no default was chosen on (`clocks`, `odd_clocks`,
`experts` and `shared_machines` in `tests/synthetic`).
"""

from __future__ import annotations

from functools import partial

from benchmarks.kinds import Faults, Make, tables
from benchmarks.tables import print_report
from tests.synthetic import clocks, experts, odd_clocks, shared_machines

EXPERTS: Faults = {
    f"one expert takes most, by {measure}": (partial(experts.collapse, measure), ("MOE001",))
    for measure in experts.MEASURES
}
EVEN: dict[str, Make] = {
    **{f"even, by {measure}": partial(experts.even, measure) for measure in experts.MEASURES},
    "a coefficient that is raised": experts.rising_weight,
    "batches of one kind": experts.odd_batches,
}


def report(quick: bool) -> str:
    """All tables as Markdown."""
    seeds = 8 if quick else 25
    return "\n\n".join(
        [
            tables("Clocks", clocks.FAULTS, clocks.HEALTHY, seeds),
            tables("Odd clocks", odd_clocks.FAULTS, odd_clocks.HEALTHY, seeds),
            tables("Experts", EXPERTS, EVEN, seeds),
            tables("Shared machines", shared_machines.FAULTS, shared_machines.HEALTHY, seeds),
        ]
    )


if __name__ == "__main__":
    print_report(__doc__, report)
