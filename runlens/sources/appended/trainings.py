"""Which trainings a log holds, by where its step begins anew."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from runlens.growing import all_finite, differences, rises
from runlens.sources.appended.between import Between
from runlens.sources.appended.loss import are_rounds, is_afresh

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

FEWEST = 3
"""Rows of a training."""
JUDGED = 8
"""Rows below which a training that was begun anew is a start that failed, if another has as many."""
MOST = 100
"""Trainings that are told apart: a step that begins anew more often counts something else, such as rounds. Ten times as
many, where the loss begins afresh with most of them: a hundred folds."""


LEAP = 10
"""Usual strides that a step must leap ahead to be another training's, as LOG003 asks of steps that are missing."""


@dataclass(frozen=True, slots=True)
class Course:
    """The rows of the training loss of a log, or of whatever its loop logs, in the order written."""

    step: Floats
    """(n,)"""
    loss: Floats
    """(n,): NaN where none was logged."""
    to_its_end: Callable[[int, int], bool | None]
    """Whether the rows from one position to another (not inclusive) came to the end that they promise; None if they
    promise none."""
    goes_on: Callable[[int], bool] = lambda at: False
    """Whether something else tells that the same training goes on at a row at which the step begins anew."""
    counted: bool = False
    """Whether the steps are rows that were counted: pieces of as many rows may be epochs."""


@dataclass(frozen=True, slots=True)
class Trainings:
    """What a log holds."""

    begins: list[int] = field(default_factory=lambda: [0])
    """Positions of the rows at which trainings begin, the first of them 0."""
    left: dict[int, str] = field(default_factory=dict)
    """Trainings, counted from 0, that were given up for the next one, and why: they are no runs unless asked for."""
    on: list[int] = field(default_factory=list)
    """Positions of the rows at which the step begins anew and the same training goes on."""
    between: dict[int, Between] = field(default_factory=dict)
    """What stands before each row of `begins` but the first."""

    @property
    def runs(self) -> list[int]:
        """Trainings that are runs, counted from 0; the last one always is."""
        return [k for k in range(len(self.begins)) if k not in self.left]

    def part(self, number: int, rows: int) -> tuple[int, int, list[int]]:
        """Where a training of a log of so many rows begins and stops (not inclusive), and its rows that are in `on`."""
        begin, stop = [*self.begins, rows][number : number + 2]
        return begin, stop, [at - begin for at in self.on if begin < at < stop]


def trainings_of(course: Course, before: Callable[[Sequence[int]], Sequence[Between]]) -> Trainings:
    """Tell apart the trainings of a log.

    Parameters
    ----------
    course : Course
    before : callable
        What stands before each of some rows, after the row of the course before it.
    """
    step, loss = course.step, course.loss
    if len(step) < 2 * FEWEST or not all_finite(step):
        return Trainings()
    cuts = begins_anew(step)
    older = taken_up_again(step, cuts)
    cuts = sorted({*cuts, *older})
    sizes = np.diff([0, *cuts, len(step)])
    if not cuts or 2 * np.count_nonzero(sizes < FEWEST) > len(sizes):
        return Trainings()
    stop = len(step)
    if sizes[-1] < FEWEST:  # it has hardly begun
        *cuts, stop = cuts
    bounds = [0, *cuts, stop]
    pieces = [slice(a, b) for a, b in itertools.pairwise(bounds)]
    afresh = [is_afresh(step[one], loss[one], step[two], loss[two]) for one, two in itertools.pairwise(pieces)]
    in_rounds = len(cuts) >= FEWEST and (
        (2 * afresh.count(False) > len(cuts) and 4 * afresh.count(True) <= len(cuts))
        or (2 * afresh.count(True) < len(cuts) and are_rounds([loss[piece] for piece in pieces]))
    )
    in_rounds = in_rounds and not older
    if len(cuts) >= (10 * MOST if 2 * afresh.count(True) > len(cuts) else MOST):
        return Trainings(on=cuts) if in_rounds else Trainings()
    said = before(cuts) if cuts else []
    done = _done(course, pieces, said)
    in_rounds = in_rounds and not any(told.names_another for told in said)
    out = Trainings()
    begun = 0
    for k, (at, told) in enumerate(zip(cuts, said, strict=True)):
        short = sizes[k] < FEWEST
        if at in older:
            if older[at] != begun:  # what began there is no training of its own, so nothing is taken up after it
                continue
            out.left[len(out.begins) - 1] = f"it has {at - begun} rows, and after it an older training goes on"
            out.begins.append(at)
            out.between[len(out.begins) - 1] = told
            begun = at
            continue
        if in_rounds or course.goes_on(at) or (afresh[k] is False and not done[k] and not told.names_another):
            out.on.append(at)
            continue
        if not (done[k] or afresh[k] or told.names_another or short or told.launched):
            continue
        why = _given_up(course, begun, at, told, done[k], int(sizes.max()))
        if why:
            out.left[len(out.begins) - 1] = why
        out.begins.append(at)
        out.between[len(out.begins) - 1] = told
        begun = at
    return out


def begins_anew(step: Floats) -> list[int]:
    """Positions of the rows at which the step falls to where the log begins, or to the first of its usual steps.

    A row after which the step is back where it was, or more than half of the way there in one stride, is a damaged
    number or one in the wrong place, not a beginning; so is one before which a single row ran ahead. Nor are a few rows
    a training of their own, unless the next one begins with the same step.
    """
    if rises(step):
        return []
    change = differences(step)
    stride = float(np.median(change[change > 0])) if bool(np.any(change > 0)) else 1.0
    top = max(float(step[0]), stride)
    cuts: list[int] = []
    for at in (np.flatnonzero((change < 0) & (step[1:] <= top)) + 1).tolist():
        begun = cuts[-1] if cuts else 0
        back = change[at] if at < len(change) else 0.0
        fell = step[at - 1] - step[at]
        misplaced = back > fell or back > max(3 * stride, 0.5 * fell) or (at > 1 and step[at] > step[at - 2])
        if not misplaced and (at - begun >= JUDGED or step[at] == step[begun]):
            cuts.append(at)
    return cuts


def taken_up_again(step: Floats, cuts: Sequence[int]) -> dict[int, int]:
    """Rows at which an older training goes on after one that was begun anew in between, and where that one began.

    There the step leaps, by more than the newer training has rows, to where an older one has been or stopped: a trial
    of a few rows, and after it the job that it was for. What has as many rows as all that stands before it is no trial.
    """
    if not cuts:
        return {}
    change = np.diff(step)
    stride = float(np.median(change[change > 0])) if bool(np.any(change > 0)) else 1.0
    found = {}
    for begin, end in itertools.pairwise([*cuts, len(step)]):
        leaps = begin + np.flatnonzero(change[begin : end - 1] > LEAP * stride)
        for at in leaps[:1].tolist():
            reached = float(step[:begin].max())
            rows = at + 1 - begin
            far = rows < begin and change[at] > stride * rows
            if far and step[at] < step[at + 1] <= reached + LEAP * stride:
                found[at + 1] = begin
    return found


def _done(course: Course, pieces: Sequence[slice], said: Sequence[Between]) -> list[bool]:
    """Whether each piece but the last came to its end: the one it promises, says, or shares with another."""
    ends = np.array([course.step[p.stop - 1] for p in pieces])
    out = []
    for k, told in enumerate(said):
        promised = course.to_its_end(pieces[k].start, pieces[k].stop)
        enough = pieces[k].stop - pieces[k].start >= FEWEST
        alike = (
            enough
            and not course.counted
            and promised is None
            and int(np.count_nonzero(ends == ends[k])) > 1
            and not told.crashed
        )
        out.append(bool(promised) or told.ended or alike)
    return out


def _given_up(course: Course, begun: int, at: int, told: Between, done: bool, longest: int) -> str:
    """Why a training that another follows was given up, empty if it was not: it is no run unless asked for."""
    rows = at - begun
    if rows < FEWEST:
        return f"it has {rows} rows" if rows > 1 else "it has 1 row"
    if told.names_another:
        return ""
    if told.crashed:
        return "it broke off with an error"
    if done:
        return ""
    if not np.isfinite(course.loss[at - 1]) and bool(np.isfinite(course.loss[begun:at]).any()):
        return "its loss was no number any more"
    if course.to_its_end(begun, at) is False:
        return "it stopped short of the end that its lines promise"
    return f"it has {rows} rows" if rows < JUDGED <= longest else ""


def counted_on(step: npt.NDArray[np.int64], at: Sequence[int]) -> npt.NDArray[np.int64]:
    """Steps that go on at the rows at which their counter begins anew, by its usual stride; shape (n,)."""
    rows = [row for row in at if 0 < row < len(step)]
    if not rows:
        return step.copy()
    change = np.diff(step[: rows[-1]])
    stride = int(np.median(change[change > 0])) if bool(np.any(change > 0)) else 1
    out = step.copy()
    top, moved, begun = int(step[: rows[0]].max()), 0, 0
    for row, end in itertools.pairwise([*rows, len(step)]):
        top = max(top, int(step[begun:row].max()) + moved)
        moved = top + stride - int(step[row]) if step[row] < step[row - 1] else moved
        out[row:end] += moved
        begun = row
    return out
