"""Evals of real small models: fourteen healthy seeds and faults that only evals show, from `fixtures/evals/seeds.csv`.

Each is a 12M-parameter GPT trained on one GPU for 2,200 steps of 16,384 tokens, evaluated every 100 steps; all but the
fault is the same: the validation loss is a mean over 512 sequences, the two scores are over 600 items.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from runlens.model import Curve, Reference

FILE = Path(__file__).parents[2] / "fixtures" / "evals" / "seeds.csv"
LATER = FILE.with_name("later.csv")
"""Runs of three sizes trained afterwards, from seeds, batches and schedules of their own: nothing was chosen on them.
12M as above; 4M with a quarter of the tokens a step; 6M at a constant rate that falls at the end."""
PER_STEP = 16_384.0
ITEMS = 600
HEALTHY = "healthy"


@lru_cache(maxsize=2)
def runs(path: Path = FILE) -> dict[str, tuple[str, tuple[Curve, ...]]]:
    """Name to what was done to the run, and its curves over tokens."""
    return {name: (own[0]["kind"], tuple(_curves(own))) for name, own in _rows(path).items()}


def sizes() -> dict[str, list[str]]:
    """Size to the names of the later runs of it."""
    found = defaultdict(list)
    for name, rows in _rows(LATER).items():
        found[rows[0]["set"]].append(name)
    return dict(found)


@lru_cache(maxsize=2)
def _rows(path: Path) -> dict[str, list[dict[str, str]]]:
    rows = defaultdict(list)
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            rows[row["run"]].append(row)
    return dict(rows)


def of_kind(kind: str) -> list[str]:
    """The names of the runs to which that was done."""
    return [name for name, (what, _) in runs().items() if what == kind]


def cut(name: str, share: float, group: str = "", path: Path = FILE) -> list[Curve]:
    """The curves of the first share of a run; of `losses` or `scores` alone if asked."""
    curves = [c for c in runs(path)[name][1] if not group or (c.task == "") == (group == "losses")]
    keep = round(len(curves[0].at) * share)
    return [replace(c, at=c.at[:keep], value=c.value[:keep], stderr=c.stderr[:keep]) for c in curves]


def band(names: list[str], path: Path = FILE) -> Reference:
    """Runs as one reference: a band of several, one curve a task of one."""
    curves = tuple(replace(c, name=name if len(names) > 1 else c.name) for name in names for c in runs(path)[name][1])
    return Reference(" and ".join(names), "tokens", curves, PER_STEP)


def _curves(rows: list[dict[str, str]]) -> list[Curve]:
    at = np.array([float(row["tokens"]) for row in rows])
    unknown = np.full(len(at), np.nan)
    loss = np.array([float(row["loss"]) for row in rows])
    made = [Curve("", "loss", "", "down", at, loss, unknown, name="eval/loss")]
    for task in ("codechoice", "textchoice"):
        right = np.array([float(row[f"{task}_right_of_600"]) for row in rows])
        made.append(Curve(task, "acc", "", "up", at, right / ITEMS, unknown, ITEMS, f"lm_eval/{task}/acc"))
    return made
