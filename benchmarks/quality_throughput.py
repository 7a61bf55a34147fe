"""How well the throughput rules find what was planted, and how often they cry wolf, next to what people use today.

    python -m benchmarks.quality_throughput [--quick]

Everything is seeded. A fault counts as found when a finding of its rule at `warning` or above begins within 5 % of the
run (and 100 logged points) of it; peers that only say "now" may take as long after it. False alarms are findings at
`warning` or above on runs without a fault, each incident once. Intervals are 95 % bootstrap intervals over runs.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from runlens.model import Finding, Run, Severity
from runlens.rules.base import Rule
from runlens.rules.straggler import Straggler
from runlens.rules.throughput import ThroughputDrift, ThroughputDrop
from runlens.rules.throughput_pauses import RecurringDips
from runlens.rules.throughput_stall import Stall
from tests.synthetic.throughput import NOISES, WANDERING, Case, Noise, make, ranks

Floats = npt.NDArray[np.float64]
Peer = Callable[[Floats], npt.NDArray[np.int64]]
RULES: tuple[Rule, ...] = (ThroughputDrop(), ThroughputDrift(), RecurringDips(), Stall())
OURS = "runlens"


def moving_average(share: float) -> Peer:
    """Mean of the last 10 points below `share` of the mean of the 100 before them."""

    def alarms(rate: Floats) -> npt.NDArray[np.int64]:
        total = np.concatenate([[0.0], np.cumsum(rate)])
        at = np.arange(110, len(rate) + 1)
        recent, before = (total[at] - total[at - 10]) / 10, (total[at - 10] - total[at - 110]) / 100
        return at[recent < share * before] - 1

    return alarms


def z_score(rate: Floats) -> npt.NDArray[np.int64]:
    """A point three standard deviations below the mean of the last 100."""
    total, square = (np.concatenate([[0.0], np.cumsum(x)]) for x in (rate, rate * rate))
    at = np.arange(100, len(rate))
    mean = (total[at] - total[at - 100]) / 100
    deviation = np.sqrt(np.maximum((square[at] - square[at - 100]) / 100 - mean * mean, 0.0))
    return at[rate[at] < mean - 3.0 * deviation]


def cusum(rate: Floats) -> npt.NDArray[np.int64]:
    """Page's cumulative sum with k = 0.5 and h = 5, against the mean and deviation of the first tenth."""
    first = rate[: max(len(rate) // 10, 10)]
    score = np.cumsum((first.mean() - rate) / max(float(first.std()), 1e-12) - 0.5)
    return np.flatnonzero(score - np.minimum.accumulate(np.minimum(score, 0.0)) > 5.0)


PEERS: dict[str, Peer] = {
    "10 % below a moving average": moving_average(0.9),
    "20 % below a moving average": moving_average(0.8),
    "z-score 3": z_score,
    "CUSUM": cusum,
}


def found_by(case: Case, rules: Iterable[Rule] = RULES) -> list[Finding]:
    """Findings at `warning` and above."""
    said = [f for rule in rules for f in rule.check(case.run)]
    return [f for f in said if isinstance(f, Finding) and f.severity is not Severity.INFO]


def rate_of(run: Run) -> Floats:
    """The rate that a peer would look at."""
    rate = run.role("tokens_per_second")
    return rate.series.value if rate is not None else 1.0 / run.roles["step_time"][0].series.value


def incidents(alarms: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """First alarm of each group; alarms within 100 points of the last are the same incident."""
    return alarms[np.diff(alarms, prepend=-(10**9)) > 100] if len(alarms) else alarms


def interval(values: Sequence[float], scale: float = 1.0) -> tuple[float, float]:
    """95 % bootstrap interval of a mean, seeded."""
    x = np.asarray(values, dtype=np.float64)
    draws = x[np.random.default_rng(0).integers(0, len(x), (1000, len(x)))].mean(axis=1) * scale
    return float(np.percentile(draws, 2.5)), float(np.percentile(draws, 97.5))


def row(table: str, case: str, method: str, hits: Sequence[bool], errors: Sequence[float]) -> dict[str, object]:
    """One line of a table of recalls."""
    low, high = interval([float(h) for h in hits])
    return {
        "family": "throughput",
        "table": table,
        "case": case,
        "method": method,
        "runs": len(hits),
        "recall": float(np.mean(hits)),
        "recall_low": low,
        "recall_high": high,
        "error_median": float(np.median(errors)) if errors else None,
        "error_p95": float(np.percentile(errors, 95)) if errors else None,
    }


def recalls(
    table: str, label: str, cases: Iterable[Case], codes: tuple[str, ...], peers: dict[str, Peer], near: float = 0.05
) -> list[dict[str, object]]:
    """Recall of the rules and of the peers on runs with one fault each; errors in logged points."""
    hits: dict[str, list[bool]] = {name: [] for name in (OURS, *peers)}
    errors: dict[str, list[float]] = {name: [] for name in hits}
    for case in cases:
        fault = case.faults[0]
        points = len(case.run.roles["train_loss"][0].series) if "train_loss" in case.run.roles else 600
        margin = max(100.0, near * points) if points >= 400 else max(0.08 * points, 2.0)
        starts = [f.steps[0] - 1 for f in found_by(case) if f.code in codes and f.steps]
        away = [abs(s - fault.first) / case.every for s in starts]
        hits[OURS].append(bool(away) and min(away) <= margin)
        if hits[OURS][-1]:
            errors[OURS].append(min(away))
        for name, peer in peers.items():
            after = incidents(peer(rate_of(case.run))) - fault.first / case.every
            good = after[(after >= -margin / 2) & (after <= margin)]
            hits[name].append(bool(len(good)))
            if len(good):
                errors[name].append(float(np.abs(good).min()))
    return [row(table, label, name, hits[name], errors[name]) for name in hits]


def false_alarms(label: str, cases: Iterable[tuple[Case, int]], peers: dict[str, Peer]) -> list[dict[str, object]]:
    """False alarms for a million steps, on runs without a fault."""
    counts: dict[str, list[int]] = {name: [] for name in (OURS, *peers)}
    steps: list[int] = []
    codes: list[str] = []
    for case, n in cases:
        steps.append(n)
        said = found_by(case)
        codes += [f.code for f in said]
        counts[OURS].append(len(said))
        for name, peer in peers.items():
            counts[name].append(len(incidents(peer(rate_of(case.run)))))
    million = float(np.sum(steps)) / 1e6
    out = []
    for name, each in counts.items():
        low, high = interval(each, len(each) / million)
        out.append(
            {
                "family": "throughput",
                "table": "false alarms",
                "case": label,
                "method": name,
                "runs": len(each),
                "million_steps": million,
                "false_alarms": int(np.sum(each)),
                "false_per_million": float(np.sum(each)) / million,
                "false_low": low,
                "false_high": high,
                "codes": ", ".join(f"{c} x {codes.count(c)}" for c in sorted(set(codes))) if name == OURS else "",
            }
        )
    return out


def _drops(repeats: int) -> list[dict[str, object]]:
    out = []
    for size in (0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.10, 0.15, 0.20, 0.30):
        cases = (make(1000 + s, 3000, noise, "drop", size) for noise in NOISES.values() for s in range(repeats))
        out += recalls("drops", f"{100 * size:.0f} %", cases, ("TPUT001",), PEERS)
    for name, noise in NOISES.items():
        cases = (make(2000 + s, 3000, noise, "drop", 0.04) for s in range(4 * repeats))
        out += recalls("drops of 4 % by noise", name, cases, ("TPUT001",), {})
    for name, n, every, form in (
        ("600 steps", 600, 1, "rate"),
        ("30,000 steps", 30_000, 1, "rate"),
        ("every 20 steps, 300 points", 6000, 20, "rate"),
        ("every 25 steps, 64 points", 1600, 25, "rate"),
        ("every 500 steps, 200 points", 100_000, 500, "rate"),
        ("step time only", 3000, 1, "step time"),
        ("wall times only", 3000, 1, "wall"),
    ):
        few = max(repeats // 4, 2) if n > 10_000 else repeats
        cases = (
            make(3000 + s, n, noise, "drop", 0.05, every, form)  # type: ignore[arg-type]
            for noise in NOISES.values()
            for s in range(few)
        )
        out += recalls("drops of 5 % by log", name, cases, ("TPUT001",), {})
    for size in (0.04, 0.06, 0.10):
        cases = (make(4000 + s, 3000, noise, "passing drop", size) for noise in NOISES.values() for s in range(repeats))
        out += recalls("drops that end", f"{100 * size:.0f} %", cases, ("TPUT001",), {})
    return out


def _others(repeats: int) -> list[dict[str, object]]:
    out = []
    for size in (0.05, 0.08, 0.15):
        cases = (make(5000 + s, 3000, noise, "ramp", size) for noise in NOISES.values() for s in range(repeats))
        out += recalls("ramps", f"{100 * size:.0f} %", cases, ("TPUT002",), PEERS, near=0.15)
    for size in (0.15, 0.30, 0.50):
        cases = (make(6000 + s, 3000, noise, "dips", size) for noise in NOISES.values() for s in range(repeats))
        out += recalls("recurring dips", f"{100 * size:.0f} % slower", cases, ("TPUT004",), {})
    for size in (6.0, 20.0, 120.0):
        cases = (make(7000 + s, 3000, noise, "stall", size) for noise in NOISES.values() for s in range(repeats))
        out += recalls("stalls", f"{size:.0f} s of 0.1 s steps", cases, ("TPUT005",), {})
    return out


def _stragglers(repeats: int) -> list[dict[str, object]]:
    """Recall by how slow the rank is, and false alarms, of the rule and of two published thresholds."""
    out = []
    methods = {OURS: None, "NVIDIA relative score < 0.75": 1 / 0.75, "DLRover 2 x median": 2.0}
    for slow in (0.0, 0.04, 0.06, 0.08, 0.15, 0.40):
        hits: dict[str, list[bool]] = {name: [] for name in methods}
        for seed in range(10 * repeats):
            case = ranks(8000 + seed, count=(4, 8, 16, 64)[seed % 4], slow=slow)
            times = np.array([r.series.value for r in case.run.roles["step_time"]])
            ratio = np.median(times[:, -200:], axis=1) / np.median(times[:, -200:])
            for name, limit in methods.items():
                told = bool(found_by(case, (Straggler(),))) if limit is None else bool((ratio > limit).any())
                hits[name].append(told)
        for name in methods:
            if slow:
                out.append(row("stragglers", f"{100 * slow:.0f} % slower", name, hits[name], []))
            else:
                out.append({**row("stragglers", "healthy", name, hits[name], []), "false_alarms": int(sum(hits[name]))})
    return out


def _healthy(repeats: int) -> list[dict[str, object]]:
    def over(noises: Iterable[Noise], shapes: Sequence[tuple[int, int]], seeds: int) -> Iterable[tuple[Case, int]]:
        return ((make(9000 + 31 * s + n, n, z, every=e), n) for z in noises for n, e in shapes for s in range(seeds))

    shapes = ((600, 1), (3000, 1), (10_000, 1), (3000, 20))
    out = false_alarms("steady runs", over(NOISES.values(), shapes, 2 * repeats), PEERS)
    out += false_alarms(
        "steady runs of 300,000 steps", over(NOISES.values(), ((300_000, 1),), max(repeats // 20, 1)), {}
    )
    for name, noise in WANDERING.items():
        out += false_alarms(f"wandering: {name}", over([noise], shapes, 3 * repeats), PEERS)
    return out


def rows(quick: bool) -> list[dict[str, object]]:
    """Every line of the tables on throughput.

    Parameters
    ----------
    quick : bool
        True for a twentieth of the runs (some 10 s), False for all (about two minutes).
    """
    repeats = 2 if quick else 40
    return [*_drops(repeats), *_others(repeats), *_stragglers(repeats), *_healthy(repeats)]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    for line in rows(parser.parse_args().quick):
        if "recall" in line:
            print(
                f"{line['table']:28s} {line['case']:28s} {line['method']:28s} {line['runs']:5d} "
                f"{line['recall']:.3f} [{line['recall_low']:.3f}, {line['recall_high']:.3f}] "
                f"error {line['error_median']} / {line['error_p95']}"
            )
        else:
            print(
                f"{line['table']:28s} {line['case']:28s} {line['method']:28s} {line['million_steps']:.2f} M steps "
                f"{line['false_per_million']:.2f} [{line['false_low']:.2f}, {line['false_high']:.2f}] {line['codes']}"
            )


if __name__ == "__main__":
    main()
