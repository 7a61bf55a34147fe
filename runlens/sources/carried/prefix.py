"""Whether a file still begins with what was read of it: then what stands behind that is all that is new."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from zlib import crc32

_ENDS = 1 << 16
"""Bytes compared at the beginning, and before the place where reading ended."""
_BETWEEN, _SAMPLE = 32, 1 << 12
"""Places between them that are compared, and bytes at each."""


@dataclass(frozen=True, slots=True)
class Prefix:
    """The beginning of a file that was read: which file it is, and samples of what it held.

    A writer that appends changes none of it. One that replaces the file changes its inode, one that writes it anew its
    first bytes or those before the end; a change in the middle is seen at the places that are compared.
    """

    device: int
    inode: int
    size: int
    """Bytes that were read."""
    samples: int
    """Checksum of the samples."""

    @classmethod
    def of(cls, file: BinaryIO, size: int) -> Prefix:
        """The first `size` bytes of an open file. Raises OSError."""
        about = os.fstat(file.fileno())
        return cls(about.st_dev, about.st_ino, size, _samples(file, size))

    def begins(self, file: BinaryIO) -> bool:
        """Whether an open file is the same one, is no shorter, and shows the same samples. Raises OSError."""
        about = os.fstat(file.fileno())
        same = (about.st_dev, about.st_ino) == (self.device, self.inode) and about.st_size >= self.size
        return same and _samples(file, self.size) == self.samples

    def is_of(self, path: Path) -> bool:
        """As `begins`, of a path; False for a file that cannot be opened."""
        try:
            with path.open("rb") as file:
                return self.begins(file)
        except OSError:
            return False


def _samples(file: BinaryIO, size: int) -> int:
    stride = max((size - 2 * _ENDS) // (_BETWEEN + 1), _SAMPLE)
    middle = [(at, _SAMPLE) for at in range(_ENDS + stride, size - _ENDS - _SAMPLE, stride)]
    found = 0
    for at, length in [(0, min(_ENDS, size)), *middle, (max(size - _ENDS, 0), min(_ENDS, size))]:
        found = crc32(os.pread(file.fileno(), length, at), found)
    return found
