"""A run's evals as its own rules judge them: every checkpoint, with the values that stand in the log."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from runlens.comparison.curves import MOST, ROLES, RunCurve, run_curves
from runlens.comparison.noise import Floats, prior, upward
from runlens.model import RoleSeries, Run
from runlens.roles.names.take_apart import normalise
from runlens.roles.rl import rl_sign
from runlens.stats.robust import sigma

_HELD_OUT = re.compile(r"(^|[^a-z])(val|valid\w*|eval\w*|test\w*|dev|held\w*)([^a-z]|$)|lm[-_]eval|benchmark")
_SINCE_START = re.compile(r"(?<![a-z])(cum|cumulative)_(success|win(ning)?|completion|hit|arrival|goal)_?rate")
PRIOR_WEIGHT = 4.0
"""How many checkpoints the expected scatter is worth against what is measured."""


def own_curves(run: Run) -> tuple[RunCurve, ...]:
    """The evals of a run over steps, with those at step 0, but none of single batches.

    Of more than `MOST` checkpoints the one with the middle value of each stretch stands for it, so that dense and noisy
    evals are judged by their level, and every figure that is quoted stands in the log at its step. The first stands
    for its stretch: a model that was best before it was trained is so at that one alone.
    """
    return run.once("own curves", lambda: tuple(map(middles, whole_curves(run))))


def whole_curves(run: Run) -> tuple[RunCurve, ...]:
    """The same with every checkpoint, for what is said of each of them."""
    return run.once("whole curves", lambda: _found(run))


def _found(run: Run) -> tuple[RunCurve, ...]:
    aside = single_batches(run)
    return tuple(own for own in run_curves(run, "steps", whole=True).curves if own.curve.name not in aside)


def single_batches(run: Run) -> frozenset[str]:
    """Logged names of what Lightning logs of each batch of an evaluation (`val_loss_step`) beside the whole
    (`val_loss_epoch`), at steps of their own that begin again or count batches.
    """
    return frozenset(
        name for name in run.placed if name.endswith("_step") and f"{name.removesuffix('_step')}_epoch" in run.placed
    )


def roles_by_name(run: Run) -> dict[str, RoleSeries]:
    """Logged name to what is known of each eval."""
    return {r.series.name: r for role in ROLES for r in run.every(role)}


def scatter_of(own: RunCurve) -> float:
    """Standard deviation of a checkpoint about its neighbours, on the scale of `upward`, drawn to what is expected.

    Measured off the middle of both neighbours: blind to any course of the eval that is slower than that. Never less
    than expected beforehand (binomial error, a few hundred sequences of a loss).
    """
    up = upward(own.curve)
    expected = prior(own.curve, own.curve.value[-8:])[0]
    if len(up) < 3:
        return expected
    off = up[1:-1] - (up[:-2] + up[2:]) / 2
    jitter = sigma(off) / np.sqrt(1.5)
    pooled = float(
        np.sqrt((PRIOR_WEIGHT * np.square(expected) + len(off) * np.square(jitter)) / (PRIOR_WEIGHT + len(off)))
    )
    return max(expected, pooled)


def running_middle(up: Floats) -> Floats:
    """Running median of three; the first value stays, the last is the median of the last three."""
    out = up.copy()
    if len(up) >= 3:
        out[1:-1] = np.median(np.lib.stride_tricks.sliding_window_view(up, 3), axis=1)
        out[-1] = out[-2]
    return out


def middles(own: RunCurve) -> RunCurve:
    """A curve of at most `MOST` checkpoints: the first, and of each further stretch the one with the middle value."""
    size = -(-len(own.step) // MOST)
    if size <= 1:
        return own
    value = own.curve.value
    stretches = ((i, value[i : i + size]) for i in range(size, len(value), size))
    at = np.array([0, *(i + int(np.argsort(part)[(len(part) - 1) // 2]) for i, part in stretches)])
    curve = replace(own.curve, at=own.curve.at[at], value=value[at], stderr=own.curve.stderr[at])
    return RunCurve(curve, own.step[at])


def says_held_out(name: str) -> bool:
    """Whether a name says that it was measured on held-out data: a score of training batches begins at any value."""
    return _HELD_OUT.search(name.lower()) is not None


def of_policy(run: Run, own: RunCurve) -> bool:
    """Whether a curve is what a policy earns in training: its rises and falls are RL001's.

    So is how often it succeeds in its rollouts (Stable Baselines' `rollout/success_rate`), where a reward is logged: it
    explores there, and 2 of 100 episodes are no fall from 4.
    """
    if not rl_sign(run.placed, run.axis_name):
        return False
    rolled_out = own.curve.name.lower().startswith("rollout/") and run.role("reward") is not None
    return own.curve.metric == "reward" or rolled_out


def since_start(own: RunCurve) -> bool:
    """Whether a curve is a rate of all episodes since the first, by its name: `cumulative_success_rate`.

    It begins at the 0 or 1 of one episode, and falls with each failure that the rate has of all.
    """
    return _SINCE_START.search(normalise(own.curve.name)) is not None
