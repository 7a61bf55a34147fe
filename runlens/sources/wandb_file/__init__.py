"""W&B's local run files (`run-<id>.wandb`), read without wandb: every row, whatever the file's state.

Runs that were resumed offline have one file for each attempt, with one run id: they are one run here. Where `_step`
merely counts calls it begins at 0 again in each file; it is then carried on, so that every row keeps its own place.
"""

from __future__ import annotations

import math
import time as clock
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from runlens.errors import AccessRefused, ReadError
from runlens.model import Note, Run, RunRef, Series
from runlens.sources.contract import Look
from runlens.sources.naming import printable
from runlens.sources.wandb_file.framing import Damage, Segment, segments
from runlens.sources.wandb_file.history import History, Stats, joined
from runlens.sources.wandb_file.meta import Meta
from runlens.sources.wandb_file.records import CONFIG, EXIT, HISTORY, METRIC, RUN, STATS, SUMMARY, kinds
from runlens.sources.wandb_file.wire import Ints
from runlens.sources.wandb_shape import step_metric_of
from runlens.sources.worded import one_numbering, renumbered

_ABOUT = (CONFIG, EXIT, METRIC, RUN)
_LARGE = 16 << 20
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


def find(name: str) -> list[RunRef]:
    """The runs of a `.wandb` file, or of all such files below a folder."""
    path = Path(name)
    return _runs([path] if path.is_file() else sorted(path.rglob("*.wandb")))


def claims(head: bytes, path: Path) -> bool:
    """Whether a file begins as W&B's do."""
    return head.startswith(b":W&B")


def refs(files: Sequence[Path], look: Look) -> list[RunRef]:
    """The runs of some files, named by their run ids."""
    return _runs(files)


def _runs(files: Sequence[Path]) -> list[RunRef]:
    """Runs of the given files: those with one run id in one `wandb` folder are attempts of one run, oldest first.

    W&B names the folder of an attempt `offline-run-<date>_<time>-<id>` (or `run-…`), so names order the attempts.
    """
    attempts: dict[tuple[Path, str], list[Path]] = {}
    for file in files:
        run_id = file.name.removesuffix(".wandb").removeprefix("run-")
        in_own_folder = file.parent.name.endswith(f"-{run_id}")
        attempts.setdefault((file.parent.parent if in_own_folder else file.parent, run_id), []).append(file)
    out = []
    for (_, run_id), group in attempts.items():
        group.sort(key=lambda f: (f.parent.name.removeprefix("offline-"), f.name))
        location = group[0].parent if group[0].parent.name.endswith(f"-{run_id}") else group[0]
        out.append(RunRef("wandb_file", str(location), run_id, tuple(map(str, group))))
    return out


@dataclass(frozen=True, slots=True, eq=False)
class _Attempt:
    """One file, read."""

    meta: Meta
    series: dict[str, Series]
    texts: dict[str, tuple[str, ...]]
    """Words that some series number."""
    last_step: int
    notes: tuple[Note, ...]
    start: float


def read(ref: RunRef) -> Run:
    """Read one run: history over `_step`, system metrics joined by time, configuration, summary and state.

    Series are raw: where `_step` is no training step, `Run.step_metric` names the series that is, if W&B was told.

    Raises
    ------
    NotALog
        A file is no `.wandb` file.
    AccessRefused, ReadError
        A file cannot be opened or read.
    """
    read_at = clock.time()
    files = [Path(f) for f in ref.files or (ref.location,)]
    attempts: list[_Attempt] = []
    for file in files:
        try:
            attempts.append(_read_file(file, attempts[-1].last_step if attempts else None))
        except PermissionError as error:
            raise AccessRefused(f"no permission to read {printable(str(file))}; ask its owner for it") from error
        except OSError as error:
            raise ReadError(f"{printable(str(file))} cannot be read ({error.strerror}); look at the disk") from error
    last = attempts[-1].meta
    config: dict[str, object] = {}
    summary: dict[str, object] = {}
    for attempt in attempts:
        config |= attempt.meta.config
        summary |= attempt.meta.summary
    texts = one_numbering([a.texts for a in attempts])
    series = joined([_with_words(a, texts) for a in attempts])
    defined = [d for a in attempts for d in a.meta.defined]
    config.pop("_wandb", None)
    return Run(
        id=ref.id,
        name=last.name or last.run_id or ref.id,
        source=ref.location,
        state=last.state,
        entity=last.entity,
        project=last.project,
        config=config,
        summary=summary,
        series=series,
        texts=texts,
        notes=tuple(note for a in attempts for note in a.notes),
        starts=tuple(a.start for a in attempts if math.isfinite(a.start)),
        step_metric=step_metric_of(defined, {name: len(s) for name, s in series.items() if name not in texts}),
        read_at=read_at,
    )


def _read_file(path: Path, before: int | None) -> _Attempt:
    """Read one file; `before` is the last `_step` of the attempt before it, None for the first."""
    damage, meta, history, stats = Damage(), Meta(), History(quick=path.stat().st_size > _LARGE), Stats()
    summaries = _Summaries(meta)
    bad = 0
    for segment in segments(path, damage):
        kind, start, stop, odd = kinds(segment)
        bad += odd
        for number, rows in ((HISTORY, history), (STATS, stats)):
            which = kind == number
            if which.any():
                rows.add(segment.raw, start[which], stop[which], segment.place[which])
        about = np.flatnonzero(np.isin(kind, _ABOUT))
        for i in about[np.argsort(segment.place[about])].tolist():
            bad += not _take(meta, int(kind[i]), segment.raw[int(start[i]) : int(stop[i])])
        summaries.add(segment, kind, start, stop)
    summaries.flush()
    step, time = history.axes()
    parts = history.series(step, time)
    words, texts, constant = history.words(step, time, parts)
    if before is not None and _counts_calls(step, parts, before):
        step = step + (before + 1)
        parts, words = (
            {name: Series(name, s.step + (before + 1), s.time, s.value) for name, s in of.items()}
            for of in (parts, words)
        )
    for name, series in parts.items():
        meta.summary.setdefault(name, float(series.value[-1]))
    parts |= {n: s for n, s in stats.series(step, time).items() if n not in parts}
    parts |= {n: s for n, s in words.items() if n not in parts}
    meta.config = constant | meta.config
    first = time[np.isfinite(time)][:1]
    began = meta.start if math.isfinite(meta.start) else float(first[0]) if len(first) else math.nan
    notes = _notes(path, damage, bad + summaries.bad + history.bad + stats.bad)
    return _Attempt(
        meta, parts, texts, int(step.max()) if len(step) else -1 if before is None else before, notes, began
    )


def _with_words(attempt: _Attempt, texts: Mapping[str, tuple[str, ...]]) -> dict[str, Series]:
    """The series of an attempt, its words numbered as in all attempts; one that is of words in another is so here."""
    return {
        name: renumbered(s, attempt.texts[name], texts[name]) if name in attempt.texts else s
        for name, s in attempt.series.items()
        if name in attempt.texts or name not in texts
    }


class _Summaries:
    """Summary records, without parsing what W&B writes before every row: the run time, and a copy of the row."""

    def __init__(self, meta: Meta) -> None:
        self.meta = meta
        self.latest: dict[bool, bytes] = {}
        self.bad = 0

    def add(self, segment: Segment, kind: Ints, start: Ints, stop: Ints) -> None:
        """Take those of a segment."""
        order = np.argsort(segment.place, kind="stable")
        ordered, size = kind[order], (stop - start)[order]
        which = np.flatnonzero(ordered == SUMMARY)
        after = np.minimum(which + 1, len(order) - 1)
        # The copy has the row's items, byte for byte as long; the row has its step behind them, 2 to 12 bytes.
        surplus = size[after] - size[which]
        copy = (ordered[after] == HISTORY) & (surplus >= 2) & (surplus <= 12) & (size[which] > _RUN_TIME_SIZE)
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

    @staticmethod
    def _message(segment: Segment, i: np.int64, start: Ints, stop: Ints) -> bytes:
        return segment.raw[int(start[i]) : int(stop[i])]

    def flush(self) -> None:
        """Take the last copy and the last run time that were put by."""
        for message in self.latest.values():
            self._take(message)
        self.latest.clear()

    def _take(self, message: bytes) -> None:
        self.bad += not _take(self.meta, SUMMARY, message)


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
