"""Columns of a table as they come in, some thousand rows at a time: numbers, labels, and what could not be read."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from runlens.sources.nested import coco_stats, flat
from runlens.sources.table.cells import number, says_nothing
from runlens.sources.table.marks import Commas
from runlens.sources.table.names import is_axis, is_label, is_time
from runlens.sources.table.units import Measured, named, quantity
from runlens.sources.worded import Texts

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Held = TypeVar("Held")
Found = dict[str, tuple[list[int], list[float]]]

WRAPPERS = ("data", "metrics", "scalars", "logs", "log", "stats")
"""Keys under which a row holds its metrics apart from its step (verl: `{"step": 1, "data": {…}}`): no part of a
name."""
_SETTINGS = ("config", "hparams", "args")
"""Keys under which a row or a document holds its settings."""
_MOST_SAID = 1000
_SPELT = re.compile(r"[:dhms]")


def settings_in(cells: Mapping[str, object]) -> Mapping[str, object]:
    """The settings that a row without a place states: those under a key of their own, or else all of it."""
    return next((inner for key in _SETTINGS if isinstance(inner := cells.get(key), dict)), cells)


class Columns:
    """The cells of a table by column, and which row each is from."""

    def __init__(self) -> None:
        self.rows = 0
        self.parts: dict[str, list[tuple[Ints, Floats]]] = {}
        """Numbers of each column in pieces: rows, counted from the beginning of the table, and values."""
        self.labels: dict[str, list[tuple[int, str]]] = {}
        """Texts of the columns that may tell runs, splits or metrics apart, with their rows."""
        self.texts: dict[str, Texts] = {}
        """Words of all other columns."""
        self.odd: dict[str, int] = {}
        """Cells that say something and are no number, by column."""
        self.short: dict[str, int] = {}
        """Cells that are not there, since their rows end early, by column."""
        self.repeated: dict[str, int] = {}
        """Cells whose key stands once more in their object, by key: the last one is read."""
        self.spelt: set[str] = set()
        """Columns of times that are spelt (`1:02:03`, `5m 2s`), which are then in seconds."""
        self.said: dict[int, dict[str, object]] = {}
        """Rows that name no place on any axis, such as a header with the configuration."""
        self.commas: dict[str, Commas] = {}
        """Cells with a comma by column, until `settle` tells what it means."""
        self.measured: dict[str, Measured] = {}
        """Cells that say their unit by column, until `settle` tells whether the column is one of such cells."""
        self.in_order = False
        """True for lists whose entries stand at their place in the list, with no axis beside them."""
        self.every: Ints | None = None
        """The numbers of all rows, where a column that stands in each of them is known by holding this very array."""
        self._axes: set[str] = set()

    def branch(self) -> Columns:
        """The same cells, to be added to and used up without a change of these."""
        other = Columns()
        other.rows, other.every, other.in_order = self.rows, self.every, self.in_order
        other.parts = {name: list(pieces) for name, pieces in self.parts.items()}
        other.labels = {name: list(cells) for name, cells in self.labels.items()}
        other.texts = {name: texts.branch() for name, texts in self.texts.items()}
        other.commas = {name: held.branch() for name, held in self.commas.items()}
        other.measured = {name: held.branch() for name, held in self.measured.items()}
        other.odd, other.short, other.repeated = dict(self.odd), dict(self.short), dict(self.repeated)
        other.spelt, other.said, other._axes = set(self.spelt), dict(self.said), set(self._axes)
        return other

    def add(self, name: str, row: Ints, value: Floats) -> None:
        """Numbers of one column."""
        if len(row):
            self.parts.setdefault(name, []).append((row, value))

    def count(self, name: str) -> int:
        """Numbers of one column so far."""
        return sum(len(row) for row, _ in self.parts.get(name, ()))

    def lose(self, name: str, cells: int = 1) -> None:
        """Cells of a column that say something and are no number."""
        if cells:
            self.odd[name] = self.odd.get(name, 0) + cells

    def repeat(self, name: str, cells: int) -> None:
        """Cells of a column whose key stands again in the same object."""
        if cells:
            self.repeated[name] = self.repeated.get(name, 0) + cells

    def dense(self, name: str) -> Floats:
        """One column over all rows, NaN where it says nothing; shape (rows,)."""
        if (known := self.whole(name)) is not None:
            return known.copy()
        out = np.full(self.rows, np.nan)
        for row, value in self.parts.get(name, ()):
            out[row] = value
        return out

    def whole(self, name: str) -> Floats | None:
        """One column that says something in every row, not to be changed; None for any other."""
        pieces = self.parts.get(name, ())
        return next((value for row, value in pieces[:1] if row is self.every and len(value) == self.rows), None)

    def joined(self, name: str) -> tuple[Ints, Floats]:
        """Rows and values of one column, in the order written; not to be changed."""
        pieces = self.parts.get(name, [])
        if not pieces:
            return np.empty(0, np.int64), np.empty(0)
        if len(pieces) == 1:
            return pieces[0]
        rows, values = zip(*pieces, strict=True)
        return np.concatenate(rows), np.concatenate(values)

    def add_texts(self, name: str, rows: Sequence[int], texts: Sequence[str]) -> None:
        """Cells of text of one column: numbers where they are some, labels where the column may hold such."""
        keeps = is_label(name)
        at, values = [], []
        odd: list[tuple[int, str]] = []
        known: dict[str, float | None] = {}
        for row, text in zip(rows, texts, strict=True):
            if ("," in text and self._waits(name, row, text)) or (not keeps and self._measures(name, row, text)):
                continue
            value = known[text] if text in known else known.setdefault(text, number(text, name))
            if value is not None:
                at.append(row)
                values.append(value)
                if is_time(name) and _SPELT.search(text):
                    self.spelt.add(name)
            elif keeps and text:
                self.labels.setdefault(name, []).append((row, text))
            elif not says_nothing(text):
                odd.append((row, text))
        if odd:
            self.lose(name, len(odd))
            self._words(name).add([row for row, _ in odd], [text for _, text in odd])
        self.add(name, np.array(at, dtype=np.int64), np.array(values, dtype=np.float64))

    def add_objects(self, rows: Iterable[Mapping[str, object]]) -> None:
        """Rows as dicts, flattened with `/`."""
        found: Found = {}
        count = 0
        for i, row in enumerate(rows, self.rows):
            count += 1
            self._note_without_axis(i, row)
            for key, value in row.items():
                if type(value) is float or (type(value) is int and -(1 << 63) < value < 1 << 63):
                    _put(found, key, i, value)
                elif isinstance(value, dict):
                    inner = value if key in WRAPPERS and key not in self.parts else {key: value}
                    for name, cell in flat(inner, "/", means=True):
                        self._put_any(found, name, i, cell)
                elif value is not None:
                    self._put_any(found, key, i, value)
        for name, (at, values) in found.items():
            self.add(name, np.array(at, dtype=np.int64), np.array(values, dtype=np.float64))
        self.rows += count

    def _put_any(self, found: Found, name: str, row: int, value: object) -> None:
        if stats := coco_stats(name, value):
            for inner, stat in stats:
                self._put_any(found, inner, row, stat)
            return
        if isinstance(value, str) and (
            ("," in value and self._waits(name, row, value.strip())) or self._measures(name, row, value.strip())
        ):
            return
        cell = number(value, name)
        if cell is not None:
            _put(found, name, row, cell)
            if isinstance(value, str) and is_time(name) and _SPELT.search(value):
                self.spelt.add(name)
        elif isinstance(value, str) and value and is_label(name):
            self.labels.setdefault(name, []).append((row, value))
        elif not says_nothing(value):
            self.lose(name)
            if isinstance(value, str):
                self._words(name).add((row,), (value.strip(),))

    def _measures(self, name: str, row: int, text: str) -> bool:
        """Whether a cell says a number with its unit; it is kept until the whole column is known."""
        if is_label(name) or (found := quantity(text)) is None or (is_time(name) and number(text, name) is not None):
            return False
        self.measured.setdefault(name, Measured()).take(row, found, text)
        return True

    def _waits(self, name: str, row: int, text: str) -> bool:
        if is_axis(name) or is_time(name) or is_label(name):
            return False
        return self.commas.setdefault(name, Commas()).takes(row, text)

    def settle(self) -> None:
        """Read the cells that the others of their column explain: those with a comma, and those with a unit; others
        are lost. Called once, at the end.
        """
        for name, held in self.commas.items():
            if not held.rows:
                continue
            sign = held.sign(name, self.joined(name)[1])
            if sign == "unknown":
                self.lose(name, len(held.rows))
            else:
                self._add_late(name, held.rows, held.numbers(sign))
        self.commas.clear()
        for name, measured in self.measured.items():
            self._settle_units(name, measured)
        self.measured.clear()

    def _settle_units(self, name: str, measured: Measured) -> None:
        values = measured.numbers(name)
        read = [i for i, value in enumerate(values) if not math.isnan(value)]
        if 2 * len(read) <= self.count(name) + self.odd.get(name, 0) + len(values) - len(read):
            self.lose(name, len(values))
            self._words(name).add(measured.rows, measured.texts)
            return
        self.lose(name, len(measured.rows) - len(read))
        if measured.scaled(name):  # a number alone may be in whatever unit, but for 0
            row, value = self.joined(name)
            self.parts[name] = [(row[value == 0], value[value == 0])]
            self.lose(name, int(np.count_nonzero(value)))
        self._add_late(name, [measured.rows[i] for i in read], [values[i] for i in read])
        if is_time(name):
            self.spelt.add(name)
        self.rename({name: named(name, measured.unit, self.parts)})

    def _add_late(self, name: str, rows: Sequence[int], values: Sequence[float]) -> None:
        """Numbers of a column that stand between others of it."""
        row, value = self.joined(name)
        row = np.concatenate([row, np.array(rows, dtype=np.int64)])
        value = np.concatenate([value, np.array(values, dtype=np.float64)])
        order = np.argsort(row, kind="stable")
        self.parts[name] = [(row[order], value[order])]

    def _words(self, name: str) -> Texts:
        return self.texts.setdefault(name, Texts())

    def _note_without_axis(self, i: int, row: Mapping[str, object]) -> None:
        if not self._axes.isdisjoint(row) or len(self.said) >= _MOST_SAID:
            return
        names = [key for key, value in row.items() if is_axis(key) and value is not None]
        inner = [row[key] for key in WRAPPERS if key in row]
        names += [key for held in inner if isinstance(held, dict) for key in held if is_axis(key)]
        if names:
            self._axes.update(names[:1])
        else:
            self.said[i] = dict(row)

    def rename(self, names: Mapping[str, str]) -> None:
        """Give columns other names; each of them is one that nothing is called by yet."""
        self.parts = _renamed(self.parts, names)
        self.labels = _renamed(self.labels, names)
        self.texts = _renamed(self.texts, names)
        self.commas = _renamed(self.commas, names)
        self.measured = _renamed(self.measured, names)
        self.odd = _renamed(self.odd, names)
        self.short = _renamed(self.short, names)
        self.repeated = _renamed(self.repeated, names)

    def where(self, keep: npt.NDArray[np.bool_], rename: Callable[[str], str] = str) -> Columns:
        """The rows at which `keep`, shape (rows,), is true, numbered anew."""
        out = Columns()
        place = np.cumsum(keep) - 1
        out.rows = int(place[-1]) + 1 if len(place) else 0
        for name in self.parts:
            row, value = self.joined(name)
            inside = keep[row]
            out.add(rename(name), place[row[inside]], value[inside])
        for name, cells in self.labels.items():
            out.labels[name] = [(int(place[row]), text) for row, text in cells if keep[row]]
        out.texts = {rename(name): texts.where(keep, place) for name, texts in self.texts.items()}
        share = out.rows / self.rows if self.rows else 0.0
        out.spelt = {rename(n) for n in self.spelt}
        out.odd = {rename(n): round(k * share) for n, k in self.odd.items() if round(k * share)}
        out.short = {rename(n): round(k * share) for n, k in self.short.items() if round(k * share)}
        out.repeated = {rename(n): round(k * share) for n, k in self.repeated.items() if round(k * share)}
        out.said = {int(place[row]) if row >= 0 else row: s for row, s in self.said.items() if row < 0 or keep[row]}
        return out


def _renamed(held: dict[str, Held], names: Mapping[str, str]) -> dict[str, Held]:
    return {names.get(name, name): value for name, value in held.items()}


def _put(found: Found, name: str, row: int, value: float) -> None:
    column = found.get(name)
    if column is None:
        column = found[name] = ([], [])
    column[0].append(row)
    column[1].append(value)
