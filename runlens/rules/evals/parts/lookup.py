"""The eval that a requirement means, and what a reference scored at the same point."""

from __future__ import annotations

import difflib

import numpy as np

from runlens.comparison.axis import on_axis
from runlens.comparison.curves import RunCurve, RunCurves
from runlens.comparison.match import match
from runlens.comparison.noise import prior, upward
from runlens.comparison.pair import improving, pooled
from runlens.model import Axis, Curve, Direction, Reference, Run
from runlens.roles.names.evals import parse_eval
from runlens.roles.vocabulary import ROLES
from runlens.rules.evals.parts.require import Requirement
from runlens.stats.isotonic import monotone_curve


def wanted(name: str, curves: RunCurves) -> RunCurve | str:
    """The curve that a name means, or a sentence why there is none.

    Parameters
    ----------
    name : str
        The logged name; or a task, with its metric where several were logged (`hellaswag/acc_norm`); or `eval_loss` or
        `perplexity` for the validation set's own.
    curves : RunCurves
    """
    own = curves.curves
    exact = [c for c in own if c.curve.name == name]
    if exact:
        return exact[0]
    if name in ("eval_loss", "perplexity"):
        metric = "loss" if name == "eval_loss" else "ppl"
        found = [c for c in own if c.curve.metric == metric]
        plain = [c for c in found if not c.curve.task]
        if plain or found:
            return (plain or found)[0]
    said = parse_eval(name)
    found = [c for c in own if c.curve.task == said.task and said.metric_kind in ("score", c.curve.metric)]
    if said.setting:
        found = [c for c in found if c.curve.setting == said.setting]
    kinds = sorted({f"{c.curve.task}/{c.curve.metric}" for c in found})
    if len(kinds) > 1:
        return f"{name} could be {' or '.join(kinds)}; say which"
    if found:
        return found[0]
    names = [c.curve.name for c in own] + [c.curve.task for c in own if c.curve.task]
    near = difflib.get_close_matches(name, names, 2, 0.5)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    return f"no eval {name!r} was logged{hint}"


def any_series(run: Run, asked: Requirement) -> RunCurve | None:
    """The series of that logged name, or the canonical one of that role, as a curve; None if there is none.

    Values are those of the log (those of a role are in its own unit), and the sign of the requirement says which way is
    better. Over tokens where the requirement is due at tokens.
    """
    role = run.role(asked.name) if asked.name in ROLES else None
    series = run.placed.get(asked.name) or (role.series if role is not None else None)
    if series is None:
        return None
    series = series.latest()
    series = series.where(np.isfinite(series.value))
    at = series.step.astype(np.float64)
    if asked.at is not None and asked.unit == "tokens":
        at = run.tokens_at(at)
    keep = np.isfinite(at)
    step, at, value = series.step[keep], at[keep], series.value[keep]
    if not len(step):
        return None
    direction: Direction = "up" if asked.sign.startswith(">") else "down"
    curve = Curve("", "value", "", direction, at, value, np.full(len(at), np.nan), 0, asked.name)
    return RunCurve(curve, step)


def level_of(curve: Curve, reference: Reference, axis: Axis, at: float) -> float | str:
    """What the reference scored at `at`, on its smoothed curve, or why that is not known.

    Parameters
    ----------
    curve : Curve
        The run's.
    reference : Reference
    axis : {'tokens', 'steps'}
    at : float
        Position on that axis.
    """
    theirs = on_axis(reference, axis)
    if isinstance(theirs, str):
        return theirs
    found = match((RunCurve(curve, np.zeros(len(curve.at), dtype=np.int64)),), theirs).pairs
    if not found:
        return f"reference {reference.name} has no such eval"
    mean = pooled(found[0].members)[0]
    if len(mean.at) < 2 or not mean.at[0] <= at <= mean.at[-1] * 1.02:
        return f"reference {reference.name} has no checkpoint there ({mean.at[0]:.4g} to {mean.at[-1]:.4g} {axis})"
    end = improving(upward(mean), prior(mean, mean.value[-8:])[0])
    if end < len(mean.at):  # a curve that falls again is no monotone one: take it as it is
        return float(np.interp(np.log(at), np.log(mean.at), mean.value))
    rising = mean.value if mean.direction == "up" else -mean.value
    smooth = float(monotone_curve(np.log(mean.at), rising)(min(np.log(at), np.log(mean.at[-1]))))
    return smooth if mean.direction == "up" else -smooth
