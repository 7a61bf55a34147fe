"""Console logs that grow: lines that were read stay as columns by shape, and only blocks that are new are read."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

from runlens.sources.carried.prefix import Prefix
from runlens.sources.text.gather import Gathered, Gathering, gather
from runlens.sources.text.stretches import SIZE, Cutter, called_for, open_log, stretches
from runlens.sources.text.stretches import is_packed as packed

MOST_BYTES = 1 << 30
"""Bytes of all logs together that are kept, those that were asked for last: their columns take about as much."""

_LOGS: ContextVar[dict[Path, CarriedLog] | None] = ContextVar("logs", default=None)


@contextmanager
def keeping(logs: dict[Path, CarriedLog]) -> Iterator[None]:
    """Read console logs on from what `logs` holds of them, also where they are only looked for."""
    before = _LOGS.set(logs)
    try:
        yield
    finally:
        _LOGS.reset(before)


def gathered_of(path: Path, broken: list[str], most: int) -> Gathered:
    """What a log holds, as `gather` gives it of all its stretches; `broken` and `most` as of `stretches`."""
    logs = _LOGS.get()
    read = None if logs is None or packed(path) else _read_on(path, logs)
    if read is not None:
        return read
    with open_log(path) as file:
        return gather(stretches(file, broken=broken, most=most), called_for(path))


def _read_on(path: Path, logs: dict[Path, CarriedLog]) -> Gathered | None:
    known = logs.pop(path, None)  # a read that fails leaves nothing half done
    read = known.read(path) if known is not None else None
    if known is None or read is None:
        known = CarriedLog(called_for(path))
        read = known.read(path)
    if read is not None:
        logs[path] = known
    while len(logs) > 1 and sum(log.size for log in logs.values()) > MOST_BYTES:
        del logs[next(iter(logs))]
    return read


class CarriedLog:
    """What was read of one log, up to the end of its last whole block.

    Blocks begin where they do for who reads the whole log, so that what is found of them is the same; those that are
    not full yet are read anew each time.
    """

    def __init__(self, called: str = "") -> None:
        self.size = 0
        """Bytes that were read for good."""
        self._cutter, self._lines = Cutter(), Gathering(called=called)
        self._prefix: Prefix | None = None

    def read(self, path: Path, block: int = SIZE) -> Gathered | None:
        """What the whole log holds, of which what is new is read, so many bytes at once.

        None where it does not begin as it did, or cannot be read on; this is not to be used any more then.
        """
        with path.open("rb") as file:
            if self._prefix is not None and not self._prefix.begins(file):
                return None
            file.seek(self.size)
            while len(rest := file.read(block)) == block:
                if rest.endswith(b"\r") and not file.read(1):
                    break  # whether a line feed follows is not known yet
                file.seek(self.size + block)
                whole = self._cutter.take(rest, file)
                if self._cutter.decode is not None or (whole and not self._lines.add(whole)):
                    return None
                self.size = file.tell()
            self._prefix = Prefix.of(file, self.size)
        cutter, lines = replace(self._cutter), _branch(self._lines)
        for text in (cutter.take(rest, io.BytesIO()) if rest else b"", cutter.end()):
            if text and not lines.add(text):
                break
        return lines.out


def _branch(lines: Gathering) -> Gathering:
    """The same, to be read on without a change of these."""
    out = lines.out
    parts = {layout: list(own) for layout, own in out.parts.items()}
    copied = replace(
        out,
        parts=parts,
        taken_up=list(out.taken_up),
        begun=list(out.begun),
        breaks=list(out.breaks),
        config=deepcopy(out.config),
        lost=out.lost.copy(),
        examples=list(out.examples),
    )
    return replace(lines, out=copied, known=dict(lines.known), odd=dict(lines.odd), endings=dict(lines.endings))
