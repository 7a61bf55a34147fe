"""How often EVAL001 finds a planted lag, and how often it flags healthy pairs.

    python -m benchmarks.evals [--quick] [--suites FILE]

Pythia: the run is a shipped curve moved to the right by the lag, against the same model (with the scatter of another
seed) and against its deduplicated twin. Simulated: power laws from chance with binomial noise, 3 to 27 checkpoints, 1
to 10 tasks. `--suites` names a table with suite v0, on which no setting was chosen. Everything is seeded.
"""

from __future__ import annotations

import argparse
import time
from itertools import product
from pathlib import Path

import numpy as np

from benchmarks import evals_seeds, evals_turns
from benchmarks.evals_pairs import older_suite, real_pairs, whole_twins
from benchmarks.evals_trials import BIG, END, EVERY, SMALL, flagged, trial
from benchmarks.tables import Tally, table, wilson
from tests.synthetic.evals import reseeded, simulated_curve, simulated_reference

HALVES = (("70m", "410m", "1.4b", "6.9b"), ("160m", "1b", "2.8b", "12b"))
"""Both were in view when methods were compared: a choice had to hold on each."""
BOTH = ("same", "twin")


def pythia(quick: bool) -> dict[tuple[str, float, int, int, str], Tally]:
    """All planted lags: (same or twin, lag, checkpoints, tasks, model size) to what was found."""
    found: dict[tuple[str, float, int, int, str], Tally] = {}
    lags, counts, sets = (
        ((1.0, 2.0), (6,), (1, 8)) if quick else ((1.0, 1.25, 1.5, 2.0, 3.0), (3, 6, 12, 27), (1, 4, 8))
    )
    for size, setting, lag, n, k in product(SMALL + BIG, ("0-shot", "5-shot"), lags, counts, sets):
        for kinds in (("", ""), ("-deduped", ""), ("", "-deduped")):
            design = "same" if kinds[0] == kinds[1] else "twin"
            said = trial(size, *kinds, setting, lag, n, k, seed=int(lag * 100) + n)
            found.setdefault((design, lag, n, k, size), []).append(said)
    return found


def simulated(quick: bool) -> dict[tuple[float, int, int], Tally]:
    """Known curves with known noise: (lag, checkpoints, tasks) to what was found."""
    found: dict[tuple[float, int, int], Tally] = {}
    repeats = 4 if quick else 20
    for lag, n, k in product((1.0, 1.25, 1.5, 2.0, 3.0), (6,) if quick else (3, 6, 12, 27), (1, 3, 10)):
        for seed in range(repeats):
            rng = np.random.default_rng([seed, n, k, int(lag * 100)])
            tasks = [f"task_{i}" for i in range(k)]
            reference = simulated_reference(tasks, np.geomspace(2e9, END, 20), rng)
            at = np.linspace(END / n, END, n)
            moved = [reseeded(simulated_curve(t, at, lag), rng) for t in tasks]
            found.setdefault((lag, n, k), []).append(flagged(moved, reference))
    return found


def lag_name(lag: float) -> str:
    """A planted lag as the tables write it."""
    return f"{lag:g} x" if lag > 1 else "none (false alarms)"


def report(quick: bool, suites: Path | None = None) -> str:
    """The whole section; `suites` is a table with Pythia v0."""
    began = time.process_time()
    on_pythia, known = pythia(quick), simulated(quick)
    counts = sorted({n for _, _, n, _, _ in on_pythia})
    sets = sorted({k for *_, k, _ in on_pythia})
    parts = []
    for design, sizes, title in (
        ("same", BIG, "Pythia 410M to 12B: a planted lag against the same model, another seed's scatter added"),
        ("twin", BIG, "Pythia 410M to 12B: against the twin trained on the other (deduplicated) data"),
        ("same", SMALL, "Pythia 70M and 160M (their scores fall after 60 to 100 B tokens): same model"),
        ("twin", SMALL, "Pythia 70M and 160M: against the twin"),
    ):
        rows = [
            (
                lag_name(lag),
                f"{n}",
                *(wilson([f for s in sizes for f in on_pythia[design, lag, n, k, s]]) for k in sets),
            )
            for lag, n in product(sorted({key[1] for key in on_pythia}), counts)
        ]
        parts.append(table(title, rows, ("lag", "checkpoints", *(f"{k} task{'s' * (k > 1)}" for k in sets))))
    rows = [
        (lag_name(lag), f"{n}", *(wilson(known[lag, n, k]) for k in (1, 3, 10)))
        for lag, n in product((1.0, 1.25, 1.5, 2.0, 3.0), sorted({n for _, n, _ in known}))
    ]
    parts.append(
        table("Simulated curves, 2,000 items a task", rows, ("lag", "checkpoints", "1 task", "3 tasks", "10 tasks"))
    )
    parts += [whole_twins(quick), real_pairs(quick), older_suite(suites, quick), evals_seeds.report(quick)]
    parts.append(evals_turns.report(quick))

    def pooled(
        lag: float, least: int, design: tuple[str, ...], sizes: tuple[str, ...], but: tuple[str, str] = ("", "")
    ) -> str:
        return wilson([
            f for (d, factor, n, _, s), tally in on_pythia.items() for f in tally
            if factor == lag and n >= least and d in design and s in sizes and (d, s) != but
        ])  # fmt: skip

    parts.insert(0, table(
        "Pythia by size: 2 x found from 6 checkpoints, and healthy pairs flagged",
        [(s, *(pooled(lag, least, (d,), (s,)) for lag, least in ((2.0, 6), (1.0, 3)) for d in ("same", "twin")))
         for s in SMALL + BIG],
        ("model", "found, same model", "found, twin", "flagged, same model", "flagged, twin"),
    ))  # fmt: skip

    def in_simulations(lag: float, least: int) -> str:
        return wilson([f for (factor, n, _), t in known.items() if factor == lag and n >= least for f in t])

    summary = [
        ("2 x found, from 6 checkpoints, same model, all sizes", pooled(2.0, 6, ("same",), EVERY)),
        ("2 x found, from 6 checkpoints, 410M to 12B, same model", pooled(2.0, 6, ("same",), BIG)),
        ("2 x found, from 6 checkpoints, 410M to 12B, twin", pooled(2.0, 6, ("twin",), BIG)),
        ("2 x found, from 6 checkpoints, 410M to 12B, same model and twin", pooled(2.0, 6, BOTH, BIG)),
        ("2 x found, from 6 checkpoints, everything", pooled(2.0, 6, ("same", "twin"), EVERY)),
        (
            "2 x found, from 6 checkpoints, everything but 2.8B twins, which are one model",
            pooled(2.0, 6, BOTH, EVERY, but=("twin", "2.8b")),
        ),
        ("2 x found, from 6 checkpoints, 70M, 410M, 1.4B, 6.9B", pooled(2.0, 6, BOTH, HALVES[0])),
        ("2 x found, from 6 checkpoints, 160M, 1B, 2.8B, 12B", pooled(2.0, 6, BOTH, HALVES[1])),
        ("null pairs flagged, 70M, 410M, 1.4B, 6.9B", pooled(1.0, 3, BOTH, HALVES[0])),
        ("null pairs flagged, 160M, 1B, 2.8B, 12B", pooled(1.0, 3, BOTH, HALVES[1])),
        ("null pairs flagged, same model", pooled(1.0, 3, ("same",), EVERY)),
        ("null pairs flagged, twins", pooled(1.0, 3, ("twin",), EVERY)),
        ("null pairs flagged, all", pooled(1.0, 3, ("same", "twin"), EVERY)),
        ("simulated: 2 x found, from 6 checkpoints", in_simulations(2.0, 6)),
        ("simulated: null flagged", in_simulations(1.0, 3)),
    ]
    head = table("Summary (95 % Wilson intervals)", summary, ("question", "answer"))
    return f"{head}\n" + "\n".join(parts) + f"\nCPU time {time.process_time() - began:.0f} s.\n"


def main() -> None:
    """Print the tables."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="a few cells of each table")
    options.add_argument("--suites", type=Path, metavar="FILE", help="a table with the scores of Pythia v0 and v1")
    given = options.parse_args()
    print(report(given.quick, given.suites))


if __name__ == "__main__":
    main()
