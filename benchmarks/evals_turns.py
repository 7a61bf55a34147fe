"""How often EVAL004 finds a held-out loss that has turned, and how often it flags one that has not.

python -m benchmarks.evals_turns [--quick]
"""

from __future__ import annotations

import numpy as np

from benchmarks.tables import print_report, table, wilson
from runlens.model import Finding, Severity
from runlens.rules.evals.overfitting import Overfitting
from tests.synthetic.turns import FAULTS, HEALTHY, Course, run_of

COUNTS = (8, 12, 20, 40, 60)
NOISES = (0.005, 0.01, 0.03, 0.08)
FIRST_SEED = 40_000
"""No default was chosen on seeds from here on."""


def told(course: Course, n: int, noise: float, seed: int) -> bool:
    """Whether a run of that course is called overfitting, at warning or above."""
    run = run_of(np.random.default_rng([seed, n, int(1000 * noise)]), course, n, noise)
    found = [f for f in Overfitting().check(run) if isinstance(f, Finding)]
    return any(f.severity.rank >= Severity.WARNING.rank for f in found)


def report(quick: bool) -> str:
    """One table for each noise: courses by checkpoints."""
    seeds = range(FIRST_SEED, FIRST_SEED + (10 if quick else 200))
    parts = []
    for noise in NOISES:
        rows = [
            (name, *(wilson([told(course, n, noise, seed) for seed in seeds]) for n in COUNTS))
            for name, course in (*FAULTS.items(), *HEALTHY.items())
        ]
        title = f"EVAL004 told, checkpoints that scatter by {100 * noise:g} %"
        parts.append(table(title, rows, ("held-out loss", *(f"{n} checkpoints" for n in COUNTS))))
    return "\n".join(parts)


if __name__ == "__main__":
    print_report(__doc__, report)
