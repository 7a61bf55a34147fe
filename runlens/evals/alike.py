"""Whether two references are two seeds of one model, or two models."""

from __future__ import annotations

from typing import Literal

import numpy as np

from runlens.evals.axis import on_axis
from runlens.evals.compare import beside
from runlens.evals.curves import RunCurve, RunCurves
from runlens.evals.joint import Bar
from runlens.model import Comparison, Reference

AS_FAR = 1.25
"""Factor in tokens by which one may have been trained further: a band ends where its shortest member ends."""


def alike(one: Reference, other: Reference, bar: Bar | None = None) -> bool:
    """Whether neither of two references trails the other on what both hold.

    Parameters
    ----------
    one, other : Reference
        Over one axis, or with tokens per step. Neither is a band.
    bar : Bar, optional
        When a lag counts.

    Returns
    -------
    bool
        False if they share no eval, if one reaches much further than the other, or if either trails.
    """
    axis = one.axis if one.axis == other.axis else "tokens"
    ends = [_end(reference, axis) for reference in (one, other)]
    if min(ends) * AS_FAR < max(ends):
        return False
    sides = [_beside(one, other, axis, bar), _beside(other, one, axis, bar)]
    return all(c.tasks and c.severity is None for c in sides)


def _beside(one: Reference, other: Reference, axis: Literal["tokens", "steps"], bar: Bar | None) -> Comparison:
    curves = on_axis(one, axis)
    own = (
        RunCurves((), (), "", curves)
        if isinstance(curves, str)
        else RunCurves(tuple(RunCurve(c, np.rint(c.at).astype(np.int64)) for c in curves), (), "")
    )
    return beside(one.name, own, other, axis, bar)


def _end(reference: Reference, axis: Literal["tokens", "steps"]) -> float:
    curves = on_axis(reference, axis)
    return 0.0 if isinstance(curves, str) else max(float(c.at[-1]) for c in curves)
