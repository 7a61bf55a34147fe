"""What is kept of a run that was read: steps that a counter can reach."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from runlens.growing import greatest, least
from runlens.model import Note, Run, Series
from runlens.sources.naming import printable

FARTHEST = 1 << 53
"""Steps beyond it are damage: no counter gets there, a float cannot hold them, and their distances overflow."""


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
