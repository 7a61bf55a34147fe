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
PER_STEP = 16_384.0
ITEMS = 600
HEALTHY = "healthy"


@lru_cache(maxsize=1)
def runs() -> dict[str, tuple[str, tuple[Curve, ...]]]:
    """Name to what was done to the run, and its curves over tokens."""
    rows = defaultdict(list)
    with FILE.open(newline="") as file:
        for row in csv.DictReader(file):
            rows[row["run"]].append(row)
    return {name: (own[0]["kind"], tuple(_curves(own))) for name, own in rows.items()}


def of_kind(kind: str) -> list[str]:
    """The names of the runs to which that was done."""
    return [name for name, (what, _) in runs().items() if what == kind]


def cut(name: str, share: float, group: str = "") -> list[Curve]:
    """The curves of the first share of a run; of `losses` or `scores` alone if asked."""
    curves = [c for c in runs()[name][1] if not group or (c.task == "") == (group == "losses")]
    keep = round(len(curves[0].at) * share)
    return [replace(c, at=c.at[:keep], value=c.value[:keep], stderr=c.stderr[:keep]) for c in curves]


def band(names: list[str]) -> Reference:
    """Runs as one reference: a band of several, one curve a task of one."""
    curves = tuple(replace(c, name=name if len(names) > 1 else c.name) for name in names for c in runs()[name][1])
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
