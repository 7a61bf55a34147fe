"""A reference from the evals of a run."""

from __future__ import annotations

import numpy as np

from runlens.errors import ConfigError
from runlens.evals.curves import run_curves
from runlens.model import Reference, Run


def build(run: Run, tokens_per_step: float | None = None) -> Reference:
    """A reference from the evals that a run logged.

    Parameters
    ----------
    run : Run
        Resolved.
    tokens_per_step : float, optional
        Where the run's log does not tell its tokens.

    Returns
    -------
    Reference
        Over tokens if the run knows its tokens, else over steps. `settings["left out"]` names the evals that are not in
        it, with the reason.

    Raises
    ------
    ConfigError
        If the run logged no eval.
    """
    found = run_curves(run, "tokens", tokens_per_step)
    over_tokens = bool(found.tokens_from)
    if not over_tokens:
        found = run_curves(run, "steps")
    if not found.curves:
        raise ConfigError(f"{run.name}: {found.why_not}, so it is no reference")
    return Reference(
        name=run.name,
        axis="tokens" if over_tokens else "steps",
        curves=tuple(c.curve for c in found.curves),
        tokens_per_step=tokens_per_step or (_per_step(run) if over_tokens else None),
        source=run.source,
        settings={"left out": [f"{name}: {why}" for name, why in found.left_out]} if found.left_out else {},
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
