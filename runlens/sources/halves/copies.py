"""Logs beside event files that say over again what stands in these: YOLO's `results.csv`, detectron2's `metrics.json`.

Many trainers write the same curves twice, to event files and to a table. Both are one run, which is judged once, by the
event files: they know the times of all points. And a `monitor.csv` of stable-baselines3 lists the episodes of the
training that its neighbour logs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from runlens.errors import RunLensError
from runlens.model import Run, RunRef, Series
from runlens.sources.naming import printable

Floats = npt.NDArray[np.float64]
Read = Callable[[RunRef], Run]

_EVENTS, _TABLE = "tensorboard", "table"
_COPIES = frozenset({_TABLE, "trainer_state"})
_LARGEST = 1 << 25
"""Bytes of event files up to which they are read to be compared, 0.3 s."""
_MOST = 8
"""Runs of event files that a table is compared with, at most."""
_CHECKPOINT = re.compile(r"checkpoint[-_]\d+")
_NEAR = 2e-3
"""Relative difference of one value written twice: tables round to four digits and more."""
_ROUNDED = 1e-5
"""What a value near zero loses in a table with five decimals (Ultralytics writes `%.5f`)."""
_ALIKE = 0.9
"""Share of a table's values that must stand in the event files."""
_FEWEST = 2
"""Curves of one name that both must hold, and different values that one of them must show."""
_MORE = 1.1
"""How many times as many points a table may hold as the event files, and be their copy."""
_NAMED = 3
"""Logs that are named when they are left out."""
_APART = 60.0
"""Seconds by which the first and last points of a log may miss the beginning and the end of its training."""


def without_copies(refs: Sequence[RunRef], read: Read) -> tuple[list[RunRef], list[str]]:
    """The runs of a folder without those that another one there holds as well, and what is said of these.

    Parameters
    ----------
    refs : sequence of RunRef
    read : callable
        What reads a run.

    Returns
    -------
    list of RunRef
        In the same order.
    list of str
        Sentences on what was left out.
    """
    copied = any(ref.source == _EVENTS or _is_monitor(ref) for ref in refs)  # nothing else is the copy of another
    homes = {ref: _home(ref) for ref in refs if ref.source in _COPIES and len(ref.files) == 1} if copied else {}
    if not homes:
        return list(refs), []
    around = _around(homes.values(), refs)
    run_of = lru_cache(maxsize=2 * _MOST)(partial(_run_of, read))  # those of one home: all would fill the memory
    kept: list[RunRef] = []
    left: list[tuple[RunRef, RunRef]] = []
    for ref in refs:
        whole = _original(_asked(ref, around[homes[ref]], run_of)) if ref in homes else None
        if whole is None:
            kept.append(ref)
            continue
        left.append((ref, whole))
    run_of.cache_clear()  # what is remembered below is answers, and no runs
    return kept, _said(left)


@dataclass(slots=True)
class _Around:
    """Whose copy the logs of a folder may be."""

    events: list[RunRef] = field(default_factory=list)
    """Runs of event files in it or below it: all, or one more than are compared."""
    tables: list[RunRef] = field(default_factory=list)
    """Tables in it that list no episodes."""


def _around(homes: Iterable[Path], refs: Sequence[RunRef]) -> dict[Path, _Around]:
    """What stands around each of some folders, in one pass: a folder of 1,200 runs has as many homes."""
    found = {home: _Around() for home in homes}
    for ref in refs:
        if ref.source == _EVENTS:
            folder = Path(ref.location)
            for home in (home for home in (folder, *folder.parents) if home in found):
                if len(found[home].events) <= _MOST:
                    found[home].events.append(ref)
        elif ref.source == _TABLE and not _is_monitor(ref) and (home := Path(ref.files[0]).parent) in found:
            found[home].tables.append(ref)
    return found


def _said(left: Sequence[tuple[RunRef, RunRef]]) -> list[str]:
    """Sentences on logs that were left out, each with the run that logs the same; many in one."""
    files = dict.fromkeys((ref.location, _is_monitor(ref)) for ref, _ in left)
    if len(files) > _NAMED:
        first = printable(next(iter(files))[0])
        return [f"{len(files):,} logs, such as {first}, hold what runs beside them log too, and were not judged again"]
    said = []
    for location, is_monitor in files:
        what = "episodes of the training" if is_monitor else "curves"
        whole = next(whole for ref, whole in left if ref.location == location)
        said.append(
            f"{printable(location)} holds the {what} that {printable(whole.id)} logs too, and was not judged again"
        )
    return said


def _home(ref: RunRef) -> Path:
    """The folder in which a log stands, that of the training for the state of a checkpoint."""
    home = Path(ref.files[0]).parent
    return home.parent if _CHECKPOINT.fullmatch(home.name) else home


@dataclass(frozen=True, slots=True)
class _Asked:
    """Whose copy a log is, while all files are as they are."""

    ref: RunRef
    events: tuple[RunRef, ...]
    tables: tuple[RunRef, ...]
    states: tuple[tuple[int, int], ...]
    """Bytes and time of change (ns) of the files of the log and of the event files."""
    run_of: Callable[[RunRef], Run | None] = field(compare=False)


def _asked(ref: RunRef, around: _Around, run_of: Callable[[RunRef], Run | None]) -> _Asked:
    files = [file for one in (ref, *around.events) for file in one.files]
    return _Asked(ref, tuple(around.events), tuple(around.tables), tuple(map(_state_of, files)), run_of)


def _state_of(file: str) -> tuple[int, int]:
    try:
        about = Path(file).stat()
    except OSError:  # it is gone
        return (-1, -1)
    return about.st_size, about.st_mtime_ns


@lru_cache(maxsize=4096)  # a watch asks at every look, mostly about runs that have ended
def _original(asked: _Asked) -> RunRef | None:
    """The run that a table or state repeats, None if there is none."""
    ref, near, same, run_of = asked.ref, asked.events, asked.tables, asked.run_of
    if _is_monitor(ref):
        mine = run_of(ref)
        began = [o for o in near if mine is not None and _at_one_time(mine, run_of(o))]
        found = began or (same if len(same) == 1 and not near else ())
        return found[-1] if found else None
    if not near or len(near) > _MOST:
        return None
    copy = run_of(ref)
    if copy is None:
        return None
    return next((o for o in near if (whole := run_of(o)) is not None and repeats(copy, whole)), None)


def _is_monitor(ref: RunRef) -> bool:
    return ref.source == _TABLE and ref.files[0].lower().endswith("monitor.csv")


def _run_of(read: Read, ref: RunRef) -> Run | None:
    try:
        if sum(Path(file).stat().st_size for file in ref.files) > _LARGEST:
            return None
        return read(ref)
    except (OSError, RunLensError):  # it stays a run, and reading it says what is wrong
        return None


def repeats(copy: Run, whole: Run) -> bool:
    """Whether the curves of one run are those of another, as far as both have them, and no longer.

    Half of the curves of the copy must stand in the other by name, two at least, and nine tenths of their values.
    """
    shared = [name for name in copy.series if name in whole.series]
    if len(shared) < max(_FEWEST, 0.5 * len(copy.series)):
        return False
    if any(len(copy.series[name]) > _MORE * len(whole.series[name]) + 1 for name in shared):
        return False
    values = [_finite(copy.series[name]) for name in shared]
    if not any(len(np.unique(value)) >= _FEWEST for value in values):
        return False
    found = [_stands_in(value, _finite(whole.series[name])) for name, value in zip(shared, values, strict=True)]
    told = np.concatenate(found)
    return bool(len(told)) and float(told.mean()) >= _ALIKE


def _finite(series: Series) -> Floats:
    return series.value[np.isfinite(series.value)]


def _stands_in(value: Floats, others: Floats) -> npt.NDArray[np.bool_]:
    """Which values stand among others, but for rounding."""
    if not len(others):
        return np.zeros(len(value), dtype=bool)
    ranked = np.sort(others)
    at = np.clip(np.searchsorted(ranked, value), 1, len(ranked) - 1) if len(ranked) > 1 else np.zeros(len(value), int)
    gap = np.minimum(np.abs(ranked[at] - value), np.abs(ranked[np.maximum(at - 1, 0)] - value))
    return np.asarray(gap <= _NEAR * np.abs(value) + _ROUNDED)


def _at_one_time(monitor: Run, other: Run | None) -> bool:
    """Whether a training logged while most episodes of a monitor ran: a new launch writes the monitor anew."""
    mine, theirs = _times(monitor), _times(other)
    if mine is None or theirs is None:
        return False
    both = min(mine[1], theirs[1] + _APART) - max(mine[0], theirs[0] - _APART)
    return both >= 0.5 * (mine[1] - mine[0]) and both >= 0.0


def _times(run: Run | None) -> tuple[float, float] | None:
    ends = [
        (float(t[0]), float(t[-1]))
        for s in (run.series.values() if run is not None else ())
        if len(t := s.time[np.isfinite(s.time)])
    ]
    return (min(a for a, _ in ends), max(b for _, b in ends)) if ends else None
