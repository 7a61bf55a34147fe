"""A run that is the evaluation of one checkpoint: where in training that checkpoint stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from runlens.comparison.curves import ROLES
from runlens.model import Run
from runlens.references.positions import position

STEPS = ("global_step", "train_step", "training_step", "checkpoint_step", "ckpt_step", "step", "iteration", "iter")
TOKENS = ("consumed_tokens", "train_tokens", "training_tokens", "tokens_seen", "total_tokens_seen", "tokens")
PLACES = ("checkpoint", "ckpt", "revision", "model", "model_name", "model_path", "model_args", "pretrained", "load")
"""Keys of the config or the summary that hold a name of the checkpoint."""


def placed(run: Run) -> tuple[Run, float | None] | None:
    """The run with its one row of evals at the step of its checkpoint, and the tokens if they are told.

    Returns
    -------
    (Run, float or None) or None
        None if the run is no evaluation of one checkpoint: its evals have several rows or a step of their own (beyond
        1, which a logger counts by itself), or nothing tells where the checkpoint stands. What is told by the config
        counts before the summary, and both before names.
    """
    evals = [part for role in ROLES for part in run.every(role)]
    rows = [part.series.latest() for part in evals]
    trained = any(len(part.series) > 1 for part in run.every("train_loss"))
    if not rows or trained or any(len(row) != 1 or row.step[0] > 1 for row in rows):
        return None
    step, tokens = _told(run, STEPS), _told(run, TOKENS)
    by_name = position(_names(run))
    step = by_name[0] if step is None else step
    tokens = by_name[1] if tokens is None else tokens
    if step is None and tokens is None:
        return None
    at = np.array([max(round(step or 1), 1)], dtype=np.int64)
    moved = {
        role: tuple(replace(part, series=replace(part.series.latest(), step=at)) for part in run.every(role))
        for role in ROLES
        if run.every(role)
    }
    alone = {name: replace(row, step=at) for name, row in run.placed.items() if len(row) == 1}
    return replace(run, roles={**run.roles, **moved}, placed={**run.placed, **alone}), tokens


def _told(run: Run, keys: tuple[str, ...]) -> float | None:
    for source in (run.config, run.summary):
        flat = dict(_flat(source))
        for key in keys:
            value = flat.get(key)
            if isinstance(value, int | float) and not isinstance(value, bool) and np.isfinite(value) and value > 1:
                return float(value)
    return None


def _names(run: Run) -> Iterator[str]:
    yield run.name
    for source in (run.config, run.summary):
        flat = dict(_flat(source))
        for key in PLACES:
            if isinstance(value := flat.get(key), str):
                yield from reversed([part for part in value.replace(",", "/").split("/") if part])


def _flat(data: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Last parts of the keys with their values, the outermost last so that they count."""
    for value in data.values():
        if isinstance(value, Mapping):
            yield from _flat(value)
    for key, value in data.items():
        if not isinstance(value, Mapping):
            yield key.rpartition("/")[2].rpartition(".")[2].lower(), value
