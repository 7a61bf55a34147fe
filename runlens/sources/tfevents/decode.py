"""From the records of a segment to points: in columns where records are alike, one by one where they are odd."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from runlens.sources.tfevents.crc32c import U8
from runlens.sources.tfevents.event import SESSION_START, Event, parse
from runlens.sources.tfevents.forms import LONG, Forms, Found
from runlens.sources.tfevents.frames import Damage, Segment, sound
from runlens.sources.tfevents.headers import FRAME, HEADER, I64
from runlens.sources.tfevents.layout import Layout, crc_is_right, gather, width_of
from runlens.sources.tfevents.store import Block, Store
from runlens.sources.tfevents.wire import Message, WireError
from runlens.sources.tfevents.words import Words

_SAMPLE = 64
"""Records of one length that kinds are learned from at first: most logs have few. What is left comes in turn."""


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
    """Reads the segments of a run's files into a store.

    Parameters
    ----------
    forms : Forms, optional
        What was learned from other runs; what this one teaches is added.
    """

    def __init__(self, forms: Forms | None = None) -> None:
        self.tags: list[Tag] = []
        self.store = Store()
        self.words: dict[bytes, Words] = {}
        self._forms = forms or Forms()
        self._numbers: dict[bytes, int] = {}
        self._tags_of: dict[int, I64] = {}  # by shape: numbers of the tags of each kind, or -1 as long as none was met

    def read(self, segment: Segment, damage: Damage, odd: Oddities) -> None:
        """Add the points of a segment to the store."""
        long = segment.lengths >= LONG
        found, unknown = self._forms.read(segment, np.flatnonzero(~long))
        blocks = [self._block(part) for part in found]
        singles = self._read_unknown(segment, unknown, damage, blocks) if len(unknown) else []
        if long.any():
            singles += self._read_long(segment, np.flatnonzero(long), damage)
        singles.sort(key=lambda single: single[0])
        self._note_first(singles, blocks, odd)
        odd.events += len(singles) + sum(len(b.record) for b in blocks)
        for record, event in singles:
            self._read_single(record, event, odd, blocks)
        self.store.add(blocks, len(segment.starts), len(self.tags))

    def _read_unknown(
        self, segment: Segment, records: I64, damage: Damage, blocks: list[Block]
    ) -> list[tuple[int, Event]]:
        """Records of no known form: those that are alike become blocks, the others are parsed and returned."""
        singles: list[tuple[int, Event]] = []
        sample = _SAMPLE
        while len(records):
            lengths = segment.lengths[records]
            left = [
                self._learn(segment, records[lengths == length], length, sample, damage, singles)
                for length in np.flatnonzero(np.bincount(lengths)).tolist()
            ]
            found, records = self._forms.read(segment, np.sort(np.concatenate(left)))
            blocks += [self._block(part) for part in found]
            sample *= 16
        return singles

    def _learn(
        self, segment: Segment, records: I64, length: int, sample: int, damage: Damage, singles: list[tuple[int, Event]]
    ) -> I64:
        """Learn a form from records of one length; those that are not parsed here are returned, to be read again."""
        width = width_of(length)
        if len(records) > sample and self._teaches(
            gather(segment.data, segment.starts[records[:sample]], width), length
        ):
            return records
        rows = gather(segment.data, segment.starts[records], width)
        right = crc_is_right(rows, length)
        for _ in range(len(right) - int(np.count_nonzero(right))):
            damage.add(length + FRAME)
        records, rows = records[right], rows[right]
        while len(records):
            event = _parsed(rows[0, :length].tobytes(), damage)
            if event is not None:
                if Layout.fits(event) and self._forms.learn(rows, length, event):
                    break
                singles.append((int(records[0]), event))
            records, rows = records[1:], rows[1:]
        return records

    def _teaches(self, rows: U8, length: int) -> bool:
        """Whether the first of these records is sound and of a form that others may have."""
        if not crc_is_right(rows[:1], length)[0]:
            return False
        try:
            event = parse(rows[0, :length].tobytes())
        except WireError:
            return False
        return Layout.fits(event) and self._forms.learn(rows, length, event)

    def _block(self, found: Found) -> Block:
        kind, time, step, value = found.columns
        return Block(found.records, self._tag_numbers(found.shape, kind)[kind], time, step, value)

    def _tag_numbers(self, shape: int, kind: I64) -> I64:
        """Numbers of the tags of each kind of record of a shape, shape (kinds, k); those of `kind` are given."""
        form = self._forms.shapes[shape]
        known = self._tags_of.get(shape, np.empty((0, len(form.key.forms)), np.int64))
        if len(known) < len(form.tags):
            more = np.full((len(form.tags) - len(known), known.shape[1]), -1)
            known = self._tags_of[shape] = np.concatenate([known, more])
        met = np.flatnonzero(np.bincount(kind, minlength=len(known)))
        for new in met[known[met, 0] < 0].tolist():
            layout = form.layouts[form.layout_of[new]]
            known[new] = [
                self._number(tag, plugin, simple=not tensor)
                for tag, plugin, tensor in zip(form.tags[new], layout.plugins, layout.tensor, strict=True)
            ]
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
        for tag, text in event.texts:
            self.words.setdefault(tag, Words()).add(event.step, event.time, text)
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
