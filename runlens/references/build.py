"""References from runs: one run is a curve, several are a band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from runlens.errors import ConfigError
from runlens.evals.curves import run_curves
from runlens.model import Curve, Reference, Run


def build(runs: Sequence[Run], name: str = "", tokens_per_step: float | None = None) -> Reference:
    """A reference from the evals of one run, or a band from those of several.

    Parameters
    ----------
    runs : sequence of Run
        Resolved, at least one.
    name : str, optional
        Of the reference; the run's name by default.
    tokens_per_step : float, optional
        Where the runs' logs do not tell their tokens.

    Returns
    -------
    Reference
        Over tokens if every run knows its tokens, else over steps. Each curve's `name` is the run it came from if
        there are several.

    Raises
    ------
    ConfigError
        If no run logged an eval.
    """
    found = [(run, run_curves(run, "tokens", tokens_per_step)) for run in runs]
    over_tokens = all(curves.tokens_from for _, curves in found)
    if not over_tokens:
        found = [(run, run_curves(run, "steps")) for run in runs]
    several = len(runs) > 1
    curves: list[Curve] = []
    for run, own in found:
        curves += [replace(c.curve, name=run.name if several else c.curve.name) for c in own.curves]
    if not curves:
        raise ConfigError(f"{', '.join(run.name for run in runs)}: {found[0][1].why_not}, so it is no reference")
    return Reference(
        name=name or (runs[0].name if not several else f"{len(runs)} runs"),
        axis="tokens" if over_tokens else "steps",
        curves=tuple(curves),
        tokens_per_step=tokens_per_step or (_per_step(runs[0]) if over_tokens else None),
        source=", ".join(run.source for run in runs),
        settings={"members": [run.name for run in runs]} if several else {},
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
