"""Protobuf's wire format, as far as W&B's records need it: one message at a time, and many side by side."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field of a message: varints and fixed ones as unsigned ints, the rest as bytes.

    Raises
    ------
    ValueError
        The bytes are no message.
    """
    at, end = 0, len(message)
    while at < end:
        tag, at = varint(message, at)
        number, wire = tag >> 3, tag & 7
        value: int | bytes
        if wire == VARINT:
            value, at = varint(message, at)
        elif wire == LENGTH:
            length, at = varint(message, at)
            value, at = message[at : at + length], at + length
        elif wire == FIXED64:
            value, at = int.from_bytes(message[at : at + 8], "little"), at + 8
        elif wire == FIXED32:
            value, at = int.from_bytes(message[at : at + 4], "little"), at + 4
        else:
            raise ValueError(f"wire type {wire} is not used")
        if at > end or number == 0:
            raise ValueError("a field goes on beyond its message")
        yield number, value


def varint(message: bytes, at: int) -> tuple[int, int]:
    """A varint and where it ends."""
    value = shift = 0
    while True:
        if at >= len(message) or shift > 63:
            raise ValueError("a varint has no end")
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
        shift += 7


def signed(value: int | bytes) -> int:
    """An int32 or int64 field, which stand as 64-bit two's complement on the wire."""
    if isinstance(value, bytes):
        raise ValueError("a number was expected")
    return value - (1 << 64) if value >= 1 << 63 else value


def zigzag(value: int | bytes) -> int:
    """A sint64 field."""
    if isinstance(value, bytes):
        raise ValueError("a number was expected")
    return (value >> 1) ^ -(value & 1)


def double(value: int | bytes) -> float:
    """A double field."""
    if isinstance(value, bytes):
        raise ValueError("a number was expected")
    return float(struct.unpack("<d", struct.pack("<Q", value))[0])


def text(value: int | bytes) -> str:
    """A string field; bytes that are no UTF-8 become U+FFFD."""
    if not isinstance(value, bytes):
        raise ValueError("a text was expected")
    return value.decode("utf-8", "replace")


def seconds(timestamp: bytes) -> float:
    """A google.protobuf.Timestamp as seconds since the epoch."""
    whole = nanos = 0
    for number, value in fields(timestamp):
        if number == 1:
            whole = signed(value)
        elif number == 2:
            nanos = signed(value)
    return whole + nanos * 1e-9


def varints(buffer: Bytes, at: Ints) -> tuple[Ints, Ints]:
    """Varints at many places side by side.

    Parameters
    ----------
    buffer : ndarray of uint8
        Padded: 16 bytes or more behind the last place.
    at : ndarray of int64, shape (n,)

    Returns
    -------
    value : ndarray of int64, shape (n,)
        -1 for what does not end within 9 bytes (numbers of 2**63 and more, negative ones, damage).
    after : ndarray of int64, shape (n,)
    """
    value = buffer[at].astype(np.int64)
    after = at + 1
    more = np.flatnonzero(value >= 0x80)
    value[more] &= 0x7F
    for shift in range(7, 63, 7):
        if not len(more):
            return value, after
        byte = buffer[after[more]].astype(np.int64)
        value[more] |= (byte & 0x7F) << shift
        after[more] += 1
        more = more[byte >= 0x80]
    value[more] = -1
    return value, after
