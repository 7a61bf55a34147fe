"""The plain reader that the fast one must equal: one record after another, protobuf for each, CRC byte by byte."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from functools import lru_cache

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c
from tensorboard.util.tensor_util import make_ndarray


@dataclass
class Plain:
    """What a file says."""

    points: dict[str, list[tuple[int, float, float]]] = field(default_factory=dict)
    """Tag to (step, wall time, value)."""
    records: int = 0
    lost: int = 0
    """Bytes not read."""
    others: set = field(default_factory=set)
    """Tags of other plugins."""


def any_text(kind: type = Event) -> type:
    """As `kind`, but with texts that need not be UTF-8: RunLens reads tags in any encoding, protobuf refuses them."""
    pool = descriptor_pool.DescriptorPool()
    files = {file.name: file for file in (*_needs(kind.DESCRIPTOR.file), kind.DESCRIPTOR.file)}
    for file in files.values():
        copy = descriptor_pb2.FileDescriptorProto()
        file.CopyToProto(copy)
        for message in copy.message_type:
            _as_bytes(message)
        pool.Add(copy)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(kind.DESCRIPTOR.full_name))


def _needs(file):
    for needed in file.dependencies:
        yield from _needs(needed)
        yield needed


def _as_bytes(message):
    for one in message.field:
        if one.type == one.TYPE_STRING and not message.options.map_entry:
            one.type = one.TYPE_BYTES
    for inner in message.nested_type:
        _as_bytes(inner)


EMPTY = struct.pack("<QII", 0, masked_crc32c(bytes(8)), masked_crc32c(b""))
crc = lru_cache(maxsize=1 << 16)(masked_crc32c)


def length_at(data: bytes, at: int) -> int | None:
    """Length by the header at `at`, or None if it is none."""
    if at + 12 > len(data) or data[at + 4 : at + 8] != bytes(4):
        return None
    size, stored = struct.unpack_from("<QI", data, at)
    return size if size < 1 << 31 and crc(data[at : at + 8]) == stored else None


def next_header(data: bytes, at: int) -> int | None:
    """Place of the first header behind `at`; empty records are not looked for."""
    return next((q for q in range(at + 1, len(data) - 11) if length_at(data, q)), None)


def read(data: bytes, event: type = Event) -> Plain:
    """Follow the records; where there is none, go on at the next header."""
    found, at, bad = Plain(), 0, None
    while at + 12 <= len(data):
        length = length_at(data, at)
        if length == 0 and data[at : at + 16] != EMPTY[: len(data) - at]:
            length = None  # an empty record is believed only if its second checksum is right, too
        if length is None or at + 16 + length > len(data):
            if length is None and bad is not None:  # the record before is damaged, too: look into it
                found.records, found.lost, at = found.records - 1, found.lost - (at - bad), bad
            behind = next_header(data, at)
            if behind is None and length is not None:
                break  # a torn tail
            found.records += 1
            found.lost += (len(data) if behind is None else behind) - at
            if behind is None:
                break
            at, bad = behind, None
            continue
        payload = data[at + 12 : at + 12 + length]
        bad = None
        if crc(payload) == struct.unpack_from("<I", data, at + 12 + length)[0]:
            _add(found, payload, event)
        else:
            bad = at
            found.records, found.lost = found.records + 1, found.lost + 16 + length
        at += 16 + length
    return found


def _add(found: Plain, payload: bytes, kind: type) -> None:
    try:
        event = kind.FromString(payload)
    except DecodeError:
        found.records, found.lost = found.records + 1, found.lost + 16 + len(payload)
        return
    for value in event.summary.value:
        plugin = value.metadata.plugin_data.plugin_name
        if plugin and plugin not in ("scalars", b"scalars"):
            found.others.add(value.tag)
        kind = value.WhichOneof("value")
        number = value.simple_value if kind == "simple_value" else None
        if kind == "tensor" and value.tensor.dtype not in (0, 7, 8, 18, 20, 21):
            try:
                array = make_ndarray(value.tensor)
            except (TypeError, ValueError, KeyError):  # a shape that its content does not fill, a type that is none
                continue
            number = float(array.ravel()[0]) if array.size == 1 else None
        if number is not None:
            tag = value.tag if isinstance(value.tag, str) else value.tag.decode("utf-8", "backslashreplace")
            found.points.setdefault(tag, []).append((event.step, event.wall_time, number))
