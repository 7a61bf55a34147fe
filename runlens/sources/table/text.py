"""Tables of text, JSON lines and CSV, read a stretch at a time; lines that cannot be read are counted and named."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import itertools
import json
import lzma
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TextIO, cast

import numpy as np

from runlens.model import Note
from runlens.sources.naming import printable
from runlens.sources.table.build import Columns, number

_STRETCH = 1 << 24
"""Characters of JSON lines taken at a time."""
_ROWS = 50_000
_SHOWN = 5
"""Line numbers named in a note; more are counted."""
_MISSING = frozenset({"none", "null", "na", "n/a", "#n/a", "<na>", "-", "--", "?"})
"""What writers put into cells that say nothing."""
_GROUPED = re.compile(r"[+-]?\d{1,3}([,' \u00a0\u202f])\d{3}(\1\d{3})*(\.\d*)?([eE][+-]?\d+)?")
_BROKEN_PACKING = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile)


class Lost:
    """Lines that could not be read."""

    def __init__(self) -> None:
        self.lines: list[int] = []
        self.bytes = 0
        self.cut = ""
        self.cells: dict[str, int] = {}
        """Cells that are neither a number nor empty, by column."""

    def add(self, line: int, size: int) -> None:
        """One line, by its number from 1 and its size in bytes."""
        self.lines.append(line)
        self.bytes += size

    def notes(self, where: str, what: str, total: int, size: int) -> tuple[Note, ...]:
        """What was lost, of `total` lines and `size` bytes."""
        notes = []
        if self.lines:
            shown = ", ".join(map(str, self.lines[:_SHOWN])) + (", …" if len(self.lines) > _SHOWN else "")
            many = len(self.lines) > 1
            lines = f"{len(self.lines)} of {total} lines of {where} (line{'s' if many else ''} {shown})"
            said = f"{lines} {'are' if many else 'is'} no {what} and could not be read"
            notes.append(Note("damaged", said, len(self.lines), min(self.bytes, size), size))
        if self.cells:
            count, columns = sum(self.cells.values()), ", ".join(map(printable, list(self.cells)[:_SHOWN]))
            cells = "1 cell is" if count == 1 else f"{count:,} cells are"
            said = f"{cells} no number among numbers in {where} (column {columns}) and left out"
            notes.append(Note("unsupported", said, count))
        if self.cut:
            said = f"the table {where} breaks off after line {total} ({self.cut})"
            notes.append(Note("truncated", said, 0, 0, size))
        return tuple(notes)


def open_text(path: Path) -> TextIO:
    """A table as text: unpacked, UTF-16 if it says so, else UTF-8 with U+FFFD for what is none."""
    packed = {".gz": gzip.GzipFile, ".bz2": bz2.BZ2File, ".xz": lzma.LZMAFile}.get(path.suffix.lower())
    raw = path.open("rb") if packed is None else cast(BinaryIO, packed(path))
    head = raw.read(2)
    raw.seek(0)
    encoding = "utf-16" if head in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return io.TextIOWrapper(raw, encoding=encoding, errors="replace", newline="")


def read_jsonl(file: TextIO, columns: Columns, lost: Lost) -> int:
    """Add every JSON object of a file, one a line, to `columns`; returns the number of lines."""
    before = 0
    lines: list[str] = []
    size = 0
    try:
        for line in file:
            lines.append(line)
            size += len(line)
            if size >= _STRETCH:
                columns.add_objects(_objects(lines, before, lost))
                before += len(lines)
                lines, size = [], 0
    except _BROKEN_PACKING as error:
        lost.cut = str(error)
    columns.add_objects(_objects(lines, before, lost))
    return before + len(lines)


def _objects(lines: list[str], before: int, lost: Lost) -> list[dict[str, object]]:
    """The objects of some lines: all in one go, or one by one where one is damaged. A torn last line is no damage."""
    full = [line for line in lines if not line.isspace()]
    try:
        rows = json.loads(f"[{','.join(full)}]")
        if len(rows) == len(full) and all(type(row) is dict for row in rows):
            return cast(list[dict[str, object]], rows)
    except (ValueError, RecursionError):
        pass  # found out line by line
    rows = []
    for at, line in enumerate(lines, before + 1):
        if line.isspace():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if type(row) is dict:
            rows.append(row)
        elif line.endswith(("\n", "\r")):
            lost.add(at, len(line.encode("utf-8", "replace")))
    return rows


def read_csv(file: TextIO, columns: Columns, lost: Lost) -> int:
    """Add every row of a CSV file, in any of the usual dialects, to `columns`; returns the number of lines.

    The delimiter is the commonest of comma, semicolon and tab in the header; with a semicolon, a comma is the decimal
    point. Thousands may be set apart (`"1,234.5"`, with a semicolon `1.234,5`). An empty cell says nothing. Short rows
    lack their last cells; rows with too many cells are damaged. The last cell of a last line without an end may be torn
    (2.3 of 2.345) and is left out. Of columns with one name, the second has `(2)` behind it.
    """
    header_line = ""
    while not header_line.strip():
        header_line = file.readline()
        if not header_line:
            return 0
    delimiter = max(",;\t", key=header_line.count)
    names = _apart([name.strip() for name in next(csv.reader([header_line], delimiter=delimiter))])
    reader = csv.reader(_whole_cells(file, delimiter), delimiter=delimiter)
    more = True
    while more:
        rows: list[list[str]] = []
        try:
            rows.extend(itertools.islice(reader, _ROWS))
            more = bool(rows)
        except (csv.Error, *_BROKEN_PACKING) as error:
            lost.cut, more = str(error), False
        whole = [row for row in rows if len(row) <= len(names)]
        if len(whole) < len(rows):
            at = 2 + reader.line_num - len(rows)
            for i, row in enumerate(rows):
                if len(row) > len(names):
                    lost.add(at + i, len(delimiter.join(row)))
        _add_cells([row for row in whole if row], names, columns, lost, decimal_comma=delimiter == ";")
    lost.cells = {name: count for name, count in lost.cells.items() if count <= columns.count(name)}
    return 1 + reader.line_num


def _apart(names: list[str]) -> list[str]:
    """The names, with a number behind those that were there before."""
    met: Counter[str] = Counter()
    out = []
    for name in names:
        met[name] += 1
        out.append(name if met[name] == 1 else f"{name} ({met[name]})")
    return out


def _whole_cells(file: TextIO, delimiter: str) -> Iterator[str]:
    for line in file:
        yield line if line.endswith(("\n", "\r")) else line[: line.rfind(delimiter) + 1]


def _add_cells(rows: list[list[str]], names: list[str], columns: Columns, lost: Lost, decimal_comma: bool) -> None:
    base = columns.rows
    for name, cells in zip(names, itertools.zip_longest(*rows, fillvalue=""), strict=False):
        said = [i for i, cell in enumerate(cells) if cell and not cell.isspace()]
        texts = [cells[i] for i in said]
        if decimal_comma:
            texts = [text.replace(".", "").replace(",", ".") if "," in text else text for text in texts]
        try:
            values = np.array(list(map(float, texts)), dtype=np.float64)
        except ValueError:
            found = [(i, number(_ungrouped(text), name)) for i, text in zip(said, texts, strict=True)]
            odd = sum(v is None and t.strip().lower() not in _MISSING for t, (_, v) in zip(texts, found, strict=True))
            if odd:
                lost.cells[name] = lost.cells.get(name, 0) + odd
            said = [i for i, value in found if value is not None]
            values = np.array([value for _, value in found if value is not None], dtype=np.float64)
        columns.add(name, np.array(said, dtype=np.int64) + base, values)
    columns.rows += len(rows)


def _ungrouped(text: str) -> str:
    """`1,234.5` without the signs that set its thousands apart; other texts as they are."""
    text = text.strip()
    found = _GROUPED.fullmatch(text)
    return text.replace(found[1], "") if found else text
