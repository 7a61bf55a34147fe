"""Keys and values found in the text of a page, as columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from runlens.sources.wandb_api.rows.table import Column, Floats, Ints, Table, take
from runlens.sources.wandb_shape import number

_MINUS, _ZERO = b"-0"
_WORDS: dict[bytes, float | None] = {
    b"NaN": np.nan, b"Infinity": np.inf, b"-Infinity": -np.inf, b"true": 1.0, b"false": 0.0, b"null": None,
}  # fmt: skip

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """Keys and values of a page, in the order of the text."""

    row: Ints
    key: Ints
    """(n, 2): begin and end of the key."""
    value: Ints
    """(n, 2): begin and end of the value."""
    odd: Mask
    """(lines,): rows in another form than `{key: value, …}` with numbers, words and plain text for values."""


def values_of(buffer: npt.NDArray[np.uint8], text: memoryview, items: Items) -> tuple[Ints, Floats | None]:
    """Which of the items are numbers and what they are, None if that cannot be told; marks odd rows."""
    import pyarrow as pa

    start, stop = items.value[:, 0], items.value[:, 1]
    first = buffer[start]
    plain = ((first - _ZERO < 10) | (first == _MINUS)) & (buffer[stop - 1] - _ZERO < 10) & (stop > start)
    try:
        value = _cast(text, items.value, plain, pa.float64(), np.float64)
    except pa.ArrowInvalid:
        return start, None
    rest = np.flatnonzero(~plain)
    if not len(rest):
        return np.arange(len(start)), value
    value = value.copy()
    for i, a, b in zip(rest.tolist(), start[rest].tolist(), stop[rest].tolist(), strict=True):
        known, found = _word(text[a:b].tobytes())
        if found is not None:
            plain[i], value[i] = True, found
        elif not known:
            items.odd[items.row[i]] = True
    kept = np.flatnonzero(plain)
    return kept, value[kept]


def _word(text: bytes) -> tuple[bool, float | None]:
    """Whether a value is a word or plain text, and the number that it stands for, if any."""
    if text in _WORDS:
        return True, _WORDS[text]
    plain = text.startswith(b'\\"') and text.endswith(b'\\"') and text.count(b'"') == 2
    return plain, number(text[2:-2].decode(errors="replace")) if plain and len(text) < 16 else None


def columns_of(text: memoryview, items: Items, kept: Ints, value: Floats, lines: int) -> Table | None:
    """The table of the items that are numbers, or None if a row names a key twice or its step is no integer."""
    import pyarrow as pa

    row, key = (items.row, items.key) if len(kept) == len(items.row) else (items.row[kept], items.key[kept])
    encoded = _texts(text, key, np.ones(len(row), np.bool_), pa.binary()).dictionary_encode()
    code = np.frombuffer(encoded.indices.buffers()[1], np.int32)[0::2]
    order = np.argsort(code.astype(np.uint16) if len(encoded.dictionary) < 1 << 16 else code, kind="stable")
    row, value = row[order], value[order]
    edges = np.cumsum(np.bincount(code, minlength=len(encoded.dictionary))).tolist()
    columns: dict[str, Column] = {}
    step = np.zeros(lines, np.int64)
    known = np.zeros(lines, np.bool_)
    time = np.full(lines, np.nan)
    everywhere = np.arange(lines)
    for name, a, b in zip(encoded.dictionary.to_pylist(), [0, *edges[:-1]], edges, strict=True):
        at = row[a:b]
        if not np.all(at[1:] > at[:-1]):
            return None
        if name == b"_step":
            places = items.value[kept[order[a:b]]]
            try:
                step[at] = _cast(text, places, np.ones(len(at), np.bool_), pa.int64(), np.int64)
            except pa.ArrowInvalid:
                return None
            known[at] = True
        elif name == b"_timestamp":
            time[at] = value[a:b]
        else:
            try:
                columns[name.decode()] = Column(everywhere if len(at) == lines else at, value[a:b])
            except UnicodeDecodeError:
                return None
    return take(Table(step, time, columns), known)


def _texts(text: memoryview, places: Ints, there: Mask, kind: Any) -> Any:
    """An Arrow array over the text itself: pieces of it, null where not `there`, each followed by a null between."""
    import pyarrow as pa

    offsets = np.empty(2 * len(places) + 1, np.int32)
    offsets[:-1] = places.ravel()
    offsets[-1] = places[-1, 1] if len(places) else 0
    valid = np.zeros(2 * len(places), np.bool_)
    valid[0::2] = there
    bits = pa.py_buffer(np.packbits(valid, bitorder="little"))
    return pa.Array.from_buffers(kind, 2 * len(places), [bits, pa.py_buffer(offsets), pa.py_buffer(text)])


def _cast(text: memoryview, places: Ints, there: Mask, kind: Any, dtype: Any) -> npt.NDArray[Any]:
    """Pieces of the text as numbers, whatever where not `there`.

    Raises
    ------
    pyarrow.ArrowInvalid
        One of them is no number.
    """
    import pyarrow as pa
    from pyarrow import compute

    cast = compute.cast(_texts(text, places, there, pa.string()), kind)
    found: npt.NDArray[Any] = np.frombuffer(cast.buffers()[1], dtype)[: 2 * len(places)][0::2]
    return found
