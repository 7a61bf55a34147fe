"""From the bytes of one file to its records, segment by segment, and an account of the bytes that are none.

The chain of records is followed as a sequential reader would follow it: a record begins where the one before it ends.
Where no header stands there, the file is damaged; reading goes on at the next valid header, which may lie inside the
record before if that one's checksum is wrong, too. A record that would run past the end of the file is a torn tail (the
writer is not done with it) unless another header follows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from runlens.sources.tfevents.crc32c import U8, crc32c, unmask
from runlens.sources.tfevents.headers import EMPTY, FRAME, HEADER, I64, find_headers
from runlens.sources.tfevents.pattern import Pattern

SEGMENT = 1 << 20
"""Bytes read at once: what one pass works on stays in the cache."""
PADDING = 64
"""Bytes behind the data that may be read (not used) by loads wider than what they want."""


class ByteStream(Protocol):
    """A binary file as `open(path, "rb")` or fsspec give it."""

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill the buffer as far as there are bytes; how many, 0 at the end."""
        ...


class Segment(NamedTuple):
    """Whole records with valid headers; whether their payloads are sound is for the caller to verify."""

    data: U8
    """Valid until the next segment is asked for; `PADDING` bytes follow the last record."""
    starts: I64
    """Where the records begin in `data`, ascending."""
    lengths: I64
    """Bytes of their payloads."""


@dataclass(slots=True)
class Damage:
    """What could not be read of a file."""

    records: int = 0
    """Records, at least: a stretch without any valid header counts as one."""
    bytes: int = 0

    def add(self, size: int) -> None:
        """Count one record or stretch of `size` bytes."""
        self.records += 1
        self.bytes += size


def sound(data: U8, start: int, length: int) -> bool:
    """Whether the checksum of the payload of the whole record at `start` is right."""
    behind = start + HEADER + length
    stored = unmask(data[behind : behind + 4].copy().view("<u4"))
    return bool(stored[0] == crc32c(data[start + HEADER : behind]))


class Frames:
    """The records of one file.

    Parameters
    ----------
    stream : ByteStream
        Read once, from its start.
    size : int
        Bytes to read: the size of the file when it was opened. A file that grows meanwhile is read up to there.
    segment : int
        Bytes read at once.
    base : int
        Where the stream stands in the file: at the beginning, or behind a record.
    """

    def __init__(self, stream: ByteStream, size: int, segment: int = SEGMENT, base: int = 0) -> None:
        self.damage = Damage()
        self.size = size
        self.records = 0
        """Records with a valid header, so far."""
        self._stream = stream
        self._segment = segment
        self._data: U8 = np.zeros(min(max(segment, HEADER), size - base) + PADDING, np.uint8)
        self._filled = 0
        self._base = base  # place in the file of the first byte in the buffer
        self._pattern = Pattern()
        self._lost: int | None = None  # place in the file where damage began whose end is still looked for
        self._torn = False  # and whether it is a mere torn tail if nothing follows
        self._last: tuple[int, int] | None = None  # place in the file and payload bytes of the last record

    def __iter__(self) -> Iterator[Segment]:
        """Segments in order; `damage` is complete for headers when they are exhausted."""
        keep = 0
        while self._fill(keep):
            data = self._data[: self._filled]
            starts, lengths = self._expected(data) or find_headers(data)
            chosen, keep = self._follow(data, starts, lengths)
            if len(chosen):
                self.records += len(chosen)
                self._last = self._base + int(starts[chosen[-1]]), int(lengths[chosen[-1]])
                yield Segment(self._data, starts[chosen], lengths[chosen])
            if self._at_end:
                break
            self._pattern.note(lengths[chosen])
        if self._lost is not None and not self._torn:
            self.damage.add(self.size - self._lost)

    @property
    def behind(self) -> int | None:
        """Where reading may go on once more was written, when the segments are exhausted: behind the last record.

        None where that is not certain: there is no record, it is not sound, or damage follows it.
        """
        if self._last is None or (self._lost is not None and not self._torn):
            return None
        place, length = self._last
        whole = place >= self._base and sound(self._data, place - self._base, length)
        return place + length + FRAME if whole else None

    def _expected(self, data: U8) -> tuple[I64, I64] | None:
        """The headers in `data` if they go on as before; where damage or the file's end is near, all are looked for."""
        found = self._pattern.expect(data) if self._lost is None else None
        whole = found is not None and self._base + int(found[0][-1] + found[1][-1]) + FRAME <= self.size
        return found if whole else None

    @property
    def _at_end(self) -> bool:
        return self._base + self._filled >= self.size

    def _fill(self, keep: int) -> bool:
        """Drop the bytes before `keep`, and read on; False if there was nothing to read."""
        rest = self._filled - keep
        capacity = len(self._data) - PADDING
        if keep == 0 and self._filled == capacity and rest:
            capacity = min(2 * capacity, self.size - self._base)  # a record that is longer, and that the file does hold
            larger = np.zeros(capacity + PADDING, np.uint8)
            larger[:rest] = self._data[:rest]
            self._data = larger
        elif rest:
            self._data[:rest] = self._data[keep : self._filled]
        self._base += keep
        self._filled = rest
        while self._filled < capacity and not self._at_end:
            behind = min(capacity, self.size - self._base)
            read = self._stream.readinto(self._data.data[self._filled : behind])
            if not read:
                self.size = self._base + self._filled  # it was cut since it was opened
                break
            self._filled += read
        return self._filled > 0

    def _follow(self, data: U8, starts: I64, lengths: I64) -> tuple[I64, int]:
        """Which of the headers are records, and from where on the bytes are needed again."""
        ends = starts + lengths + FRAME
        breaks = np.flatnonzero(ends[:-1] != starts[1:])
        runs: list[tuple[int, int]] = []  # [first, behind) of linked headers
        at = 0
        if self._lost is not None:
            if len(starts) == 0:
                return self._chosen(runs), self._unsearched()
            at = int(starts[0])
            self.damage.add(self._base + at - self._lost)
            self._lost, self._torn = None, False
        while at + HEADER <= len(data):
            i = int(np.searchsorted(starts, at))
            previous = runs[-1][1] - 1 if runs and ends[runs[-1][1] - 1] == at else None
            if i < len(starts) and starts[i] == at:
                b = int(np.searchsorted(breaks, i))
                behind = int(breaks[b]) + 1 if b < len(breaks) else len(starts)
                at = int(ends[behind - 1])
                if at <= len(data):
                    runs.append((i, behind))
                    continue
                if behind - 1 > i:
                    runs.append((i, behind - 1))
                i = behind - 1
                at = int(starts[i])
                if self._base + int(ends[i]) <= self.size:
                    return self._chosen(runs), at
                lost, search, torn = at, i + 1, True
            elif EMPTY.startswith(data[at : at + FRAME].tobytes()):  # `find_headers` does not look for these
                if at + FRAME > len(data):
                    return self._chosen(runs), at
                at += FRAME
                continue
            elif previous is not None and not sound(data, int(starts[previous]), int(lengths[previous])):
                self._drop_last(runs)
                lost, search, torn = int(starts[previous]), previous + 1, False
            else:
                lost, search, torn = at, i, False
            if search == len(starts):
                self._lost, self._torn = self._base + lost, torn
                return self._chosen(runs), self._unsearched()
            at = int(starts[search])
            self.damage.add(at - lost)
        if runs and not self._at_end and ends[runs[-1][1] - 1] == at:
            # What follows is not seen yet; should it be damaged, then this record has to be looked at again.
            at = int(starts[runs[-1][1] - 1])
            self._drop_last(runs)
        return self._chosen(runs), min(at, self._filled)

    @staticmethod
    def _drop_last(runs: list[tuple[int, int]]) -> None:
        first, behind = runs.pop()
        if behind - 1 > first:
            runs.append((first, behind - 1))

    def _unsearched(self) -> int:
        return max(self._filled - HEADER + 1, 1)

    @staticmethod
    def _chosen(runs: list[tuple[int, int]]) -> I64:
        if len(runs) == 1:
            return np.arange(*runs[0])
        return np.concatenate([np.arange(a, b) for a, b in runs]) if runs else np.empty(0, np.int64)
