"""Finding record headers: every place in a block of bytes where a TFRecord may begin, in one vectorised pass.

A record is `uint64 length | uint32 masked crc32c(length) | payload | uint32 masked crc32c(payload)`, little-endian.
A header can be told anywhere in a file: the upper four bytes of the length are zero (a protobuf message is below
2 GiB), and the next four are its checksum. So no record has to be known to find the next one, damage costs nothing
but the damaged bytes, and no memory is ever taken on the word of a length.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from runlens.sources.tfevents.crc32c import U8, U32, contributions, mask, of_nothing

HEADER, FOOTER = 12, 4
FRAME = HEADER + FOOTER
"""Bytes that a record has besides its payload."""
EMPTY = bytes.fromhex("000000000000000029039807d8ea82a2")
"""The whole record of an empty payload."""
MAX_LENGTH = (1 << 31) - 1
"""Longest payload, bytes: protobuf's own limit."""

I64 = npt.NDArray[np.int64]


def find_headers(data: U8) -> tuple[I64, I64]:
    """Every valid header in `data`, whether or not its record is whole.

    Parameters
    ----------
    data : ndarray of uint8, shape (n,)

    Returns
    -------
    starts, lengths : ndarray of int64
        Where headers begin, ascending, and the lengths that they give. Empty payloads are not looked for: an
        event is never empty, and eight zero bytes are common.
    """
    if len(data) < HEADER:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    pairs = data[4:-1] | data[5:]
    zero = (pairs[:-2] | pairs[2:]) == 0  # zero[p]: bytes p + 4 .. p + 7 are zero, a length's upper half
    first = np.flatnonzero(zero[1:] > zero[:-1]) + 1
    if zero[0]:
        first = np.insert(first, 0, 0)
    # These zeros begin right behind the highest byte of the length, which is therefore in one of four places.
    found: list[tuple[I64, I64]] = []
    last = len(data) - HEADER
    for width in (1, 2, 3, 4):
        at = np.minimum(first + (4 - width), last)
        length = _length(data, at, width)
        good = _stored(data, at + 8) == _expected(length, width)
        good &= zero.take(at)
        good &= first + (4 - width) <= last
        if good.all():
            found.append((at, length.astype(np.int64)))
            break
        found.append((at[good], length[good].astype(np.int64)))
        first = first[~good]
    starts, lengths = (np.concatenate(columns) for columns in zip(*found, strict=True))
    if len(found) > 1:
        order = np.argsort(starts, kind="stable")
        starts, lengths = starts[order], lengths[order]
    possible = (lengths > 0) & (lengths <= MAX_LENGTH)
    return (starts, lengths) if possible.all() else (starts[possible], lengths[possible])


def header_of(length: I64) -> npt.NDArray[np.uint32]:
    """The headers of records of these lengths (below 2**32), shape (n, 3): lower and upper half, checksum."""
    return np.stack([length.astype(np.uint32), np.zeros(len(length), np.uint32), mask(_crc_of_length(length))], axis=1)


def _length(data: U8, at: I64, width: int) -> npt.NDArray[np.integer]:
    """The little-endian number of `width` bytes at each place."""
    lowest = data.take(at)
    if width == 1:
        return lowest
    length = lowest.astype(np.int64)
    for k in range(1, width):
        length |= data.take(at + k).astype(np.int64) << (8 * k)
    return length


def _stored(data: U8, at: I64) -> U32:
    """The little-endian uint32 at each place, which need not be aligned."""
    words: U32 = np.ndarray((len(data) - 3,), "<u4", data, strides=(1,))
    return words[at]


def _expected(length: npt.NDArray[np.integer], width: int) -> U32:
    """Masked checksums of lengths below 2**(8 * width)."""
    return _short_lengths().take(length) if width <= 2 else mask(_crc_of_length(length.astype(np.int64)))


@lru_cache(maxsize=1)
def _short_lengths() -> U32:
    return mask(_crc_of_length(np.arange(1 << 16)))


def _crc_of_length(length: I64) -> U32:
    """CRC of lengths below 2**32, each as eight bytes."""
    table = contributions(8)
    crc = np.full(length.shape, of_nothing(8))
    for k in range(4):
        crc ^= table[7 - k].take((length >> (8 * k)) & 0xFF)
    return crc
