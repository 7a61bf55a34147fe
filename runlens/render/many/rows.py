"""A run in one row: how it stands, how its loss and speed went, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from runlens.model import Chart, Finding, Report, RunReport, Severity
from runlens.render import words
from runlens.render.ends import of_chart
from runlens.render.sparkline import BLOCKS, line_of, main_chart, speed_chart
from runlens.render.text import amount, number

Standing = Literal["fail", "undecided", "warn", "pass"]
"""How a run stands, the gravest first."""
_ORDER: tuple[Standing, ...] = get_args(Standing)
ROWS = 30
"""Runs up to which each has a row of its own on a terminal; of more, those that need no look share one, and those that
are alike are said to be."""
CELLS = 12
"""Cells of a curve in a row."""


@dataclass(frozen=True, slots=True)
class Row:
    """One run."""

    run: RunReport
    standing: Standing
    loss: str
    """Level at which the loss ends, empty without one; so are the others."""
    tokens: str
    speed: str
    loss_line: str
    speed_line: str
    last_speed: float | None
    """The level that `speed` tells, to sort by."""

    @property
    def place(self) -> int:
        """Of its standing, 0 for the gravest: to sort by."""
        return _ORDER.index(self.standing)

    @property
    def notes(self) -> tuple[Finding, ...]:
        """What was found and is no more than a note; known findings are none."""
        return tuple(f for f in self.run.findings if f.suppressed is None and f.severity is Severity.INFO)

    @property
    def said(self) -> str:
        """Cause and action of a run that needs a look, if it is but to go on; else what was found."""
        action = self.run.action
        if self.standing == "undecided" or action is None or (action.kind == "continue" and self.standing == "pass"):
            return words.why(self.run)
        return words.headline(action)


def standing(run: RunReport) -> Standing:
    """How the run stands: as its verdict says, and `warn` where it passed with a warning."""
    return "warn" if run.verdict == "pass" and run.worst() in (Severity.WARNING, Severity.ERROR) else run.verdict


def by_gravity(report: Report) -> list[RunReport]:
    """The runs, the gravest first: by standing, then by the number of errors and warnings."""

    def gravity(run: RunReport) -> tuple[int, int, int]:
        counted = [f.severity for f in run.findings if f.suppressed is None]
        return _ORDER.index(standing(run)), -counted.count(Severity.ERROR), -counted.count(Severity.WARNING)

    return sorted(report.runs, key=gravity)


def alike(runs: Sequence[RunReport]) -> list[list[RunReport]]:
    """The runs in groups that stand alike for the same reasons, in the order of the first of each.

    Reasons are the codes of what counts, what to do, and the sentences on what could not be read, without the names
    of the runs in them.
    """
    groups: dict[tuple[object, ...], list[RunReport]] = {}
    for run in runs:
        codes = tuple(sorted({f.code for f in run.findings if f.suppressed is None}))
        failures = tuple(f.message.replace(run.source, "") for f in run.failures)
        kind = run.action.kind if run.action is not None else ""
        groups.setdefault((standing(run), codes, kind, failures), []).append(run)
    return list(groups.values())


def told_together(rows: Sequence[Row], most: int = 20) -> list[tuple[int, Row]]:
    """Of very many rows, the gravest first: how many that need a look are alike, and the first of them; empty for few.

    One row is no group.
    """
    if len(rows) <= ROWS:
        return []
    grave = {id(one.run): one for one in rows if one.standing != "pass"}
    groups = alike([one.run for one in grave.values()])
    return [(len(group), grave[id(group[0])]) for group in groups if len(group) > 1][:most]


def row(run: RunReport, blocks: str = BLOCKS) -> Row:
    """The row of a run; a curve is empty where the report holds none."""
    loss = main_chart(run, "train_loss")
    speed = speed_chart(run)
    return Row(
        run=run,
        standing=standing(run),
        loss=_level(loss),
        tokens=amount(run.tokens[1]) if run.tokens is not None else "",
        speed=_with_unit(speed),
        loss_line=_line(loss, blocks),
        speed_line=_line(speed, blocks),
        last_speed=_last(speed),
    )


def _last(chart: Chart | None) -> float | None:
    ends = of_chart(chart) if chart is not None else None
    return ends[1] if ends is not None else None


def _level(chart: Chart | None) -> str:
    last = _last(chart)
    return number(last, 3) if last is not None else ""


def _with_unit(chart: Chart | None) -> str:
    last = _last(chart)
    if chart is None or last is None:
        return ""
    unit = {"tokens/s": "tok/s", "samples/s": "samples/s", "s": "s/step"}.get(chart.unit, chart.unit)
    return f"{amount(last) if abs(last) >= 1e4 else number(last, 3)} {unit}".strip()


def _line(chart: Chart | None, blocks: str) -> str:
    if chart is None:
        return ""
    steps, values = np.array(chart.steps, dtype=np.float64), np.array(chart.values, dtype=np.float64)
    span = chart.steps[0], max(chart.steps[-1], chart.steps[0] + 1)
    return line_of(steps, values, chart.role, span, CELLS, blocks)


def summary(runs: list[RunReport]) -> str:
    """What runs that need no look have in common: the range of their last losses, tokens and speeds."""
    loss = _range([main_chart(run, "train_loss") for run in runs], _level)
    tokens = [run.tokens[1] for run in runs if run.tokens is not None]
    trained = " to ".join(dict.fromkeys((amount(min(tokens)), amount(max(tokens))))) if tokens else ""
    speed = _range([speed_chart(run) for run in runs], _with_unit)
    said = (f"loss {loss}" if loss else "", f"{trained} tokens" if trained else "", speed)
    return " · ".join(part for part in said if part)


def _range(charts: list[Chart | None], show: Callable[[Chart], str]) -> str:
    """The lowest and the highest last level, empty where units differ."""
    known = [(last, c) for c in charts if c is not None and (last := _last(c)) is not None]
    if len({c.unit for _, c in known}) != 1:
        return ""
    low, high = min(known, key=lambda k: k[0]), max(known, key=lambda k: k[0])
    return " to ".join(dict.fromkeys((show(low[1]), show(high[1]))))
