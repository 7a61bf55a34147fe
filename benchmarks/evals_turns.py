"""How often EVAL004 finds a held-out loss that has turned, and how often it flags one that has not.

python -m benchmarks.evals_turns [--quick]
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import lsq_linear
from scipy.stats import norm

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


def ceiling(course: Course, n: int, noise: float, false: float = 0.01) -> float:
    """Share of turns that any test can find which is wrong about no more than `false` of all curves that never rise.

    The most powerful test of the course against the curve that is nearest to it of all that never rise (Neyman and
    Pearson 1933; least squares under order restrictions, Robertson, Wright and Dykstra 1988): it knows the course,
    where it turns and how large the white noise is. None that must find them out does better.
    """
    log_loss = np.log(course(np.random.default_rng(0), np.linspace(0.0, 1.0, n)))
    steps = np.column_stack([np.ones(n), -np.tri(n)[:, 1:]])  # a level, and falls from each point on
    nearest = lsq_linear(steps, log_loss, bounds=(np.r_[-np.inf, np.zeros(n - 1)], np.inf))
    return float(norm.cdf(np.sqrt(2.0 * nearest.cost) / noise - norm.isf(false)))


def report(quick: bool) -> str:
    """One table for each noise: courses by checkpoints."""
    seeds = range(FIRST_SEED, FIRST_SEED + (10 if quick else 100))
    parts = []
    for noise in NOISES:
        rows = [
            (name, *(wilson([told(course, n, noise, seed) for seed in seeds]) for n in COUNTS))
            for name, course in (*FAULTS.items(), *HEALTHY.items())
        ]
        title = f"EVAL004 told, checkpoints that scatter by {100 * noise:g} %"
        parts.append(table(title, rows, ("held-out loss", *(f"{n} checkpoints" for n in COUNTS))))
    rows = [
        (f"{name}, {100 * noise:g} % of noise", *(f"{100 * ceiling(course, n, noise):.0f} %" for n in COUNTS))
        for noise in NOISES[2:]
        for name, course in FAULTS.items()
    ]
    title = "What the best test could find that is told course, turn and noise, at 1 % of false alarms"
    parts.append(table(title, rows, ("held-out loss", *(f"{n} checkpoints" for n in COUNTS))))
    return "\n".join(parts)


if __name__ == "__main__":
    print_report(__doc__, report)
