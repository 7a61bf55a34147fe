"""One question to EVAL001: a curve with a known lag beside a reference."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np

from runlens.comparison.compare import compare
from runlens.model import Curve, Reference
from runlens.references import load as load_again
from tests.synthetic.evals import delayed, eval_run, picked, reseeded

BIG = ("410m", "1b", "1.4b", "2.8b", "6.9b", "12b")
SMALL = ("70m", "160m")
EVERY = SMALL + BIG
TASKS = ("lambada_openai", "arc_easy", "piqa", "sciq", "arc_challenge", "winogrande", "logiqa", "wsc")
"""In order of what they tell of a small model; the first 1, 2, 4, 8 are the task sets."""
END = 3.0e11
FIRST = 2e9
"""Pythia's checkpoints before 2 B tokens are at chance on everything."""


@lru_cache(maxsize=64)
def load(name: str) -> Reference:
    """A shipped reference, read once."""
    return load_again(name)


def curves(reference: Reference, tasks: Iterable[str]) -> list[Curve]:
    """The accuracies of these tasks, in that order."""
    by_task = {c.task: c for c in reference.curves if c.metric == "acc"}
    return [by_task[t] for t in tasks]


def narrowed(reference: Reference, tasks: Iterable[str]) -> Reference:
    """The same reference with the accuracies of these tasks alone."""
    return Reference(reference.name, "tokens", tuple(curves(reference, tasks)), reference.tokens_per_step)


def flagged(run_curves: list[Curve], reference: Reference) -> bool:
    """Whether EVAL001 speaks up."""
    run_curves = [c for c in run_curves if len(c.at)]
    return bool(run_curves) and compare(eval_run(run_curves), reference).severity is not None


def trial(size: str, twin: str, reference_kind: str, setting: str, lag: float, n: int, k: int, seed: int) -> bool:
    """One planted lag on Pythia: `twin` is the run's kind, `reference_kind` the reference's (plain or -deduped)."""
    reference = load(f"pythia-{size}{reference_kind}@{setting}")
    own = load(f"pythia-{size}{twin}@{setting}")
    rng = np.random.default_rng(seed)
    moved = [picked(delayed(c, lag, END, FIRST), n) for c in curves(own, TASKS[:k])]
    if twin == reference_kind:
        moved = [reseeded(c, rng) for c in moved]
    return flagged(moved, narrowed(reference, TASKS[:k]))
