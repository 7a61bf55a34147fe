"""Several trainings in one table, one after another, with no column that names them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from runlens.errors import NotALog
from runlens.growing import mapped, rises
from runlens.model import Note, RunRef
from runlens.sources.appended import Between, Course, Trainings, number_of, told, trainings_of
from runlens.sources.table.axis import Axis, axis_of
from runlens.sources.table.forms.dialect import BLANKS, dialect_of
from runlens.sources.table.forms.packed import text_of, unpacked, wide
from runlens.sources.table.forms.plain import never_falls
from runlens.sources.table.head import form_of, tells_of_progress
from runlens.sources.table.names import AXES, EPOCHS, METRICS, STEPS, canonical, every, first
from runlens.sources.table.reading import head_of
from runlens.sources.table.splits import held_out_rows
from runlens.sources.table.store import Columns, Floats, Ints, settings_in

_LARGEST = 1 << 25
"""Bytes up to which a table is looked through for several trainings when it is found."""
_PLANS = {
    "steps": ("total_steps", "max_steps", "num_training_steps"),
    "epochs": ("total_epochs", "max_epochs", "num_epochs", "n_epochs"),
}
"""Columns that say how many steps or epochs there will be."""
_OF_THE_LAUNCH = re.compile(r"time|date|dir|path|file|name|id$|pid|host|version|resum|start|step|epoch|loss|acc")
"""Settings that differ from one launch to the next of the same training."""
_ON = 3.0
"""Usual strides that a counter may go ahead from one row to the next and count on."""
_LOSSES = ("loss", "train_loss", "train/loss", "training_loss", "loss/train")


def may_be(path: Path, names: Sequence[str], x: str = "") -> bool:
    """Whether the step of a table goes back to where it began, by a quick look at that column; False for what the look
    is not for: packed and very large tables, parquet.
    """
    axis = first(names, [canonical(x)] if x else AXES)
    try:
        if axis is None or path.stat().st_size > _LARGEST:
            return False
        raw = path.read_bytes()
        if never_falls(raw, names, axis):
            return False
        head = head_of(path)
        form = form_of(head)
        dialect = dialect_of(text_of(unpacked(head))) if form == "delimited" else None
        if form in ("lines", "logged", "document"):
            found = _of_key(_text(raw, head), axis)
        elif dialect is not None:
            found = _column(_text(raw, head), list(names).index(axis), dialect.delimiter)
        else:
            return False
    except OSError:
        return False
    try:
        step = np.array(found, dtype=np.float64)
    except ValueError:
        return True
    fell = np.flatnonzero(step[1:] < step[:-1]) + 1
    if not len(fell):
        return False
    rises = np.diff(step)[np.diff(step) > 0]
    return bool(np.any(step[fell] <= step[0] + (np.median(rises) if len(rises) else 0.0)))


def _text(raw: bytes, head: bytes) -> bytes:
    """A table as UTF-8."""
    code = wide(head)
    return raw if not code else raw.decode(code, "replace").removeprefix("\ufeff").encode()


def _of_key(text: bytes, key: str) -> list[bytes]:
    """The numbers of a key of records, or those of its list."""
    name = rb'"' + re.escape(key).encode() + rb'"\s*:\s*'
    found = re.findall(name + rb'"?(\d+(?:\.\d+)?)', text)
    listed = None if found else re.search(name + rb"\[([^\[\]]*)\]", text)
    return found if listed is None else [cell for cell in listed[1].split(b",") if cell.strip()[:1].isdigit()]


def _column(text: bytes, at: int, delimiter: str) -> list[bytes]:
    """The cells of one column that are numbers."""
    sign = None if delimiter == BLANKS else delimiter.encode() or b"\n"  # a table of one column has no sign
    cells = (line.split(sign, at + 1) for line in text.splitlines())
    return [cell[at] for cell in cells if len(cell) > at and cell[at].strip(b' "')[:1].isdigit()]


def trainings(columns: Columns, axis: Axis) -> Trainings:
    """The trainings of a table; positions are those of rows.

    Parameters
    ----------
    columns : Columns
    axis : Axis
        Of these columns.
    """
    if not axis.name or columns.rows < 2 or first(columns.labels, METRICS) is not None:
        return Trainings()
    rows, loss = _main(columns, axis)
    if not len(rows):
        return Trainings()

    def before(at: Sequence[int]) -> list[Between]:
        starts = [0, *(int(rows[k - 1]) + 1 for k in at)]
        ends = [int(rows[0]), *(int(rows[k]) for k in at)]
        return _between(columns, list(zip(starts, ends, strict=True)))

    at = axis.step if rows is columns.every else axis.step[rows]
    step = mapped("as float", (at,), lambda steps: steps.astype(np.float64))
    course = Course(step, loss, _to_the_end(columns, axis, rows), _goes_on(columns, axis, rows))
    found = trainings_of(course, before)
    begins = [0, *(_first_row(columns, axis, rows, k) for k in found.begins[1:])]
    return replace(found, begins=begins, on=[_first_row(columns, axis, rows, k) for k in found.on])


def _main(columns: Columns, axis: Axis) -> tuple[Ints, Floats]:
    """The rows that say a place and hold the training loss, or a score or reward where none is logged, or else all that
    are not of held-out data; and that loss.
    """
    there = axis.own & ~held_out_rows(columns)
    name = _loss(columns)
    if name is None:
        rows = np.flatnonzero(there)
        return rows, np.full(len(rows), np.nan)
    row, value = columns.joined(name)
    if there.all() and rises(row, strictly=True):
        return row, value
    keep = there[row]
    order = np.argsort(row[keep], kind="stable")
    return row[keep][order], value[keep][order]


def _loss(columns: Columns) -> str | None:
    from runlens.roles.names.reading import read_name

    names = list(columns.parts)
    named = first(names, _LOSSES)
    if named is not None:
        return named
    losses = [
        n
        for n in names[:2000]
        if canonical(n) not in AXES and (claim := read_name(n, names)) is not None and claim.role == "train_loss"
    ]
    told = losses or [n for n in names[:2000] if canonical(n) not in AXES and tells_of_progress([n])]
    return max(told, key=columns.count, default=None)


def _to_the_end(columns: Columns, axis: Axis, rows: Ints) -> Callable[[int, int], bool | None]:
    kind = "epochs" if canonical(axis.name) in EPOCHS else "steps" if canonical(axis.name) in STEPS else ""
    name = first((n for n in columns.parts if n != axis.name), _PLANS.get(kind, ()))
    plan = columns.dense(name)[rows] if name is not None else None

    def ended(begin: int, stop: int) -> bool | None:
        said = plan[begin:stop] if plan is not None else np.empty(0)
        if not len(said) or not bool(np.all(said == said[0])) or said[0] <= axis.step[rows[begin]]:
            return None
        return bool(axis.step[rows[stop - 1]] >= said[0] - 1)

    return ended


def _goes_on(columns: Columns, axis: Axis, rows: Ints) -> Callable[[int], bool]:
    """Whether a counter beside the axis, such as the episode, counts on at a row: the axis alone begins anew there."""
    rising = []
    for name in every(columns.parts, AXES):
        known = columns.joined(name)[1]
        if name != axis.name and name not in axis.used and len(known) > 1 and bool(np.all(np.diff(known) >= 0)):
            dense = columns.dense(name)  # also of rows that say none: such as of an update between two episodes
            rising.append(np.maximum.accumulate(np.where(np.isfinite(dense), dense, -np.inf))[rows])

    def on(at: int) -> bool:
        stepped = ((other[at] - other[at - 1], float(np.median(np.diff(other)))) for other in rising)
        return any(0 < ahead <= _ON * usual for ahead, usual in stepped)

    return on


def _between(columns: Columns, spans: Sequence[tuple[int, int]]) -> list[Between]:
    """What rows without a place say before each training: settings, which may differ from those before."""
    out = []
    stated: dict[str, object] = {}
    for k, (begin, stop) in enumerate(spans):
        own: dict[str, object] = {}
        for row, cells in columns.said.items():
            if begin <= row < stop:
                own |= settings_in(cells)
        if k:
            other = any(key in stated and stated[key] != own[key] for key in own if not _OF_THE_LAUNCH.search(key))
            out.append(Between(names_another=other))
        stated |= own
    return out


def _first_row(columns: Columns, axis: Axis, rows: Ints, at: int) -> int:
    """The first row of a training: what says no place, or none beyond its first row of a loss, stands before it."""
    begin, floor = int(rows[at]), int(rows[at - 1]) + 1
    while begin > floor and (
        begin - 1 in columns.said or (axis.own[begin - 1] and axis.step[begin - 1] <= axis.step[rows[at]])
    ):
        begin -= 1
    return begin


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one training of a table."""

    columns: Columns
    axis: Axis | None = None
    """Where these rows stand; None where it is to be found out."""
    on: Sequence[int] = ()
    """Rows at which the step begins anew and is counted on."""
    notes: Sequence[Note] = ()


def one_training(columns: Columns, ref: RunRef, where: str) -> Part:
    """The training of a table that a reference means: the last, where it names none.

    Raises
    ------
    NotALog
        There is none of that number.
    """
    if first(columns.labels, METRICS) is not None:  # whose metrics become columns first
        return Part(columns)
    try:
        axis = axis_of(columns, where, ref.options.x)
    except NotALog:  # so that making series of it says so
        return Part(columns)
    held = trainings(columns, axis)
    number = number_of(ref, held, where)
    if len(held.begins) == 1:
        return Part(columns, axis, held.on, told(held, number, where))
    begin, stop, on = held.part(number, columns.rows)
    at = np.arange(columns.rows)
    rows = columns.where((at >= begin) & (at < stop))
    own = axis_of(rows, where, ref.options.x)
    if own.name != axis.name and axis.name in rows.parts:  # what tells is told by all rows together
        own = axis_of(rows, where, axis.name)
    return Part(rows, own, on, told(replace(held, on=on), number, where))
