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
MAX_LENGTH = (1 << 31) - 1
"""Longest payload, bytes: protobuf's own limit."""

_BLOCK = 1 << 20
"""Bytes looked through at once: what that takes stays in the cache."""

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]


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
    found = [_find(data, at) for at in range(0, len(data) - HEADER + 1, _BLOCK)]
    if len(found) == 1:
        return found[0]
    if not found:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    starts, lengths = zip(*found, strict=True)
    return np.concatenate(starts), np.concatenate(lengths)


def _find(data: U8, begin: int) -> tuple[I64, I64]:
    """The headers whose length's highest byte stands in the block at `begin`."""
    end = min(begin + _BLOCK + 2, len(data)) // 2 * 2
    pairs = data[max(begin - 2, 0) : end].view(np.uint16) == 0
    # At least four zeros follow the highest byte of a length, so that two of them make up an aligned pair.
    zero = (np.flatnonzero(pairs[1:] > pairs[:-1]) + 1) * 2 + max(begin - 2, 0)
    zero -= data.take(zero - 1) == 0  # where the zeros begin
    last = len(data) - HEADER
    found: list[tuple[I64, I64]] = []
    for width in (1, 2, 3, 4):
        at = zero - width
        length = _number(data, at, width)
        good = _check(data, np.minimum(at, last)) == _expected(length, width)
        good &= at <= last
        found.append((at[good], length[good].astype(np.int64)))
        zero = zero[~good]
        if not len(zero):
            break
    starts, lengths = (np.concatenate(columns) for columns in zip(*found, strict=True))
    good = (lengths > 0) & (lengths <= MAX_LENGTH) & (starts >= 0)
    starts, lengths = starts[good], lengths[good]
    order = np.argsort(starts, kind="stable")  # nearly sorted
    return starts[order], lengths[order]


def _number(data: U8, at: I64, width: int) -> npt.NDArray[np.integer]:
    """The little-endian number of `width` bytes at each place."""
    lowest = data.take(at, mode="clip")
    if width == 1:
        return lowest
    number = lowest.astype(np.int64)
    for k in range(1, width):
        number |= data.take(at + k, mode="clip").astype(np.int64) << (8 * k)
    return number


def _check(data: U8, at: I64) -> U64:
    """What should be the upper half of a length and its checksum, for the headers at `at`."""
    words: U64 = np.ndarray((len(data) - 7,), "<u8", data, strides=(1,))
    return words[at + 4]


def _expected(length: npt.NDArray[np.integer], width: int) -> U64:
    """What `_check` finds for lengths below 2**(8 * width)."""
    if width <= 2:
        return _short_lengths().take(length)
    return mask(_crc_of_length(length.astype(np.int64))).astype(np.uint64) << np.uint64(32)


@lru_cache(maxsize=1)
def _short_lengths() -> U64:
    return mask(_crc_of_length(np.arange(1 << 16))).astype(np.uint64) << np.uint64(32)


def _crc_of_length(length: I64) -> U32:
    """CRC of lengths below 2**32, each as eight bytes."""
    table = contributions(8)
    crc = np.full(length.shape, of_nothing(8))
    for k in range(4):
        crc ^= table[7 - k].take((length >> (8 * k)) & 0xFF)
    return crc


def header_at(data: U8, at: int) -> int:
    """The payload length that the header at `at` gives, or -1 if it is none; empty payloads are allowed here."""
    if at + HEADER > len(data):
        return -1
    length = int.from_bytes(data[at : at + 8].tobytes(), "little")
    if length > MAX_LENGTH:
        return -1
    stored = int.from_bytes(data[at + 8 : at + 12].tobytes(), "little")
    return length if stored == int(mask(_crc_of_length(np.array([length])))[0]) else -1
