"""Points of many tags, kept as columns while files are read, and dealt out by tag at the end.

Memory holds each point once: the columns of a segment are let go as they are copied to their final place.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from runlens.sources.tfevents.field import look_up
from runlens.sources.tfevents.headers import I64
from runlens.sources.tfevents.layout import F64


class Block(NamedTuple):
    """n records of one segment with k points each."""

    record: I64
    """(n,) number of the record in its segment: the order written."""
    tag: I64
    """(n, k) number of the tag."""
    time: F64
    """(n,)"""
    step: I64
    """(n,)"""
    value: F64
    """(n, k)"""


class _Sorted(NamedTuple):
    """The points of one segment, by tag and then in the order written."""

    per_tag: I64
    """Points of each tag; tags met later have none."""
    step: I64
    time: F64
    value: F64


class Tagged(NamedTuple):
    """All points by tag, and within a tag in the order written."""

    end: I64
    """(tags, files) where the points of a tag from a file end in the columns."""
    step: I64
    time: F64
    value: F64


class Store:
    """Collects blocks segment by segment and file by file."""

    def __init__(self) -> None:
        self._segments: list[_Sorted] = []
        self._files: list[int] = []  # number of segments before each file

    def begin_file(self) -> None:
        """What is added from here on belongs to the next file."""
        self._files.append(len(self._segments))

    def add(self, blocks: list[Block], records: int, tags: int) -> None:
        """Add the points of a segment.

        Parameters
        ----------
        blocks : list of Block
        records : int
            Records in the segment.
        tags : int
            Tags known by now.
        """
        if not blocks:
            return
        if len(blocks) == 1 and _one_kind(blocks[0]):
            self._segments.append(_column_by_column(blocks[0], tags))
            return
        small = np.uint16 if tags <= 1 << 16 else np.uint32  # a stable sort of 16 bits is a radix sort
        tag, step, time, value = _in_order(blocks, records, small)
        order = np.argsort(tag, kind="stable")
        count = np.bincount(tag, minlength=tags)
        self._segments.append(_Sorted(count, look_up(step, order), look_up(time, order), look_up(value, order)))

    def finish(self, tags: int) -> Tagged:
        """Deal out all points; the store is empty afterwards.

        Returns
        -------
        Tagged
            `end` has the shape (tags, files).
        """
        bounds = [*self._files, len(self._segments)]
        count = np.zeros((tags, len(self._files)), np.int64)
        for file in range(len(self._files)):
            for segment in self._segments[bounds[file] : bounds[file + 1]]:
                count[: len(segment.per_tag), file] += segment.per_tag
        end = np.cumsum(count.ravel()).reshape(count.shape)
        points = int(end[-1, -1]) if end.size else 0
        step, time, value = np.empty(points, np.int64), np.empty(points), np.empty(points)
        behind = end.copy()
        for file in reversed(range(len(self._files))):
            # From the last segment to the first, so that the allocator can give their memory back at once.
            for _ in range(bounds[file], bounds[file + 1]):
                segment = self._segments.pop()
                n = segment.per_tag
                behind[: len(n), file] -= n
                inside = np.arange(len(segment.step)) - np.repeat(np.cumsum(n) - n, n)
                at = np.repeat(behind[: len(n), file], n) + inside
                step[at], time[at], value[at] = segment.step, segment.time, segment.value
        self._files.clear()
        return Tagged(end, step, time, value)


def _one_kind(block: Block) -> bool:
    """Whether all records of a block hold the same tags, each once: then its columns are those of the tags."""
    first = block.tag[0]
    return len(set(first.tolist())) == len(first) and bool((block.tag == first).all())


def _column_by_column(block: Block, tags: int) -> _Sorted:
    first = block.tag[0]
    count = np.bincount(first, minlength=tags) * len(block.step)
    value = block.value.T[np.argsort(first)].ravel()
    return _Sorted(count, np.tile(block.step, len(first)), np.tile(block.time, len(first)), value)


def _in_order(
    blocks: list[Block], records: int, small: type[np.unsignedinteger]
) -> tuple[npt.NDArray[np.unsignedinteger], I64, F64, F64]:
    """Tag, step, time and value of all points of a segment in the order written."""
    only = blocks[0]
    if len(blocks) == 1 and only.tag.shape[1] == 1:
        return only.tag.ravel().astype(small), only.step, only.time, only.value.ravel()
    each = np.zeros(records, np.int64)
    for block in blocks:
        each[block.record] = block.tag.shape[1]
    behind = np.cumsum(each)
    points = int(behind[-1])
    tag, step, time, value = np.empty(points, small), np.empty(points, np.int64), np.empty(points), np.empty(points)
    first = behind - each
    for block in blocks:
        at = first[block.record][:, None] + np.arange(block.tag.shape[1])
        tag[at] = block.tag
        step[at] = block.step[:, None]
        time[at] = block.time[:, None]
        value[at] = block.value
    return tag, step, time, value
