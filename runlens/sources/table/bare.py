"""Tables whose names say what is in them: `loss.txt` without a head, a number a line, or `1,0.957` a line; and
`training_metrics.csv`, an epoch and columns of which none is known.
"""

from __future__ import annotations

import itertools
import re
from pathlib import Path

from runlens.sources.table.cells import number
from runlens.sources.table.forms.listed import lists_in
from runlens.sources.table.forms.packed import text_of, unpacked
from runlens.sources.table.head import first_rows
from runlens.sources.table.names import EPOCHS, STEPS, first
from runlens.sources.text.stretches import called_for

_FEWEST = 5
"""Lines of numbers that make a curve."""
_LOOKED_AT = 50
_OF_TRAINING = re.compile(
    r"(?<![a-z])train(?:ing|er)?[ _-]?(?:logs?|metrics?|history|stats|curves?|progress|record)(?![a-z])"
    r"|(?<![a-z])loss(?:es)?[ _-](?:logs?|history|curves?)(?![a-z])",
    re.IGNORECASE,
)
"""Names of files that nothing but the course of a training has."""


def is_bare(path: Path, raw: bytes) -> bool:
    """Whether a file is a column or a list of numbers, or one of places and one of numbers, and named for a metric of
    training.

    Parameters
    ----------
    path : Path
    raw : bytes
        Its beginning.
    """
    if not called_for(path):
        return False
    if isinstance(lists_in(text_of(unpacked(raw))), list):
        return True
    names, rows = first_rows(raw, _LOOKED_AT)
    if names or len(rows) < _FEWEST or len({len(row) for row in rows}) > 1 or len(rows[0]) > 2:
        return False
    told = [[number(cell) for cell in row] for row in rows]
    if any(value is None for row in told for value in row):
        return False
    place = [row[0] or 0.0 for row in told]
    return len(rows[0]) == 1 or all(b > a for a, b in itertools.pairwise(place))


def is_called_one(path: Path, raw: bytes, names: list[str]) -> bool:
    """Whether a delimited table with a head is named as a log of a training and holds a step or an epoch that rises row
    by row, beside numbers alone; none of its metrics need be known.
    """
    axis = first(names, (*STEPS, *EPOCHS))
    if axis is None or not _OF_TRAINING.search(path.name):
        return False
    head, rows = first_rows(raw, _LOOKED_AT)
    if head != names or len(names) < 2:
        return False
    told = [[number(cell) for cell in row] for row in rows if len(row) == len(names)]
    place = [row[names.index(axis)] for row in told]
    if len(rows) < _FEWEST or len(told) < len(rows) or any(value is None for row in told for value in row):
        return False
    return all(b > a for a, b in itertools.pairwise(one for one in place if one is not None))


def lines_of(path: Path) -> int:
    """How many lines a file has that say something: curves of one training have as many."""
    with path.open("rb") as file:
        return sum(1 for line in file if line.strip())
