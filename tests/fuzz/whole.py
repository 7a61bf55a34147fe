"""All that stands in a table, whichever of the trainings that follow each other in it a row belongs to."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np

from runlens.errors import NotALog
from runlens.model import Run, Series
from runlens.sources import table


def read(path: Path) -> Run:
    """The runs of a table as one, those included that were given up for the next one.

    Raises
    ------
    NotALog
        There is none.
    """
    refs = table.find(str(path))
    if not refs:
        raise NotALog("no table")
    runs = [table.read(ref) for ref in table.members(refs[0]) or refs]
    if len(runs) == 1:
        return runs[0]
    parts: dict[str, list[Series]] = defaultdict(list)
    for run in runs:
        for name, series in run.series.items():
            parts[name].append(series)
    series = {
        name: Series(
            name, *(np.concatenate([getattr(s, column) for s in held]) for column in ("step", "time", "value"))
        )
        for name, held in parts.items()
    }
    return replace(runs[0], series=series, notes=tuple(dict.fromkeys(note for run in runs for note in run.notes)))
