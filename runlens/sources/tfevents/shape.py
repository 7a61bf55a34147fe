"""Records that are alike, read as columns.

A writer logs the same tags in the same form again and again. Of the records of one shape, each field is loaded for all
records at once, at the places that their layouts name.

What proves that a record is like its example is exact: every byte that does not vary is compared. Its checksum costs
look-ups for the bytes that vary only: by linearity, the stored CRC xor their contributions is one constant for each
kind of record (a layout with its tags). The constant names the kind.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from runlens.sources.tfevents.crc32c import U8, U32, unmask
from runlens.sources.tfevents.field import Field, look_up
from runlens.sources.tfevents.headers import FOOTER, I64
from runlens.sources.tfevents.layout import F64, U64, Bool, Key, Layout, crc_is_right, differ
from runlens.sources.tfevents.tensor import FORMS

UNKNOWN = -1
_SLOTS = 1 << 12
"""Size of the table in which kinds are looked up by the lowest bits of their constants."""


class Columns(NamedTuple):
    """n records with k values each."""

    kind: I64
    """(n,) kind of each record as an index of `Shape.tags`, or `UNKNOWN`: of another form, or damaged."""
    time: F64
    """(n,) wall time, s since the epoch."""
    step: I64
    """(n,)"""
    value: F64
    """(n, k)"""

    def only(self, rows: Bool) -> Columns:
        """Those of some records."""
        return Columns(self.kind[rows], self.time[rows], self.step[rows], self.value[rows])


class Shape:
    """Layouts whose fields can be loaded together, and the kinds of records met in them so far."""

    def __init__(self, key: Key) -> None:
        self.key = key
        self.layouts: list[Layout] = []
        self.tags: list[tuple[bytes, ...]] = []
        """The tags of each kind."""
        self.layout_of: I64 = np.empty(0, np.int64)
        """The layout of each kind."""
        self._constants: U32 = np.empty(0, np.uint32)
        self._examples: U64 = np.empty((0, key.width // 8), np.uint64)
        self._same: U64 = self._examples
        self._ascending: U32 = self._constants
        self._order: I64 = np.empty(0, np.int64)
        self._slots: I64 = np.zeros(_SLOTS, np.int64)

    def add_layout(self, layout: Layout) -> int:
        """Its number among `layouts`."""
        self.layouts.append(layout)
        lengths = [known.length for known in self.layouts]

        def field(at: list[int], size: int) -> Field:
            return Field(at, lengths, size)

        self._stored = field(lengths, FOOTER)
        self._time = field([known.time_at for known in self.layouts], 8)
        self._step = field([known.step_at for known in self.layouts], self.key.step_size)
        self._values = [
            field([known.value_at[k] for known in self.layouts], FORMS[form]) for k, form in enumerate(self.key.forms)
        ]
        return len(self.layouts) - 1

    def learn(self, rows: U8, place: int) -> bool:
        """Add the kinds of records that have the form of one layout, as far as they are sound; whether any was new."""
        constant, _ = self._load(rows, np.full(len(rows), place))
        order = np.argsort(constant, kind="stable")
        ordered = constant[order]
        new = np.append(True, ordered[1:] != ordered[:-1])
        if self.tags:
            # Two kinds whose constants are the same by chance cannot be told apart: the second is read the plain way.
            new &= look_up(self._ascending, self._ascending.searchsorted(ordered)) != ordered
        layout = self.layouts[place]
        first = np.sort(order[new])
        first = first[crc_is_right(rows[first], layout.length)]
        if not len(first):
            return False
        self.tags += [layout.tags(row) for row in rows[first]]
        self.layout_of = np.append(self.layout_of, np.full(len(first), place))
        self._constants = np.append(self._constants, constant[first])
        self._examples = np.concatenate([self._examples, rows[first].view("<u8")])
        self._same = np.concatenate([self._same, np.tile(layout.same, (len(first), 1))])
        self._order = np.argsort(self._constants)
        self._ascending = self._constants[self._order]
        self._slots = np.zeros(_SLOTS, np.int64)
        self._slots[self._constants % _SLOTS] = np.arange(len(self.tags))
        return True

    def read(self, rows: U8, layout: I64) -> Columns:
        """The fields of records, and what kind they are.

        Parameters
        ----------
        rows : ndarray of uint8, shape (n, width)
            As from `gather`, n > 0.
        layout : ndarray of int64, shape (n,)
            Which of `layouts` each record is tried with.
        """
        constant, (time, step, value) = self._load(rows, layout)
        return Columns(self._kinds(constant, layout, rows.view("<u8")), time, step, value)

    def _load(self, rows: U8, layout: I64) -> tuple[U32, tuple[F64, I64, F64]]:
        """What names the kind of each record, and its fields."""
        n = len(rows)
        constant: U32 = unmask(self._stored.load(rows, layout).view("<u4").ravel())
        time, step, value = np.zeros(n), np.zeros(n, np.int64), np.empty((len(self._values), n))
        if self.key.timed:
            part = self._time.load(rows, layout)
            self._time.take_out(constant, part, layout)
            time = part.view("<f8").ravel().astype(np.float64, copy=False)
        if self.key.step_size:
            part = self._step.load(rows, layout)
            self._step.take_out(constant, part, layout)
            step = _varint(part)
        for k, (field, form) in enumerate(zip(self._values, self.key.forms, strict=True)):
            part = field.load(rows, layout)
            field.take_out(constant, part, layout)
            with np.errstate(invalid="ignore"):  # a NaN of any kind of bits stays one
                value[k] = _number(part, form)
        return constant, (time, step, value.T)

    def _kinds(self, constant: U32, layout: I64, words: U64) -> I64:
        if not self.tags:
            return np.full(len(constant), UNKNOWN)
        if len(self.tags) == 1:
            kind = np.zeros(len(constant), np.int64)
            example, same, scratch = self._examples[0], self._same[0], None
        else:
            kind = look_up(self._slots, (constant & np.uint32(_SLOTS - 1)).astype(np.int64))
            other = np.flatnonzero(look_up(self._constants, kind) != constant)
            if len(other):
                place = self._ascending.searchsorted(constant[other])
                kind[other] = look_up(self._order, place)
            example, same = look_up(self._examples, kind), look_up(self._same, kind)
            scratch = example
        wrong = differ(words, example, same, scratch)
        wrong |= look_up(self._constants, kind) != constant
        wrong |= look_up(self.layout_of, kind) != layout
        kind[wrong] = UNKNOWN
        return kind


def _varint(part: U8) -> I64:
    """Values of varints of one size, shape (n, size)."""
    total = (part[:, 0] & 0x7F).astype(np.uint64)
    for k in range(1, part.shape[1]):
        total |= (part[:, k] & 0x7F).astype(np.uint64) << np.uint64(7 * k)
    return total.view(np.int64)


def _number(part: U8, form: str) -> npt.NDArray[np.generic]:
    if form == "bf":
        return (part.view("<u2").ravel().astype(np.uint32) << 16).view(np.float32)
    return part.view(f"<{form}").ravel()
