"""Series that were measured beside a run, joined to it by wall time."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from runlens.errors import RunLensError
from runlens.model import Run, Series
from runlens.sources.wandb_shape import steps_at

AROUND = 600.0
"""Seconds before and after the run in which samples still belong to it: it warms up before its first point."""


def span_of(run: Run) -> tuple[float, float] | None:
    """Wall times of the first and the last point, in seconds since the epoch; None if no series holds any."""
    known = [one.time[np.isfinite(one.time)] for one in run.series.values()]
    known = [times for times in known if len(times)]
    if not known:
        return None
    spine = max(known, key=len)
    return float(spine.min()), float(spine.max())


def joined(run: Run, series: Mapping[str, Series]) -> Run | None:
    """The run with those samples that lie within it or `AROUND` it, each at the step that was current.

    Parameters
    ----------
    run : Run
        Not resolved yet; what it logs itself under a name of `series` stays.
    series : mapping of str to Series
        With wall times; their steps count for nothing.

    Returns
    -------
    Run or None
        None if the run has no wall times, or no sample lies near it.
    """
    span = span_of(run)
    if span is None:
        return None
    spine = max(run.series.values(), key=lambda s: int(np.isfinite(s.time).sum()))
    found: dict[str, Series] = {}
    for name, one in series.items():
        inside = one.take((one.time >= span[0] - AROUND) & (one.time <= span[1] + AROUND))
        if len(inside) and name not in run.series:
            found[name] = Series(name, steps_at(spine.step, spine.time, inside.time), inside.time, inside.value)
    return replace(run, series=MappingProxyType({**run.series, **found})) if found else None


def needed(span: tuple[float, float] | None, where: str, error: type[RunLensError]) -> tuple[float, float]:
    """The span of a run, which must be known.

    Raises
    ------
    RunLensError
        Of the class given: the log holds no wall times.
    """
    if span is None:
        raise error(f"--hardware {where}: the log of the run holds no wall times to join it by")
    return span


def said(moment: float) -> str:
    """Date and time to the minute, in UTC."""
    return datetime.datetime.fromtimestamp(float(moment), datetime.UTC).strftime("%Y-%m-%d %H:%M")
