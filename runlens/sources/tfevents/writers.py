"""Which files of a folder follow each other (restarts), and which were written at once (two writers)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from runlens.model import Series
from runlens.sources.tfevents.headers import I64
from runlens.sources.tfevents.layout import F64
from runlens.sources.tfevents.store import Tagged

_OVERLAP = 0.1
"""Share of the shorter file's time span from which on two files were written at once. A restart on a machine whose
clock is a little behind overlaps by seconds, a second writer by most of its life."""


def spans(tagged: Tagged) -> F64:
    """First and last wall time of each file, shape (files, 2), NaN where it has no point with a time."""
    tags, count = tagged.end.shape
    found = np.full((count, 2), np.nan)
    bounds = np.concatenate([[0], tagged.end.ravel()])
    for tag in range(tags):
        for file in range(count):
            at = tag * count + file
            time = tagged.time[bounds[at] : bounds[at + 1]]
            time = time[np.isfinite(time)]
            if len(time):
                found[file, 0] = np.fmin(found[file, 0], time.min())
                found[file, 1] = np.fmax(found[file, 1], time.max())
    return found


def generations(tagged: Tagged) -> list[list[int]]:
    """Files by generation: those in one group were written at once, each group follows the one before.

    Returns
    -------
    list of list of int
        Numbers of files, in a group the one with the most points first. Files without a point are left out.
    """
    if tagged.end.shape[1] == 1:  # most runs: nothing to tell apart
        return [[0]] if len(tagged.step) else []
    points = np.diff(tagged.end.ravel(), prepend=0).reshape(tagged.end.shape).sum(axis=0)
    return generations_of(spans(tagged), points.tolist())


def generations_of(span: F64, points: Sequence[int]) -> list[list[int]]:
    """As `generations`, by first and last wall time of each file, shape (files, 2), and how many points it holds."""
    found: list[list[int]] = []
    for file in (file for file, count in enumerate(points) if count):
        if found and any(_at_once(span[other], span[file]) for other in found[-1]):
            found[-1].append(file)
        else:
            found.append([file])
    return [sorted(group, key=lambda file: -points[file]) for group in found]


def _at_once(a: F64, b: F64) -> bool:
    overlap = float(min(a[1], b[1]) - max(a[0], b[0]))
    return overlap > _OVERLAP * float(min(a[1] - a[0], b[1] - b[0]))  # False where a time is NaN


def series_of(name: str, tag: int, tagged: Tagged, generations: list[list[int]]) -> list[Series]:
    """One tag's points in the order written.

    Files that follow each other are joined. Files written at once are merged by wall time if that makes one sequence
    whose steps go forward. If not, they are the logs of two jobs: each keeps a series of its own, the smaller one
    under the tag with `(writer 2)` behind it, because neither order of the two together is one that any job wrote.
    """
    before = int(tagged.end[tag - 1, -1]) if tag else 0
    bounds = [before, *tagged.end[tag].tolist()]
    if all(len(group) == 1 for group in generations):
        at = slice(bounds[0], bounds[-1])
        return [Series(name, tagged.step[at], tagged.time[at], tagged.value[at])] if bounds[-1] > before else []
    lanes: list[list[I64]] = []
    for group in generations:
        parts = [np.arange(bounds[file], bounds[file + 1]) for file in group]
        parts = [part for part in parts if len(part)]
        if len(parts) > 1:
            parts = _merged(parts, tagged)
        for lane, part in enumerate(parts):
            if lane == len(lanes):
                lanes.append([])
            lanes[lane].append(part)
    found = []
    for lane, parts in enumerate(lanes):
        shown = name if lane == 0 else f"{name} (writer {lane + 1})"
        rows = np.concatenate(parts)
        found.append(Series(shown, tagged.step[rows], tagged.time[rows], tagged.value[rows]))
    return found


def _merged(parts: list[I64], tagged: Tagged) -> list[I64]:
    """One sequence by wall time if its steps never go back where those of no part do; otherwise the parts."""
    at = np.concatenate(parts)
    at = at[np.argsort(tagged.time[at], kind="stable")]
    if bool(np.all(np.diff(tagged.step[at]) >= 0)) and bool(np.isfinite(tagged.time[at]).all()):
        return [at]
    return parts
