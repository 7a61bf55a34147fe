"""Whether two references are two seeds of one model, or two models."""

from __future__ import annotations

import numpy as np

from runlens.comparison.axis import on_axis
from runlens.comparison.compare import beside
from runlens.comparison.curves import RunCurve, RunCurves
from runlens.model import Curve, Reference

AS_FAR = 1.25
"""Factor in tokens by which one may have been trained further: a band ends where its shortest member ends."""


def alike(one: Reference, other: Reference) -> bool:
    """Whether neither of two references trails the other on what both hold.

    Parameters
    ----------
    one, other : Reference
        Neither is a band.

    Returns
    -------
    bool
        False if they have no axis or no eval in common, if one reaches much further than the other, or if either
        trails.
    """
    axis = one.axis if one.axis == other.axis else "tokens"
    curves, others = on_axis(one, axis), on_axis(other, axis)
    if isinstance(curves, str) or isinstance(others, str):
        return False
    ends = [max(float(c.at[-1]) for c in side) for side in (curves, others)]
    if min(ends) * AS_FAR < max(ends):
        return False
    sides = beside(one.name, _as_run(curves), other, axis), beside(other.name, _as_run(others), one, axis)
    return all(c.tasks and c.severity is None for c in sides)


def _as_run(curves: tuple[Curve, ...]) -> RunCurves:
    return RunCurves(tuple(RunCurve(c, np.rint(c.at).astype(np.int64)) for c in curves), (), "")
