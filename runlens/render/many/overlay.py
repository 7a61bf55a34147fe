"""The losses and the speeds of many runs over one another, for the HTML page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from runlens.model import Chart, RunReport
from runlens.render.figures.html_panels import Drawing, drawn_alone
from runlens.render.figures.panels import Panel
from runlens.render.links import called
from runlens.render.sparkline import main_chart, speed_chart

MOST = 6
"""Runs that are drawn, the gravest first: a panel has so many colours."""


def overlay(runs: Sequence[RunReport]) -> list[Drawing]:
    """A panel of losses and one of speeds, each with a curve a run; none where fewer than two runs have one."""
    losses = _named(runs, [main_chart(run, "train_loss") for run in runs])
    speeds = _named(runs, [speed_chart(run) for run in runs])
    speeds = tuple(c for c in speeds if c.unit == speeds[0].unit) if speeds else ()
    finite = [v for c in losses for v in c.values if math.isfinite(v)]
    drawn = []
    if len(losses) > 1:
        log = bool(finite) and min(finite) > 0
        drawn.append(Panel(f"Loss of each run{' (log scale)' if log else ''}", losses, log=log, kind="run_loss"))
    if len(speeds) > 1:
        drawn.append(Panel(f"Speed of each run ({speeds[0].unit})", speeds, kind="tokens_per_second"))
    return [drawn_alone(panel) for panel in drawn]


def _named(runs: Sequence[RunReport], charts: Sequence[Chart | None]) -> tuple[Chart, ...]:
    """The charts under the names of their runs; their role is no longer that of one run's main curve."""
    found = [replace(c, role="of a run", label=called(run), kind="") for run, c in zip(runs, charts, strict=True) if c]
    return tuple(found[:MOST])
