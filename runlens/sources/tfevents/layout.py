"""Where the parts of a record stand: learned from one that was read the plain way, true for all that are alike."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from runlens.sources.tfevents.crc32c import U8, of_rows, unmask
from runlens.sources.tfevents.event import Event
from runlens.sources.tfevents.headers import FOOTER, HEADER, I64
from runlens.sources.tfevents.tensor import FORMS

F64 = npt.NDArray[np.float64]
U64 = npt.NDArray[np.uint64]
Bool = npt.NDArray[np.bool_]

BUCKET = 64
"""Bytes: records are gathered in rows of whole buckets, so that those of nearly one length are read together."""


def width_of(length: int) -> int:
    """Bytes of the row in which a payload of `length` bytes and its checksum are gathered."""
    return -(-(length + FOOTER) // BUCKET) * BUCKET


def gather(data: U8, starts: I64, width: int) -> U8:
    """The payloads of the records at `starts`, and what follows them, shape (n, width)."""
    # One void scalar a record: numpy copies it in one piece, which is ten times as fast as a row of bytes.
    records = np.ndarray((len(data) - width + 1,), f"V{width}", data, strides=(1,))
    return records[starts + HEADER].view(np.uint8).reshape(-1, width)


def crc_is_right(rows: U8, length: int) -> Bool:
    """Whether the checksum of each record is right, verified over all of its bytes."""
    stored = rows[:, length : length + FOOTER].copy().view("<u4").ravel()
    return np.asarray(of_rows(rows[:, :length]) == unmask(stored))


class Key(NamedTuple):
    """What records have in common whose fields can be read at once, though at different places."""

    width: int
    """Bytes of a row."""
    timed: bool
    """Whether there is a wall time."""
    step_size: int
    """Bytes of the varint of the step; 0 if it is left out, which means step 0."""
    forms: tuple[str, ...]
    """How the values are written, as keys of `FORMS`."""


class Layout:
    """The places of the parts of a record, and which of its bytes are the same in every record like it.

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
        self.key = Key(
            len(row), event.time_at >= 0, event.step_size, tuple(point.number.form for point in event.points)
        )
        self.time_at, self.step_at = event.time_at, event.step_at
        self.value_at = [point.number.at for point in event.points]
        self.plugins = tuple(event.plugins.get(point.tag, b"") for point in event.points)
        self.tensor = tuple(point.tensor for point in event.points)
        self._tags = [(point.tag_at, len(point.tag)) for point in event.points]

        same = np.zeros(len(row), np.uint8)
        same[:length] = 0xFF
        for at, size in [(self.time_at, 8), *zip(self.value_at, map(FORMS.__getitem__, self.key.forms), strict=True)]:
            if at >= 0:
                same[at : at + size] = 0
        if self.step_at >= 0:
            same[self.step_at : self.step_at + event.step_size] = 0x80  # the bits that say where the varint ends
        form = same.copy()
        for at, size in self._tags:
            if at >= 0:
                form[at : at + size] = 0
        self.same: U64 = same.view("<u8")
        """Bits that are the same in every record of one kind."""
        self._form: U64 = form.view("<u8")
        self._sample: U64 = row.copy().view("<u8")

    @staticmethod
    def fits(event: Event) -> bool:
        """Whether records like this one can be read as columns: scalars only, and each at a place of its own."""
        return (
            event.plain
            and bool(event.points)
            and not (event.contents or event.unread)
            and all(point.number.at >= 0 for point in event.points)
        )

    def has(self, rows: U8) -> Bool:
        """Which rows have this form, whatever their tags; shape (n,)."""
        return ~differ(rows.view("<u8"), self._sample, self._form)

    def tags(self, row: U8) -> tuple[bytes, ...]:
        """The tags of a record that has this form."""
        return tuple(row[at : at + size].tobytes() if at >= 0 else b"" for at, size in self._tags)


def differ(words: U64, example: U64, bits: U64, scratch: U64 | None = None) -> Bool:
    """Which rows differ from the example (one, or one for each) in the bits that count; shape (n,).

    `scratch`, of the shape of `words`, is overwritten: memory that is used again is not faulted in again.
    """
    difference = np.bitwise_xor(words, example, out=scratch)
    difference &= bits
    if not np.bitwise_or.reduce(difference, axis=None):
        return np.zeros(len(words), np.bool_)
    return np.asarray(difference.any(axis=1))
