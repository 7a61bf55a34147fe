"""Folders of eval results: lm-evaluation-harness, lighteval, OLMES, DCLM, one run a model, one point a checkpoint.

Where a file stands in training is taken from the names of its folders, then from the model's revision and name. A model
of which nothing tells (a final one) has one point, and its place is not known (`Run.unplaced`).
"""

from __future__ import annotations

import time as clock
from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np

from runlens.errors import NotALog
from runlens.model import Note, Run, RunRef, Series
from runlens.model.measured import Measured
from runlens.roles.joined import PLACES
from runlens.sources.contract import HEAD, Look
from runlens.sources.eval_results.answers import Kept, TooMuch
from runlens.sources.eval_results.families import GENERIC, families, named
from runlens.sources.eval_results.files import ANSWERS, ResultFile, is_printed, is_result, read_file
from runlens.sources.eval_results.gather import Course, Key, gather
from runlens.sources.eval_results.positions import NOWHERE, Place, in_order, position
from runlens.sources.naming import printable

TOKENS = "tokens"
"""The series that holds the tokens of each checkpoint."""


def claims(head: bytes, path: Path) -> bool:
    """Whether a file begins as a result file does."""
    return is_result(head) or is_printed(path, head)


def refs(files: Sequence[Path], look: Look) -> list[RunRef]:
    """One run for each model: its checkpoints are files whose paths differ in nothing but step, date and task."""
    found = [file for file in files if not ANSWERS.fullmatch(file.name) and (look.named or _begins(file))]
    out = []
    groups = families(_once(found), look.root)
    own = look.root.resolve().name
    for key, group in groups.items():
        where = group[0] if len(group) == 1 and look.named else _above(group)
        alone = len(groups) == 1 and not look.named and not GENERIC.match(own.lower())
        name = own if alone else key or (group[0].stem if look.named else own)
        out.append(RunRef("eval_results", str(where), name, tuple(map(str, group)), member=str(look.root)))
    return sorted(out, key=lambda ref: ref.id)


def left_out(path: Path, look: Look) -> str:
    """Why a file of its names is in no run; empty for answers, which are read with the results beside them."""
    if ANSWERS.fullmatch(path.name) or path.name in ("metrics-all.jsonl", "metrics.json") or _begins(path):
        return ""
    return "it is named like a result file, and holds no table of results"


def read(ref: RunRef) -> Run:
    """Read all checkpoints of one model.

    Raises
    ------
    NotALog
        No file holds a score; a file that cannot be read among others is a note.
    AccessRefused, ReadError
        The only file cannot be opened or read.
    """
    root = Path(ref.member or ref.location)
    notes: list[Note] = []
    placed: list[tuple[ResultFile, Place]] = []
    for name in ref.files:
        try:
            found = read_file(Path(name))
        except NotALog as error:
            if len(ref.files) == 1:
                raise
            notes.append(Note("damaged", str(error), 1))
            continue
        placed += [(file, file.at or position([*named(Path(name), root), *file.models])) for file in found]
    placed = _told(placed, notes)
    courses = gather(placed)
    if not courses:
        raise NotALog(f"no result file in {printable(ref.location)} holds a score")
    said = [sentence for course in courses.values() for sentence in course.left_out]
    notes += [Note("left-out", sentence, 1) for sentence in said[:20]]
    if len(said) > 20:
        notes.append(Note("left-out", f"{len(said) - 20} more scores were measured in another way", len(said) - 20))
    return _run(ref, courses, placed, notes)


def _run(ref: RunRef, courses: dict[Key, Course], placed: Sequence[tuple[ResultFile, Place]], notes: list[Note]) -> Run:
    places = sorted({p.place for c in courses.values() for p in c.points}, key=in_order)
    stepless = any(step is None for step, _ in places)
    rank = {place: i + 1 for i, place in enumerate(places)}
    step_of = {place: rank[place] if stepless else round(place[0] or 0.0) for place in places}
    unplaced = places == [NOWHERE]
    told = "nothing" if unplaced else "tokens" if stepless else "steps"
    if unplaced:
        step_of = {NOWHERE: 0}
    series: dict[str, Series] = {}
    measured: dict[str, Measured] = {}
    kept, too_much = Kept(), list[str]()
    for key, course in courses.items():
        name = _unique(course, key, series)
        steps = np.array([step_of[p.place] for p in course.points], dtype=np.int64)
        series[name] = _series(name, steps, [p.score.value for p in course.points])
        stderr = [p.score.stderr for p in course.points]
        if np.isfinite(stderr).any():
            series[_stderr(name)] = _series(_stderr(name), steps, stderr)
        last = course.points[-1]
        answers = None
        try:
            answers = kept.of(last.file.path, last.file.harness, last.score)
        except TooMuch as error:
            too_much.append(str(error))
        measured[name] = Measured(
            last.score.task,
            last.score.metric,
            last.score.setting,
            last.score.direction,
            max(p.score.n_items for p in course.points),
            MappingProxyType(dict(last.score.conditions)),
            answers,
            last.score.part_of,
        )
    known = [(step_of[place], place[1]) for place in places if place[1] is not None]
    if len(known) == len(places):
        series[TOKENS] = _series(TOKENS, np.array([s for s, _ in known]), [t or 0.0 for _, t in known])
    files = [file for file, _ in placed]
    harness = ", ".join(dict.fromkeys(file.harness for file in files))
    return Run(
        id=ref.id,
        name=ref.id,
        source=ref.location,
        config={"harness": harness, "model": "/".join(reversed(files[-1].models[:2])), PLACES: told},
        series=MappingProxyType(series),
        notes=(*notes, *(Note("left-out", sentence) for sentence in dict.fromkeys(too_much))),
        x_is_step=True,
        read_at=clock.time(),
        measured=MappingProxyType(measured),
        unplaced=unplaced,
    )


def _told(placed: list[tuple[ResultFile, Place]], notes: list[Note]) -> list[tuple[ResultFile, Place]]:
    """Those whose place is told, where any is; the others get a note."""
    known = [(file, place) for file, place in placed if place != NOWHERE]
    if not known or len(known) == len(placed):
        return placed
    for file in (file for file, place in placed if place == NOWHERE):
        where = printable(str(file.path))
        notes.append(
            Note("left-out", f"nothing tells the step of {where}; give its folder a name such as step_1000", 1)
        )
    return known


def _series(name: str, steps: np.ndarray, values: Sequence[float]) -> Series:
    return Series(name, steps, np.full(len(steps), np.nan), np.array(values, dtype=np.float64))


def _unique(course: Course, key: Key, taken: dict[str, Series]) -> str:
    """The eval's name as the file has it, with its setting where another has that name."""
    name = course.points[-1].score.name
    if name not in taken:
        return name
    return f"{name} ({key[2]})" if key[2] and f"{name} ({key[2]})" not in taken else f"{name} ({len(taken)})"


def _stderr(name: str) -> str:
    """The name of an eval's standard error, as `runlens.comparison.curves` looks for it."""
    head, comma, tail = name.partition(",")
    return f"{head}_stderr{comma}{tail}"


def _begins(file: Path) -> bool:
    """Whether a file that was taken by its name is a result file."""
    with file.open("rb") as opened:
        return file.suffix == ".jsonl" or claims(opened.read(HEAD), file)


def _once(files: Sequence[Path]) -> list[Path]:
    """Files without those that hold again what others in the same folder hold: OLMES writes each task and all."""
    per_task = {f.parent for f in files if f.name.startswith("task-") and f.name.endswith("-metrics.json")}
    lines = {f.parent for f in files if f.name == "metrics-all.jsonl"}
    return [
        f
        for f in files
        if not (f.name in ("metrics-all.jsonl", "metrics.json") and f.parent in per_task)
        and not (f.name == "metrics.json" and f.parent in lines)
    ]


def _above(files: Sequence[Path]) -> Path:
    """The folder that all files lie in."""
    folders = [file.parent for file in files]
    found = folders[0]
    while not all(folder.is_relative_to(found) for folder in folders):
        found = found.parent
    return found
