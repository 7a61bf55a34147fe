"""Tables of delimited text, in any of the usual dialects, read a stretch at a time."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable

import numpy as np

from runlens.sources.table.cells import number
from runlens.sources.table.forms.arrow import LEAST, add_cells
from runlens.sources.table.forms.dialect import BLANKS, DELIMITERS, Dialect, apart, cells_of
from runlens.sources.table.forms.lost import Lost
from runlens.sources.table.forms.packed import lines_of
from runlens.sources.table.names import is_axis
from runlens.sources.table.store import Columns

_POINTED = re.compile(r"[+-]?\d{1,3}(\.\d{3})+")
_COMMA = re.compile(r"[+-]?(?:\d*,\d*|[1-9]\d{0,2}(?:\.\d{3})+,\d+)(?:[eE][+-]?\d+)?")
_LONGEST_CELL = 50
"""Lines over which a quoted cell may go on: a quote that is open for longer is a stray one."""
_SHOWING = 1 << 14
"""Bytes before the end of a long stretch in which its last rows are looked for."""
_ALIKE = 3
"""Rows of one length, longer than the head, that are no damage."""
_NAMELESS = "\0column "
"""What columns are called whose names the file does not tell; no head holds such a name."""
_SIMILAR = 20
"""Cells before the last that show how long its own kind is."""


class Delimited:
    """A table of delimited text as it is read: stretch by stretch, in order."""

    def __init__(self, dialect: Dialect, columns: Columns, lost: Lost) -> None:
        self.dialect, self.columns, self.lost = dialect, columns, lost
        self.names = dialect.names
        self._latest: list[list[str]] = []
        """The last rows of the stretch before."""
        self._longer: list[tuple[int, int, list[str]]] = []
        """Rows that are longer than the head and were not taken yet: line, bytes, cells."""
        self._head: list[str] = []
        """Names before the log went on with more columns; empty if it did not."""

    def add(self, raw: bytes, last: bool) -> None:
        """Add a stretch of whole lines; of the last one the last line may lack its end."""
        if len(raw) >= LEAST and not self.dialect.decimal_comma:
            raw = self._fast(raw)
        lines = lines_of(raw)
        torn = last and bool(lines[-1])
        if not lines[-1]:
            lines.pop()
        before = self.lost.total
        self.lost.total += len(lines)
        rows: list[list[str]] = []
        at = 0
        if before < self.dialect.first:
            at = min(self.dialect.first - before, len(lines))
        whole = len(lines) - torn
        while at < len(lines):
            line = lines[at]
            if at < whole and (plain := self._plain(line)) is not None:
                rows.append(plain)
                at += 1
                continue
            if "\0" in line:
                self.lost.zeros += line.count("\0")
                line = line.replace("\0", "")
            took = 1
            if line.strip():
                cells, took = self._cells(line, lines, at)
                is_last = torn and at + took >= len(lines)
                if is_last:
                    cells = self._trusted(cells, [*self._latest, *rows])
                self._take(cells, line, before + at + 1, rows, is_last)
            at += took
        self._latest = rows[-_SIMILAR:] or self._latest
        self._flush(rows)
        if last:
            self._give_up_longer()

    def _fast(self, raw: bytes) -> bytes:
        """Give whole lines to Arrow; returns what is left to read here: all of them, if it would not have them."""
        begin = 0
        for _ in range(max(self.dialect.first - self.lost.total, 0)):
            begin = raw.find(b"\n", begin) + 1
        end = raw.rfind(b"\n") + 1
        if begin >= end or not add_cells(raw[begin:end], self.names, self.dialect.delimiter, self.columns):
            return raw
        self.lost.total += raw.count(b"\n")
        shown = lines_of(raw[max(begin, end - _SHOWING) : end])[-_SIMILAR - 1 : -1]
        self._latest = [cells_of(line, self.dialect.delimiter) for line in shown]
        return raw[end:]

    def _plain(self, line: str) -> list[str] | None:
        """The cells of a row that asks no questions, as nearly all do: as many as the head, a number first."""
        delimiter = self.dialect.delimiter
        if '"' in line or "\0" in line or delimiter in ("", BLANKS) or self._head or self._longer:
            return None
        cells = line.split(delimiter)
        first = cells[0].strip()
        if len(cells) != len(self.names) or first == self.names[0] or number(first) is None:
            return None
        return cells

    def _cells(self, line: str, lines: list[str], at: int) -> tuple[list[str], int]:
        """The cells of the row that begins at a line, and the lines that it takes."""
        delimiter = self.dialect.delimiter
        if line.count('"') % 2 == 0 or not delimiter or delimiter == BLANKS:
            return cells_of(line, delimiter), 1
        whole = line
        for more, following in enumerate(lines[at + 1 : at + _LONGEST_CELL], 2):
            whole += "\n" + following
            if following.count('"') % 2:
                cells = next(csv.reader(whole.splitlines(keepends=True), delimiter=delimiter))
                if len(cells) == len(self.names):
                    return cells, more
                break
        return cells_of(line, delimiter), 1

    def _take(self, cells: list[str], line: str, number_of_line: int, rows: list[list[str]], last: bool) -> None:
        """Add one row to `rows`, if it is one."""
        names = self.names
        if not names:
            names = self.names = _numbered(len(cells))
        if len(cells) != len(names):
            cells = self._mended(cells, line)
        if cells and cells[0].strip() == names[0] and [cell.strip() for cell in cells] == names:
            return  # the head again: the log was opened anew
        if self._is_head(cells):
            self._flush(rows)
            rows.clear()
            self.names, self._head = apart([cell.strip() for cell in cells]), []
            return
        if self._head and len(cells) == len(self._head) != len(names):
            self._go_on_with(self._head, rows)
            names = self.names
        if len(cells) > len(names):
            self._longer.append((number_of_line, len(line.encode("utf-8", "replace")) + 1, cells))
            if not self._is_another_head(rows):
                self._give_up_longer(but=len(cells))
            return
        self._give_up_longer()
        if len(cells) < len(names):
            for name in names[len(cells) :] if not last else ():
                self.columns.short[name] = self.columns.short.get(name, 0) + 1
            cells = cells + [""] * (len(names) - len(cells))
        rows.append(cells)

    def _is_another_head(self, rows: list[list[str]]) -> bool:
        """Take rows that are longer than the head, if several are alike: the log went on with more columns.

        Which these are nothing tells. Those before them keep their names as far as their cells are of the same kind as
        before, numbers or words; the cells after that are left out.
        """
        size = len(self._longer[-1][2])
        if len(self._longer) < _ALIKE or any(len(cells) != size for _, _, cells in self._longer):
            return False
        before = (rows or self._latest)[-_SIMILAR:]
        same = 0
        for at in range(len(self.names)):
            kinds = {number(row[at]) is None for row in before if at < len(row) and row[at].strip()}
            longer = {number(cells[at]) is None for _, _, cells in self._longer if cells[at].strip()}
            if kinds and longer and kinds != longer:
                break
            same = at + 1
        if not self._head:
            self._head = self.names
        taken = [cells for _, _, cells in self._longer]
        self._longer.clear()
        self._go_on_with([*self.names[:same], *(f"{_NAMELESS}{i + 1}" for i in range(same, size))], rows)
        rows += taken
        return True

    def _go_on_with(self, names: list[str], rows: list[list[str]]) -> None:
        self._flush(rows)
        self._latest = rows[-_SIMILAR:] or self._latest
        rows.clear()
        self.names = names

    def _give_up_longer(self, but: int = 0) -> None:
        """Count rows that are longer than the head as lost, but those at the end that are of one length."""
        while self._longer and len(self._longer[0][2]) != but:
            line, size, _ = self._longer.pop(0)
            self.lost.add(line, size)

    def _mended(self, cells: list[str], line: str) -> list[str]:
        """The cells of a line that has not as many as the head, if it can be seen how it is meant."""
        wanted = len(self.names)
        if len(cells) > wanted and not any(cell.strip() for cell in cells[wanted:]):
            return cells[:wanted]
        for other in (*DELIMITERS, BLANKS):
            found = cells_of(line, other) if other != self.dialect.delimiter else []
            if len(found) == wanted > 1 and 2 * sum(number(cell) is not None for cell in found) >= wanted:
                return found
        return cells

    def _is_head(self, cells: list[str]) -> bool:
        """Whether a row among the others is another head: it names an axis, and nothing in it is a number."""
        return (
            len(cells) > 1
            and all(number(cell) is None and cell.strip() for cell in cells)  # mostly settled by the first cell
            and any(is_axis(cell) for cell in cells)
        )

    def _trusted(self, cells: list[str], rows: list[list[str]]) -> list[str]:
        """The cells of a last line without an end, whose last cell may be torn (2.3 of 2.345).

        It is taken if it is as long as the shortest of its kind; a whole number, if it is as long as the one before.
        """
        at = len(cells) - 1
        text = cells[at].strip()
        before = [row[at].strip() for row in rows[-_SIMILAR:] if len(row) > at and row[at].strip()]
        pointed = "." in text
        least = min(map(len, before), default=0) if pointed else max(map(len, before[-1:]), default=0)
        if before and len(text) >= least and (pointed or not any("." in cell for cell in before)):
            return cells
        return cells[:-1]

    def _flush(self, rows: list[list[str]]) -> None:
        """Add rows, all as long as the head, to the columns."""
        base = self.columns.rows
        for name, cells in zip(self.names, zip(*rows, strict=True), strict=False):
            if name.startswith(_NAMELESS):
                self.lost.nameless += sum(bool(cell.strip()) for cell in cells)
            else:
                self._add_cells(name, cells, base)
        self.columns.rows += len(rows)

    def _add_cells(self, name: str, cells: tuple[str, ...], base: int) -> None:
        if self.dialect.decimal_comma:
            cells = tuple(map(_with_point, cells)) if not is_axis(name) else tuple(map(_whole, cells))
        said = [i for i, cell in enumerate(cells) if cell and not cell.isspace()]
        texts: list[str] | tuple[str, ...] = cells if len(said) == len(cells) else [cells[i] for i in said]
        convert: Callable[[str], float] = float
        try:
            values = np.array(list(map(convert, texts)), dtype=np.float64)
        except ValueError:
            self.columns.add_texts(name, [base + i for i in said], [t.strip() for t in texts])
            return
        self.columns.add(name, np.array(said, dtype=np.int64) + base, values)


def _with_point(cell: str) -> str:
    """`1.234,5` and `2,345` with a decimal point; `1.234` and `1.5,2` are left as they are."""
    if not _COMMA.fullmatch(cell.strip()):
        return cell
    return cell.replace(".", "").replace(",", ".")


def _whole(cell: str) -> str:
    """A step of a table with decimal commas: `1.000` is a thousand."""
    text = cell.strip()
    return text.replace(".", "") if _POINTED.fullmatch(text) else _with_point(text)


def _numbered(count: int) -> list[str]:
    """Names of the columns of a table without a head."""
    return [f"column {i + 1}" for i in range(count)]
