"""Frames of a `.wandb` file: a header of 7 bytes, then blocks of 32 KiB that hold chunks of records.

A chunk is `crc32 (of type byte and payload) u32 | length u16 | type u8 | payload`, little-endian; a record is one FULL
chunk, or a FIRST at the end of a block with MIDDLE and LAST ones at the starts of the next. Every block begins with a
chunk, so all blocks of a segment are walked side by side; one in which anything is odd is walked by itself, slowly.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from zlib import crc32

import numpy as np
import numpy.typing as npt

from runlens.errors import NotALog
from runlens.sources.naming import printable

Ints = npt.NDArray[np.int64]

MAGIC = b":W&B\xe1\xbe\x00"
BLOCK = 32768
HEADER = 7
PAD = bytes(16)
"""Behind every segment, so that the vectorised parser may look a few bytes ahead."""
SEGMENT = 96 * BLOCK
"""3 MiB: segments of 2 to 4 MiB stay in the cache and are twice as fast as 16 MiB."""
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4
_TRIES = 4096
"""Checksums tried for the next sound chunk in a damaged block: more than a block of rows holds chunks."""


@dataclass(slots=True)
class Damage:
    """What could not be read of one file."""

    records: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Whole records of one stretch of the file."""

    raw: bytes
    """The stretch, then the payloads that were joined from several chunks, then `PAD`."""
    start: Ints
    """(n,) where each record's payload begins in `raw`, increasing."""
    stop: Ints
    """(n,) where it ends."""
    place: Ints
    """(n,) where its last chunk stands in the file: the order in which the records were written."""


def segments(path: Path, damage: Damage) -> Iterator[Segment]:
    """The records of a file, a few thousand at a time; a torn tail is left out, `damage` is added to.

    Raises
    ------
    NotALog
        The file does not begin as a `.wandb` file does. An empty file, or one cut within its header, has no records.
    """
    with path.open("rb") as file:
        yield from Frames(damage).segments(file, path)


class Frames:
    """What is known between segments: a record that goes on in the next one, and where the last sound chunk ended."""

    def __init__(self, damage: Damage) -> None:
        self.damage = damage
        self.size = 0
        self.behind = 0
        """Where reading goes on once more was written."""
        self.pending: list[bytes] = []
        self.pending_chunk = -1
        self.pending_end = -1  # where the next block begins: a sound chunk further on is no part of the record
        self.chunks_seen = 0

    def segments(self, file: BinaryIO, path: Path) -> Iterator[Segment]:
        """The records of an open file from `behind` on; `path` is for messages.

        Raises
        ------
        NotALog
            The file does not begin as a `.wandb` file does.
        """
        self.size = file.seek(0, 2)
        file.seek(0)
        head = file.read(len(MAGIC))
        if head != MAGIC[: len(head)]:
            raise NotALog(f"{printable(str(path))} is no W&B run file (wrong header); name a run's .wandb file")
        begin = self.behind // BLOCK * BLOCK
        file.seek(begin)
        for base in range(begin, self.size, SEGMENT):
            data = file.read(min(SEGMENT, self.size - base))
            yield self._segment(data, base)
        if self.pending and self.pending_chunk != self.chunks_seen - 1:
            self._lose_pending()

    def _segment(self, data: bytes, base: int) -> Segment:
        at, kind, length = self._chunks(data, base)
        full = kind == FULL
        joined: list[bytes] = []
        place: list[int] = []
        for i in np.flatnonzero(~full).tolist():
            payload = data[int(at[i]) + HEADER : int(at[i]) + HEADER + int(length[i])]
            whole = self._join(int(kind[i]), payload, self.chunks_seen + i, int(at[i]) + base)
            if whole is not None:
                joined.append(whole)
                place.append(int(at[i]) + base)
        self.chunks_seen += len(at)
        if len(at):
            self.behind = base + int(at[-1]) + HEADER + int(length[-1])
        start, stop = at[full] + HEADER, at[full] + HEADER + length[full]
        ends = len(data) + np.cumsum(np.array([len(j) for j in joined], dtype=np.int64))
        begins = ends - np.array([len(j) for j in joined], dtype=np.int64)
        return Segment(
            b"".join([data, *joined, PAD]),
            np.concatenate([start, begins]),
            np.concatenate([stop, ends]),
            np.concatenate([at[full] + base, np.array(place, dtype=np.int64)]),
        )

    def _join(self, kind: int, payload: bytes, chunk: int, at: int) -> bytes | None:
        """Take one chunk that is not FULL; the whole record if this was its last."""
        follows = bool(self.pending) and chunk == self.pending_chunk + 1 and at == self.pending_end
        if kind == FIRST:
            if self.pending:
                self._lose_pending()
            self.pending, self.pending_chunk, self.pending_end = [payload], chunk, (at // BLOCK + 1) * BLOCK
            return None
        if not follows:
            if self.pending:
                self._lose_pending()
            self.damage.bytes += HEADER + len(payload)
            self.damage.records += kind == LAST
            return None
        self.pending.append(payload)
        self.pending_chunk, self.pending_end = chunk, at + BLOCK
        if kind == MIDDLE:
            return None
        whole, self.pending = b"".join(self.pending), []
        return whole

    def _lose_pending(self) -> None:
        self.damage.records += 1
        self.damage.bytes += sum(HEADER + len(p) for p in self.pending)
        self.pending = []

    def _chunks(self, data: bytes, base: int) -> tuple[Ints, Ints, Ints]:
        """Position in `data`, type and payload length of every sound chunk, in file order."""
        buffer = np.frombuffer(data, np.uint8)
        first = max(self.behind - base, 0 if base else len(MAGIC))
        at, kind, length, odd = _walk_blocks(buffer, min(first, len(buffer)))
        check = buffer[at[:, None] + np.arange(4)].view("<u4")[:, 0] if len(at) else np.empty(0, np.uint32)
        view = memoryview(data)
        ends = (at + HEADER + length).tolist()
        actual = np.array([crc32(view[a:b]) for a, b in zip((at + 6).tolist(), ends, strict=True)], dtype=np.uint32)
        odd[at[actual != check] // BLOCK] = True
        if not odd.any():
            return at, kind, length
        keep = ~odd[at // BLOCK]
        slow: list[tuple[int, int, int]] = []
        for block in np.flatnonzero(odd).tolist():
            slow += self._scan(data, base, block, first)
        extra = np.array(slow, dtype=np.int64).reshape(-1, 3)
        at, kind, length = (np.concatenate([a[keep], extra[:, i]]) for i, a in enumerate((at, kind, length)))
        order = np.argsort(at, kind="stable")
        return at[order], kind[order], length[order]

    def _scan(self, data: bytes, base: int, block: int, first: int) -> list[tuple[int, int, int]]:
        """Sound chunks of one block, walked one by one; what lies between them is damage, a torn tail is not."""
        limit = (block + 1) * BLOCK
        end = min(limit, len(data))
        at = max(block * BLOCK, first)
        torn_here = base + end == self.size and end < limit
        out: list[tuple[int, int, int]] = []
        while end - at >= HEADER:
            length, kind = struct.unpack_from("<HB", data, at + 4)
            stop = at + HEADER + length
            if _sound(data, at, end):
                out.append((at, kind, length))
                at = stop
                continue
            inside = FULL <= kind <= LAST and stop <= end
            if inside and (end - stop < HEADER or _sound(data, stop, end)):
                after = stop
                self.damage.records += kind in (FULL, LAST)
            else:
                found = _next_sound(data, at + 1, end)
                if found is None and torn_here and FULL <= kind <= LAST and end < stop <= limit:
                    break
                after = end if found is None else found
                self.damage.records += 1
            self.damage.bytes += after - at
            at = after
        return out


def _walk_blocks(buffer: npt.NDArray[np.uint8], first: int) -> tuple[Ints, Ints, Ints, npt.NDArray[np.bool_]]:
    """Walk the chunks of all blocks side by side, in the first one from `first` on.

    Returns
    -------
    at, kind, length : ndarray of int64, shape (n,)
        The chunks in file order, checksums not verified.
    odd : ndarray of bool, shape (blocks,)
        Blocks whose walk did not end at their end.
    """
    blocks = -(-len(buffer) // BLOCK)
    position = np.arange(blocks, dtype=np.int64) * BLOCK
    end = np.minimum(position + BLOCK, len(buffer))
    if blocks:
        position[0] = min(first, int(end[0]))
    odd = np.zeros(blocks, dtype=np.bool_)
    lane = np.flatnonzero(end - position >= HEADER)
    if blocks and end[-1] % BLOCK and 0 < end[-1] - position[-1] < HEADER:
        odd[-1] = True
    walked: list[tuple[Ints, Ints, Ints]] = []
    while len(lane):
        p = position[lane]
        kind = buffer[p + 6].astype(np.int64)
        length = buffer[p + 4] + (buffer[p + 5].astype(np.int64) << 8)
        after = p + HEADER + length
        bad = (kind < FULL) | (kind > LAST) | (after > end[lane])
        if bad.any():
            odd[lane[bad]] = True
            good = ~bad
            lane, p, kind, length, after = lane[good], p[good], kind[good], length[good], after[good]
        walked.append((p, kind, length))
        position[lane] = after
        lane = lane[end[lane] - after >= HEADER]
    if not walked:
        return *(np.empty(0, np.int64) for _ in range(3)), odd  # type: ignore[return-value]
    at, kind, length = (np.concatenate(c) for c in zip(*walked, strict=True))
    order = np.argsort(at)
    return at[order], kind[order], length[order], odd


def _sound(data: bytes, at: int, end: int) -> bool:
    """Whether a chunk stands at `at` whose checksum is right."""
    if end - at < HEADER:
        return False
    check, length, kind = struct.unpack_from("<IHB", data, at)
    stop = at + HEADER + length
    return bool(FULL <= kind <= LAST and stop <= end and crc32(data[at + 6 : stop]) == check)


def _next_sound(data: bytes, at: int, end: int) -> int | None:
    """Where the next sound chunk begins in [at, end), or None."""
    if end - at < HEADER:
        return None
    block = np.frombuffer(data, np.uint8, end - at, at).astype(np.int64)
    kind, length = block[6:], block[4:-2] + (block[5:-1] << 8)
    fits = np.arange(len(kind)) + HEADER + length <= len(block)
    # An empty chunk is four bytes of checksum by chance alone; only a FIRST that ends its block is ever empty.
    likely = np.flatnonzero((kind >= FULL) & (kind <= LAST) & fits & (length > 0))[:_TRIES]
    return next((at + int(i) for i in likely if _sound(data, at + int(i), end)), None)
