"""One `Event` message, read field by field: the plain way, which the columns of `layout` must equal.

Only what RunLens uses is decoded; images, histograms, audio, graphs and meshes are stepped over by their length.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from runlens.sources.tfevents import wire
from runlens.sources.tfevents.tensor import Number, fixed, number_of, text_of
from runlens.sources.tfevents.wire import BYTES, FIXED32, FIXED64, VARINT, Field, Message

SESSION_START = 1

_SIMPLE_VALUE, _TENSOR, _METADATA = 2, 8, 9
_VALUE_KINDS = {2, 3, 4, 5, 6, 8}  # the oneof of Summary.Value: the last that is set counts
_EVENT_KINDS = {3, 4, 5, 6, 7, 8, 9}  # the oneof of Event: likewise


class Point(NamedTuple):
    """One number under one tag."""

    tag: bytes
    number: Number
    tensor: bool
    """True if it came as a tensor, so that the tag's plugin decides whether it is a scalar."""
    tag_at: int


@dataclass(slots=True)
class Event:
    """What RunLens keeps of one event."""

    time: float = 0.0
    """Wall time, s since the epoch."""
    time_at: int = -1
    """Where the 8 bytes of the wall time stand in the record, or -1."""
    step: int = 0
    step_at: int = -1
    """Where the varint of the step stands, or -1 (step 0 is not stored)."""
    step_size: int = 0
    points: list[Point] = field(default_factory=list)
    plugins: dict[bytes, bytes] = field(default_factory=dict)
    """Plugin name of each tag whose metadata the event holds."""
    contents: list[tuple[bytes, bytes]] = field(default_factory=list)
    """Tag and plugin data of values that belong to the plugin `hparams`."""
    texts: list[tuple[bytes, bytes]] = field(default_factory=list)
    """Tag and text of values that are one text; their plugin decides whether it is a word that somebody logged."""
    unread: list[bytes] = field(default_factory=list)
    """Tags whose values are tensors that are no single number."""
    session_status: int | None = None
    """Status of a SessionLog event."""
    plain: bool = True
    """True if every field stands at most once, so that places in the record can be trusted for its like."""


def parse(message: Message) -> Event:
    """Read one event.

    Raises
    ------
    WireError
        If the bytes are no message.
    """
    event = Event()
    summaries: list[Field] = []
    seen: set[int] = set()
    for part in wire.fields(message):
        event.plain = event.plain and part.number not in seen
        seen.add(part.number)
        if part.number == 1 and part.kind == FIXED64:
            event.time, event.time_at = wire.double(message, part.start), part.start
        elif part.number == 2 and part.kind == VARINT:
            event.step = wire.signed(wire.varint(message, part.start, part.end)[0])
            event.step_at, event.step_size = part.start, part.end - part.start
        elif part.number in _EVENT_KINDS and part.kind == BYTES:
            summaries = [*summaries, part] if part.number == 5 else []
            event.session_status = _status(message, part) if part.number == 7 else None
    for summary in summaries:
        for value in wire.fields(message, summary.start, summary.end):
            if value.number == 1 and value.kind == BYTES:
                _read_value(event, message, value)
    return event


def _status(message: Message, session_log: Field) -> int:
    status = 0
    for part in wire.fields(message, session_log.start, session_log.end):
        if part.number == 1 and part.kind == VARINT:
            status = wire.varint(message, part.start, part.end)[0]
    return status


def _read_value(event: Event, message: Message, value: Field) -> None:
    tag, tag_at = b"", -1
    held: Field | None = None
    metadata: list[Field] = []
    seen: set[int] = set()
    for part in wire.fields(message, value.start, value.end):
        event.plain = event.plain and part.number not in seen
        seen.add(part.number)
        if part.number == 1 and part.kind == BYTES:
            tag, tag_at = bytes(message[part.start : part.end]), part.start
        elif part.number == _METADATA and part.kind == BYTES:
            metadata.append(part)
        elif part.number in _VALUE_KINDS and part.kind == (FIXED32 if part.number == _SIMPLE_VALUE else BYTES):
            held = part
    for part in metadata:
        plugin, content = _plugin(message, part)
        if plugin:
            event.plugins[tag] = plugin
        if plugin == b"hparams":
            event.contents.append((tag, content))
    if held is None:
        return
    if held.number == _SIMPLE_VALUE:
        event.points.append(Point(tag, fixed(message, held.start, "f4"), False, tag_at))
    elif held.number == _TENSOR:
        number = number_of(message, held.start, held.end)
        if number is None:
            said = text_of(message, held.start, held.end)
            if said is not None:
                event.texts.append((tag, said))
            event.unread.append(tag)
        else:
            event.points.append(Point(tag, number, True, tag_at))


def _plugin(message: Message, metadata: Field) -> tuple[bytes, bytes]:
    name = content = b""
    for part in wire.fields(message, metadata.start, metadata.end):
        if part.number == 1 and part.kind == BYTES:
            for data in wire.fields(message, part.start, part.end):
                if data.number == 1 and data.kind == BYTES:
                    name = bytes(message[data.start : data.end])
                elif data.number == 2 and data.kind == BYTES:
                    content = bytes(message[data.start : data.end])
    return name, content
