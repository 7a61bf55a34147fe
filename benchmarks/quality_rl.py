"""Runs of reinforcement learning: how often RL001 cries wolf on healthy ones, and which collapses it finds.

    python -m benchmarks.quality_rl [--quick]

Everything is seeded, with seeds that no default was chosen on (`tests/synthetic/rl.py`, and `updates.py` beside it):
eight tools' names and scales, 60 to 5,000 logged points. A collapse counts as found where a finding at warning or above
begins within a tenth of the run of its onset.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import get_args

from benchmarks.kinds import NEAR, SEED, loud, tables
from benchmarks.tables import Tally, print_report, table, wilson
from runlens.model import Finding, Severity
from runlens.rules.rl.parts.signs import FEWEST
from runlens.rules.rl.parts.standstill import LONG
from runlens.rules.rl.policy_collapse import PolicyCollapse
from tests.synthetic import updates
from tests.synthetic.rl import CLASSICAL, EVERY, LANGUAGE, Fault, Health, Policy, Tool, policy, shows

FEWEST_SPARSE = 200
"""Points from which a success rate of single episodes can be told at all."""
FEW_SIZES = (12, 20, 29)
"""Points of rewards of which only a fall to below the first ones is told."""
FEW_HEALTHY: tuple[Health, ...] = ("learns", "noisy", "plateaus", "flat", "dips", "wanders", "slides", "solved")


def runs(kind: Health | Fault, seeds: int, sizes: tuple[int, ...]) -> Iterator[Policy]:
    """Runs of one kind, as each tool that can show it logs them."""
    tools: tuple[Tool, ...] = CLASSICAL + LANGUAGE
    for tool in tools:
        if not shows(tool, kind):
            continue
        for n in sizes:
            if kind == "flat" and tool in CLASSICAL and n >= LONG:
                continue  # nothing learnt for so long is the fault "stands"
            if {"stands": LONG, "sparse": FEWEST_SPARSE, "evaluations": FEWEST * EVERY}.get(kind, 0) <= n:
                for seed in range(SEED, SEED + seeds):
                    yield policy(tool, kind, seed, n)


def alarm(made: Policy) -> Finding | None:
    """The finding of RL001 at warning or above, if there is one."""
    return next(iter(loud(made.run, (PolicyCollapse.code,))), None)


def near(made: Policy, found: Finding | None) -> bool:
    """Whether a finding begins where the fault does."""
    if found is None or found.steps is None or made.onset is None:
        return False
    step = next(iter(made.run.series.values())).step
    return bool(abs(found.steps[0] - made.onset) <= NEAR * (step[-1] - step[0]))


def few(seeds: int) -> str:
    """Rewards of few points, as Markdown."""
    healthy = chain.from_iterable(runs(kind, seeds, FEW_SIZES) for kind in FEW_HEALTHY)
    rows = [
        ("healthy", wilson([alarm(made) is not None for made in healthy]), "-"),
        ("unlearns", "-", wilson([alarm(made) is not None for made in runs("unlearns", seeds, FEW_SIZES)])),
    ]
    return table("Rewards of 12 to 29 points", rows, ("kind", "runs with a warning", "found"))


def report(quick: bool) -> str:
    """All tables as Markdown."""
    seeds, sizes = (2, (60, 200, 1000)) if quick else (12, (60, 200, 1000, 5000))
    healthy: dict[str, Tally] = {}
    faulty: dict[str, Tally] = {}
    errors: dict[str, Tally] = {}
    for kind in get_args(Health):
        healthy[kind] = [alarm(made) is not None for made in runs(kind, seeds, sizes)]
    for kind in get_args(Fault):
        told = [(made, alarm(made)) for made in runs(kind, seeds, sizes)]
        faulty[kind] = [near(made, found) for made, found in told]
        errors[kind] = [found is not None and found.severity is Severity.ERROR for _, found in told]
    alarms, found, called = ([*chain.from_iterable(kinds.values())] for kinds in (healthy, faulty, errors))
    quiet = [(kind, wilson(told)) for kind, told in {**healthy, "all": alarms}.items()]
    rows = [(kind, wilson(told), wilson(errors[kind])) for kind, told in faulty.items()]
    rows.append(("all", wilson(found), wilson(called)))
    right = [True] * sum(found) + [False] * sum(alarms)
    return "\n".join(
        [
            table("Reinforcement learning, healthy", quiet, ("kind", "runs with a warning")),
            table("Reinforcement learning, collapses", rows, ("kind", "found", "called an error")),
            few(seeds),
            f"Precision over the first two tables: {wilson(right)}.\n",
            tables("Updates of a policy", updates.FAULTS, updates.HEALTHY, 12 if quick else 40),
        ]
    )


if __name__ == "__main__":
    print_report(__doc__, report)
