"""Tables with a metric a column: JSON lines and documents, CSV in every dialect, parquet; what is an axis is found out.

A table may hold many runs (`many`), and a run may be written in many tables (`join`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from runlens.errors import NotALog, ReadError
from runlens.model import AS_FOUND, RunRef
from runlens.sources.appended import Trainings, every_one, of_one_file
from runlens.sources.contract import Look
from runlens.sources.table.appended import may_be, trainings
from runlens.sources.table.axis import axis_of
from runlens.sources.table.bare import is_bare, is_called_one
from runlens.sources.table.head import (
    form_of,
    is_log,
    is_lone,
    is_summary,
    may_hold_many,
    names_in,
    suffix,
    tells_of_progress,
    tells_of_training,
)
from runlens.sources.table.join import Family, families, is_dvclive
from runlens.sources.table.many import of_chart, runs_of, without_chart_names
from runlens.sources.table.names import AXES, first
from runlens.sources.table.reading import head_of
from runlens.sources.table.run import last_read, read
from runlens.sources.table.store import Columns
from runlens.sources.table.trials import may_be_trials, results_of_runs, rows_of_trials
from runlens.sources.unread import is_said_to_be_a_log, lower_rank, same_run


def find(name: str) -> list[RunRef]:
    """The tables at a file or anywhere below a folder."""
    path = Path(name)
    if path.is_file():
        return refs([path], Look(path.parent, AS_FOUND, named=True))
    return refs([f for f in sorted(path.rglob("*")) if suffix(f.name) and f.is_file()], Look(path, AS_FOUND))


def claims(head: bytes, path: Path) -> bool:
    """Whether a file is a table in which a training run is logged, by its first bytes."""
    return head.startswith(b"PAR1") or (is_log(head) and not is_summary(head)) or is_bare(path, head)


def refs(files: Sequence[Path], look: Look) -> list[RunRef]:
    """The runs of those tables that log a training: a folder holds other tables too, such as training data."""
    names: dict[Path, list[str]] = {}
    logs = []
    for file in files:  # both ask for the form of the head, which is remembered of the last few
        head = _head(file)
        names[file] = _names(file, head)
        if look.named or (lower_rank(file) is None and _is_log(file, names[file], head)):
            logs.append(file)
    made = [Family(file, (file,)) for file in logs] if look.named else families(logs, names)
    return [ref for family in made for ref in _refs(family, look.root, names, look.options.x)]


def left_out(path: Path, look: Look) -> str:
    """Why a table of a folder is in no run, in a few words; empty for one that does not look like a log, or is one.

    A table of something else, such as training data, has neither an axis nor a metric that is understood.
    """
    head = _head(path)
    names = _names(path, head)
    if _is_log(path, names, head):  # its run is read from a fuller copy
        return same_run(path)
    named = is_said_to_be_a_log(path)
    if path.stat().st_size == 0:
        return "it is empty" if named else ""
    if not names:
        headless = form_of(head_of(path)) == "delimited"
        why = "it has no head that names its columns" if headless else "no table could be made out in it"
        return why if named else ""
    if _is_lone(path, head_of(path)):
        return "it holds one row and no history" if tells_of_progress(names) else ""
    if rows := _rows_of(path, names):
        return f"its rows are {rows}, and no steps"
    trains, placed = tells_of_training(names), first(names, AXES) is not None
    if placed and not trains:
        return "no metric of a training is known among its columns" if named or _may_be_scores(path) else ""
    if trains and not placed:
        return "no column is known to be a step; name it with --x COLUMN"
    return "it has no column of steps and no metric that is known" if named else ""


def _refs(family: Family, root: Path, names: dict[Path, list[str]], x: str) -> list[RunRef]:
    first = family.files[0]
    whole = _id(family.root if len(family.files) > 1 or family.root.is_dir() else first, root)
    ref = RunRef("table", str(family.root), whole, tuple(map(str, family.files)))
    if len(family.files) > 1:
        return [ref]
    members: list[str] = []
    if chart := of_chart(names[first]):
        members = list(chart) if len(chart) > 1 else []
    elif may_hold_many(names[first]):
        try:
            members = _members(last_read(first).columns)
        except ReadError:  # reading the run says what is wrong with it
            members = []
    if not members:
        return of_one_file(replace(ref, location=str(first)), _trainings(first, names[first], x))
    return [replace(ref, location=str(first), id=f"{whole}/{member}", member=member) for member in members]


def members(ref: RunRef) -> list[RunRef]:
    """All trainings of a table, also those that were given up for the next one, for who names one of them."""
    path = Path(ref.location)
    return every_one(ref, _trainings(path, (), ref.options.x)) if path.is_file() else []


def _trainings(path: Path, names: Sequence[str], x: str) -> Trainings:
    """What a table holds; one training where it cannot be read (reading it says why), or by its step need not be, and
    where a column names its runs.
    """
    if names and not may_be(path, names, x):
        return Trainings()
    try:
        columns = without_chart_names(last_read(path).columns)
        if runs_of(columns):
            return Trainings()
        return trainings(columns, axis_of(columns, str(path), x))
    except ReadError:
        return Trainings()


def _may_be_scores(path: Path) -> bool:
    """Whether a table with an axis is named for results, such as those of an evaluator."""
    return re.search(r"(?<![a-z])(?:results?|eval\w*|scores?)(?![a-z])", path.name.lower()) is not None


def _id(path: Path, root: Path) -> str:
    """A run's name: its path below `root`, without suffixes."""
    try:
        name = path.relative_to(root).as_posix()
    except ValueError:
        name = "."
    if name == ".":  # the root itself, or what is not below it
        name = path.resolve().name
    kind = suffix(path.name) or (".json" if path.suffix.lower() == ".json" else "")
    stem = name[: name.lower().rindex(kind)] if kind else name
    return stem or name


def _head(path: Path) -> bytes | OSError:
    """The first bytes of a file, or why they cannot be read."""
    try:
        return head_of(path)
    except OSError as error:
        return error


def _names(path: Path, head: bytes | OSError) -> list[str]:
    """The columns of a table as its head shows them; none for a file that cannot be opened."""
    if isinstance(head, OSError):
        return []
    if head.startswith(b"PAR1"):
        from runlens.sources.table.forms.parquet import names_of

        return names_of(path)
    return names_in(head)


def _is_log(path: Path, names: list[str], head: bytes | OSError) -> bool:
    """Whether a table found in a folder is a log; one that may not be opened is taken, so that reading it says so."""
    if isinstance(head, OSError):
        return isinstance(head, PermissionError)
    if head.startswith(b"PAR1"):
        return first(names, AXES) is not None and tells_of_training(names)
    if is_bare(path, head) or is_dvclive(path):
        return True
    if not (is_log(head, names) or is_called_one(path, head, names)) or _is_lone(path, head) or _rows_of(path, names):
        return False
    if path.suffix.lower() != ".json" or form_of(head) != "document":
        return True
    there = path.stat()
    return _holds_a_run(path, there.st_size, there.st_mtime_ns)


def _members(columns: Columns) -> list[str]:
    """The runs of a table; none where each of its rows is the result of another."""
    runs = runs_of(columns)
    return [] if runs and first(columns.parts, AXES) is None and results_of_runs(columns) else runs


def _rows_of(path: Path, names: list[str]) -> str:
    """What the rows of a table are that are no steps (`rows_of_trials`); empty for any other, and an unreadable one."""
    if not names or not may_be_trials(names):
        return ""
    there = path.stat()
    return _trials_in(path, there.st_size, there.st_mtime_ns)


@lru_cache(maxsize=256)
def _trials_in(path: Path, size: int, changed: int) -> str:
    try:
        columns = without_chart_names(last_read(path).columns)
        return "" if _members(columns) else rows_of_trials(columns, axis_of(columns, str(path)))
    except ReadError:  # which reading it as a run says
        return ""


@lru_cache(maxsize=256)
def _holds_a_run(path: Path, size: int, changed: int) -> bool:
    """Whether a JSON document holds a history: answers of an evaluation begin alike. Reading it tells."""
    try:
        read(RunRef("table", str(path), "", (str(path),)))
    except NotALog:
        return False
    except ReadError:  # which reading it as a run says
        return True
    return True


def _is_lone(path: Path, head: bytes) -> bool:
    """Whether a `.json` file is one object without a history: settings, or results at the end."""
    return path.suffix.lower() == ".json" and is_lone(head)


__all__ = ["claims", "find", "form_of", "left_out", "members", "read", "refs"]
