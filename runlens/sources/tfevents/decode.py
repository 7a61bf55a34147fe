"""From the records of a segment to points: in columns where records are alike, one by one where they are odd."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from runlens.sources.tfevents.crc32c import U8
from runlens.sources.tfevents.event import SESSION_START, Event, parse
from runlens.sources.tfevents.frames import Damage, Segment, sound
from runlens.sources.tfevents.headers import FRAME, HEADER, I64
from runlens.sources.tfevents.layout import UNKNOWN, Layout, crc_is_right, gather
from runlens.sources.tfevents.store import Block, Store
from runlens.sources.tfevents.wire import Message, WireError

LONG = 1 << 14
"""Payloads of this many bytes and more are images, graphs and the like: read one by one."""
_MANY = 16
"""From this many records of one length on, checksums are verified together before one is tried as an example."""


@dataclass(slots=True)
class Tag:
    """What is known of a tag."""

    name: bytes
    plugin: bytes = b""
    """Plugin that its metadata names (TensorFlow writes it with the first value only)."""
    simple: bool = False
    """True if it had a value that is no tensor."""


@dataclass(slots=True)
class Oddities:
    """What the events of a file say besides scalars."""

    starts: list[float] = field(default_factory=list)
    """Wall times of SessionLog.START events that come after a point, s since the epoch."""
    contents: list[tuple[bytes, bytes]] = field(default_factory=list)
    """Plugin data of `hparams`, with the tag."""
    unread: dict[bytes, int] = field(default_factory=dict)
    """Number of values by tag that are tensors of another shape or type than one number."""
    first_time: float = float("nan")
    """Wall time of the first event."""
    events: int = 0
    """Events read."""
    bad_hparams: int = 0
    """Of `contents`, those that are no message of the plugin."""
    points: bool = False
    """True once a number was read."""


class Decoder:
    """Reads the segments of a run's files into a store; what it learned from one helps with the next."""

    def __init__(self) -> None:
        self.tags: list[Tag] = []
        self.store = Store()
        self._numbers: dict[bytes, int] = {}
        self._layouts: dict[int, list[Layout]] = {}
        self._tags_of: dict[Layout, I64] = {}

    def read(self, segment: Segment, damage: Damage, odd: Oddities) -> None:
        """Add the points of a segment to the store."""
        blocks: list[Block] = []
        singles: list[tuple[int, Event]] = []
        short = np.minimum(segment.lengths, LONG).astype(np.uint16)
        order = np.argsort(short, kind="stable")  # a radix sort
        lengths = short[order]
        for records in np.split(order, np.flatnonzero(lengths[1:] != lengths[:-1]) + 1):
            length = int(short[records[0]])
            if length < LONG:
                singles += self._read_alike(segment, records, length, damage, blocks)
            else:
                singles += self._read_long(segment, records, damage)
        singles.sort(key=lambda single: single[0])
        self._note_first(singles, blocks, odd)
        odd.events += len(singles) + sum(len(b.record) for b in blocks)
        for record, event in singles:
            self._read_single(record, event, odd, blocks)
        self.store.add(blocks, len(segment.starts), len(self.tags))

    def _read_alike(
        self, segment: Segment, records: I64, length: int, damage: Damage, blocks: list[Block]
    ) -> list[tuple[int, Event]]:
        """Read records of one length; those that are alike become blocks, the others are parsed and returned."""
        rows = gather(segment.data, segment.starts[records], length)
        known = self._layouts.setdefault(length, [])
        for place, layout in enumerate(known):
            records, rows = self._take(layout, records, rows, blocks)
            if not len(records):
                known.insert(0, known.pop(place))  # most likely the form of the next segment, too
                return []
        singles: list[tuple[int, Event]] = []
        verified = False
        while len(records):
            if not verified:
                first = slice(None) if len(records) >= _MANY else slice(0, 1)
                right = crc_is_right(rows[first], length)
                for _ in range(len(right) - int(np.count_nonzero(right))):
                    damage.add(length + FRAME)
                if not right.all():
                    keep = np.ones(len(records), np.bool_)
                    keep[first] = right
                    records, rows = records[keep], rows[keep]
                verified = len(right) > 1
                if not right[0]:
                    continue
            event = _parsed(rows[0, :length].tobytes(), damage)
            if event is not None and len(records) > 1 and Layout.fits(event):
                layout = Layout(rows[0], length, event)
                fewer, rest = self._take(layout, records, rows, blocks)
                if not len(fewer) or fewer[0] != records[0]:
                    known.append(layout)
                    records, rows = fewer, rest
                    continue
            if event is not None:
                singles.append((int(records[0]), event))
            records, rows = records[1:], rows[1:]
        return singles

    def _take(self, layout: Layout, records: I64, rows: U8, blocks: list[Block]) -> tuple[I64, U8]:
        """Turn the records that match into a block; the others are given back."""
        kind = layout.match(rows)
        numbers = self._numbers_of(layout)
        other = kind == UNKNOWN
        if other.any():
            matched = ~other
            taken, kind = records[matched], kind[matched]
            if not len(taken):
                return records, rows
            columns = layout.columns(rows[matched])
            records, rows = records[other], rows[other]
        else:
            taken, columns = records, layout.columns(rows)
            records, rows = records[:0], rows[:0]
        blocks.append(Block(taken, numbers[kind], columns.time, columns.step, columns.value))
        return records, rows

    def _numbers_of(self, layout: Layout) -> I64:
        """Numbers of the tags of each kind of record of a layout, shape (kinds, k)."""
        known = self._tags_of.get(layout)
        if known is None or len(known) < len(layout.tags):
            known = np.array(
                [
                    [
                        self._number(tag, plugin, simple=not tensor)
                        for tag, plugin, tensor in zip(tags, layout.plugins, layout.tensor, strict=True)
                    ]
                    for tags in layout.tags
                ],
                np.int64,
            ).reshape(len(layout.tags), len(layout.plugins))
            self._tags_of[layout] = known
        return known

    def _number(self, name: bytes, plugin: bytes, *, simple: bool) -> int:
        number = self._numbers.setdefault(name, len(self.tags))
        if number == len(self.tags):
            self.tags.append(Tag(name))
        tag = self.tags[number]
        tag.plugin = tag.plugin or plugin
        tag.simple = tag.simple or simple
        return number

    def _read_long(self, segment: Segment, records: I64, damage: Damage) -> list[tuple[int, Event]]:
        singles = []
        for record in records.tolist():
            start, length = int(segment.starts[record]), int(segment.lengths[record])
            if not sound(segment.data, start, length):
                damage.add(length + FRAME)
                continue
            event = _parsed(segment.data.data[start + HEADER : start + HEADER + length], damage)
            if event is not None:
                singles.append((record, event))
        return singles

    def _note_first(self, singles: list[tuple[int, Event]], blocks: list[Block], odd: Oddities) -> None:
        firsts = [(record, event.time) for record, event in singles[:1]]
        firsts += [(int(block.record[0]), float(block.time[0])) for block in blocks]
        if not odd.events and firsts:
            odd.first_time = min(firsts)[1]
        logs = [(record, event.time) for record, event in singles if event.session_status == SESSION_START]
        if logs:
            points = [int(block.record[0]) for block in blocks] + [r for r, event in singles if event.points]
            odd.starts += [time for record, time in logs if odd.points or any(p < record for p in points)]
        odd.points = odd.points or bool(blocks) or any(event.points for _, event in singles)

    def _read_single(self, record: int, event: Event, odd: Oddities, blocks: list[Block]) -> None:
        for tag, plugin in event.plugins.items():
            self._number(tag, plugin, simple=False)
        odd.contents += event.contents
        for tag in event.unread:
            odd.unread[tag] = odd.unread.get(tag, 0) + 1
        if event.points:
            tags = [self._number(p.tag, b"", simple=not p.tensor) for p in event.points]
            values = [p.number.value for p in event.points]
            blocks.append(
                Block(
                    np.array([record]),
                    np.array([tags]),
                    np.array([event.time]),
                    np.array([event.step]),
                    np.array([values]),
                )
            )


def _parsed(message: Message, damage: Damage) -> Event | None:
    """The event, or None (and counted as damage) if a sound record holds none."""
    try:
        return parse(message)
    except WireError:
        damage.add(len(message) + FRAME)
        return None
