"""How well the throughput rules find what was planted, and how often they cry wolf, next to what people use today.

    python -m benchmarks.quality_throughput [--quick]

Everything is seeded. A fault counts as found when a finding of its rule at `warning` or above begins within 5 % of the
run (and 100 logged points) of it; peers that only say "now" may take as long after it. False alarms are findings at
`warning` or above on runs without a fault, each incident once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from benchmarks.tables import print_report
from benchmarks.throughput_peers import PEERS, RANK_PEERS, Floats, incidents
from runlens.model import Finding, Run, Severity
from runlens.rules.base import Rule
from runlens.rules.throughput.dips import RecurringDips
from runlens.rules.throughput.drift import ThroughputDrift
from runlens.rules.throughput.drop import ThroughputDrop
from runlens.rules.throughput.stall import Stall
from runlens.rules.throughput.straggler import Straggler
from tests.synthetic.throughput import NOISES, WANDERING, Case, Form, Noise, longer_sequences, make, overnight, ranks

RULES: tuple[Rule, ...] = (ThroughputDrop(), ThroughputDrift(), RecurringDips(), Stall())
OURS = "RunLens"
DROP = ("TPUT001",)
SEED = 40_000_000
"""No run of the tests or of those by which the rules were tuned has a seed near it."""
LOGS: dict[str, tuple[int, int, Form]] = {
    "600 steps": (600, 1, "rate"),
    "30,000 steps": (30_000, 1, "rate"),
    "every 20 steps, 300 points": (6000, 20, "rate"),
    "every 25 steps, 64 points": (1600, 25, "rate"),
    "every 100 steps, 60 points": (6000, 100, "rate"),
    "every 500 steps, 200 points": (100_000, 500, "rate"),
    "step time only": (3000, 1, "step time"),
    "step time every 10 steps": (6000, 10, "step time"),
    "wall times only": (3000, 1, "wall"),
    "wall times every 10 steps": (6000, 10, "wall"),
}


def found_by(case: Case, rules: Iterable[Rule] = RULES, least: Severity = Severity.WARNING) -> list[Finding]:
    """Findings at `warning` and above, or as `least` says."""
    said = [f for rule in rules for f in rule.check(case.run)]
    return [f for f in said if isinstance(f, Finding) and f.severity.rank >= least.rank]


def least_of(case: Case) -> Severity:
    """How loud the fault of a run must be told: one of less than 1 % of the run and of a minute is information.

    The rule measures what a fault costs, so one planted within a fifth of that line may fall on either side.
    """
    time = case.run.roles["train_loss"][0].series.time
    petty = case.faults[0].seconds and case.faults[0].seconds < 1.2 * min(60.0, 0.01 * float(time[-1] - time[0]))
    return Severity.INFO if petty else Severity.WARNING


def rate_of(run: Run) -> Floats:
    """The rate that a peer would look at."""
    rate = run.role("tokens_per_second")
    return rate.series.value if rate is not None else 1.0 / run.roles["step_time"][0].series.value


def share(hits: Sequence[bool]) -> str:
    """Share in per cent with its 95 % Wilson score interval."""
    n, z = len(hits), 1.96
    p = sum(hits) / n
    middle, half = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low, high = (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)
    return f"{100 * p:.1f} ({abs(100 * low):.1f}–{100 * high:.1f})"


def a_million(counts: Sequence[int], steps: float) -> str:
    """Alarms for a million steps with a 95 % bootstrap interval over runs; without any, its upper end by Poisson."""
    million = steps / 1e6
    if not sum(counts):
        return f"0 (0–{3.0 / million:.2g})"
    x = np.asarray(counts, dtype=np.float64)
    draws = x[np.random.default_rng(0).integers(0, len(x), (1000, len(x)))].sum(axis=1) / million
    return f"{sum(counts) / million:,.2f} ({np.quantile(draws, 0.025):,.2f}–{np.quantile(draws, 0.975):,.2f})"


def error(values: Sequence[float], digits: int = 0) -> str:
    """Median and 95th percentile."""
    return f"{np.median(values):.{digits}f} / {np.quantile(values, 0.95):.{digits}f}" if len(values) else "-"


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table under its title."""
    lines = [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
    return f"**{title}**\n\n" + "\n".join(lines) + "\n"


class Score:
    """What was found of runs with one fault each."""

    def __init__(self, cases: Iterable[Case], codes: tuple[str, ...], near: float = 0.05, peers: bool = False):
        self.hits: dict[str, list[bool]] = {name: [] for name in (OURS, *(PEERS if peers else ()))}
        self.away: list[float] = []
        """Errors of the onset in logged points, of what was found."""
        self.cost: list[float] = []
        """Errors of the hours lost in per cent, of what was found."""
        for case in cases:
            self._add(case, codes, near)

    def _add(self, case: Case, codes: tuple[str, ...], near: float) -> None:
        fault = case.faults[0]
        points = len(case.run.roles["train_loss"][0].series)
        margin = max(100.0, near * points) if points >= 400 else max(0.08 * points, 2.0)
        said = [f for f in found_by(case, least=least_of(case)) if f.code in codes and f.steps]
        away = [abs(f.steps[0] - 1 - fault.first) / case.every for f in said if f.steps]
        self.hits[OURS].append(bool(away) and min(away) <= margin)
        if self.hits[OURS][-1]:
            self.away.append(min(away))
            hours = said[int(np.argmin(away))].evidence.get("hours_lost")
            if fault.seconds and isinstance(hours, float):
                self.cost.append(100.0 * abs(3600.0 * hours / fault.seconds - 1.0))
        for name in self.hits:
            if name != OURS:
                after = incidents(PEERS[name](rate_of(case.run))) - fault.first / case.every
                self.hits[name].append(bool(np.any((after >= -margin / 2) & (after <= margin))))

    def row(self, label: str) -> list[str]:
        """Label, share found of each method."""
        return [label, *(share(h) for h in self.hits.values())]


def drops(repeats: int) -> list[str]:
    """Steps down: by size beside the peers, by noise, by log, and those that end."""
    every = [(noise, s) for noise in NOISES.values() for s in range(repeats)]
    by_size = {
        f"{100 * size:.3g} %": Score(
            (make(SEED + s, 3000, z, "drop", size) for z, s in every), ("TPUT001",), peers=True
        )
        for size in (0.02, 0.03, 0.04, 0.05, 0.06, 0.10, 0.15, 0.30)
    }
    head = ["drop", OURS, *PEERS]
    parts = [table("Drops found, % (3,000 steps, 13 noises)", head, (s.row(label) for label, s in by_size.items()))]
    known = {k: s for k, s in by_size.items() if k != "2 %"}
    parts.append(
        table(
            "Change point and cost of the drops found (median / 95th percentile)",
            ["drop", "onset error, points", "error of the hours lost, %"],
            ([label, error(s.away), error(s.cost, 1)] for label, s in known.items()),
        )
    )
    by_noise = {
        name: Score((make(SEED + 1000 + s, 3000, noise, "drop", 0.04) for s in range(4 * repeats)), DROP)
        for name, noise in NOISES.items()
    }
    by_log = {}
    for name, (n, step, form) in LOGS.items():
        few = max(repeats // 4, 2) if n > 10_000 else repeats
        cases = (make(SEED + 2000 + s, n, z, "drop", 0.05, step, form) for z in NOISES.values() for s in range(few))
        by_log[name] = Score(cases, DROP)
    ending = {
        f"{100 * size:.0f} %": Score(
            (make(SEED + 3000 + s, 3000, z, "passing drop", size) for z, s in every), ("TPUT001",)
        )
        for size in (0.04, 0.06, 0.10)
    }
    for title, scores in (
        ("Drops of 4 % by noise", by_noise),
        ("Drops of 5 % by log", by_log),
        ("Drops that end after 10 to 30 % of the run", ending),
    ):
        rows = ([*s.row(label), error(s.away, 1)] for label, s in scores.items())
        parts.append(table(title, ["", "found, %", "onset error, points"], rows))
    return parts


def others(repeats: int) -> list[str]:
    """Ramps, recurring dips and stalls."""
    parts = []
    every = [(noise, s) for noise in NOISES.values() for s in range(repeats)]
    for title, kind, code, near, sizes in (
        ("Ramps", "ramp", "TPUT002", 0.15, {"5 %": 0.05, "8 %": 0.08, "15 %": 0.15}),
        ("Recurring dips that cost 2 % and more", "dips", "TPUT004", 0.05, {"15 %": 0.15, "30 %": 0.3, "50 %": 0.5}),
        ("Stalls in steps of 0.1 s", "stall", "TPUT005", 0.05, {"20 s": 20.0, "120 s": 120.0, "1,000 s": 1000.0}),
    ):
        scores = {
            label: Score((make(SEED + 4000 + s, 3000, z, kind, size) for z, s in every), (code,), near)
            for label, size in sizes.items()
        }
        rows = ([*s.row(label), error(s.away, 1)] for label, s in scores.items())
        parts.append(table(title, ["", "found, %", "onset error, points"], rows))
    return parts


def stragglers(repeats: int) -> str:
    """Recall by how slow the rank is, and false alarms at 0 %, beside two published thresholds."""
    rows = []
    for slow in (0.0, 0.04, 0.06, 0.08, 0.15, 0.40):
        hits: dict[str, list[bool]] = {name: [] for name in (OURS, *RANK_PEERS)}
        for seed in range(10 * repeats):
            case = ranks(SEED + 5000 + seed, count=(4, 8, 16, 64)[seed % 4], slow=slow)
            late = np.array([r.series.value[-200:] for r in case.run.roles["step_time"]])
            ratio = np.median(late, axis=1) / np.median(late)
            hits[OURS].append(bool(found_by(case, (Straggler(),), Severity.INFO)))  # short runs: petty, and said
            for name, limit in RANK_PEERS.items():
                hits[name].append(bool((ratio > limit).any()))
        rows.append([f"{100 * slow:.0f} % slower" if slow else "healthy", *(share(h) for h in hits.values())])
    return table("Runs of 4 to 64 ranks in which a straggler is reported, %", ["", OURS, *RANK_PEERS], rows)


def false_alarms(repeats: int) -> str:
    """False alarms for a million steps of runs without a fault."""
    shapes = ((600, 1), (3000, 1), (10_000, 1), (3000, 20), (1600, 25), (6000, 100))

    def steady(noises: Iterable[Noise], seeds: int) -> Iterable[Case]:
        return (make(SEED + 31 * s + n, n, z, every=e) for z in noises for n, e in shapes for s in range(seeds))

    both: tuple[Form, ...] = ("rate", "step time")
    few = range(3 * repeats)
    long = (make(SEED + s, 300_000, z) for z in NOISES.values() for s in range(max(repeats // 20, 1)))
    kinds: dict[str, tuple[Iterable[Case], bool]] = {
        "steady, 13 noises": (steady(NOISES.values(), repeats), True),
        "steady, 300,000 steps": (long, False),
        "more tokens in a step from a step on": (
            (longer_sequences(SEED + s, form=f) for f in both for s in few),
            False,
        ),
        "stopped overnight, resumed from a checkpoint": ((overnight(SEED + s) for s in few), False),
    }
    for name, noise in WANDERING.items():
        kinds[f"wandering by itself: {name}"] = (steady([noise], 2 * repeats), True)
    rows = []
    for label, (cases, peers) in kinds.items():
        counts: dict[str, list[int]] = {name: [] for name in (OURS, *PEERS)}
        steps, told = 0.0, []
        for case in cases:
            steps += len(case.run.roles["train_loss"][0].series) * case.every
            said = found_by(case)
            told += [f.code for f in said]
            counts[OURS].append(len(said))
            for name, peer in PEERS.items() if peers else ():
                counts[name].append(len(incidents(peer(rate_of(case.run)))))
        codes = ", ".join(f"{c} x {told.count(c)}" for c in sorted(set(told)))
        each = [a_million(c, steps) if c else "-" for c in counts.values()]
        rows.append([label, f"{len(counts[OURS])}", f"{steps / 1e6:.2f}", *each, codes or "none"])
    head = ["runs", "number", "million steps", OURS, *PEERS, "ours are"]
    return table("False alarms for a million steps of runs without a fault", head, rows)


def report(quick: bool) -> str:
    """The tables as Markdown.

    Parameters
    ----------
    quick : bool
        True for a twentieth of the runs (some 20 s of CPU time), False for all (about eight minutes).
    """
    repeats = 2 if quick else 40
    intro = "Shares in per cent with 95 % Wilson intervals; seeds were held out.\n"
    return "\n".join([intro, *drops(repeats), *others(repeats), stragglers(repeats), false_alarms(repeats)])


if __name__ == "__main__":
    print_report(__doc__, report)
