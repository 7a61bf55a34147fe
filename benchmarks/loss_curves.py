"""Public curves with labels, or known to be quiet: what RunLens and its peers say of them.

The files are not part of this project. `algoperf_labels_blind2.csv` was read from plots before any detector ran (onsets
within 1.5 % of the run), `algoperf_labels.csv` with a detector's marks in sight: a regression set. nanoGPT speed runs
and parameter-golf logs have no labels.
"""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.loss_peers import PEERS, events
from benchmarks.loss_score import Claim, Event, Tally, match
from benchmarks.loss_synthetic import OURS, claims_of, said_by
from runlens.model import Finding, RoleSeries, Run, Series, Severity
from runlens.rules.loss.spike import LossSpike

LABELLED = {
    "AlgoPerf, labelled blind": ("algoperf_labels_blind2.csv", "algoperf_losses_blind2.csv.gz"),
    "AlgoPerf, regression set": ("algoperf_labels.csv", "algoperf_losses.csv.gz"),
}
UNLABELLED = {
    "nanoGPT speed runs": ("nanogpt_steps.csv.gz", "run", "train_loss"),
    "parameter golf": ("parameter_golf_steps.csv.gz", "source_path", "train_loss"),
}
READING = 0.015
"""Share of the run within which the labels were read from the plots."""
FEWEST = 50
"""Points of a curve that is judged."""


@dataclass(frozen=True)
class Judged:
    """What was said of one curve."""

    run: str
    points: int
    labels: int
    tally: dict[str, Tally]
    findings: tuple[Finding, ...]
    missed: tuple[float, ...]
    """Onsets (steps) that no finding of ours is near."""


def curves(path: Path, key: str, loss: str) -> Iterator[Run]:
    """The runs of a file with one row a step; other columns become the gradient norm and learning rate if they are."""
    columns: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    roles = {"train_loss": loss, "grad_norm": "grad_norm", "learning_rate": "lr"}
    with gzip.open(path, "rt", newline="") as file:
        for row in csv.DictReader(file):
            for role, name in roles.items():
                if row.get(name):
                    columns[row[key]][role].append(float(row[name]))
                    columns[row[key]][f"{role} step"].append(float(row["step"]))
    for name, got in columns.items():
        if len(got["train_loss"]) < FEWEST:
            continue
        made = {}
        for role in roles:
            step = np.array(got[f"{role} step"], dtype=np.int64)
            series = Series(role, step, np.full(len(step), np.nan), np.array(got[role], dtype=np.float64))
            made[role] = (RoleSeries(role, series, "1"),)
        yield Run(name, name, name, roles={role: one for role, one in made.items() if len(one[0].series)})


def judged(run: Run, onsets: list[float]) -> Judged:
    """One curve by all rules; an event lasts until half way to the next, since labels give onsets alone."""
    loss = run.roles["train_loss"][0].series.latest()
    step, value = loss.step, loss.value
    span, interval = float(step[-1] - step[0]), float(np.median(np.diff(step)))
    margin = max(READING * span, 2.0 * interval)
    limits = [*(0.5 * (a + b) for a, b in pairwise(onsets)), float(step[-1])]
    labels = [Event(at, min(at + 0.1 * span, limit), margin) for at, limit in zip(onsets, limits, strict=False)]
    said = tuple(said_by(LossSpike(), run))
    claims = claims_of(list(said))
    tally = {OURS: match(claims, labels)[0]}
    for name, peer in PEERS.items():
        found = [Claim(float(step[a]), float(step[b])) for a, b in events(peer(value))]
        tally[name] = match(found, labels)[0]
    missed = tuple(e.first for e in labels if not any(abs(c.first - e.first) <= margin for c in claims))
    return Judged(run.id, len(step), len(labels), tally, said, missed)


def labelled(folder: Path, what: str) -> list[Judged]:
    """The curves of one labelled set."""
    labels, losses = LABELLED[what]
    onsets: dict[str, list[float]] = defaultdict(list)
    with (folder / labels).open(newline="") as file:
        for row in csv.DictReader(file):
            onsets[row["run"]] += [float(row["onset_step"])] if row["class"] != "none" else []
    return [judged(run, sorted(onsets[run.id])) for run in curves(folder / losses, "run", "loss") if run.id in onsets]


def unlabelled(folder: Path, what: str) -> list[Judged]:
    """The curves of one set that has no labels."""
    name, key, loss = UNLABELLED[what]
    return [judged(run, []) for run in curves(folder / name, key, loss)]


def loud(findings: tuple[Finding, ...]) -> int:
    """Findings at `warning` or above."""
    return sum(f.severity is not Severity.INFO for f in findings)
