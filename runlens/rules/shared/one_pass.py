"""Evaluations without a training: one pass of a test loop, whose values say nothing of how a training went."""

from __future__ import annotations

import re

import numpy as np

from runlens.comparison.curves import ROLES
from runlens.model import RoleSeries, Run
from runlens.roles.directions import by_course
from runlens.roles.numbers import rank_order
from runlens.roles.rl import rl_sign

_TRAINED = frozenset(
    {
        "train_loss", "train_score", "reward", "generator_loss", "discriminator_loss", "grad_norm", "learning_rate",
        "loss_scale", "param_norm", "weight_decay", "clip_fraction", "tokens", "z_loss",
    }
)  # fmt: skip
"""Roles of what only a training logs."""
_OF_A_PASS = re.compile(
    r"(test_|eval_|val_)?(batch(es)?|image|img|sample|item|example|file|clip|frame|pair|query)(_?(idx|id|index|no|num))?"
)
"""Axes that count what a pass goes through. A training counts batches, too, but logs a loss of them."""
_OF_TRAINING = re.compile(r"epoch|round|checkpoint|update|global")
ENOUGH = 20
"""Values of an eval from which on it is known to go nowhere: of so many at random one in forty has a rank correlation
of `COURSE` with their order."""
COURSE = 0.5
MANY = 300
"""Values of an eval from which on they are those of samples: a training that evaluates so often logs something of
itself beside them. A log of three test sets had 2,800, whose level differed from set to set."""


def one_pass(run: Run) -> str:
    """Why the evaluations that a run logs are those of a single pass, in words; empty where they may be of a training.

    So where nothing that only a training logs stands beside them, no result file tells its checkpoints, and the x axis
    counts batches or images, an eval has `MANY` values, or no eval of `ENOUGH` values and more goes anywhere: neither
    up nor down from first to last, nor while it was young. An axis of epochs is one of a training whatever evals do.
    """
    return run.once("one pass", lambda: _one_pass(run))


def _one_pass(run: Run) -> str:
    evals = [r for role in ROLES for r in run.every(role)]
    trained = any(group for role, group in run.roles.items() if role in _TRAINED)
    if not evals or trained or run.measured or any(r.split == "train" for r in evals):
        return ""
    axis = run.axis_name.lower().strip("_ ")
    if _OF_TRAINING.search(axis) or rl_sign(run.placed, run.axis_name):
        return ""
    counted = _OF_A_PASS.fullmatch(axis) is not None
    most = max(len(r.series) for r in evals)
    many = most >= MANY
    if not counted and not many and not all(map(_goes_nowhere, evals)):
        return ""
    over = f"over {axis}" if counted else f"one of them of {most:,} values" if many else "that go nowhere"
    return f"the log holds evaluations alone, {over}: one pass of a test loop, and nothing of a training"


def _goes_nowhere(r: RoleSeries) -> bool:
    value = r.series.latest().value
    value = value[np.isfinite(value)]
    if len(value) < ENOUGH or np.ptp(value) == 0.0:
        return False
    return abs(rank_order(value)) < COURSE and by_course(r.series) is None
