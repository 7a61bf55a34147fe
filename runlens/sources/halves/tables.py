"""The curves of tables of held-out data on the steps of the event files that they stand beside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from runlens.errors import ReadError
from runlens.model import Note, Run, RunRef, Series
from runlens.sources.halves import split_of
from runlens.sources.naming import printable
from runlens.sources.table.join import SPLIT
from runlens.sources.table.names import EPOCHS, canonical

Ints = npt.NDArray[np.int64]

_EPOCHS_APART = 1.5
"""How many times more steps than epochs tell that the two are not counted alike."""


def with_tables(run: Run, tables: Sequence[str]) -> Run:
    """A run of event files with the curves of the tables beside it, each called for its split.

    Rows of a table that counts epochs where the event files count steps stand where the event files say that their
    epoch ended; where they log no epoch, at equal parts of the training, which a note says.
    """
    from runlens.sources import table

    series, config = dict(run.series), dict(run.config)
    notes = list(run.notes)
    texts = dict(run.texts)
    for path in tables:
        try:
            held = table.read(RunRef("table", path, run.id, (path,)))
        except ReadError as error:
            notes.append(Note("damaged", str(error)))
            continue
        place = _place_of(path, held, run.series, notes)
        for name, one in held.series.items():
            full = name if SPLIT.search(name) else f"{split_of(path)}/{name}"
            full = f"{full} ({Path(path).name})" if full in series else full
            series[full] = Series(full, place(one.step), one.time, one.value)
            if name in held.texts:
                texts[full] = held.texts[name]
        config = {**held.config, **config}
        notes += held.notes
    return replace(
        run,
        name=Path(run.source).resolve().name,
        series=MappingProxyType(dict(sorted(series.items()))),
        config=MappingProxyType(config),
        texts=MappingProxyType(texts),
        notes=tuple(notes),
    )


def _place_of(path: str, held: Run, own: Mapping[str, Series], notes: list[Note]) -> Callable[[Ints], Ints]:
    """What turns the x of a table into steps of the event files; says it in `notes` where it is a guess."""
    steps = max((int(s.step.max()) for s in own.values() if len(s)), default=0)
    x = np.unique(np.concatenate([s.step for s in held.series.values()] or [np.empty(0, np.int64)]))
    if canonical(held.axis_name) not in EPOCHS or not len(x) or steps < _EPOCHS_APART * max(int(x[-1]), 1):
        return _as_told
    told = next((s for name, s in own.items() if canonical(name.rpartition("/")[2]) in EPOCHS and len(s)), None)
    if told is not None and float(told.value.max()) >= float(x[-1]) - 1:
        order = np.lexsort((told.step, told.value))
        epoch, step = told.value[order], told.step[order]
        ends = np.append(epoch[1:] != epoch[:-1], True)
        epoch, step = epoch[ends], step[ends]
        return _Place(epoch + _is_one_below(epoch, step, x), step)
    said = (
        f"{printable(path)} counts epochs and the event files beside it steps; its {len(x)} epochs were placed at "
        f"equal parts of the {steps:,} steps"
    )
    notes.append(Note("guessed", said))
    return _Place(np.array([x[0] - 1, x[-1]], dtype=np.float64), np.array([0, steps]))


def _is_one_below(epoch: npt.NDArray[np.float64], end: Ints, x: Ints) -> bool:
    """Whether event files, which say the step at which each epoch ended, count from 0 what a table counts from 1.

    A share of the training that is logged as epoch is 0 at step 0, where no epoch has ended.
    """
    counts = bool(np.all(epoch == np.round(epoch))) and end[0] > 0
    return counts and (epoch[-1] < x[-1] or (x[:2] - epoch[0]).tolist() == [1, 2])


def _as_told(step: Ints) -> Ints:
    return step


class _Place:
    """Steps at which epochs end."""

    def __init__(self, epoch: npt.NDArray[np.float64], step: Ints) -> None:
        self.epoch, self.step = epoch, step

    def __call__(self, epoch: Ints) -> Ints:
        return np.round(np.interp(epoch, self.epoch, self.step)).astype(np.int64)
