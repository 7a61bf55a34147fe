"""Records that are alike, read as columns.

A writer logs the same tags in the same form again and again, so that records of one length differ only in wall time,
step, values and tag. One of them, read the plain way, shows where these stand; then all of them are read at once.

What proves that a record is like its example is exact: every byte that does not vary is compared. Its checksum costs
look-ups for the bytes that vary only: by linearity, the stored CRC xor their contributions is one constant for each
tag. The constant names the tag; a tag with a constant not met before is verified in full, once.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from runlens.sources.tfevents.crc32c import U8, U32, contributions, of_rows, unmask
from runlens.sources.tfevents.event import Event
from runlens.sources.tfevents.headers import FOOTER, HEADER, I64
from runlens.sources.tfevents.tensor import FORMS

F64 = npt.NDArray[np.float64]
U64 = npt.NDArray[np.uint64]
Bool = npt.NDArray[np.bool_]

UNKNOWN = -1


class Columns(NamedTuple):
    """n records with k values each."""

    time: F64
    """(n,) wall time, s since the epoch."""
    step: I64
    """(n,)"""
    value: F64
    """(n, k)"""


def gather(data: U8, starts: I64, length: int) -> U8:
    """The payloads (and checksums) of records of one length, shape (n, width).

    `width` is `length` plus 4 rounded up to whole 8-byte words; what stands behind the checksum means nothing.
    """
    width = -(-(length + FOOTER) // 8) * 8
    # One void scalar a record: numpy copies it in one piece, which is ten times as fast as a row of bytes.
    records = np.ndarray((len(data) - width + 1,), f"V{width}", data, strides=(1,))
    return records[starts + HEADER].view(np.uint8).reshape(-1, width)


def crc_is_right(rows: U8, length: int) -> Bool:
    """Whether the checksum of each record is right, verified over all of its bytes."""
    return np.asarray(of_rows(rows[:, :length]) == unmask(_column(rows, length, "<u4").view(np.uint32)))


def _column(rows: U8, at: int, form: str) -> npt.NDArray[np.generic]:
    """The number of the given form that stands at `at` in each row."""
    strided: npt.NDArray[np.generic] = np.ndarray((len(rows),), form, rows, offset=at, strides=(rows.shape[1],))
    return strided.copy()


class Layout:
    """Where the parts of records of one length and form stand, and the tags met in this form so far.

    Parameters
    ----------
    row : ndarray of uint8, shape (width,)
        A sound record, as from `gather`.
    length : int
        Bytes of its payload.
    event : Event
        What it says; `Layout.fits` must hold.
    """

    def __init__(self, row: U8, length: int, event: Event) -> None:
        self.length = length
        self.plugins = tuple(event.plugins.get(p.tag, b"") for p in event.points)
        self.tensor = tuple(p.tensor for p in event.points)
        self._time, self._time_at = event.time, event.time_at
        self._step, self._step_at, self._step_size = event.step, event.step_at, event.step_size
        self._values = [(p.number.at, p.number.form) for p in event.points]
        self._tags = [(p.tag_at, len(p.tag)) for p in event.points]

        spans = [(self._time_at, 8), *((at, FORMS[form]) for at, form in self._values)]
        self._varying = [at + k for at, size in spans if at >= 0 for k in range(size)]
        steps = range(self._step_at, self._step_at + self._step_size) if self._step_at >= 0 else range(0)
        same = np.zeros(len(row), np.uint8)
        same[:length] = 0xFF
        same[self._varying] = 0
        same[steps] = 0x80  # the bits that say where the varint ends
        form = same.copy()
        form[[at + k for at, size in self._tags for k in range(size)]] = 0
        self._same: U64 = same.view("<u8")
        self._form: U64 = form.view("<u8")
        self._sample: U64 = row.copy().view("<u8")
        self._varying += steps
        self._tables: U32 = contributions(length)[[length - 1 - at for at in self._varying]]
        self._keys: U32 = np.empty(0, np.uint32)
        self._kinds: I64 = np.empty(0, np.int64)
        self._examples: U64 = np.empty((0, len(same) // 8), np.uint64)
        self.tags: list[tuple[bytes, ...]] = []
        """The tags of each kind of record met in this form."""

    @staticmethod
    def fits(event: Event) -> bool:
        """Whether records like this one can be read as columns: scalars only, and each at a place of its own."""
        return (
            event.plain
            and bool(event.points)
            and not (event.contents or event.unread)
            and all(p.number.at >= 0 for p in event.points)
        )

    def match(self, rows: U8) -> I64:
        """The kind of each record, as an index of `tags`, or `UNKNOWN`.

        What is `UNKNOWN` has another form or a wrong checksum; all others are verified in full. Tags not met before
        are added.

        Parameters
        ----------
        rows : ndarray of uint8, shape (n, width)
            As from `gather`, for this layout's length.
        """
        words: U64 = rows.view("<u8")
        key = unmask(_column(rows, self.length, "<u4").view(np.uint32))
        for at, table in zip(self._varying, self._tables, strict=True):
            key ^= table.take(rows[:, at])
        kind = self._known(key, words)
        new = np.flatnonzero(kind == UNKNOWN)
        if len(new):
            new = new[~_differ(words[new], self._sample, self._form)]
        if len(new) and self._learn(rows[new], key[new]):
            kind[new] = self._known(key[new], words[new])
        return kind

    def _known(self, key: U32, words: U64) -> I64:
        if not self.tags:
            return np.full(len(key), UNKNOWN)
        if len(self._keys) == 1:
            kind = np.zeros(len(key), np.int64)
            wrong = (key != self._keys[0]) | _differ(words, self._examples[0], self._same)
        else:
            place = np.minimum(self._keys.searchsorted(key), len(self._keys) - 1)
            kind = self._kinds.take(place)
            whole = self._examples.view(f"V{self._examples.shape[1] * 8}").ravel()
            wrong = (self._keys.take(place) != key) | _differ(
                words, whole[kind].view("<u8").reshape(words.shape), self._same
            )
        kind[wrong] = UNKNOWN
        return kind

    def _learn(self, rows: U8, key: U32) -> bool:
        """Add the tags of records of this form; True if there was any that is sound and new."""
        _, first = np.unique(key, return_index=True)
        first.sort()
        first = first[crc_is_right(rows[first], self.length) & ~np.isin(key[first], self._keys)]
        if not len(first):
            return False
        for row in rows[first]:
            self.tags.append(tuple(row[at : at + size].tobytes() for at, size in self._tags))
        keys = np.concatenate([self._keys[np.argsort(self._kinds)], key[first]])
        self._kinds = np.argsort(keys)
        self._keys = keys[self._kinds]
        self._examples = np.concatenate([self._examples, rows[first].view("<u8")])
        return True

    def columns(self, rows: U8) -> Columns:
        """Wall time, step and values of records that `match`."""
        n = len(rows)
        time = np.full(n, self._time) if self._time_at < 0 else _column(rows, self._time_at, "<f8").astype(np.float64)
        step = np.zeros(n, np.uint64)
        for k in range(self._step_size):
            step |= (rows[:, self._step_at + k] & 0x7F).astype(np.uint64) << np.uint64(7 * k)
        value = np.empty((n, len(self._values)))
        for k, (at, form) in enumerate(self._values):
            if form == "bf":
                value[:, k] = (_column(rows, at, "<u2").astype(np.uint32) << 16).view(np.float32)
            else:
                value[:, k] = _column(rows, at, f"<{form}")
        return Columns(time, step.view(np.int64), value)


def _differ(words: U64, example: U64, mask: U64) -> Bool:
    """Which rows differ from the example (one, or one for each) in the bits of the mask; shape (n,)."""
    difference = words ^ example
    difference &= mask
    if not difference.any():
        return np.zeros(len(words), np.bool_)
    return np.asarray(functools.reduce(np.bitwise_or, difference.T) != 0)
