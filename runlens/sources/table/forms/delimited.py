"""Tables of delimited text, in any of the usual dialects, read a stretch at a time."""

from __future__ import annotations

import csv
from collections.abc import Sequence

import numpy as np

from runlens.sources.table.cells import number
from runlens.sources.table.forms.arrow import LEAST, add_cells
from runlens.sources.table.forms.boxed import unboxed_rows
from runlens.sources.table.forms.dialect import BLANKS, Dialect, apart, cells_of
from runlens.sources.table.forms.holes import beside_hole
from runlens.sources.table.forms.kinds import kind_at, usual
from runlens.sources.table.forms.lost import Lost
from runlens.sources.table.forms.mending import mended, trusted
from runlens.sources.table.forms.packed import lines_of
from runlens.sources.table.forms.plain import add_numbers, all_numbers
from runlens.sources.table.forms.points import whole_place, with_point
from runlens.sources.table.names import is_axis
from runlens.sources.table.store import Columns

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
        self._kinds: list[frozenset[str]] = []
        """What the cells under those names held, as far as those of longer rows are taken for the like."""
        self.doubt = 0
        """Number of the last line that was read with an eye on those around it, which others may yet follow."""

    def branch(self, columns: Columns, lost: Lost) -> Delimited:
        """A reader that goes on from here with other columns, and leaves this one as it is."""
        other = Delimited(self.dialect, columns, lost)
        other.names, other._head, other._kinds, other.doubt = self.names, self._head, self._kinds, self.doubt
        other._latest, other._longer = list(self._latest), list(self._longer)
        return other

    def add(self, raw: bytes, last: bool) -> None:
        """Add a stretch of whole lines; of the last one the last line may lack its end."""
        raw = unboxed_rows(raw)
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
        simple = not (self._head or self._longer or torn or self.dialect.decimal_comma)
        if simple and add_numbers(lines[at:], self.names, self.dialect.delimiter, self.columns):
            self._latest += [line.split(self.dialect.delimiter) for line in lines[at:][-_SIMILAR:]]
            at = len(lines)
        elif not (self._head or self._longer):
            rows = all_numbers(lines[at:whole], self.names, self.dialect.delimiter)
            at += len(rows)
        while at < len(lines):
            line = lines[at]
            if at < whole and (plain := self._plain(line)) is not None:
                rows.append(plain)
                at += 1
                continue
            self.lost.zeros += line.count("\0")
            line, holed = line.strip("\0"), line
            took = 1
            if line.strip():
                if '"' in line or line != holed or "\0" in line:
                    self.doubt = before + at + 1
                cells, took = self._cells(line, lines, at)
                is_last = torn and at + took >= len(lines)
                if is_last:
                    cells = trusted(cells, [*self._latest, *rows][-_SIMILAR:])
                if line != holed or "\0" in line:
                    cells = beside_hole(holed, cells, len(self.names), rows[-_SIMILAR:] or self._latest)
                    if not cells:
                        self.lost.add(before + at + 1, len(line.encode("utf-8", "replace")) + 1)
                        at += took
                        continue
                self._take(cells, line, before + at + 1, rows, is_last)
            at += took
        self._latest = [*self._latest, *rows[-_SIMILAR:]][-_SIMILAR:]
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
        """The cells of a row that asks no questions, as nearly all do: as many as the head, a number at an end."""
        delimiter = self.dialect.delimiter
        if '"' in line or "\0" in line or delimiter in ("", BLANKS) or self._head or self._longer:
            return None
        cells = line.split(delimiter)
        if len(cells) != len(self.names) or cells[0].strip() == self.names[0]:
            return None
        # The last first: many a table begins with a time, which takes long to be found no number.
        return None if number(cells[-1]) is None and number(cells[0]) is None else cells

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
                if len(cells) == len(self.names) and not self._are_rows(lines[at + 1 : at + more]):
                    return cells, more
                break
        return cells_of(line, delimiter), 1

    def _are_rows(self, lines: list[str]) -> bool:
        """Whether lines are rows by themselves: two stray quotes some rows apart make no cell of what is between them.

        The last one holds the second quote, and may be torn by it as the first one was.
        """
        between = lines[:-1] or lines
        return 2 * sum(map(self._is_row, between)) > len(between)

    def _is_row(self, line: str) -> bool:
        cells = cells_of(line, self.dialect.delimiter)
        return len(cells) == len(self.names) and 2 * sum(number(cell.strip(' "')) is not None for cell in cells) >= len(
            cells
        )

    def _take(self, cells: list[str], line: str, number_of_line: int, rows: list[list[str]], last: bool) -> None:
        """Add one row to `rows`, if it is one."""
        names = self.names
        if (
            self._head
            or self._longer
            or (names and (len(cells) > len(names) or (len(cells) < len(names) and not last)))
        ):
            self.doubt = number_of_line
        if not names:
            names = self.names = _numbered(len(cells))
        if len(cells) != len(names) and not last:  # what is missing from the last line may come yet
            cells = mended(cells, line, len(names), self.dialect.delimiter)
        if cells and cells[0].strip() == names[0] and [cell.strip() for cell in cells] == names:
            return  # the head again: the log was opened anew
        if self._is_head(cells):
            self.doubt = number_of_line
            self._flush(rows)
            rows.clear()
            names = apart([cell.strip() for cell in cells])
            if not self.dialect.names and len(names) == len(self.names):  # the head of what came before, too
                self.columns.rename(dict(zip(self.names, names, strict=True)))
            self.names, self._head = names, []
            return
        if self._head and len(cells) == len(self._head) != len(names):
            self._go_on_with(self._head, rows)
            names = self.names
        if self._head and names != self._head and len(cells) == len(names):
            if not self._are_alike(cells):
                self.lost.add(number_of_line, len(line.encode("utf-8", "replace")) + 1)
                return
            self._miss(self._head[len(self._kinds) :], 1)
        if len(cells) > len(names):
            self._longer.append((number_of_line, len(line.encode("utf-8", "replace")) + 1, cells))
            if not self._is_another_head(rows):
                self._give_up_longer(but=len(cells) if len(self._longer) < _ALIKE else 0)
            return
        self._give_up_longer()
        if len(cells) < len(names):
            if not last:
                self._miss(names[len(cells) :], 1)
            cells = cells + [""] * (len(names) - len(cells))
        rows.append(cells)

    def _miss(self, names: Sequence[str], rows: int) -> None:
        for name in names:
            self.columns.short[name] = self.columns.short.get(name, 0) + rows

    def _is_another_head(self, rows: list[list[str]]) -> bool:
        """Take rows that are longer than the head, if several are alike: the log went on with more columns.

        Which these are nothing tells. Those before them keep their names as far as their cells are of the same kind as
        before, numbers or words; the cells after that are left out.
        """
        size = len(self._longer[-1][2])
        if len(self._longer) < _ALIKE or any(len(cells) != size for _, _, cells in self._longer):
            return False
        before = (rows or self._latest)[-_SIMILAR:]
        if not before:
            return False  # the head is that of no row
        same = 0
        kinds: list[frozenset[str]] = []
        for at in range(len(self.names)):
            known = usual(before, at)
            if not all(kind_at(cells, at) in known for _, _, cells in self._longer):
                break
            kinds.append(known)
            same = at + 1
        if not any(is_axis(name) for name in self.names[:same]) and any(map(is_axis, self.names)):
            return False  # nothing would say where they stand
        if not self._head:
            self._head = self.names
        self._kinds = kinds
        taken = [cells for _, _, cells in self._longer]
        self._miss(self._head[same:], len(taken))
        self._longer.clear()
        self._go_on_with([*self.names[:same], *(f"{_NAMELESS}{i + 1}" for i in range(same, size))], rows)
        rows += taken
        return True

    def _are_alike(self, cells: list[str]) -> bool:
        """Whether the cells of a longer row are of the kinds that were there before under the same names."""
        return all(kind_at(cells, at) in kinds for at, kinds in enumerate(self._kinds))

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

    def _is_head(self, cells: list[str]) -> bool:
        """Whether a row among the others is another head: it names an axis, and nothing in it is a number."""
        return (
            len(cells) > 1
            and all(number(cell) is None and cell.strip() for cell in cells)  # mostly settled by the first cell
            and any(is_axis(cell) for cell in cells)
        )

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
            grouped = self.dialect.grouped_steps
            cells = (
                tuple(map(with_point, cells)) if not is_axis(name) else tuple(whole_place(c, grouped) for c in cells)
            )
        full = all(cells) and not any(map(str.isspace, cells))
        said = np.arange(len(cells))
        if not full:
            said = said[[bool(cell) and not cell.isspace() for cell in cells]]
        texts: Sequence[str] = cells if full else [cells[i] for i in said.tolist()]
        try:
            values = np.array(list(map(float, texts)), dtype=np.float64)
        except ValueError:
            self.columns.add_texts(name, (said + base).tolist(), [t.strip() for t in texts])
            return
        self.columns.add(name, said + base, values)


def _numbered(count: int) -> list[str]:
    """Names of the columns of a table without a head."""
    return [f"column {i + 1}" for i in range(count)]
