"""Runs that train into event files and write held-out curves to a table beside them: `train/` and `val.csv`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from runlens.model import RunRef

_EVENTS, _TABLE = "tensorboard", "table"
_HELD_OUT = re.compile(
    r"(val|valid|validation|test|eval|evaluation|dev)"
    r"(?:[ _.-]?(?:metrics?|log|loss|losses|history|results?|scores?|curve))?",
    re.IGNORECASE,
)
"""Stems of tables that hold what was measured on held-out data alone, and nothing of another run."""
_TRAINING = re.compile(r"train(?:ing)?", re.IGNORECASE)


def joined(refs: Sequence[RunRef]) -> list[RunRef]:
    """The runs of a folder, those that are two halves of one made one.

    A table of held-out data belongs to the one run of event files of its own folder, or of the folder `train/` in it;
    where there are several runs, or several tables of one split, nothing tells what belongs together.
    """
    trainings: dict[Path, list[RunRef]] = {}
    for ref in refs:
        if ref.source == _EVENTS and ref.files:
            trainings.setdefault(_home(ref), []).append(ref)
    if not trainings:  # as in most folders of many tables
        return list(refs)
    tables: dict[Path, list[RunRef]] = {}
    for ref in refs:
        if ref.source == _TABLE and len(ref.files) == 1 and not ref.member and split_of(ref.files[0]):
            tables.setdefault(Path(ref.files[0]).parent, []).append(ref)
    made: dict[RunRef, RunRef | None] = {}
    for home, halves in tables.items():
        splits = [split_of(ref.files[0]) for ref in halves]
        if len(trainings.get(home, ())) == 1 and len(set(splits)) == len(splits):
            (training,) = trainings[home]
            whole = tuple(file for ref in halves for file in ref.files)
            made[training] = replace(
                training, location=str(home), id=_id(training, home), files=(*training.files, *whole)
            )
            made |= dict.fromkeys(halves)
    return [new for ref in refs if (new := made.get(ref, ref)) is not None]


def _home(ref: RunRef) -> Path:
    """The folder that a run's name is that of: above `train/` where all its files are there."""
    folders = {Path(file).parent for file in ref.files}
    folder = Path(ref.location)
    return folder.parent if folders == {folder} and _TRAINING.fullmatch(folder.name) else folder


def _id(ref: RunRef, home: Path) -> str:
    above, _, last = ref.id.rpartition("/")
    return (above or home.resolve().name) if _TRAINING.fullmatch(last) and home != Path(ref.location) else ref.id


def split_of(file: str) -> str:
    """The split of held-out data that a table is named for, empty if it is named for something else."""
    found = _HELD_OUT.fullmatch(Path(file).name.split(".")[0])
    return found[1].lower() if found else ""
