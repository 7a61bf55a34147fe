"""Delimited tables: every cell of every row is the number that was written, or is counted, or says nothing."""

from __future__ import annotations

import math
from pathlib import Path
from random import Random

from tests.fuzz import whole
from tests.fuzz.damage import any_number, damaged, lines_changed
from tests.fuzz.harness import Lost, Outcome

_BLANK = ("", " ", "null", "None", "N/A", "-", "NA")
_ODD = ("oops", "1..2", "--1", "1 2", "0x1p3", "2.5 nats", "#REF!", "1e", "[1, 2]"[:2])


class Table:
    """A table with a step, a loss and a note, and what its cells say."""

    def __init__(self, draw: Random) -> None:
        self.draw = draw
        self.delimiter = draw.choice((",", ",", ";", "\t", "|"))
        self.end = draw.choice(("\n", "\n", "\r\n"))
        self.blank = draw.choice(_BLANK)
        self.names = draw.choice(
            (["step", "loss"], ["step", "loss", "lr"], ["epoch", "step", "loss", "note"], ["loss", "step"])
        )
        self.rows: list[list[str]] = []
        self.loss: list[tuple[int, float]] = []
        self.lost = 0
        for step in range(draw.choice((8, 30, 120))):
            self._row(step)

    def _row(self, step: int) -> None:
        draw = self.draw
        kind = draw.random()
        value = any_number(draw) if kind < 0.1 else round(2 + draw.random(), 4)
        cell = self._written(value)
        if 0.1 < kind < 0.13:
            cell = self.blank
        elif 0.13 < kind < 0.15:
            cell = draw.choice(_ODD)
            self.lost += 1
        else:
            self.loss.append((step, value))
        told = {
            "step": str(step),
            "epoch": str(step // 4),
            "loss": cell,
            "lr": "0.1",
            "note": draw.choice(("ok", "", "a b")),
        }
        self.rows.append([self._quoted(told[name]) for name in self.names])

    def _written(self, value: float) -> str:
        text = repr(value)
        if self.delimiter == ";" and math.isfinite(value) and self.draw.random() < 0.5:
            return text.replace(".", ",")
        return text

    def _quoted(self, cell: str) -> str:
        kind = self.draw.random()
        if kind < 0.03:
            return f'"{cell}"'
        return f" {cell} " if kind < 0.06 and self.delimiter != "\t" else cell

    def text(self) -> str:
        lines = [self.delimiter.join(row) for row in (self.names, *self.rows)]
        return self.end.join(lines) + self.end


def of_cells(draw: Random, folder: Path) -> Outcome:
    """A sound table with odd cells."""
    made = Table(draw)
    run = _read(made.text().encode(), folder)
    found = run.series.get("loss")
    points = [(s, repr(v)) for s, v in zip(found.step.tolist(), found.value.tolist(), strict=True)] if found else []
    expected = [(s, repr(v)) for s, v in made.loss]
    if points != expected:
        odd = sorted(set(points) ^ set(expected))
        raise Lost(f"{len(points)} of {len(expected)} cells as written; {odd[:4]}\n{made.text()[:2000]}")
    told = sum(note.records for note in run.notes if note.series == "loss")
    if told != made.lost:
        raise Lost(f"{told} of {made.lost} lost cells told: {run.notes}")
    return "told" if run.notes else "read"


def of_lines(draw: Random, folder: Path) -> Outcome:
    """Lines left out, doubled, cut and joined: what is read was written, and no whole row is lost in silence."""
    made = Table(draw)
    head, *rows = made.text().split(made.end)[:-1]
    rows = lines_changed(draw, rows)
    whole = {made.delimiter.join(row) for row in made.rows}
    run = _read((made.end.join([head, *rows]) + made.end).encode(), folder)
    found = run.series.get("loss")
    read = len(found) if found is not None else 0
    told = sum(note.records for note in run.notes)
    kept = [line for line in rows if line in whole]
    values = dict(made.loss)
    there = sum(_step(line, made) in values for line in kept)
    if read + told < there:
        raise Lost(
            f"{read} read and {told} told of {there} whole rows: {run.notes}\n" + "\n".join([head, *rows])[:3000]
        )
    return "told" if run.notes else "read"


def of_bytes(draw: Random, folder: Path) -> Outcome:
    """Damage to the file: a run or a sentence."""
    return "told" if _read(damaged(draw, Table(draw).text().encode()), folder).notes else "read"


def _step(line: str, made: Table) -> int:
    return int(line.split(made.delimiter)[made.names.index("step")].strip(' "'))


def _read(data: bytes, folder: Path):  # type: ignore[no-untyped-def]
    path = folder / "history.csv"
    path.write_bytes(data)
    return whole.read(path)


TARGETS = {"csv-cells": of_cells, "csv-lines": of_lines, "csv-bytes": of_bytes}
