"""JSON lines, one object a line, with or without the words of a logger before it; read a stretch at a time."""

from __future__ import annotations

import json
import re
from typing import Any, cast

from runlens.sources.table.forms.arrow import LEAST, add_lines
from runlens.sources.table.forms.lost import Lost
from runlens.sources.table.forms.packed import lines_of
from runlens.sources.table.forms.repeated import count_repeated
from runlens.sources.table.store import Columns

Row = dict[str, object]

_LOGGED = re.compile(r"(?P<before>[^{}\[\]]*(?:\[[^\[\]]*\][^{}\[\]]*)*)(?P<object>\{.*\})\s*")
"""`2026-01-05 10:00:00 | INFO | train_inner | {…}`, as fairseq writes it."""
_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?")
_SPLIT = re.compile(r"(?<![a-z])(valid|val|test|eval)(?![a-z])", re.IGNORECASE)


class JsonLines:
    """JSON lines as they are read: stretch by stretch, in order."""

    def __init__(self, columns: Columns, lost: Lost, logged: bool = False) -> None:
        self.columns, self.lost = columns, lost
        self.logged = logged
        """True if other words stand before the objects: lines without one are then no damage."""
        self.doubt = 0
        """As of `Delimited`: never, since each line is read by itself."""

    def branch(self, columns: Columns, lost: Lost) -> JsonLines:
        """A reader that goes on from here with other columns."""
        return JsonLines(columns, lost, self.logged)

    def add(self, raw: bytes, last: bool) -> None:
        """Add a stretch of whole lines; of the last one the last line may lack its end."""
        if len(raw) >= LEAST and not self.logged:
            end = raw.rfind(b"\n") + 1
            count = raw.count(b"\n")
            if add_lines(raw if end == len(raw) else raw[:end], count, self.columns):
                self.lost.total += count
                raw = raw[end:]
        lines = lines_of(raw)
        torn = len(lines) if last and lines[-1] else -1
        if not lines[-1]:
            lines.pop()
        self.columns.add_objects(self._rows(lines, torn))
        self.lost.total += len(lines)

    def _rows(self, lines: list[str], torn: int) -> list[Row]:
        if self.logged:
            return [row for line in lines if (row := logged_row(line)) is not None]
        full = [line for line in lines if line and not line.isspace()]
        text = f"[{','.join(full)}]"
        try:
            rows = json.loads(text)
            if len(rows) == len(full) and all(type(row) is dict for row in rows):
                count_repeated(text, rows, self.columns)
                return cast(list[Row], rows)
        except (ValueError, RecursionError):
            pass  # found out line by line
        return [row for at, line in enumerate(lines, 1) if (row := self._row(line, at, at == torn)) is not None]

    def _row(self, line: str, at: int, torn: bool) -> Row | None:
        if "\0" in line:
            self.lost.zeros += line.count("\0")
            line = line.strip("\0")  # those within an object may stand in place of digits
        if not line or line.isspace():
            return None
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if type(row) is dict:
            count_repeated(line, [row], self.columns)
            return cast(Row, row)
        if not torn:
            self.lost.add(self.lost.total + at, len(line.encode("utf-8", "replace")) + 1)
        return None


def logged_row(line: str) -> Row | None:
    """The object at the end of a logger's line, with the time of the line; None if it holds none.

    Where the logger's words name held-out data (`valid`), so do the names of its metrics, unless they do already.
    """
    found = _LOGGED.fullmatch(line) if "{" in line else None
    if found is None:
        return None
    try:
        row: Any = json.loads(found["object"])
    except (ValueError, RecursionError):
        return None
    if not isinstance(row, dict):
        return None
    before = found["before"]
    split = _SPLIT.search(_TIME.sub("", before))
    if split and not any(_SPLIT.search(key) for key in row):
        row = {
            key if key in ("epoch", "update", "num_updates", "step") else f"valid/{key}": v for key, v in row.items()
        }
    if (time := _TIME.search(before)) and "time" not in row and "timestamp" not in row:
        row["timestamp"] = time[0].replace(",", ".")
    return cast(Row, row)
