"""Rows of history and of system metrics: items found side by side over all rows of a segment, numbers parsed in one go.

A row is a message whose items hold a key and its value as JSON text, beside one message in field 2 that says where it
stands (step of a history row, time of a system row). Whatever is in another form goes, row by row, to `slow_row`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import repeat

import numpy as np
import numpy.typing as npt

from runlens.sources.wandb_file.slow import BLANKS, LONGEST_WORD, number_of, slow_row
from runlens.sources.wandb_file.wire import Bytes, Ints, fields, text, varints
from runlens.sources.wandb_file.words import Said
from runlens.sources.wandb_shape import is_series

Floats = npt.NDArray[np.float64]

AXES = ("_step", "_timestamp")
HISTORY_ITEM = 1
STATS_ITEM = 3
_PLACE_TAG = 0x12
_KEY_TAG, _NESTED_TAG = 0x0A, 0x12
_VALUE_TAG = (0x82, 0x01)
_COMMA, _MEDIA = 44, b'{"_type"'
_DIGIT = np.zeros(256, np.bool_)
_DIGIT[ord("0") : ord("9") + 1] = True
_BLANK = np.zeros(256, np.bool_)
_BLANK[list(BLANKS)] = True
_WORD = np.zeros(256, np.bool_)
_WORD[list(b'tfNI-"')] = True


@dataclass(slots=True)
class Keys:
    """Every key met so far; the same name in another encoding is the same key."""

    names: list[str] = field(default_factory=list)
    wanted: list[bool] = field(default_factory=list)
    """False for W&B's own keys but its axes: their values are not parsed."""
    by_name: dict[str, int] = field(default_factory=dict)
    by_bytes: dict[bytes, int] = field(default_factory=dict)

    def of_name(self, name: str) -> int:
        """Number of a key by its name."""
        number = self.by_name.setdefault(name, len(self.names))
        if number == len(self.names):
            self.names.append(name)
            self.wanted.append(name in AXES or is_series(name))
        return number

    def of_bytes(self, encoded: bytes) -> int:
        """Number of a key by the fields of its item that hold it."""
        number = self.by_bytes.get(encoded)
        if number is None:
            number = self.by_bytes[encoded] = self.of_name(_name(encoded))
        return number


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """Numbers of many rows: which row, which key, what."""

    row: Ints
    """(m,) position of the row among those given."""
    key: Ints
    """(m,) numbers of `Keys`."""
    value: Floats
    """(m,) NaN and infinities kept; text, lists, media and null are not here."""
    place: Ints
    """(n, 2) of every row: where its field 2 begins and ends, -1 if it has none."""
    bad: int
    """Rows that are no messages at all."""


def read_rows(
    raw: bytes, start: Ints, stop: Ints, item: int, keys: Keys, quick: bool = False, said: Said | None = None
) -> Values:
    """The numbers of the rows whose messages are `raw[start:stop]`, with `start` increasing.

    Parameters
    ----------
    raw : bytes
        Padded by 16 bytes or more.
    start, stop : ndarray of int64, shape (n,)
    item : int
        `HISTORY_ITEM` or `STATS_ITEM`: the field that holds the items.
    keys : Keys
        Added to.
    quick : bool
        Parse numbers by pyarrow: 22 ns each instead of 295, the same to the last bit, but 0.13 s to import.
    said : Said, optional
        Takes the texts.
    """
    buffer = np.frombuffer(raw, np.uint8)
    odd = np.zeros(len(start), np.bool_)
    place = np.full((len(start), 2), -1, np.int64)
    row, begin, end = _items(buffer, start, stop, (item << 3) | 2, odd, place)
    key_end, value_start = _inside(buffer, row, begin, end, odd)
    dicts = np.flatnonzero(buffer[value_start] == ord("{")).tolist()
    odd[[int(row[i]) for i in dicts if raw[value_start[i] : value_start[i] + 8] != _MEDIA]] = True  # older clients nest
    odd[row[_BLANK[buffer[value_start]] | _BLANK[buffer[end - 1]]]] = True  # blanks around a value
    if odd.any():
        usual = ~odd[row]
        row, begin, end, key_end, value_start = (a[usual] for a in (row, begin, end, key_end, value_start))
    encoded = [raw[a:b] for a, b in zip(begin.tolist(), key_end.tolist(), strict=True)]
    key = np.fromiter(map(keys.by_bytes.get, encoded, repeat(-1)), np.int64, len(encoded))
    for unseen in np.flatnonzero(key < 0).tolist():
        key[unseen] = keys.of_bytes(encoded[unseen])
    wanted = np.array(keys.wanted, dtype=np.bool_)
    if not wanted.all():
        row, key, value_start, end = (a[wanted[key]] for a in (row, key, value_start, end))
    kept, value = _numbers(buffer, raw, value_start, end, quick)
    if value is None:  # a text that begins as a number and is none: no telling which
        return _all_slow(raw, start, stop, item, keys, said)
    if said is not None:
        said.add(raw, row, key, value_start, end)
    row, key = row[kept], key[kept]
    if not odd.any():
        return Values(row, key, value, place, 0)
    return _with_slow(Values(row, key, value, place, 0), raw, start, stop, item, keys, np.flatnonzero(odd), said)


def _name(encoded: bytes) -> str:
    return ".".join(text(part) for number, part in fields(encoded) if number in (1, 2))


def _items(
    buffer: Bytes, start: Ints, stop: Ints, tag: int, odd: npt.NDArray[np.bool_], place: Ints
) -> tuple[Ints, Ints, Ints]:
    """Row, begin and end of every item, in the order of the buffer; fills in `place`, marks odd rows."""
    lane, at = np.arange(len(start)), start
    found: list[tuple[Ints, Ints, Ints]] = []
    while True:
        inside = at < stop[lane]
        if not inside.all():
            lane, at = lane[inside], at[inside]
        if not len(lane):
            break
        kind = buffer[at]
        length, begin = varints(buffer, at + 1)
        is_item = kind == tag
        # Compared by what is left: a hostile length added to a place goes beyond 64 bits and comes back negative.
        strange = (length < 0) | (length > stop[lane] - begin) | ~(is_item | (kind == _PLACE_TAG))
        end = begin + np.where(strange, 0, length)
        if strange.any():
            odd[lane[strange]] = True
            usual = ~strange
            lane, begin, end, is_item = lane[usual], begin[usual], end[usual], is_item[usual]
        if is_item.all():
            found.append((lane, begin, end))
        else:
            found.append((lane[is_item], begin[is_item], end[is_item]))
            where = ~is_item
            place[lane[where], 0] = begin[where]
            place[lane[where], 1] = end[where]
        at = end
    if not found:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64)
    row, begin, end = (np.concatenate(c) for c in zip(*found, strict=True))
    # Rows come one after another in the buffer, so ordering by row (radix, when the numbers are short) orders all.
    order = np.argsort(row.astype(np.uint16) if len(start) < 1 << 16 else row, kind="stable")
    return row[order], begin[order], end[order]


def _inside(buffer: Bytes, row: Ints, begin: Ints, end: Ints, odd: npt.NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Where the key of each item ends and its value begins; marks the rows of items in another form."""
    key_end = begin.copy()
    open_ = np.arange(len(begin))
    while len(open_):
        at = key_end[open_]
        tag = buffer[at]
        keyed = ((tag == _KEY_TAG) | (tag == _NESTED_TAG)) & (at < end[open_])
        if not keyed.all():
            open_, at = open_[keyed], at[keyed]
            if not len(open_):
                break
        length, after = varints(buffer, at + 1)
        left = end[open_] - after
        key_end[open_] = np.where((length < 0) | (length > left), end[open_], after + np.minimum(length, left))
    length, value_start = varints(buffer, key_end + 2)
    good = (
        (buffer[key_end] == _VALUE_TAG[0])
        & (buffer[key_end + 1] == _VALUE_TAG[1])
        & (length == end - value_start)
        & (key_end > begin)
    )
    if not good.all():
        odd[row[~good]] = True
    return key_end, value_start


def _numbers(buffer: Bytes, raw: bytes, start: Ints, stop: Ints, quick: bool) -> tuple[Ints, Floats | None]:
    """Which of the JSON texts `raw[start:stop]` are numbers, and what they are; None if one merely begins as one."""
    first, second = buffer[start], buffer[start + 1]
    plain = (_DIGIT[first] | ((first == ord("-")) & _DIGIT[second])) & _DIGIT[buffer[stop - 1]] & (stop > start)
    kept = np.flatnonzero(plain)
    value = _parsed(buffer, start[kept], stop[kept], quick)
    if value is None:
        return kept, None
    rest = np.flatnonzero(~plain)
    if len(rest):
        rest = rest[_WORD[first[rest]] & (stop[rest] - start[rest] <= LONGEST_WORD)]
        words = [number_of(raw[a:b]) for a, b in zip(start[rest].tolist(), stop[rest].tolist(), strict=True)]
        hit = [i for i, word in enumerate(words) if word is not None]
        if hit:
            kept = np.concatenate([kept, rest[hit]])
            value = np.concatenate([value, np.array([words[i] for i in hit], dtype=np.float64)])
            order = np.argsort(kept, kind="stable")
            kept, value = kept[order], value[order]
    return kept, value


def _parsed(buffer: Bytes, start: Ints, stop: Ints, quick: bool) -> Floats | None:
    """The numbers whose texts are `buffer[start:stop]`, correctly rounded; None if one of them is no number."""
    if not len(start):
        return np.empty(0)
    length = stop - start + (not quick)  # one more for the comma
    ends = np.cumsum(length)
    index = np.repeat(start - ends + length, length)
    index += np.arange(len(index))
    digits = buffer[index]
    if quick and len(digits) < 2**31:
        import pyarrow
        from pyarrow import compute

        offsets = np.append(0, ends).astype(np.int32)
        buffers = [None, pyarrow.py_buffer(offsets), pyarrow.py_buffer(digits)]
        texts = pyarrow.Array.from_buffers(pyarrow.string(), len(start), buffers)
        try:
            parsed = compute.cast(texts, pyarrow.float64())
        except pyarrow.ArrowInvalid:
            return None
        # Not `to_numpy`, which imports pandas (1 s). No nulls went in, so none came out.
        return np.frombuffer(parsed.buffers()[1], np.float64, len(start))
    digits[ends - 1] = _COMMA
    try:
        value = np.fromstring(digits.tobytes(), sep=",")
    except ValueError:
        return None
    return value if len(value) == len(start) else None


def _all_slow(raw: bytes, start: Ints, stop: Ints, item: int, keys: Keys, said: Said | None) -> Values:
    none = np.empty(0, np.int64)
    nothing = Values(none, none, np.empty(0), np.full((len(start), 2), -1, np.int64), 0)
    return _with_slow(nothing, raw, start, stop, item, keys, np.arange(len(start)), said)


def _with_slow(
    fast: Values, raw: bytes, start: Ints, stop: Ints, item: int, keys: Keys, which: Ints, said: Said | None
) -> Values:
    """`fast` with the rows numbered `which` added, read one by one; their texts go to `said`."""
    row: list[int] = []
    key: list[int] = []
    value: list[float] = []
    bad = 0
    for i in which.tolist():
        a, b = int(start[i]), int(stop[i])
        try:
            found, words, place = slow_row(raw[a:b], item)
        except ValueError:
            fast.place[i] = -1
            bad += 1
            continue
        at = -1 if place is None else raw.index(place, a, b)
        fast.place[i] = at, at if place is None else at + len(place)
        for name, number in found:
            known = keys.of_name(name)
            if keys.wanted[known]:
                row.append(i)
                key.append(known)
                value.append(number)
        if said is not None and words:
            numbered = [(keys.of_name(name), word) for name, word in words]
            said.add_slow(i, [(known, word) for known, word in numbered if keys.wanted[known]])
    rows = np.concatenate([fast.row, np.array(row, dtype=np.int64)])
    order = np.argsort(rows, kind="stable")
    return Values(
        rows[order],
        np.concatenate([fast.key, np.array(key, dtype=np.int64)])[order],
        np.concatenate([fast.value, np.array(value)])[order],
        fast.place,
        bad,
    )
