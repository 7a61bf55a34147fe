"""EVAL001 on real small models: healthy seeds beside others, and when each planted fault is first proven.

python -m benchmarks.evals_seeds [--quick]
"""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np

from benchmarks.tables import Tally, print_report, table, wilson
from runlens.comparison.compare import compare
from runlens.model import Comparison, Severity
from tests.synthetic.evals import eval_run
from tests.synthetic.seeds import FILE, HEALTHY, LATER, PER_STEP, band, cut, of_kind, runs, sizes

SHARES = (0.25, 0.36, 0.5, 0.75, 1.0)


def beside(name: str, references: list[str], share: float, path: Path = FILE) -> Comparison:
    """The first share of a run beside a band of others."""
    return compare(eval_run(cut(name, share, path=path), name, PER_STEP), band(references, path))


def others(name: str, count: int, rng: np.random.Generator) -> list[str]:
    """Healthy seeds to compare with, the run itself not among them."""
    return list(rng.choice([h for h in of_kind(HEALTHY) if h != name], count, replace=False))


def healthy(quick: bool) -> str:
    """How often a healthy seed is flagged beside one, two or three others, at several shares of its course."""
    rows = []
    for count in (3, 2, 1):
        cells = []
        for share in SHARES:
            rng = np.random.default_rng([count, round(share * 100)])
            said: Tally = [
                beside(name, others(name, count, rng), share).severity is not None
                for _ in range(1 if quick else 6)
                for name in of_kind(HEALTHY)
            ]
            cells.append(wilson(said))
        rows.append((f"{count}", *cells))
    heads = ("seeds given as references", *(f"at {share:.0%}" for share in SHARES))
    return table("Healthy seeds of a small model, flagged beside others", rows, heads)


def first_proven(name: str, references: list[str], path: Path = FILE) -> tuple[float, Severity | None]:
    """Share of the run from which on it is proven to the end, to two checkpoints, and the severity there.

    The share is above 1 if it never is.
    """
    last: Severity | None = None
    count = len(runs(path)[name][1][0].at)
    for n in range(count, 3, -2):
        said = beside(name, references, n / count, path).severity
        if said is None:
            return (n + 2) / count, last
        last = last or said
    return 4 / count, last


def faults(quick: bool) -> str:
    """Each planted fault beside three healthy seeds: its real lag, and when it is proven."""
    rows = []
    kinds = dict.fromkeys(kind for kind, _ in runs().values() if kind != HEALTHY)
    for kind in kinds:
        names, shares, severities, lags = of_kind(kind), [], [], []
        rng = np.random.default_rng(len(kind))
        for i in range(1 if quick else 6):
            name = names[i % len(names)]
            references = others(name, 3, rng)
            share, said = first_proven(name, references)
            shares.append(share)
            severities.append(said)
            (loss,) = [g for g in beside(name, references, 1.0).groups if g.group == "losses"]
            lags.append(loss.factor)
        found = [s <= 1 for s in shares]
        early = f"{min(shares):.0%} to {max(shares):.0%}" if all(found) else "-" if not any(found) else (
            f"from {min(shares):.0%} on")  # fmt: skip
        errors = sum(s is Severity.ERROR for s in severities)
        rows.append((kind, f"{np.median(lags):.2f} x", f"{sum(found)} of {len(found)}", early, f"{errors}"))
    heads = ("what was done", "lag at the end", "proven at the end", "first proven at", "an error at the end")
    return table("Planted faults beside three healthy seeds", sorted(rows, key=lambda r: float(r[1][:-2])), heads)


def later(quick: bool) -> str:
    """The runs that were trained afterwards: each fault beside three seeds of its size, healthy ones beside others."""
    rows = []
    for size, names in sizes().items():
        well = [name for name in names if runs(LATER)[name][0] == HEALTHY]
        flagged: Tally = []
        for name in well:
            others = list(combinations([other for other in well if other != name], 3))
            for three in others[:1] if quick else others:
                flagged += [beside(name, list(three), share, LATER).severity is not None for share in SHARES]
        rows.append((size, "nothing", "", f"flagged: {wilson(flagged)}", "", ""))
        for name in [name for name in names if name not in well]:
            share, said = first_proven(name, well[-3:], LATER)
            (loss,) = [g for g in beside(name, well[-3:], 1.0, LATER).groups if g.group == "losses"]
            sure = f"{share:.0%}" if share <= 1 else "never"
            severity = said.value if said else "-"
            gap = f"{-100 * loss.gap:.1f} %"
            rows.append((size, runs(LATER)[name][0], f"{loss.factor:.2f} x", sure, severity, gap))
    heads = ("parameters", "what was done", "lag at the end", "first proven at", "at the end", "loss higher by")
    return table("Trained afterwards: nothing was chosen on these", rows, heads)


def report(quick: bool) -> str:
    """All tables."""
    return f"{healthy(quick)}\n{faults(quick)}\n{later(quick)}"


if __name__ == "__main__":
    print_report(__doc__, report)
