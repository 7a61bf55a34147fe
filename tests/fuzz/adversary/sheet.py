"""A sound table and the forms in which it is written."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

Cell = str | None
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|NaN|-?Infinity|true|false|null")


class Head(NamedTuple):
    """Names that stand above the rows that follow; JSON and parquet have none."""

    names: tuple[str, ...]


class Line(NamedTuple):
    """A line of text among the rows."""

    text: str


Row = dict[str, Cell]
Item = Row | Head | Line


@dataclass
class Sheet:
    """Rows of a training that went well, each loss unlike every other."""

    items: list[Item]
    truth: dict[str, int]
    """The step of every loss, by the loss as `repr` writes it."""
    delimiter: str
    quoted: set[str] = field(default_factory=set)
    """Columns whose cells are text in JSON."""
    non_finite: int = 0
    """Losses that are NaN or infinite."""
    short: int = 0
    """Losses that are not there, since their rows end early."""
    stops: bool = False
    """Whether the loss stops long before the rows do."""
    blind: bool = False
    """Whether nobody can tell how much was lost, as of what was cut off."""

    @property
    def rows(self) -> list[Row]:
        """The rows alone."""
        return [item for item in self.items if isinstance(item, dict)]

    def at(self, share: float) -> int:
        """The place in `items` behind so much of the rows."""
        return 1 + int(share * (len(self.items) - 1))


def sheet(draw: Random) -> Sheet:
    """A table of 60 to 240 rows with step, loss and learning rate, in some order."""
    n, stride = draw.choice((60, 120, 240)), draw.choice((1, 1, 10))
    names = draw.choice((("step", "loss", "lr"), ("step", "lr", "loss"), ("loss", "step", "lr")))
    truth: dict[str, int] = {}
    items: list[Item] = [Head(names)]
    for i in range(n):
        loss = f"{2 + 6 * (1 + i / 5) ** -0.6 + 0.02 * (draw.random() - 0.5):.5f}"
        while repr(float(loss)) in truth or loss.endswith("0"):
            loss = f"{float(loss) + 0.00001:.5f}"
        truth[repr(float(loss))] = i * stride
        said = {"step": str(i * stride), "loss": loss, "lr": f"{3e-4 * (1 - i / 2 / n):.6f}"}
        items.append({name: said[name] for name in names})
    return Sheet(items, truth, draw.choice(("\t", ";", "|")))


def delimited(made: Sheet, delimiter: str) -> str:
    """Under heads, with quotes where a cell needs them."""
    lines: list[str] = []
    names = tuple(made.rows[0])
    for item in made.items:
        if isinstance(item, Head):
            names = item.names
            lines.append(delimiter.join(names))
        elif isinstance(item, Line):
            lines.append(item.text)
        else:
            cells = [item[name] or "" for name in names if name in item]
            lines.append(delimiter.join(f'"{cell}"' if delimiter in cell else cell for cell in cells))
    return "\n".join(lines) + "\n"


def token(made: Sheet, name: str, cell: Cell) -> str:
    """A cell in JSON."""
    if cell is None:
        return "null"
    return cell if name not in made.quoted and _NUMBER.fullmatch(cell) else json.dumps(cell)


def objects(made: Sheet) -> list[str]:
    """Every row as an object, and each line of text as it is."""
    out = []
    for item in made.items:
        if isinstance(item, Line):
            out.append(item.text)
        elif isinstance(item, dict):
            out.append("{" + ", ".join(f'"{k}": {token(made, k, v)}' for k, v in item.items()) + "}")
    return out


def parquet(made: Sheet) -> bytes:
    """Columns of numbers where all cells are some, and of text otherwise."""
    import pyarrow
    from pyarrow import parquet as files

    names = list(dict.fromkeys(name for row in made.rows for name in row))
    columns = {}
    for name in names:
        cells = [row.get(name) for row in made.rows]
        if name not in made.quoted and all(cell is None or _NUMBER.fullmatch(cell) for cell in cells):
            values = [None if c in (None, "null") else float(c) for c in cells]
            columns[name] = pyarrow.array(values, pyarrow.float64(), from_pandas=False)
        else:
            columns[name] = pyarrow.array(cells, pyarrow.string())
    out = io.BytesIO()
    files.write_table(pyarrow.table(columns), out)
    return out.getvalue()


FORMS = {
    "csv": "history.csv",
    "cells": "history.tsv",
    "lines": "history.jsonl",
    "list": "history.json",
    "parquet": "history.parquet",
}
