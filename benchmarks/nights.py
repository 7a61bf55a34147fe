"""A gate over simulated nights: which faults it finds and when, and how often it cries wolf.

    python -m benchmarks.nights [--quick]

A job runs every night; each night is judged by all rules and by those on nights, beside the nights that were good by
their own verdicts, as `runlens check --nights` does. Everything is seeded.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.tables import Tally, print_report, table, wilson
from runlens.judging.one import Settings, judge_run
from runlens.model import Finding, Severity, Skip
from runlens.model.twin import Twin, TwinCurve
from runlens.rules import RULES
from runlens.rules.nights.parts.rule import NightRule
from runlens.rules.nights.parts.twin import twin_of
from tests.synthetic.nights import EVALS, Night, nights

BEFORE = 10
"""Healthy nights before the first fault."""
EVERY = 9
"""A fault stands among so many nights."""
NIGHTS = 200
SPREADS = (0.003, 0.01)
OVER_NIGHTS: tuple[NightRule, ...] = tuple(rule() for rule in RULES if issubclass(rule, NightRule))
BY_ITSELF = Settings(tuple(rule() for rule in RULES if not issubclass(rule, NightRule)), chart_points=0)

Plant = Callable[[Night], Night]
FAULTS: dict[str, Plant] = {
    "crashed, by its source": lambda n: replace(n, state="crashed", cut=0.6),
    "cut at step 12": lambda n: replace(n, cut=12 / n.points),
    "cut at half": lambda n: replace(n, cut=0.5),
    "no evals": lambda n: replace(n, evals=()),
    "one eval missing": lambda n: replace(n, evals=EVALS[:-1]),
    "evals 5 spreads and 3 points lower": lambda n: replace(n, scores=-max(0.03, 5 * n.spread)),
    "training loss 5 % worse": lambda n: replace(n, loss=1.05),
    "gradient norm three times as high": lambda n: replace(n, norm=3.0),
    "loss NaN from the middle": lambda n: replace(n, nan_from=n.points // 2),
    "loss 30 % up for good": lambda n: replace(n, spike=0.3),
    "5 % slower": lambda n: replace(n, speed=0.95),
    "half the speed in the second half": lambda n: replace(n, sag=0.5),
    "stood still for two hours": lambda n: replace(n, pause=2.0),
    "12 % more GPU memory": lambda n: replace(n, memory=1.12),
    "9 degrees hotter": lambda n: replace(n, heat=9.0),
    "speed not logged": lambda n: replace(n, lacking=("tokens_per_second", "tokens", "time")),
    "loss not logged": lambda n: replace(n, lacking=("loss",)),
    "gradient norm not logged": lambda n: replace(n, lacking=("grad_norm",)),
    "memory not logged": lambda n: replace(n, lacking=("gpu/memory_gb",)),
    "loss 5 % worse and evals 3 points lower": lambda n: replace(n, loss=1.05, scores=-0.03),
}
"""What is planted in one night."""


@dataclass(frozen=True)
class Verdict:
    """What the gate says of a night."""

    red: bool
    """A finding at `error`, or what could not be compared: exit code 1 or 3."""
    by: str
    """The first rule and measure; empty if it is green."""


def gate(one: Night, good: Sequence[Twin], alone: bool = True) -> tuple[Verdict, Twin]:
    """Judge a night beside the good ones; without `alone`, by the rules on nights only."""
    run = one.run()
    twin = replace(twin_of(run), name=one.name)
    if alone:
        report = judge_run(run, BY_ITSELF)
        if report.verdict != "pass":
            first = next((f.code for f in report.findings if f.severity is Severity.ERROR), "undecided")
            return Verdict(True, first), twin
    return beside(twin, good), twin


def beside(own: Twin, good: Sequence[Twin]) -> Verdict:
    """What the rules on nights say."""
    if not good:
        return Verdict(False, "")
    for rule in OVER_NIGHTS:
        for said in rule.beside(own, good):
            if isinstance(said, Finding) and said.severity is Severity.ERROR:
                return Verdict(True, f"{rule.code} {said.evidence['what']}")
            if isinstance(said, Skip) and said.kind == "not-comparable":
                return Verdict(True, f"{rule.code} {said.lacking[0]}")
    return Verdict(False, "")


def one_life(seed: int, spread: float, count: int = NIGHTS) -> tuple[dict[str, bool], int, list[str]]:
    """A job over many nights with faults strewn in, each once.

    Returns
    -------
    dict, int, list
        Fault to whether its night was red; healthy nights; what was said of those of them that were red.
    """
    rng = np.random.default_rng([seed, round(1e6 * spread)])
    order = rng.permutation(list(FAULTS)).tolist()
    planted = {BEFORE + EVERY * k + int(rng.integers(1, EVERY)): name for k, name in enumerate(order)}
    good: list[Twin] = []
    found: dict[str, bool] = {}
    healthy, alarms = 0, []
    for one in nights(count, spread=spread, seed=seed):
        name = planted.get(one.number)
        verdict, twin = gate(FAULTS[name](one) if name else one, good)
        if name:
            found[name] = verdict.red
        else:
            healthy += 1
            alarms += [verdict.by] * verdict.red
        if not verdict.red:
            good.append(twin)
    return found, healthy, alarms


def healthy_years(seeds: Sequence[int], spread: float, count: int = 365) -> tuple[int, list[str]]:
    """Healthy nights alone, by the rules on nights, and what was said of the red ones among them."""
    total, alarms = 0, []
    for seed in seeds:
        good: list[Twin] = []
        for one in nights(count, spread=spread, seed=seed):
            verdict, twin = gate(one, good, alone=False)
            total += 1
            if verdict.red:
                alarms.append(verdict.by)
            else:
                good.append(twin)
    return total, alarms


def slower(twin: Twin, share: float) -> Twin:
    """A night that is slower by a share: its rate lower, its duration longer."""
    times = {"speed": 1.0 - share, "duration": 1.0 / (1.0 - share)}
    told = {k: replace(q, value=q.value * times.get(k, 1.0)) for k, q in twin.quantities.items()}
    return replace(twin, quantities=told)


def worse(twin: Twin, share: float) -> Twin:
    """A night whose training loss is higher by a share at every step."""
    curve = twin.curves["train_loss"]
    return replace(
        twin,
        curves={**twin.curves, "train_loss": TwinCurve(curve.step, curve.value * (1.0 + share), curve.metric)},
    )


def first_red(before: Sequence[Twin], after: Sequence[Twin]) -> int | None:
    """Which of the nights after is red first, counted from 1; None if none is. Green ones become a baseline."""
    good = list(before)
    for at, own in enumerate(after, 1):
        if beside(own, good).red:
            return at
        good.append(own)
    return None


def lives(seeds: Sequence[int], spread: float, count: int) -> list[list[Twin]]:
    """Healthy nights of several jobs."""
    return [[replace(twin_of(n.run()), name=n.name) for n in nights(count, spread=spread, seed=s)] for s in seeds]


LOSSES = (0.01, 0.015, 0.02, 0.03, 0.04, 0.05)
CREEPS = (0.0025, 0.005, 0.01)
AFTER = 7
"""Nights for which a steady fault goes on."""
CREEPING = 16


def steady(made: Sequence[Sequence[Twin]], fault: Callable[[Twin, float], Twin], share: float) -> list[int | None]:
    """The night on which a fault that stays is found, in each life."""
    return [first_red(row[:-AFTER], [fault(t, share) for t in row[-AFTER:]]) for row in made]


def creeping(made: Sequence[Sequence[Twin]], fault: Callable[[Twin, float], Twin], each: float) -> list[int | None]:
    """The night on which a fault that grows by a share every night is found."""
    return [first_red(row[:-CREEPING], [fault(t, each * k) for k, t in enumerate(row[-CREEPING:], 1)]) for row in made]


def within(found: Sequence[int | None], night: int) -> Tally:
    """Whether each was found by that night."""
    return [at is not None and at <= night for at in found]


def report(quick: bool = False) -> str:
    """The section of the quality page.

    Parameters
    ----------
    quick : bool
        A twentieth of it, within seconds.
    """
    seeds = range(1) if quick else range(4)
    count = 50 if quick else NIGHTS
    parts, alarms_of = [], []
    caught: dict[tuple[str, float], Tally] = {}
    for spread in SPREADS:
        healthy, alarms = 0, []
        for seed in seeds:
            found, quiet, said = one_life(seed, spread, count)
            healthy, alarms = healthy + quiet, alarms + said
            for name, red in found.items():
                caught.setdefault((name, spread), []).append(red)
        more, told = healthy_years(range(100, 101) if quick else range(100, 108), spread, 30 if quick else 365)
        alarms_of.append(_alarms(spread, healthy + more, alarms + told))
    names = [name for name in FAULTS if any((name, spread) in caught for spread in SPREADS)]
    rows = [(name, *(_of(caught.get((name, spread), [])) for spread in SPREADS)) for name in names]
    all_of = [[red for (_, s), tally in caught.items() if s == spread for red in tally] for spread in SPREADS]
    heads = tuple(f"spread {100 * spread:g} %" for spread in SPREADS)
    parts.append(table("Red on the first night", [*rows, ("all", *map(wilson, all_of))], ("fault", *heads)))
    parts.append(
        table("Healthy nights", alarms_of, ("spread", "nights", "red", "false alarms a year (95 %)", "by what"))
    )
    parts += _over_time(range(200, 202) if quick else range(200, 232))
    return "\n".join([TEXT, *parts])


TEXT = f"""A job with evals, memory and temperature runs every night. Its nights differ by a *spread*: speed,
loss and memory by that share, scores by as many points. {len(FAULTS)} kinds of faults are planted, in one night each of
{NIGHTS}, and every night is judged as `runlens check --nights` judges it: one that is red is no baseline. *Red* is exit
code 1 or 3 at the default `--fail-on error`. *Steady* faults begin after {BEFORE + 4} healthy nights and stay.
"""


def _over_time(seeds: Sequence[int]) -> list[str]:
    """Tables of faults that stay and of faults that grow."""
    kinds = {"speed": slower, "training loss": worse}
    stays, grows = [], []
    for spread in SPREADS:
        made = lives(seeds, spread, BEFORE + 4 + CREEPING)
        short = [row[: BEFORE + 4 + AFTER] for row in made]
        for what, fault in kinds.items():
            for share in LOSSES:
                found = steady(short, fault, share)
                by = [wilson(within(found, k)) for k in (1, 3, AFTER)]
                stays.append((f"{what} {100 * share:g} % worse", f"{100 * spread:g} %", *by))
            for each in CREEPS:
                found = creeping(made, fault, each)
                middle = np.median([at if at is not None else np.inf for at in found])
                grows.append(
                    (
                        f"{what} {100 * each:g} % worse every night",
                        f"{100 * spread:g} %",
                        f"night {middle:.0f}" if math.isfinite(middle) else "later",
                        *(wilson(within(found, k)) for k in (5, 10, CREEPING)),
                    )
                )
    return [
        table("Steady faults", stays, ("fault", "spread", "found on night 1", "by night 3", "by night 7")),
        table(
            "Creep", grows, ("fault", "spread", "found, median", "by night 5", "by night 10", f"by night {CREEPING}")
        ),
    ]


def _of(tally: Tally) -> str:
    return f"{sum(tally)} of {len(tally)}" if tally else "-"


def _alarms(spread: float, count: int, said: Sequence[str]) -> tuple[str, ...]:
    """False alarms a year, with the exact Poisson interval (Garwood 1936)."""
    from scipy.special import gammaincinv

    k, years = len(said), count / 365
    low = float(gammaincinv(k, 0.025)) / years if k else 0.0
    high = float(gammaincinv(k + 1, 0.975)) / years
    by = ", ".join(f"{what} {said.count(what)}" for what in dict.fromkeys(said)) or "-"
    return f"{100 * spread:g} %", f"{count:,}", str(k), f"{k / years:.2f} ({low:.2f}–{high:.2f})", by


if __name__ == "__main__":
    print_report(__doc__, report)
