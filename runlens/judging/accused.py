"""The series that findings are about: what was accused is drawn, whatever else there is to draw."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from runlens.model import Chart, Finding, RoleSeries, Run
from runlens.rules import rule_of

MOST = 16
"""Series that are drawn for the sake of findings, those of the worst findings first."""
EACH = 6
"""Of one finding, and of one quantity of many devices: a panel has so many colours."""
ALL = 4
"""Devices up to which all are drawn; of more, the accused ones beside the middle and the range of the others."""
_PEERS = 512
"""Others that are looked at, evenly chosen: the middle of so many is that of all, and the cost stays linear."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Series to draw together: those accused, and of many devices the others that they are to be seen beside."""

    parts: tuple[RoleSeries, ...]
    others: tuple[RoleSeries, ...] = ()


def series_of(findings: Sequence[Finding], run: Run) -> dict[str, RoleSeries]:
    """What the findings are about, by logged name: the worst finding first, in it the main series first."""
    worst_first = sorted(findings, key=lambda f: -f.severity.rank)
    names = [name for f in worst_first for name in rule_of(f.code).shown(f, run)[:EACH]]
    found = ((name, run.named(name) or _without_role(run, name)) for name in dict.fromkeys(names))
    return dict([(name, part) for name, part in found if part is not None and len(part.series)][:MOST])


def _without_role(run: Run, name: str) -> RoleSeries | None:
    return RoleSeries("other", run.placed[name], "") if name in run.placed else None


def grouped(accused: dict[str, RoleSeries], run: Run) -> Iterator[Drawn]:
    """The accused series, those of one quantity of several devices together and with their peers."""
    left = dict(accused)
    while left:
        one = next(iter(left.values()))
        peers = alike(one, run) if one.device else [one]
        names = {p.series.name for p in peers}
        mine = [part for name, part in left.items() if name in names]
        for part in mine:
            del left[part.series.name]
        if len(peers) > 1:
            mine = mine[:EACH]
        drawn = {part.series.name for part in mine}
        others = [p for p in peers if p.series.name not in drawn]
        few = len(peers) <= ALL
        yield Drawn((*mine, *(others if few else ())), () if few else tuple(others))


def alike(part: RoleSeries, run: Run) -> list[RoleSeries]:
    """The same quantity of every device, the series itself among them, one for each device."""
    own = family(part)
    first: dict[str, RoleSeries] = {}
    for other in run.every(part.role):
        if other.device and len(other.series) and family(other) == own:
            first.setdefault(other.device, other)
    first[part.device] = part
    return list(first.values())


def family(part: RoleSeries) -> str:
    """What the series of one quantity share: which quantity of their role, and where a role has none, their name."""
    return re.sub(r"\d+", "#", part.series.name) if part.role == "other" else part.metric_kind


def beside(drawn: Drawn, chart: Chart) -> Chart:
    """The middle and the range of the others at the steps of the first accused series, as a reference curve."""
    picked = np.unique(np.linspace(0, len(drawn.others) - 1, min(len(drawn.others), _PEERS)).astype(int))
    steps = np.array(chart.steps, dtype=np.int64)
    table = np.array([_at(drawn.others[at], steps) for at in picked.tolist()])
    known = np.isfinite(table).any(axis=0)
    table, steps = table[:, known], steps[known]
    middle, low, high = (f(table, axis=0) for f in (np.nanmedian, np.nanmin, np.nanmax))
    return Chart(
        role=chart.role,
        metric=chart.metric,
        unit=chart.unit,
        steps=tuple(steps.tolist()),
        values=tuple(middle.tolist()),
        label=f"{len(drawn.others):,} others",
        reference="peers",
        low=tuple(low.tolist()),
        high=tuple(high.tolist()),
        kind=chart.kind,
    )


def _at(part: RoleSeries, steps: np.ndarray) -> np.ndarray:
    """The last finite value at or before each step, NaN before the first."""
    series = part.series.latest()
    series = series.where(np.isfinite(series.value))
    if not len(series):
        return np.full(len(steps), np.nan)
    at = np.searchsorted(series.step, steps, side="right") - 1
    return np.where(at >= 0, series.value[np.maximum(at, 0)], np.nan)
