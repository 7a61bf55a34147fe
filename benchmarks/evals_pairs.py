"""EVAL001 on pairs of real models: larger ones, twins with all their curves, and a suite that nothing was chosen on."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pandas as pd

from benchmarks.evals_trials import END, EVERY, FIRST, TASKS, curves, flagged, load, narrowed
from benchmarks.tables import Tally, table, wilson
from runlens.comparison.items import ITEMS
from runlens.model import Curve, Reference
from tests.synthetic.evals import TOKENS_PER_STEP, delayed, picked

RELIABLE = ("70m", "1b", "2.8b", "6.9b", "12b")
"""Of suite v0: the token counts of the other sizes are unreliable."""


def real_pairs(quick: bool) -> str:
    """Real pairs at every size of task set: what was flagged of all sets and settings."""
    rows = []
    for run, reference in (
        ("pythia-410m", "pythia-1b"), ("pythia-410m-deduped", "pythia-1b-deduped"), ("pythia-1b", "pythia-1.4b"),
        ("pythia-1.4b", "pythia-2.8b"), ("pythia-2.8b", "pythia-6.9b"), ("pythia-6.9b", "pythia-12b"),
        ("pythia-1.4b-deduped", "pythia-1.4b"), ("pythia-1.4b", "pythia-1.4b-deduped"),
        ("pythia-1b-deduped", "pythia-1b"), ("pythia-1b", "pythia-1b-deduped"),
        ("pythia-1b", "pythia-410m"), ("pythia-2.8b-deduped", "pythia-2.8b"), ("pythia-6.9b-deduped", "pythia-6.9b"),
    ):  # fmt: skip
        said = []
        for setting, k in product(("0-shot", "5-shot"), (1, 8) if quick else (1, 2, 3, 4, 5, 6, 7, 8)):
            there, own = load(f"{reference}@{setting}"), load(f"{run}@{setting}")
            said.append(flagged(curves(own, TASKS[:k]), narrowed(there, TASKS[:k])))
        rows.append((f"{run} against {reference}", f"{sum(said)} of {len(said)}"))
    return table("Real pairs, flagged of all task sets and both settings", rows, ("run", "flagged"))


def whole_twins(quick: bool) -> str:
    """Twins with every curve that is shipped of them, as `runlens check` would compare them."""
    rows = []
    for size in EVERY:
        found: dict[float, Tally] = {1.0: [], 2.0: []}
        for lag, setting, n in product(found, ("0-shot", "5-shot"), (6,) if quick else (6, 12, 27)):
            sides = load(f"pythia-{size}@{setting}"), load(f"pythia-{size}-deduped@{setting}")
            for reference, own in (sides, sides[::-1]):
                found[lag].append(flagged([picked(delayed(c, lag, END, FIRST), n) for c in own.curves], reference))
        rows.append((size, wilson(found[2.0]), wilson(found[1.0])))
    return table("Twins, all their curves, from 6 checkpoints", rows, ("model", "2 x found", "healthy, flagged"))


def older_suite(path: Path | None, quick: bool) -> str:
    """Pythia v0: the same sizes trained before, each on both data.

    Parameters
    ----------
    path : Path, optional
        A table with the columns suite, model, setting, tokens, task, metric, value; empty answer without.
    quick : bool
    """
    if path is None:
        return ""
    rows, every = [], {(lag, kind): Tally() for lag in (1.0, 2.0) for kind in ("twin", "again")}
    scores = pd.read_csv(path)
    scores = scores[(scores.metric == "acc") & scores.task.isin(TASKS) & (scores.tokens > 0)]
    models = {key: part.drop_duplicates("tokens") for key, part in scores.sort_values("tokens").groupby(
        ["suite", "model", "setting", "task"])}  # fmt: skip
    for size in RELIABLE:
        found: dict[tuple[float, str], Tally] = {key: [] for key in every}
        plain, deduped = ("v0", ""), ("v0", "-deduped")
        pairs = [(plain, deduped, "twin")] + [(side, ("v1", side[1]), "again") for side in (plain, deduped)]
        for (one, other, kind), lag, setting, n, k in product(
            pairs, (1.0, 2.0), ("zero-shot", "five-shot"), (6,) if quick else (6, 12), (1, 8) if quick else (1, 4, 8)
        ):
            sides = [_scores(models, *side, size, setting, k) for side in (one, other)]
            for reference, own in (sides, sides[::-1]):
                moved = [picked(delayed(c, lag, END, FIRST), n) for c in own]
                said = flagged(moved, Reference(f"pythia-{size} v0", "tokens", tuple(reference), TOKENS_PER_STEP))
                found[lag, kind].append(said)
        for key, tally in found.items():
            every[key] += tally
        rows.append(_row(size, found))
    rows.append(_row("all", every))
    heads = ("model", "2 x found, v0 twins", "2 x found, v0 beside v1", "v0 twins, flagged", "v0 beside v1, flagged")
    return table("Pythia v0, on which no setting was chosen, from 6 checkpoints", rows, heads)


def _row(name: str, found: dict[tuple[float, str], Tally]) -> tuple[str, ...]:
    return (name, *(wilson(found[lag, kind]) for lag in (2.0, 1.0) for kind in ("twin", "again")))


def _scores(
    models: dict[tuple[str, ...], pd.DataFrame], suite: str, data: str, size: str, setting: str, k: int
) -> list[Curve]:
    name = f"pythia-{size}{data}" + "-bf16" * (suite == "v1" and size == "1b" and not data)
    made = []
    for task in TASKS[:k]:
        part = models[f"pythia-{suite}", name, setting, task]
        at, value, stderr = (part[column].to_numpy(float) for column in ("tokens", "value", "stderr"))
        made.append(Curve(task, "acc", "", "up", at, value, stderr, ITEMS[task], task))
    return made
