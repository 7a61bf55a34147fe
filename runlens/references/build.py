"""A reference from the evals of a run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from runlens.comparison.axis import Asked, batch_of
from runlens.comparison.curves import run_curves
from runlens.errors import ConfigError
from runlens.model import Reference, Run
from runlens.references.placed import placed
from runlens.sources.naming import printable


def build(run: Run, tokens_per_step: float | None = None, axis: Asked = "auto") -> Reference:
    """A reference from the evals that a run logged.

    Parameters
    ----------
    run : Run
        Resolved.
    tokens_per_step : float, optional
        Where the run's log does not tell its tokens.
    axis : {'auto', 'tokens', 'steps'}
        Steps if asked for, whether the run knows its tokens or not.

    Returns
    -------
    Reference
        Over tokens if the run knows its tokens, else over steps. A run that is the evaluation of one checkpoint stands
        at that checkpoint's place in training (`placed`), so that several of them join to one curve.
        `settings["left out"]` names the evals that are not in it, with the reason.

    Raises
    ------
    ConfigError
        If the run logged no eval.
    """
    checkpoint = placed(run)
    tokens = None
    if checkpoint is not None:
        run, tokens = checkpoint
    found = run_curves(run, "tokens", tokens_per_step)
    over_tokens, known = bool(found.tokens_from) and axis != "steps", bool(found.tokens_from)
    if not over_tokens:
        found = run_curves(run, "steps")
    if not found.curves:
        why = printable(f"{run.name}: {found.why_not}", 1000)[1:-1]  # with names that the log gave
        raise ConfigError(f"{why}, so it is no reference")
    curves = tuple(c.curve for c in found.curves)
    if tokens is not None:
        over_tokens, curves = True, tuple(replace(c, at=np.array([tokens])) for c in curves)
    return Reference(
        name=run.name,
        axis="tokens" if over_tokens else "steps",
        curves=curves,
        tokens_per_step=tokens_per_step or (_per_step(run) if known and checkpoint is None else None),
        source=run.source,
        settings={"left out": [f"{name}: {why}" for name, why in found.left_out]} if found.left_out else {},
        batch=batch_of(run),
    )


def _per_step(run: Run) -> float | None:
    """Tokens of one step if the run kept one batch: its first half and its second agree within 1 %."""
    span = run.step_range()
    if span is None or span[1] - span[0] < 2:
        return None
    tokens = run.tokens_at(np.linspace(span[0], span[1], 3))
    first, second = np.diff(tokens)
    if not np.isfinite(tokens).all() or first <= 0 or abs(second / first - 1) > 0.01:
        return None
    return float((tokens[2] - tokens[0]) / (span[1] - span[0]))
