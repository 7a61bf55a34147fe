"""Tables of kinds: how many faults of each are found, and how many healthy runs of each are warned of."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from benchmarks.tables import Tally, table, wilson
from runlens.judging.one import missing_roles
from runlens.model import Finding, Run, Severity
from runlens.rules import RULES

Rng = np.random.Generator
Made = tuple[Run, int | None]
Make = Callable[[Rng], Made]
Faults = Mapping[str, tuple[Make, tuple[str, ...]]]
"""What happens: what makes it, and the rules one of which should say so at `warning` or above."""
SEED = 90_000
"""First seed that is held out."""
NEAR = 0.1
"""A fault is found where a finding begins within this share of the run of it, or within ten logged points."""


def loud(run: Run, codes: tuple[str, ...] = ("",)) -> list[Finding]:
    """Findings at warning or above of the rules whose codes begin with one of these."""
    rules = [rule() for rule in RULES if rule.code.startswith(codes)]
    said = (one for rule in rules if not missing_roles(rule, run) for one in rule.check(run))
    return [one for one in said if isinstance(one, Finding) and one.severity is not Severity.INFO]


def is_near(run: Run, found: Finding, onset: int) -> bool:
    """Whether a finding begins where a fault does; one of the whole run does."""
    if found.steps is None:
        return True
    step = max((series.step for series in run.series.values()), key=len)
    every = (step[-1] - step[0]) / max(len(step) - 1, 1)
    return bool(abs(found.steps[0] - onset) <= max(NEAR * (step[-1] - step[0]), 10 * every))


def tables(title: str, faults: Faults, healthy: Mapping[str, Make], seeds: int) -> str:
    """A table of faults and one of healthy runs, judged by all rules, with a last row of all."""
    found: dict[str, Tally] = {}
    for what, (make, codes) in faults.items():
        found[what] = []
        for seed in range(SEED, SEED + seeds):
            run, onset = make(np.random.default_rng(seed))
            told = loud(run, codes)
            found[what].append(any(onset is None or is_near(run, one, onset) for one in told))
    alarms: dict[str, Tally] = {}
    for what, make in healthy.items():
        alarms[what] = [bool(loud(make(np.random.default_rng(seed))[0])) for seed in range(SEED, SEED + seeds)]
    hits, false = ([one for tally in kind.values() for one in tally] for kind in (found, alarms))
    rules = {what: ", ".join(codes) for what, (_, codes) in faults.items()}
    rows = [(what, rules[what], wilson(tally)) for what, tally in found.items()]
    quiet = [(what, wilson(tally)) for what, tally in alarms.items()]
    right = [True] * sum(hits) + [False] * sum(false)
    return "\n".join(
        [
            table(f"{title}: faults", [*rows, ("all", "", wilson(hits))], ("what", "rules", "found")),
            table(f"{title}: healthy", [*quiet, ("all", wilson(false))], ("what", "runs with a warning")),
            f"Precision over both tables: {wilson(right)}.",
        ]
    )
