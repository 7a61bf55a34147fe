"""How well LOSS001, LOSS003 and LOSS005 find what is there, and how often they cry wolf, next to what people use today.

    python -m benchmarks.quality_loss [--quick] [--tuning] [--curves DIR] [--corpus DIR]

Synthetic runs come from `tests/synthetic/loss.py`, with seeds that no default was chosen on (`--tuning` takes the
others). An event counts as found when a finding begins within 8 logged points, or 2 % of the run, of its onset; a
finding away from all events is false, whatever its severity. Intervals are 95 % bootstrap intervals over runs.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.loss_curves import LABELLED, UNLABELLED, Judged, labelled, loud, unlabelled
from benchmarks.loss_peers import PEERS
from benchmarks.loss_real import labelled_runs
from benchmarks.loss_score import accuracy, precision, recall, shown, total
from benchmarks.loss_synthetic import HELD_OUT, NAN, OURS, TUNING, Outcome, all_runs, counts, onset_errors, steps_clean
from benchmarks.tables import table
from tests.synthetic.loss import CLEAN, FAULTY, STAGES

SIZES = ((50, 50), (100, 100), (300, 300), (1_000, 3_000), (10_000, 1_000_000))
"""Lengths that are shown together, in points."""


def report(quick: bool, curves: Path | None = None, corpus: Path | None = None, base: int = HELD_OUT) -> str:
    """All tables as Markdown; those of the public curves only where they are given."""
    began = time.process_time()
    outcomes = all_runs(quick, base)
    parts = [by_length(outcomes), beside_peers(outcomes), by_case(outcomes), by_noise(outcomes), real(corpus)]
    if curves is not None:
        parts += [labelled_curves(curves), quiet_curves(curves)]
    return "\n".join([*parts, f"CPU time of the parent process {time.process_time() - began:.0f} s."]) + "\n"


def of(outcomes: list[Outcome], cases: Sequence[str], low: int = 0, high: int = 10**9) -> list[Outcome]:
    """The runs of these cases and lengths."""
    return [o for o in outcomes if o.case in cases and low <= o.points <= high]


def by_length(outcomes: list[Outcome]) -> str:
    """LOSS001 on runs with faults, and on runs without."""
    rows = []
    for low, high in SIZES:
        faulty, clean = of(outcomes, FAULTY, low, high), of(outcomes, CLEAN, low, high)
        if not faulty:
            continue
        tallies, errors = counts(faulty), onset_errors(faulty)
        quiet = counts(clean).sum(axis=0)
        rows.append((
            f"{low:,}" if low == high else f"{low:,} to {max(o.points for o in faulty + clean):,}",
            f"{int(tallies[:, 0].sum())}",
            *(shown(tallies, measure) for measure in (recall, precision, accuracy)),
            f"{np.median(errors):.0f} / {np.quantile(errors, 0.95):.0f}",
            f"{steps_clean(clean) / 1e6:.2f} M",
            f"{quiet[3]:.0f} / {quiet[2] - quiet[3]:.0f}",
        ))  # fmt: skip
    heads = (
        "points a run", "spikes", "recall", "precision", "outcome right", "onset error, points (median / p95)",
        "clean points", "false there (warning and above / info)",
    )  # fmt: skip
    return table("LOSS001 on synthetic runs", rows, heads)


def beside_peers(outcomes: list[Outcome]) -> str:
    """The same runs by the rules that people use."""
    rows = []
    for rule in (OURS, *PEERS):
        row = [rule]
        for low, high in ((50, 300), (1_000, 10**9)):
            tallies = counts(of(outcomes, FAULTY, low, high), rule)
            row += [shown(tallies, recall), shown(tallies, precision)]
        clean = of(outcomes, CLEAN)
        false = counts(clean, rule).sum(axis=0)[2]
        rows.append((*row, f"{1e6 * false / steps_clean(clean):.2f}"))
    heads = (
        "rule", "recall, 50-300 points", "precision", "recall, from 1,000 points", "precision",
        "false incidents per million clean points (any severity)",
    )  # fmt: skip
    return table("Beside the rules that people use, on the same runs", rows, heads)


def by_case(outcomes: list[Outcome]) -> str:
    """What each kind of event gave, short runs apart."""
    rows = []
    for case in FAULTY:
        cells = [case]
        for low, high in ((50, 300), (1_000, 10**9)):
            sums = counts(of(outcomes, (case,), low, high)).sum(axis=0)
            cells += [f"{sums[1]:.0f} of {sums[0]:.0f}", f"{sums[6]:.0f} of {sums[5]:.0f}", f"{sums[4]:.0f}"]
        rows.append(tuple(cells))
    heads = (
        "case",
        "found, 50-300 points",
        "outcome right",
        "said twice",
        "found, from 1,000",
        "outcome right",
        "said twice",
    )
    spikes = table("By kind of event", rows, heads)
    rows = []
    for low, high in ((50, 300), (1_000, 10**9)):
        stages, others = of(outcomes, STAGES, low, high), of(outcomes, FAULTY + CLEAN, low, high)
        lost = of(outcomes, NAN, low, high)
        rows.append((
            "50 to 300" if low == 50 else "from 1,000",
            f"{sum(o.stage_found for o in stages)} of {len(stages)}",
            f"{sum(o.stage_as_spike for o in stages)}",
            f"{sum(o.shifts for o in others)} in {len(others):,}",
            f"{sum(o.nan_found for o in lost)} of {len(lost)}",
        ))  # fmt: skip
    heads = (
        "points a run",
        "data stages found (LOSS005)",
        "called a spike",
        "LOSS005 in runs without a stage",
        "NaN found (LOSS003)",
    )
    return spikes + "\n" + table("Changes of level, and values that are not finite", rows, heads)


def by_noise(outcomes: list[Outcome]) -> str:
    """Recall and false alarms by kind of noise and by log interval."""
    rows = []
    for what in ("noise", "interval"):
        for value in sorted({getattr(o, what) for o in outcomes}):
            some = [o for o in outcomes if getattr(o, what) == value]
            clean = of(some, CLEAN)
            false = counts(clean).sum(axis=0)
            rows.append((
                f"{value}" if what == "noise" else f"{value} steps a point",
                *(shown(counts(of(some, FAULTY)), measure) for measure in (recall, precision, accuracy)),
                f"{false[3]:.0f} / {false[2] - false[3]:.0f} in {steps_clean(clean) / 1e6:.2f} M",
            ))  # fmt: skip
    heads = (
        "noise, log interval",
        "recall",
        "precision",
        "outcome right",
        "false on clean points (warning and above / info)",
    )
    return table("By noise and log interval, all lengths", rows, heads)


def real(corpus: Path | None) -> str:
    """Labelled training runs."""
    runs = labelled_runs(corpus)
    errors = [e for r in runs for e in r.errors]
    false = [f"{r.name}: {text}" for r in runs for text in r.false]
    rows = [
        ("runs", f"{len(runs)}"),
        ("loss incidents found", f"{sum(r.found for r in runs)} of {sum(r.expected for r in runs)}"),
        ("outcomes right", f"{sum(r.right for r in runs)} of {sum(r.asked for r in runs)}"),
        ("onset error, steps (median / worst)", f"{np.median(errors):.0f} / {max(errors):.0f}" if errors else "-"),
        ("false at warning or above", "; ".join(false) or "0"),
    ]  # fmt: skip
    name = "a folder of labelled runs" if corpus else "shipped with the project"
    return table(f"Real training runs with known faults ({name})", rows, ("what", "result"))


def labelled_curves(folder: Path) -> str:
    """Public curves with labels, ours and the peers'."""
    rows = []
    for what in LABELLED:
        judged = labelled(folder, what)
        quiet = [j for j in judged if not j.labels]
        for rule in (OURS, *PEERS):
            sums, calm = (total([j.tally[rule] for j in some]).sum(axis=0) for some in (judged, quiet))
            rows.append((what, rule, f"{sums[1]:.0f} of {sums[0]:.0f}", f"{calm[2]:.0f}", f"{sums[2] - calm[2]:.0f}"))
    heads = ("curves", "rule", "events found", "findings on its quiet runs", "findings elsewhere that no label is near")
    return table("Public curves with labels (onset within 1.5 % of the run)", rows, heads)


def quiet_curves(folder: Path) -> str:
    """Public curves without labels, and each alarm on them."""
    rows, alarms = [], []
    for what in UNLABELLED:
        judged: list[Judged] = unlabelled(folder, what)
        said = [(j, f) for j in judged for f in j.findings]
        size = (what, f"{len(judged)}", f"{sum(j.points for j in judged):,}")
        rows.append((OURS, *size, f"{sum(loud(j.findings) for j in judged)}", f"{len(said)}"))
        rows += [(peer, *size, "-", f"{sum(j.tally[peer].false for j in judged)}") for peer in PEERS]
        alarms += [(what, j.run.rpartition("/")[2], f.severity.value, f.message.replace("|", "/")) for j, f in said]
    heads = ("rule", "curves", "runs", "points", "at warning or above", "all")
    counted = table("Public curves without labels, quiet by eye: incidents reported", rows, heads)
    return counted + "\n" + table("Every finding on them", alarms, ("curves", "run", "severity", "finding"))


def main() -> None:
    """Print the tables."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="a few runs of up to 10,000 points")
    options.add_argument("--tuning", action="store_true", help="the seeds that defaults are chosen on")
    options.add_argument("--curves", type=Path, metavar="DIR", help="a folder with the public curves")
    options.add_argument("--corpus", type=Path, metavar="DIR", help="a folder of labelled runs with its truth.json")
    given = options.parse_args()
    print(report(given.quick, given.curves, given.corpus, TUNING if given.tuning else HELD_OUT))


if __name__ == "__main__":
    main()
