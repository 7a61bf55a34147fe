"""The protobuf wire format: fields of a message with the places where they stand, nothing copied or decoded."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

VARINT, FIXED64, BYTES, GROUP, GROUP_END, FIXED32 = range(6)
_WIDTH = {FIXED64: 8, FIXED32: 4}


Message = bytes | memoryview


class WireError(ValueError):
    """The bytes are no protobuf message."""


class Field(NamedTuple):
    """One field; its content is `message[start:end]`."""

    number: int
    kind: int
    """Wire type: VARINT, FIXED64, BYTES or FIXED32 (groups are left out: no event holds one)."""
    start: int
    end: int


def varint(message: Message, at: int, end: int) -> tuple[int, int]:
    """The varint at `at`, as an unsigned 64-bit number, and the place behind it."""
    value = shift = 0
    while at < end and shift < 70:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at
        shift += 7
    raise WireError("a varint has no end")


def signed(value: int) -> int:
    """An unsigned 64-bit number as the int64 that protobuf means by it."""
    return value - (1 << 64) if value >> 63 else value


def fields(message: Message, at: int = 0, end: int | None = None) -> Iterator[Field]:
    """The fields of `message[at:end]`, in the order in which they stand.

    Raises
    ------
    WireError
        If the bytes are no message.
    """
    end = len(message) if end is None else end
    while at < end:
        key, at = varint(message, at, end)
        number, kind = key >> 3, key & 7
        if number == 0 or number >= 1 << 29:
            raise WireError(f"field number {number}")
        if kind == GROUP:
            at = _skip_group(message, at, end, number)
            continue
        start = at
        if kind == VARINT:
            _, at = varint(message, at, end)
        elif kind == BYTES:
            length, start = varint(message, at, end)
            at = start + length
        elif kind in _WIDTH:
            at += _WIDTH[kind]
        else:
            raise WireError(f"wire type {kind}")
        if at > end:
            raise WireError("a field runs past the end of its message")
        yield Field(number, kind, start, at)


def _skip_group(message: Message, at: int, end: int, number: int) -> int:
    """The place behind an (obsolete) group, whose content is not looked at."""
    open_groups = [number]
    while open_groups:
        key, at = varint(message, at, end)
        kind = key & 7
        if kind == GROUP:
            open_groups.append(key >> 3)
        elif kind == GROUP_END:
            if open_groups.pop() != key >> 3:
                raise WireError("a group ends that was not opened")
        elif kind == VARINT:
            _, at = varint(message, at, end)
        elif kind == BYTES:
            length, at = varint(message, at, end)
            at += length
        elif kind in _WIDTH:
            at += _WIDTH[kind]
        else:
            raise WireError(f"wire type {kind}")
    return at


def double(message: Message, at: int) -> float:
    """The little-endian float64 at `at`."""
    return float(struct.unpack_from("<d", message, at)[0])


def float32(message: Message, at: int) -> float:
    """The little-endian float32 at `at`."""
    return float(struct.unpack_from("<f", message, at)[0])
