"""CRC-32C (Castagnoli) in numpy, used through its linearity.

Over GF(2) the CRC of a message is the exclusive or of what each byte contributes, and a byte's contribution depends
only on its value and on how many bytes follow it. So a table of contributions by (bytes that follow, value) turns the
CRC of many messages of one length into look-ups, and bytes that are the same in all of them need no look-up at all.

Event files store the CRC masked (TFRecord): rotated right by 15 bits, plus 0xa282ead8.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]
U32 = npt.NDArray[np.uint32]

_POLYNOMIAL = 0x82F63B78  # Castagnoli's, with the bits of a byte reversed (RFC 3720, appendix B.4)
_MASK_DELTA = np.uint32(0xA282EAD8)
_FOLD = 512  # bytes in each row when a long message is cut up


def _single_bytes() -> U32:
    table: U32 = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = (table >> np.uint32(1)) ^ (np.uint32(_POLYNOMIAL) * (table & np.uint32(1)))
    return table


_contributions: U32 = _single_bytes()[None, :]


def contributions(reach: int) -> U32:
    """Contribution of each byte value to the CRC, by the number of bytes that follow it.

    Parameters
    ----------
    reach : int
        How many rows are needed at least. The table is kept and doubled as needed, 1 KiB a row.

    Returns
    -------
    ndarray of uint32, shape (>= reach, 256)
    """
    global _contributions
    while len(_contributions) < reach:
        known = len(_contributions)
        if known < 4:
            last = _contributions[-1]
            longer = ((last >> 8) ^ _contributions[0][last & 0xFF])[None, :]
        else:
            longer = _shift(_contributions, known, _contributions)
        _contributions = np.concatenate([_contributions, longer])
    return _contributions


def _shift(register: U32, n: int, table: U32) -> U32:
    """The register after `n` >= 4 zero bytes: its own four bytes count as the first four of the message."""
    shifted: U32 = (
        table[n - 1][register & 0xFF]
        ^ table[n - 2][(register >> 8) & 0xFF]
        ^ table[n - 3][(register >> 16) & 0xFF]
        ^ table[n - 4][register >> 24]
    )
    return shifted


@lru_cache(maxsize=4096)
def of_nothing(length: int) -> np.uint32:
    """CRC of `length` zero bytes: what the start value of the register adds to a message of that length."""
    register: U32 = np.array([0xFFFFFFFF], np.uint32)
    while length:
        part = min(length, 4096)
        if part >= 4:
            register = _shift(register, part, contributions(part))
        else:
            for _ in range(part):
                register = (register >> np.uint32(8)) ^ contributions(1)[0][register & np.uint32(0xFF)]
        length -= part
    return np.uint32(~register[0])


def of_rows(rows: U8) -> U32:
    """CRC of each row.

    Parameters
    ----------
    rows : ndarray of uint8, shape (n, length)

    Returns
    -------
    ndarray of uint32, shape (n,)
    """
    n, length = rows.shape
    total = np.full(n, of_nothing(length))
    for first in range(0, n, 1024):  # the look-ups of one block stay in the cache
        total[first : first + 1024] ^= _linear(rows[first : first + 1024])
    return total


def _linear(rows: U8) -> U32:
    """The part of the CRC that is linear in the bytes."""
    length = rows.shape[1]
    table = contributions(length)
    follow = np.arange(length - 1, -1, -1) * 256
    total: U32 = np.bitwise_xor.reduce(table.ravel().take(follow + rows), axis=1, dtype=np.uint32)
    return total


def crc32c(message: U8) -> int:
    """CRC of one message, shape (length,); long ones are cut into rows that are joined pairwise."""
    length = len(message)
    if length <= 4 * _FOLD:
        return int(of_nothing(length) ^ _linear(message[None, :])[0])
    width = 1 << (-(-length // _FOLD) - 1).bit_length()
    first = -length % _FOLD
    total = np.zeros(width, np.uint32)  # zero bytes in front of a message add nothing to the linear part
    filled = -(-length // _FOLD)
    head = np.zeros((1, _FOLD), np.uint8)
    head[0, first:] = message[: _FOLD - first]
    total[width - filled] = _linear(head)[0]
    body = message[_FOLD - first :].reshape(-1, _FOLD)
    for at in range(0, len(body), 128):
        part = body[at : at + 128]
        start = width - filled + 1 + at
        total[start : start + len(part)] = _linear(part)
    table = _doubling_table()
    while len(total) > 1:
        total = _apply(table, total[0::2]) ^ total[1::2]
        table = _apply(table, table.ravel()).reshape(4, 256)
    return int(of_nothing(length) ^ total[0])


def _doubling_table() -> U32:
    """What each byte of a register becomes after `_FOLD` zero bytes, shape (4, 256)."""
    return contributions(_FOLD)[_FOLD - 1 : _FOLD - 5 : -1]


def _apply(table: U32, register: U32) -> U32:
    parts = (table[k][(register >> np.uint32(8 * k)) & np.uint32(0xFF)] for k in range(4))
    total: U32 = np.bitwise_xor.reduce(list(parts), axis=0)
    return total


def unmask(stored: U32) -> U32:
    """The CRC that a TFRecord stores in masked form."""
    turned = stored - _MASK_DELTA
    return (turned >> np.uint32(17)) | (turned << np.uint32(15))


def mask(crc: U32) -> U32:
    """The masked form in which a TFRecord stores a CRC."""
    return ((crc >> np.uint32(15)) | (crc << np.uint32(17))) + _MASK_DELTA
