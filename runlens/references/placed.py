"""A run that is the evaluation of one checkpoint: where in training that checkpoint stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from runlens.comparison.curves import ROLES
from runlens.model import Run
from runlens.run_config import CHECKPOINT_NAMES, STEP_AT, TOKENS_AT, RunConfig, Spelling
from runlens.sources.eval_results.positions import position


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
    step, tokens = _told(run, STEP_AT), _told(run, TOKENS_AT)
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


def _told(run: Run, names: Iterable[Spelling]) -> float | None:
    """A number above 1, by the config before the summary."""
    told = (RunConfig(source).first(names, above=1.0) for source in (run.config, run.summary))
    return next((number.value for number in told if number), None)


def _names(run: Run) -> Iterator[str]:
    yield run.name
    for source in (run.config, run.summary):
        said = RunConfig(source)
        for key in CHECKPOINT_NAMES:
            yield from reversed([part for part in said.text(key).replace(",", "/").split("/") if part])
