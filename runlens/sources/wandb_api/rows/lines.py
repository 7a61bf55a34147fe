"""JSON lines of history pages as tables: quickly where they are standard JSON, the same otherwise."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from runlens.sources.wandb_api.rows.arrow import from_arrow
from runlens.sources.wandb_api.rows.table import EMPTY, Table, from_rows, joined

if TYPE_CHECKING:
    import pyarrow as pa

_FEW = 64
"""Below so many lines, starting Arrow costs more than it saves."""


def from_lines(lines: Sequence[str]) -> Table:
    """Rows as the history pages hold them: one JSON object a line, with bare or quoted NaN and Infinity.

    Lines of standard JSON are parsed by Arrow, six times as fast as by `json` and without holding the interpreter's
    lock; lines with a bare NaN, and pages whose columns change their kind, by `json`. The result is the same.
    """
    text = "\n".join(lines)
    odd: list[str] = []
    plain = lines
    if "NaN" in text or "Infinity" in text:
        odd = [line for line in lines if "NaN" in line or "Infinity" in line]
        plain = [line for line in lines if not ("NaN" in line or "Infinity" in line)]
        text = "\n".join(plain)
    tables = [_by_json(odd)] if odd else []
    if len(plain) > _FEW:
        quick = _by_arrow(text, len(plain))
        tables.insert(0, _by_json(plain) if quick is None else quick)
    elif plain:
        tables.insert(0, _by_json(plain))
    return joined(tables) if len(tables) > 1 else tables[0] if tables else EMPTY


def _by_arrow(text: str, lines: int) -> Table | None:
    """The rows, or None where Arrow does not take them."""
    import pyarrow as pa
    from pyarrow import json as arrow_json

    data = text.encode()
    options = arrow_json.ReadOptions(use_threads=False, block_size=len(data) + 1)
    try:
        found = arrow_json.read_json(pa.BufferReader(data), options)
    except (pa.ArrowException, UnicodeError):
        return None
    if found.num_rows != lines or any(_has_media(field.type) for field in found.schema):
        return None
    return from_arrow(found)


def _has_media(kind: pa.DataType) -> bool:
    """Whether a struct is, or holds, a media object: those are passed over row by row."""
    import pyarrow as pa

    if not pa.types.is_struct(kind):
        return False
    fields = [kind.field(i) for i in range(kind.num_fields)]
    return any(field.name == "_type" or _has_media(field.type) for field in fields)


def _by_json(lines: Sequence[str]) -> Table:
    try:
        rows = json.loads(f"[{','.join(lines)}]")
    except ValueError:  # one bad line must not lose the page
        rows = [row for line in lines if (row := _loads(line)) is not None]
    return from_rows(rows if all(type(row) is dict for row in rows) else [row for row in rows if type(row) is dict])


def _loads(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None
