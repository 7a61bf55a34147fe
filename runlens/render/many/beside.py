"""Two of many runs side by side: for each run a column of the same lines, so that any two can be held together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from runlens.model import Chart, Finding, RunReport
from runlens.render import words
from runlens.render.figures.panels import readable
from runlens.render.links import called
from runlens.render.many.rows import Row, Standing
from runlens.render.sparkline import main_chart, speed_chart
from runlens.render.text import amount, duration, plural, visible

MOST = 60
"""Runs that have a column, the gravest first: the page stays a page."""
SETTINGS = 40
"""Settings told, of those that differ between the runs."""
FINDINGS = 8
POINTS = 160
"""Points of a curve, the extremes of each stretch among them."""


@dataclass(frozen=True, slots=True)
class Column:
    """One run; every column has the same lines in the same order."""

    at: int
    """Place of the run in the table."""
    name: str
    standing: Standing
    facts: tuple[tuple[str, str], ...]
    settings: tuple[tuple[str, str], ...]
    """Those that differ between the runs of the page; empty text where a run does not say."""
    findings: tuple[Finding, ...]
    """The gravest ones that count."""
    more: int
    curves: list[dict[str, object]]
    """Loss and speed for the script: title, whether on a log scale, the level at the end, steps and values."""


def columns(rows: Sequence[Row]) -> list[Column]:
    """The columns of the rows of a table, the first `MOST`."""
    keys = _differing([told.run for told in rows])
    return [_column(at, told, keys) for at, told in enumerate(rows[:MOST])]


def _differing(runs: Sequence[RunReport]) -> list[str]:
    """Settings that not all runs have alike, in order of first appearance, the first `SETTINGS`."""
    keys = dict.fromkeys(key for run in runs for key in run.config)
    return [key for key in keys if len({str(run.config.get(key)) for run in runs}) > 1][:SETTINGS]


def _column(at: int, told: Row, keys: Sequence[str]) -> Column:
    run = told.run
    counted = [f for group in words.groups(run) for f in group.findings if f.suppressed is None]
    loss, speed = main_chart(run, "train_loss"), speed_chart(run)
    lasted = duration(run.time[1] - run.time[0]) if run.time is not None and run.time[1] > run.time[0] else ""
    return Column(
        at=at,
        name=called(run),
        standing=told.standing,
        facts=(
            ("state", run.state if run.state != "unknown" else ""),
            ("last step", f"{run.steps[1]:,}" if run.steps is not None else ""),
            ("tokens", amount(run.tokens[1]) if run.tokens is not None else ""),
            ("time", lasted),
            ("last loss", told.loss),
            ("speed", told.speed),
            ("GPUs", f"{run.gpus:,}" if run.gpus else ""),
            ("found", words.counts(run) if run.checked else ""),
            ("not checked", plural(len({s.code for s in run.skips}), "rule") if run.skips else ""),
            ("what to do", told.said),
        ),
        settings=tuple((visible(k, 80), _setting(run.config.get(k))) for k in keys),
        findings=tuple(counted[:FINDINGS]),
        more=max(len(counted) - FINDINGS, 0),
        curves=[
            _curve(name, readable(c), end)
            for name, c, end in (("Loss", loss, told.loss), ("Speed", speed, told.speed.partition(" tok/s")[0]))
            if c is not None
        ],
    )


def _setting(value: object) -> str:
    return "" if value is None else visible(str(value), 120)


def _curve(name: str, chart: Chart, end: str) -> dict[str, object]:
    steps, values = np.array(chart.steps, dtype=np.float64), np.array(chart.values, dtype=np.float64)
    known = np.isfinite(values)
    steps, values = steps[known], values[known]
    if len(steps) > POINTS:
        stretches = np.array_split(np.arange(len(steps)), POINTS // 2)
        kept = sorted({int(i) for s in stretches for i in (s[np.argmin(values[s])], s[np.argmax(values[s])])})
        steps, values = steps[kept], values[kept]
    unit = "" if chart.unit in ("1", "nats") else visible(chart.unit, 20)
    return {
        "title": f"{name} ({unit})" if unit else name,
        "end": end,
        "log": name == "Loss" and len(values) > 0 and float(values.min()) > 0,
        "x": [int(s) for s in steps],
        "y": [float(f"{v:.5g}") for v in values],
    }
