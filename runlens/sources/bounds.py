"""What is kept of a run that was read: steps that a counter can reach, and a place for points that say none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from runlens.growing import greatest, least
from runlens.model import Note, Run, Series
from runlens.sources.naming import printable
from runlens.sources.wandb_shape import steps_at

FARTHEST = 1 << 53
"""Steps beyond it are damage: no counter gets there, a float cannot hold them, and their distances overflow."""

_FEWEST = 8
"""Points at one step that were logged without any: a value is written again at each of a few starts."""


def within_bounds(run: Run) -> Run:
    """The run without points whose step no counter reaches; a note for each series that lost some."""
    notes: list[Note] = []
    series: dict[str, Series] = {}
    inside: dict[int, bool] = {}
    for name, one in run.series.items():
        at = id(one.step)  # the columns of a table share theirs
        if at not in inside:
            inside[at] = not len(one) or (int(least(one.step)) > -FARTHEST and int(greatest(one.step)) < FARTHEST)
        if inside[at]:
            series[name] = one
            continue
        kept = (one.step > -FARTHEST) & (one.step < FARTHEST)
        lost = int(np.count_nonzero(~kept))
        where = f"points of {printable(name)} in {printable(run.source)}"
        said = f"{lost:,} {where} stand at steps beyond {FARTHEST:,}, which no counter reaches, and were left out"
        notes.append(Note("damaged", said, lost, series=name, share=lost / len(one)))
        if kept.any():
            series[name] = Series(name, one.step[kept], one.time[kept], one.value[kept])
    return replace(run, series=series, notes=(*run.notes, *notes)) if notes else run


def counted(series: Mapping[str, Series], where: str) -> tuple[dict[str, Series], list[Note]]:
    """The series, those that were logged without a step (`add_scalar(tag, value)` puts every point at 0) on a count of
    their points; and a note that says so.

    The longest of them is counted, unless a longer series has steps; the others stand by their times beside it.
    """
    bare = [n for n, s in series.items() if len(s) >= _FEWEST and int(least(s.step)) == int(greatest(s.step)) == 0]
    if not bare:
        return dict(series), []
    out = dict(series)
    lead = max(out.values(), key=len)
    if lead.name in bare:
        lead = out[lead.name] = Series(lead.name, np.arange(len(lead)), lead.time, lead.value)
    for name in bare:
        if name != lead.name:
            one = out[name]
            timed = bool(np.isfinite(one.time).all() and np.isfinite(lead.time).any())
            step = steps_at(lead.step, lead.time, one.time) if timed else np.arange(len(one))
            out[name] = Series(name, step, one.time, one.value)
    shown = ", ".join(map(printable, bare[:3])) + (", \u2026" if len(bare) > 3 else "")
    said = f"{len(bare)} metric{'s' if len(bare) > 1 else ''} in {where} logged without a step: {shown}; points are"
    return out, [Note("unsupported", f"{said} counted from 0")]
