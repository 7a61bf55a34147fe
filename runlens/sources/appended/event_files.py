"""Several trainings in one TensorBoard folder, one after another: each in event files of its own.

A script that always logs to `logs/` leaves one event file a start. Where the step of a later file begins anew and its
loss (or reward) is back where the first file's began, the files are the logs of two trainings, and one curve of both
is one that no job drew. Files that go on with a training, such as those of a resume, stay with it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from runlens.errors import RunLensError
from runlens.model import Note, RunRef, Series
from runlens.sources.appended.between import Between
from runlens.sources.appended.loss import is_afresh
from runlens.sources.appended.trainings import Course, Trainings, trainings_of
from runlens.sources.event_files import read_folder
from runlens.sources.tfevents.kin import folders_of

Floats = npt.NDArray[np.float64]

_MOST_BYTES = 1 << 25
"""Bytes of the files of a run up to which they are read to be told apart, 0.3 s: those of more are one run."""
_TRIED = 4
"""Curves by which trainings are told apart, at most."""
_OPENED = re.compile(r"tfevents\.(\d{9,11})(?:\D|$)")
"""When a writer opened its file, in seconds since the epoch: part of the names that all writers give."""
_HELD_OUT = re.compile(r"(?<![a-z])(val(id(ation)?)?|eval(uation)?|test(ing)?|dev)(?![a-z])", re.IGNORECASE)
_CURVES = tuple(re.compile(p, re.IGNORECASE) for p in (r"loss", r"ep_?rew|reward|return"))
"""Curves that begin anew with the weights, the most telling first."""
_MEMBER = re.compile(r"(\d+) of (\d+)(?:, without (.*))?")


def each_training(ref: RunRef) -> list[RunRef]:
    """The runs of a folder's files: the reference itself where they are one training, or cannot be told apart.

    Parameters
    ----------
    ref : RunRef
        With its files, those of a folder in the order written.

    Returns
    -------
    list of RunRef
        Each training with its own files, `id/1`, `id/2` and so on. Those that were given up for the next one after a
        few rows are no runs; what is said of them is part of `member` (`notes_of`).
    """
    files = _files_of_training(ref)
    opened = [_opened(path) for path in files]
    if len(files) < 2 or None in opened:
        return [ref]
    try:
        there = {path: Path(path).stat() for path in ref.files}
        if sum(about.st_size for about in there.values()) > _MOST_BYTES:
            return [ref]
        found = _told_apart(tuple((path, there[path].st_size, there[path].st_mtime_ns) for path in files))
    except (OSError, RunLensError):  # it stays a run, and reading it says what is wrong
        return [ref]
    if found is None:
        return [ref]
    held, first = found
    since = [opened[files.index(path)] or 0 for path in first]
    parts: list[list[str]] = [[] for _ in first]
    for path in ref.files:
        at = _opened(path)
        number = len(first) - 1 if at is None else max(int(np.searchsorted(since, at, side="right")) - 1, 0)
        parts[number].append(path)
    left = ", ".join(f"number {k + 1} ({why})" for k, why in held.left.items())
    told = f" of {len(parts)}" + (f", without {left}" if left else "")
    runs = [replace(ref, files=tuple(parts[k]), member=f"{k + 1}{told}") for k in held.runs]
    if len(runs) == 1:
        return runs
    return [replace(run, id=f"{ref.id}/{k + 1}") for k, run in zip(held.runs, runs, strict=True)]


def notes_of(ref: RunRef) -> list[Note]:
    """What is said of a run that stands among others in a folder; empty where it stands alone."""
    known = _MEMBER.fullmatch(ref.member)
    if known is None:
        return []
    number, count, left = known.groups()
    said = (
        f"the folder holds {count} trainings, one after another, told apart where the step of a later event file begins"
    )
    notes = [Note("guessed", f"{said} anew and its curve starts over; this is number {number}")]
    if left:
        said = f"of the trainings in the folder {left} was given up for the next one and not judged"
        notes.append(Note("guessed", f"{said}; name its event file to judge it"))
    return notes


def _files_of_training(ref: RunRef) -> Sequence[str]:
    """The files of the folder of the training, which comes first; those of other splits began with it."""
    if "://" in ref.location or len(ref.files) < 2:
        return ()
    return next(iter(folders_of(ref.files, ref.location).values()), ())


@lru_cache(maxsize=256)
def _told_apart(files: tuple[tuple[str, int, int], ...]) -> tuple[Trainings, list[str]] | None:
    """The trainings that these files hold and the first file of each; None if they hold one, or it cannot be told.

    Files are told by their path, bytes and time of change: a watch asks at every look.
    """
    series = [read_folder([path]).series for path, _, _ in files]
    for tag in _curves(series):
        rows = [one[tag] for one in series if tag in one]
        owners = [path for (path, _, _), one in zip(files, series, strict=True) if tag in one]
        begins = np.concatenate([[0], np.cumsum([len(one) for one in rows])])[:-1].tolist()
        step = np.concatenate([one.step for one in rows]).astype(np.float64)
        value = np.concatenate([one.value for one in rows])
        held = trainings_of(Course(step, value, _promises_nothing), partial(_between, step, value))
        if len(held.begins) > 1 and set(held.begins) <= set(begins):
            held.left.update(_broken(value, held))
            return held, [owners[begins.index(at)] for at in held.begins]
    return None


def _promises_nothing(first: int, stop: int) -> bool | None:
    return None


def _between(step: Floats, value: Floats, cuts: Sequence[int]) -> list[Between]:
    """What a new file tells: a script began at its first step, so that the training before is over, also where the
    curve does not tell whether it goes on.
    """
    bounds = [0, *cuts, len(step)]
    parts = [(step[a:b], value[a:b]) for a, b in itertools.pairwise(bounds)]
    return [
        Between(ended=is_afresh(*one, *two) is None and bool(np.isfinite(one[1][-1])))
        for one, two in itertools.pairwise(parts)
    ]


def _broken(value: Floats, held: Trainings) -> dict[int, str]:
    """Trainings that ended in no number, for which the next one was begun from scratch, also at their planned end."""
    ends = [at - 1 for at in held.begins[1:]]
    return {k: "its curve was no number any more" for k, at in enumerate(ends) if not np.isfinite(value[at])}


def _curves(series: Sequence[dict[str, Series]]) -> Iterator[str]:
    """Curves that two files or more hold, the most telling first, of those the one with most points."""
    points: dict[str, list[int]] = {}
    for one in series:
        for tag, found in one.items():
            points.setdefault(tag, []).append(len(found))
    shared = {tag: sum(counts) for tag, counts in points.items() if len(counts) > 1 and not _HELD_OUT.search(tag)}
    ranked = [
        tag for pattern in _CURVES for tag in sorted(shared, key=lambda t: (-shared[t], t)) if pattern.search(tag)
    ]
    yield from list(dict.fromkeys(ranked))[:_TRIED]


def _opened(path: str) -> int | None:
    found = _OPENED.search(Path(path).name)
    return int(found[1]) if found else None
