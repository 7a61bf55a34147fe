"""A page of history straight from the bytes of the answer, without a Python object for a line or a value.

A page is a list of JSON texts inside a JSON text: every quote of a line is escaped, every bare quote begins or ends a
line. So a look at quotes, backslashes and their neighbours finds all keys and values of flat rows side by side, in
whatever order each row has them. Rows with nested objects or lists are left to `lines`, and so is a page in which
anything else is escaped; what comes out is the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from runlens.sources.wandb_api.rows.items import Items, columns_of, values_of
from runlens.sources.wandb_api.rows.lines import from_lines
from runlens.sources.wandb_api.rows.table import Ints, Table, joined
from runlens.sources.wandb_api.server.answers import with_list

_HISTORY = re.compile(rb'"history"\s*:\s*\[')
_BETWEEN = re.compile(rb'[^\\]",\s?"')
"""The last byte of a line, and what lies between it and the next."""
_PART = 1 << 20
_QUOTE, _BACKSLASH, _COLON, _COMMA, _SPACE = b'"\\:, '
_OPEN, _CLOSE = b"{}"
_FEW = 4096
"""Below so many bytes, starting costs more than it saves."""


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """The lines of a page, still as they were sent."""

    text: memoryview
    """From the quote that begins the first line to the quote that ends the last one."""

    def table(self) -> tuple[Table, int]:
        """The rows, and how many lines there were."""
        found = [_table(part) or _line_by_line(part) for part in self._parts()]
        return joined([table for table, _ in found]), sum(lines for _, lines in found)

    def _parts(self) -> Iterator[memoryview]:
        """The text in parts of whole lines, which fit into the caches of a processor."""
        begin = 0
        while (cut := _BETWEEN.search(self.text, begin + _PART)) is not None:
            yield self.text[begin : cut.start() + 2]
            begin = cut.end() - 1
        yield self.text[begin:]


def _line_by_line(text: memoryview) -> tuple[Table, int]:
    lines = [line for line in json.loads(b"[" + text + b"]") if isinstance(line, str)]
    return from_lines(lines), len(lines)


def loads(body: bytes) -> Any:
    """An answer with a history as `json.loads` has it, but for `Lines` in place of a long list of lines."""
    begin = _HISTORY.search(body, 0, 4096) if len(body) > _FEW else None
    end = body.rfind(b"]")
    if begin is None or end < begin.end():
        return json.loads(body)
    first, last = body.find(b'"', begin.end(), end), body.rfind(b'"', begin.end(), end)
    if first == last or body[begin.end() : first].strip() or body[last + 1 : end].strip():
        return json.loads(body)
    lines = Lines(memoryview(body)[first : last + 1])
    return with_list(body, begin.end(), end, ("data", "project", "run", "history"), lines)


def _table(text: memoryview) -> tuple[Table, int] | None:
    """Rows and number of lines, or None if the text is to be taken apart line by line."""
    buffer = np.frombuffer(text, np.uint8)
    quote = np.flatnonzero(buffer == _QUOTE)
    inner = buffer[quote - 1] == _BACKSLASH
    if np.count_nonzero(buffer == _BACKSLASH) != np.count_nonzero(inner):
        return None  # something else than quotes is escaped
    bare = quote[~inner]
    begin, end = bare[0::2], bare[1::2]
    if len(begin) != len(end) or not _listed(buffer, begin, end):
        return None
    found = _items(buffer, begin, end, quote[inner], np.cumsum(~inner)[inner])
    if found is None:
        return None
    kept, value = values_of(buffer, text, found)
    if value is None:
        return None
    if found.odd.any():
        if np.count_nonzero(found.odd) > len(begin) // 2:
            return None
        good = ~found.odd[found.row[kept]]
        kept, value = kept[good], value[good]
    table = columns_of(text, found, kept, value, len(begin))
    if table is None:
        return None
    odd = np.flatnonzero(found.odd)
    if len(odd):
        rest = from_lines([json.loads(text[a : b + 1].tobytes()) for a, b in zip(begin[odd], end[odd], strict=True)])
        table = joined([table, rest])
    return table, len(begin)


def _listed(buffer: npt.NDArray[np.uint8], begin: Ints, end: Ints) -> bool:
    """Whether nothing but a comma, perhaps with a space after it, lies between one line and the next."""
    gap = begin[1:] - end[:-1]
    return bool(
        np.all((gap == 2) | ((gap == 3) & (buffer[begin[1:] - 1] == _SPACE))) and np.all(buffer[end[:-1] + 1] == _COMMA)
    )


def _items(buffer: npt.NDArray[np.uint8], begin: Ints, end: Ints, quote: Ints, bare: Ints) -> Items | None:
    """Where keys and values are, from the escaped quotes and the number of bare ones before each; None if astray."""
    opened, closed = quote[0::2], quote[1::2]
    if len(opened) != len(closed) or not np.array_equal(bare[0::2], bare[1::2]) or not np.all(bare & 1):
        return None
    is_key = buffer[closed + 1] == _COLON
    row = bare[0::2] >> 1
    if not is_key.all():
        opened, closed, row = opened[is_key], closed[is_key], row[is_key]
    if not len(row):
        return None
    odd = np.ones(len(begin), np.bool_)
    first = np.append(True, row[1:] != row[:-1])
    last = np.append(first[1:], True)
    odd[row[first]] = (opened[first] != begin[row[first]] + 3) | (buffer[opened[first] - 2] != _OPEN)
    start = closed + 2
    start += buffer[start] == _SPACE
    stop = np.empty(len(row), np.int64)
    before = opened[1:] - 2  # the backslash is at -1
    stop[:-1] = before - (buffer[before] == _SPACE)
    stop[last] = end[row[last]] - 1
    strange = buffer[stop] != np.where(last, _CLOSE, _COMMA)
    odd[row[strange | (stop <= start)]] = True
    stop = np.maximum(start, stop)  # keeps what is cut out of the text from running backwards
    if np.any(stop[:-1] > start[1:]):
        return None
    return Items(row, np.column_stack([opened + 1, closed - 1]), np.column_stack([start, stop]), odd)
