"""Tables of lines that grow: rows that were read stay as columns, and only those behind them are read."""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import numpy as np

from runlens.growing import Grown
from runlens.model import Run, RunRef
from runlens.sources.carried.prefix import Prefix
from runlens.sources.table import run as tables
from runlens.sources.table.forms.lost import Lost
from runlens.sources.table.forms.packed import Broken, packing, stretches, wide
from runlens.sources.table.reading import HEAD, Read, begun, form_at, head_of, read_all, read_file, row_of
from runlens.sources.table.store import WRAPPERS, Columns, Floats, Ints

_SETTLED = 2 * HEAD
"""Bytes from which on the beginning that tells form and dialect of a table does not grow any more."""
_HEAD_LINES = 3
_DOUBTFUL = 64
"""Lines behind one that was read with an eye on others (a quote, a row that is too long) that may bear on it."""


class CarriedTable:
    """A run in tables, as it is read look by look."""

    def __init__(self, ref: RunRef) -> None:
        self.ref = ref
        self._files: dict[Path, _Lines] = {}

    def read(self) -> Run:
        """The run as it is now, as `table.read` gives it."""
        return tables.read(self.ref, self._cells)

    def _cells(self, path: Path) -> Read:
        return read_file(path, self._file)

    def _file(self, path: Path, where: str) -> Read:
        known = self._files.pop(path, None)  # a read that fails leaves nothing half done
        with path.open("rb") as file:
            read = known.read(file, where) if known is not None and known.prefix.begins(file) else None
            if read is None:  # or what is new may mean something else beside what stands before it
                known = _Lines.begin(path, file, where)
                read = known.read(file, where) if known is not None else None
        if known is None or read is None:
            return read_all(path, where)
        self._files[path] = known
        return read


class _Lines:
    """What was read of one file, up to the end of its last whole line."""

    def __init__(self, prefix: Prefix, form: str, begin: bytes, where: str) -> None:
        self.prefix, self.form = prefix, form
        self.columns, self.lost = Columns(), Lost()
        self.reader, self.said = begun(begin, form, self.columns, self.lost, where)
        self._every = Grown(np.int64)
        """The numbers from 0 on, for columns that stand in every row."""
        self._held: dict[str, _Column] = {}

    @classmethod
    def begin(cls, path: Path, file: BinaryIO, where: str) -> _Lines | None:
        """A file of which nothing was read yet; None for one that must be read whole each time."""
        head = head_of(path)
        form = form_at(path, head)
        size = file.seek(0, 2)
        if size < _SETTLED or len(head) != HEAD or head.count(b"\n") < _HEAD_LINES:
            return None
        if form not in ("delimited", "lines", "logged") or packing(path) or wide(head):
            return None
        start = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
        return cls(Prefix.of(file, start), form, head[start:], where)

    def read(self, file: BinaryIO, where: str) -> Read | None:
        """The cells of the whole file, of which those that were not there before are read.

        None where the new lines may mean something else beside those before; this is not to be used any more then.
        """
        file.seek(self.prefix.size)
        before, size, torn = self.lost.total, self.prefix.size, b""
        try:
            for piece in stretches(file):
                end = piece.rfind(b"\n") + 1
                if end:
                    self.reader.add(piece[:end], False)
                size += end
                torn = piece[end:]
        except Broken:
            return None
        self._fold()
        columns, lost = self.columns.branch(), self.lost.branch()
        last = self.reader.branch(columns, lost)
        last.add(torn, True)
        if before and max(self.reader.doubt, last.doubt) > before - _DOUBTFUL:
            return None
        if any(name in self.columns.parts for name in WRAPPERS):  # whose meaning depends on what was read together
            return None
        self.prefix = Prefix.of(file, size)
        return Read(columns, lost.notes(where, row_of(self.form), size + len(torn)), self.said)

    def _fold(self) -> None:
        """Put the pieces of each column behind those that are there."""
        rows = self.columns.rows
        if rows > len(self._every):
            self._every.extend(np.arange(len(self._every), rows))
        every = self.columns.every = self._every.view()
        held = {}
        for name, pieces in self.columns.parts.items():
            column = self._held.get(name)
            if column is None or pieces[0] is not column.shown:
                column = _Column()
                new: Iterable[tuple[Ints, Floats]] = pieces
            else:
                new = pieces[1:]
            for row, value in new:
                column.extend(row, value, every)
            held[name] = column
            self.columns.parts[name] = [column.show(every)]
        self._held = held


class _Column:
    """One column of a table."""

    def __init__(self) -> None:
        self._rows: Grown | None = None
        """None as long as it stands in every row from the first on."""
        self._values = Grown(np.float64)
        self.shown: tuple[Ints, Floats] | None = None

    def extend(self, row: Ints, value: Floats, every: Ints) -> None:
        """Add cells; `every` holds the numbers of all rows."""
        at = len(self._values)
        if self._rows is None and not np.array_equal(row, every[at : at + len(row)]):
            self._own(every)
        if self._rows is not None:
            self._rows.extend(row)
        self._values.extend(value)

    def show(self, every: Ints) -> tuple[Ints, Floats]:
        """Rows and values; the rows are `every` itself for a column that stands in all of them."""
        if self._rows is None and len(self._values) < len(every):
            self._own(every)
        rows = every if self._rows is None else self._rows.view()
        self.shown = rows, self._values.view()
        return self.shown

    def _own(self, every: Ints) -> None:
        self._rows = Grown(np.int64)
        self._rows.extend(every[: len(self._values)])
