"""Columns that grow in place: what is new is written behind what is there, and room doubles when it runs out."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[Any]

_LEAST = 1024
_MOST_PARTS = 8
"""Parts of a column of which the same is kept."""
_MOST = 64
"""What is kept of a column, at most: what nobody has asked for the longest is forgotten."""
_BY_ROOM: WeakValueDictionary[int, Grown] = WeakValueDictionary()
"""Columns by the id of the array that holds their values now; `part_of` looks whether it is that array still."""
_grows = False


def grows() -> bool:
    """Whether any column of this process ever grew: a check that reads each log once is spared all other questions."""
    return _grows


class Grown:
    """One column.

    Parameters
    ----------
    dtype : dtype
        Of its values.
    """

    def __init__(self, dtype: npt.DTypeLike) -> None:
        self.room: Values = np.empty(0, dtype)
        self._length = 0
        self.facts: dict[tuple[Hashable, int], Fact] = {}
        """What was worked out of it, by what it is and the point from which on it is of."""

    def __len__(self) -> int:
        return self._length

    def extend(self, more: Values) -> None:
        """Write values behind those that are there; views that were given out keep what they show."""
        global _grows
        _grows = True
        length = self._length + len(more)
        if length > len(self.room):
            room = np.empty(max(length, 2 * self._length, _LEAST), self.room.dtype)
            room[: self._length] = self.room[: self._length]
            _BY_ROOM.pop(id(self.room), None)
            self.room = room
            _BY_ROOM[id(room)] = self
        self.room[self._length : length] = more
        self._length = length

    def view(self) -> Values:
        """All values so far, not to be written to: later looks show the same ones."""
        shown = self.room[: self._length]
        shown.flags.writeable = False
        return shown


@dataclass(frozen=True, slots=True)
class Part:
    """The points of a column from one on, to its end as it was when the array was handed out."""

    column: Grown
    first: int

    @property
    def place(self) -> tuple[int, int]:
        """What tells it from other parts as long as the column is held."""
        return id(self.column), self.first


def part_of(array: Values) -> Part | None:
    """The part of a column that an array is a view of; None for any other array, also for each second point of one."""
    room = array.base if _grows else None
    if not isinstance(room, np.ndarray) or array.flags.writeable or array.ndim != 1:
        return None
    column = _BY_ROOM.get(id(room))
    if column is None or column.room is not room or array.dtype != room.dtype or array.strides != room.strides:
        return None
    begin = array.__array_interface__["data"][0] - room.__array_interface__["data"][0]
    return Part(column, begin // room.itemsize)


def parts_of(columns: tuple[Values, ...]) -> tuple[Part, ...] | None:
    """The parts that arrays of one length are views of; None unless each is one."""
    if not _grows:
        return None
    found = []
    for array in columns:
        part = part_of(array)
        if part is None:
            return None
        found.append(part)
    return tuple(found)


@dataclass(slots=True)
class Fact:
    """What was worked out of parts of columns."""

    of: tuple[Part, ...]
    """Which they are, held so that no other column can take the place of one."""
    done: int
    """Points that were taken in."""
    value: Any


def known(key: Hashable, parts: tuple[Part, ...], length: int) -> Fact | None:
    """What was found under a key of these very parts, of no more points than this; None if nothing was."""
    facts = parts[0].column.facts
    fact = facts.pop((key, parts[0].first), None)
    if fact is not None:
        facts[key, parts[0].first] = fact  # the one that was asked for last stands at the end
    if fact is None or fact.done > length or [p.place for p in fact.of] != [p.place for p in parts]:
        return None
    return fact


def keep(key: Hashable, parts: tuple[Part, ...], length: int, value: object) -> Fact:
    """Keep what was found under a key, in place of what was there."""
    facts = parts[0].column.facts
    facts.pop((key, parts[0].first), None)
    others = [other for other in facts if other[0] == key]
    if len(others) >= _MOST_PARTS:  # such as of stretches that begin elsewhere each time
        del facts[others[0]]
    fact = facts[key, parts[0].first] = Fact(parts, length, value)
    if len(facts) > _MOST:
        del facts[next(iter(facts))]
    return fact
