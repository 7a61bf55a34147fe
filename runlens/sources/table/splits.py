"""Long tables: a column that says on which data a row was measured, and one that says which metric a row is of."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from runlens.sources.table.names import METRICS, SPLITS, VALUES, first, is_axis, is_time
from runlens.sources.table.store import Columns

_TRAIN = frozenset({"train", "training", "trn", "tr", "train_inner"})
_HELD_OUT = {
    "val": "val", "valid": "val", "validation": "val", "eval": "eval", "evaluation": "eval", "dev": "eval",
    "test": "test", "testing": "test", "holdout": "val", "held_out": "val",
}  # fmt: skip


def split_column(columns: Columns) -> str | None:
    """The column whose every text names a split, or None."""
    for name in columns.labels:
        if first([name], SPLITS) is None:
            continue
        said = {text.strip().lower() for _, text in columns.labels[name]}
        if said and said <= _TRAIN | set(_HELD_OUT):
            return name
    return None


def held_out_rows(columns: Columns) -> npt.NDArray[np.bool_]:
    """Rows measured on held-out data, by the column that says so; shape (rows,), all False without one."""
    out = np.zeros(columns.rows, dtype=bool)
    name = split_column(columns)
    for row, text in columns.labels[name] if name else ():
        out[row] = text.strip().lower() in _HELD_OUT
    return out


def with_splits(columns: Columns) -> None:
    """Give the cells of held-out rows a column of their own, `val/loss` beside `loss`."""
    name = split_column(columns)
    if name is None:
        return
    said = np.full(columns.rows, "", dtype=object)
    for at, text in columns.labels[name]:
        said[at] = _HELD_OUT.get(text.strip().lower(), "")
    kinds = [kind for kind in dict.fromkeys(said.tolist()) if kind]
    for column in list(columns.parts):
        if is_axis(column) or is_time(column) or not kinds:
            continue
        row, value = columns.joined(column)
        of = said[row]
        del columns.parts[column]
        columns.add(column, row[of == ""], value[of == ""])
        for kind in kinds:
            columns.add(f"{kind}/{column}", row[of == kind], value[of == kind])
    del columns.labels[name]


def pivoted(columns: Columns) -> None:
    """Give each metric of a long table (`step, metric, value`) a column of its own."""
    name = first(columns.labels, METRICS)
    values = first((n for n in columns.parts if n != name), VALUES)
    if name is None or values is None:
        return
    texts = np.full(columns.rows, "", dtype=object)
    for at, text in columns.labels.pop(name):
        texts[at] = text
    row, value = columns.joined(values)
    del columns.parts[values]
    names, which = np.unique(texts[row].astype(str), return_inverse=True)
    for i, metric in enumerate(names.tolist()):
        columns.add(metric or values, row[which == i], value[which == i])
