"""The forms of records met so far: which layouts a record of some length may have, tried the likeliest first."""

from __future__ import annotations

import threading
from typing import NamedTuple

import numpy as np

from runlens.sources.tfevents.crc32c import U8
from runlens.sources.tfevents.event import Event
from runlens.sources.tfevents.field import look_up
from runlens.sources.tfevents.frames import Segment
from runlens.sources.tfevents.headers import I64
from runlens.sources.tfevents.layout import Key, Layout, gather
from runlens.sources.tfevents.shape import UNKNOWN, Columns, Shape

LONG = 1 << 14
"""Payloads of this many bytes and more are images, graphs and the like, and are never read as columns."""
_CHOICES = 32
"""Layouts of one length that are kept; records of any other are read the plain way."""
_ROOM_FOR_LONE = 1 << 10
"""Layouts beyond which none is learned from a single record."""
_MOST_KINDS = 1 << 16
"""Kinds of records beyond which what was learned from other runs is let go."""


class Found(NamedTuple):
    """Records of one shape."""

    shape: int
    """Number of the shape in `Forms.shapes`."""
    records: I64
    """(n,) their numbers in the segment, ascending."""
    columns: Columns


class Forms:
    """Layouts by length, and shapes.

    What is known of one run's records holds for those of any other, since each record is compared with its example.
    """

    def __init__(self) -> None:
        self.shapes: list[Shape] = []
        self._numbers: dict[Key, int] = {}
        self._choices: list[I64] = []  # by length the first, second, … layout to try, or UNKNOWN
        self._shape_of: I64 = np.array([UNKNOWN])  # by layout; the last is that of UNKNOWN
        self._place_of: I64 = np.array([UNKNOWN])  # by layout: which of its shape's layouts it is

    @property
    def kinds(self) -> int:
        """How many kinds of records are known."""
        return sum(len(shape.tags) for shape in self.shapes)

    def read(self, segment: Segment, records: I64) -> tuple[list[Found], I64]:
        """Read the records whose form and tags are known; the others are given back, ascending.

        Parameters
        ----------
        segment : Segment
        records : ndarray of int64
            Numbers of records of less than `LONG` bytes, ascending.
        """
        found: list[Found] = []
        for choice in self._choices:
            if not len(records):
                break
            layout = look_up(choice, segment.lengths[records])
            shape_of = self._shape_of[layout]  # UNKNOWN is the last
            rest = []
            for number in (np.flatnonzero(np.bincount(shape_of - UNKNOWN)) + UNKNOWN).tolist():
                mine = shape_of == number
                whole = bool(mine.all())
                these, those = (records, layout) if whole else (records[mine], layout[mine])
                taken, left = (None, these) if number == UNKNOWN else self._read_shape(segment, number, these, those)
                rest.append(left)
                if taken is not None:
                    found.append(taken)
                    if choice is not self._choices[0]:
                        self._prefer(choice, segment.lengths[taken.records])
            records = np.sort(np.concatenate(rest)) if len(rest) > 1 else rest[0]
        return found, records

    def _read_shape(self, segment: Segment, number: int, records: I64, layout: I64) -> tuple[Found | None, I64]:
        shape = self.shapes[number]
        rows = gather(segment.data, segment.starts[records], shape.key.width)
        columns = shape.read(rows, look_up(self._place_of, layout))
        known = columns.kind != UNKNOWN
        if known.all():
            return Found(number, records, columns), records[:0]
        if not known.any():
            return None, records
        return Found(number, records[known], columns.only(known)), records[~known]

    def _prefer(self, choice: I64, lengths: I64) -> None:
        """Try this choice first for records of these lengths: the next are most likely like the last."""
        first = self._choices[0]
        first[lengths], choice[lengths] = choice[lengths], first[lengths]

    def learn(self, rows: U8, length: int, event: Event) -> bool:
        """Learn the form of a record, and the tags of all that have it.

        Parameters
        ----------
        rows : ndarray of uint8, shape (n, width)
            Records of one length, as from `gather`; the first is sound.
        length : int
            Bytes of their payloads.
        event : Event
            What the first of them says; `Layout.fits` must hold.

        Returns
        -------
        bool
            Whether anything was new. A form that a single record has is learned while there is room: the next run
            may have it, too.
        """
        layout = Layout(rows[0], length, event)
        alike = rows[layout.has(rows)]
        number = self._numbers.get(layout.key, len(self.shapes))
        if number < len(self.shapes):
            for place, known in enumerate(self.shapes[number].layouts):
                if known.length == length and known.has(rows[:1])[0]:
                    return self.shapes[number].learn(alike, place)
        if (len(alike) < 2 and len(self._shape_of) > _ROOM_FOR_LONE) or not self._admit(length):
            return False
        if number == len(self.shapes):
            self._numbers[layout.key] = number
            self.shapes.append(Shape(layout.key))
        place = self.shapes[number].add_layout(layout)
        self._shape_of = np.insert(self._shape_of, -1, number)
        self._place_of = np.insert(self._place_of, -1, place)
        return self.shapes[number].learn(alike, place)

    def _admit(self, length: int) -> bool:
        """Whether there is room for one more layout of a length; the next that is added has it."""
        layout = len(self._shape_of) - 1
        for choice in self._choices:
            if choice[length] == UNKNOWN:
                choice[length] = layout
                return True
        if len(self._choices) == _CHOICES:
            return False
        self._choices.append(np.full(LONG, UNKNOWN, np.int64))
        self._choices[-1][length] = layout
        return True


_of_thread = threading.local()


def shared() -> Forms:
    """What this thread has learned from the runs that it has read: those of one sweep look the same."""
    forms: Forms | None = getattr(_of_thread, "forms", None)
    if forms is None or forms.kinds > _MOST_KINDS:
        forms = _of_thread.forms = Forms()
    return forms
