"""One field of records that are alike: loaded for all of them at once, and taken out of their checksums."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from runlens.sources.tfevents.crc32c import U8, U32, contributions
from runlens.sources.tfevents.headers import I64

_FEW = 512
"""Records whose bytes are looked up in one piece: calls cost more than look-ups there."""
T = TypeVar("T", bound=np.generic)


class Field:
    """Where a field stands in the records of each layout.

    Parameters
    ----------
    at : list of int
        Place of its first byte in the record, by layout.
    lengths : list of int
        Bytes of the record, by layout.
    size : int
        Bytes of the field.
    """

    def __init__(self, at: list[int], lengths: list[int], size: int) -> None:
        self._size = size
        self._at = _common(np.array(at))
        self._follow = _common(np.array(lengths) - 1 - np.array(at))  # bytes of the record behind the field's first
        self._reach = max(lengths)

    def load(self, rows: U8, layout: I64) -> U8:
        """The field's bytes, shape (n, size), of `rows`, shape (n, width), with the layouts given, shape (n,)."""
        n, width = rows.shape
        piece = f"V{self._size}"
        if isinstance(self._at, int):
            found = np.ndarray((n,), piece, rows, self._at, (width,)).copy()
        else:
            places = look_up(self._at, layout)
            places += np.arange(0, n * width, width)
            found = np.ndarray((rows.size - self._size + 1,), piece, rows, strides=(1,))[places]
        return found.view(np.uint8).reshape(n, self._size)

    def take_out(self, crc: U32, part: U8, layout: I64) -> None:
        """Xor what the field's bytes contribute into checksums, shape (n,), in place."""
        table = contributions(self._reach)
        if len(part) < _FEW:
            row = self._follow if isinstance(self._follow, int) else look_up(self._follow, layout)[:, None]
            each = (row - np.arange(self._size)) * 256 + part
            crc ^= np.bitwise_xor.reduce(look_up(table.ravel(), each), axis=1)
            return
        varies = _varying(part)
        if isinstance(self._follow, int):  # one column of the table for all records saves a sum for each: 5 %
            for k in range(self._size):
                column = table[self._follow - k]
                crc ^= look_up(column, part[:, k].astype(np.int64)) if varies[k] else column[part[0, k]]
            return
        last = look_up(self._follow - (self._size - 1), layout) * 256
        steady = np.zeros(len(self._follow), np.uint32)
        for k in range(self._size):
            if varies[k]:
                crc ^= look_up(table[self._size - 1 - k :].ravel(), last + part[:, k])
            else:
                steady ^= table[self._follow - k, part[0, k]]
        crc ^= look_up(steady, layout)


def look_up(table: npt.NDArray[T], index: I64) -> npt.NDArray[T]:
    """Rows of a table by indices that are known to be inside, more than twice as fast as with a check."""
    return table.take(index, axis=0, mode="clip")


def _common(numbers: I64) -> int | I64:
    """One number if all are the same."""
    return int(numbers[0]) if (numbers == numbers[0]).all() else numbers


def _varying(part: U8) -> list[bool]:
    """Which bytes are not the same in all records: of wall times only the lower ones vary within minutes."""
    size = part.shape[1]
    if size not in (4, 8):
        return [True] * size
    words = part.view(f"<u{size}").ravel()
    return [bool(byte) for byte in np.bitwise_or.reduce(words ^ words[0], keepdims=True).view(np.uint8)]
