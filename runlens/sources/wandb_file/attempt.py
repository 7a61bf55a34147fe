"""One `.wandb` file: its records gathered, and what an attempt of a run they make."""

from __future__ import annotations

import math
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from runlens.model import Note, Series
from runlens.sources.naming import printable
from runlens.sources.wandb_file.framing import Damage, Segment, segments
from runlens.sources.wandb_file.history import History, Stats
from runlens.sources.wandb_file.meta import Meta
from runlens.sources.wandb_file.records import CONFIG, EXIT, HISTORY, METRIC, RUN, STATS, SUMMARY, kinds
from runlens.sources.wandb_file.wire import Ints

_ABOUT = (CONFIG, EXIT, METRIC, RUN)
LARGE = 16 << 20
"""Bytes from which on importing pyarrow for its parser of numbers pays (some 400,000 numbers)."""
_RUN_TIME = b"\x12\x06_wandb\x12\x07runtime"
_RUN_TIME_SIZE = 64
_STEP_NAMES = (
    "train/global_step",
    "trainer/global_step",
    "global_step",
    "training_step",
    "iteration_step",
    "train_step",
    "iteration",
    "iter",
    "step",
)
"""Series that count training steps where `_step` counts calls (HF Trainer, Lightning, nanotron, nanoGPT, …)."""


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """One file, read."""

    meta: Meta
    series: dict[str, Series]
    texts: dict[str, tuple[str, ...]]
    """Words that some series number."""
    last_step: int
    notes: tuple[Note, ...]
    start: float


@dataclass(slots=True)
class Gathered:
    """What the records of a file say, as far as they were read."""

    history: History
    stats: Stats
    damage: Damage = field(default_factory=Damage)
    meta: Meta = field(default_factory=Meta)
    bad: int = 0
    summaries: Summaries = field(init=False)

    def __post_init__(self) -> None:
        self.summaries = Summaries(self.meta)

    def take(self, segment: Segment) -> None:
        """Take the records of a segment."""
        kind, start, stop, odd = kinds(segment)
        self.bad += odd
        for number, rows in ((HISTORY, self.history), (STATS, self.stats)):
            which = kind == number
            if which.any():
                rows.add(segment.raw, start[which], stop[which], segment.place[which])
        about = np.flatnonzero(np.isin(kind, _ABOUT))
        for i in about[np.argsort(segment.place[about])].tolist():
            self.bad += not _take(self.meta, int(kind[i]), segment.raw[int(start[i]) : int(stop[i])])
        self.summaries.add(segment, kind, start, stop)

    def branch(self) -> Gathered:
        """The same with its own `meta`, for `attempt`, which changes that."""
        other = Gathered(self.history, self.stats, self.damage, deepcopy(self.meta), self.bad)
        other.summaries = self.summaries.branch(other.meta)
        return other

    def attempt(self, path: Path, before: int | None) -> Attempt:
        """What they make; `before` is the last `_step` of the attempt before it, None for the first."""
        self.summaries.flush()
        meta, history, stats = self.meta, self.history, self.stats
        step, time = history.axes()
        parts = history.series(step, time)
        words, texts, constant = history.words(step, time, parts)
        odd_words = history.words_among(parts)
        if before is not None and _counts_calls(step, parts, before):
            step = step + (before + 1)
            parts, words = (
                {name: Series(name, s.step + (before + 1), s.time, s.value) for name, s in of.items()}
                for of in (parts, words)
            )
        for name in sorted(parts):
            meta.summary.setdefault(name, float(parts[name].value[-1]))
        parts |= {n: s for n, s in stats.series(step, time).items() if n not in parts}
        parts |= {n: s for n, s in words.items() if n not in parts}
        meta.config = constant | meta.config
        first = time[np.isfinite(time)][:1]
        began = meta.start if math.isfinite(meta.start) else float(first[0]) if len(first) else math.nan
        bad = self.bad + self.summaries.bad + history.bad + stats.bad
        notes = (*_notes(path, self.damage, bad), *odd_words)
        last_step = int(step.max()) if len(step) else -1 if before is None else before
        return Attempt(meta, parts, texts, last_step, notes, began)


def read_attempt(path: Path, before: int | None) -> Attempt:
    """Read one file; `before` as of `Gathered.attempt`. Raises NotALog and OSError."""
    gathered = Gathered(History(quick=path.stat().st_size > LARGE), Stats())
    for segment in segments(path, gathered.damage):
        gathered.take(segment)
    return gathered.attempt(path, before)


class Summaries:
    """Summary records, without parsing what W&B writes before every row: the run time, and a copy of the row."""

    def __init__(self, meta: Meta) -> None:
        self.meta = meta
        self.latest: dict[bool, bytes] = {}
        self.waiting: bytes | None = None
        """The last record so far: what follows tells whether it is a copy of a row."""
        self.bad = 0

    def branch(self, meta: Meta) -> Summaries:
        """The same for another `meta`, to be flushed without a change of this."""
        other = Summaries(meta)
        other.latest, other.waiting, other.bad = dict(self.latest), self.waiting, self.bad
        return other

    def add(self, segment: Segment, kind: Ints, start: Ints, stop: Ints) -> None:
        """Take those of a segment."""
        order = np.argsort(segment.place, kind="stable")
        ordered, size = kind[order], (stop - start)[order]
        if not len(order):
            return
        if (held := self.waiting) is not None:
            self.waiting = None
            if _is_copy(len(held), ordered[0], size[0]):
                self.latest[True] = held
            else:
                self.flush()
                self._take(held)
        which = np.flatnonzero(ordered == SUMMARY)
        last = len(which) > 0 and which[-1] == len(order) - 1 and size[-1] > _RUN_TIME_SIZE
        which = which[:-1] if last else which
        after = np.minimum(which + 1, len(order) - 1)
        copy = _is_copy(size[which], ordered[after], size[after])
        copies, passed = which[copy], 0
        for at in which[~copy].tolist():
            message = self._message(segment, order[at], start, stop)
            if message.startswith(_RUN_TIME, 2) and len(message) <= _RUN_TIME_SIZE:
                self.latest[False] = message
                continue
            before, passed = passed, int(np.searchsorted(copies, at))
            if passed > before:
                self.latest[True] = self._message(segment, order[copies[passed - 1]], start, stop)
            self.flush()
            self._take(message)
        if passed < len(copies):
            self.latest[True] = self._message(segment, order[copies[-1]], start, stop)
        if last:
            self.waiting = self._message(segment, order[-1], start, stop)

    @staticmethod
    def _message(segment: Segment, i: np.int64, start: Ints, stop: Ints) -> bytes:
        return segment.raw[int(start[i]) : int(stop[i])]

    def flush(self) -> None:
        """Take the last copy and the last run time that were put by, and what nothing follows."""
        for message in (*self.latest.values(), *([self.waiting] if self.waiting is not None else [])):
            self._take(message)
        self.latest.clear()
        self.waiting = None

    def _take(self, message: bytes) -> None:
        self.bad += not _take(self.meta, SUMMARY, message)


def _is_copy(size: Ints | int, kind: Ints | int, after: Ints | int) -> npt.NDArray[np.bool_]:
    """Whether a summary of so many bytes is a copy of the row that follows, by kind and bytes of the next record.

    The copy has the row's items, byte for byte as long; the row has its step behind them, 2 to 12 bytes.
    """
    surplus = np.asarray(after) - size
    return np.asarray((np.asarray(kind) == HISTORY) & (surplus >= 2) & (surplus <= 12) & (size > _RUN_TIME_SIZE))


def _take(meta: Meta, kind: int, message: bytes) -> bool:
    try:
        meta.add(kind, message)
    except ValueError:
        return False
    return True


def _counts_calls(step: Ints, series: dict[str, Series], before: int) -> bool:
    """Whether `_step` began anew in a resumed file although training went on, as a step series there says."""
    if not len(step) or step[0] > min(before, 1):
        return False
    known = [series[name] for name in _STEP_NAMES if name in series and len(series[name])]
    return any(s.value[0] > max(s.step[0], 1) for s in known)


def _notes(path: Path, damage: Damage, bad: int) -> tuple[Note, ...]:
    total = path.stat().st_size
    notes = []
    if damage.bytes:
        notes.append(
            Note(
                "damaged",
                f"{printable(str(path))} is damaged: {damage.bytes} of {total} bytes, at least {damage.records} "
                f"record{'s' if damage.records != 1 else ''}, failed their checksum and were not read",
                damage.records,
                damage.bytes,
                total,
            )
        )
    if bad:
        said = (
            f"{bad} record{'s' if bad != 1 else ''} of {printable(str(path))} could not be understood and were left out"
        )
        notes.append(Note("unsupported", said, bad, 0, total))
    return tuple(notes)
