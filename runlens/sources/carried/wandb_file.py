"""`.wandb` files that grow: rows that were read stay as columns, and only records behind them are read."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from runlens.growing import Grown
from runlens.model import Run, RunRef, Series
from runlens.sources import wandb_file
from runlens.sources.carried.prefix import Prefix
from runlens.sources.wandb_file.attempt import LARGE, Attempt, Gathered, read_attempt
from runlens.sources.wandb_file.framing import Frames
from runlens.sources.wandb_file.history import UNSAID, Floats, History, Rows, Stats
from runlens.sources.wandb_file.wire import Ints


class CarriedWandbFile:
    """A run in `.wandb` files, as it is read look by look."""

    def __init__(self, ref: RunRef) -> None:
        self.ref = ref
        self._files: dict[Path, _File] = {}

    def read(self) -> Run:
        """The run as it is now, as `wandb_file.read` gives it."""
        return wandb_file.read(self.ref, self._attempt)

    def _attempt(self, path: Path, before: int | None) -> Attempt:
        known = self._files.pop(path, None)  # a read that fails leaves nothing half done
        read = known.read(path, before) if known is not None else None
        if known is None or read is None:
            known = _File(quick=path.stat().st_size > LARGE)
            read = known.read(path, before)
        if read is None:
            return read_attempt(path, before)
        self._files[path] = known
        return read


class _File:
    """What was read of one file, up to the end of its last sound chunk."""

    def __init__(self, quick: bool) -> None:
        self._gathered = Gathered(_History(quick, _Rows(placed=True)), Stats(_Rows(placed=False)))
        self._frames = Frames(self._gathered.damage)
        self._prefix: Prefix | None = None

    def read(self, path: Path, before: int | None) -> Attempt | None:
        """What the whole file makes, of which what is new is read; `before` as of `Gathered.attempt`.

        None where it is not the file that was read, or is damaged; then this is not to be used any more.
        """
        with path.open("rb") as file:
            if self._prefix is not None and not self._prefix.begins(file):
                return None
            for segment in self._frames.segments(file, path):
                self._gathered.take(segment)
            if self._gathered.damage.records or self._gathered.damage.bytes or not self._frames.behind:
                return None
            self._prefix = Prefix.of(file, self._frames.behind)
        return self._gathered.branch().attempt(path, before)


class _History(History):
    """History rows whose axes grow in place."""

    def __init__(self, quick: bool, columns: Rows) -> None:
        super().__init__(quick, columns)
        self._steps, self._times = Grown(np.int64), Grown(np.float64)

    def axes(self) -> tuple[Ints, Floats]:
        """As `History.axes`."""
        for step, time in zip(self._step, self._time, strict=True):
            before = int(self._steps.view()[-1]) if len(self._steps) else -1
            for i in np.flatnonzero(step == UNSAID).tolist():
                step[i] = (step[i - 1] if i else before) + 1
            self._steps.extend(step)
            self._times.extend(time)
        self._step.clear()
        self._time.clear()
        return self._steps.view(), self._times.view()


class _Rows(Rows):
    """Values of rows by key that grow in place."""

    def __init__(self, placed: bool) -> None:
        super().__init__()
        self._placed = placed
        """Whether a row stands where it stood at the look before; a system metric may not."""
        self._held: dict[int, _Column] = {}

    def series(self, step: Ints, time: Floats) -> dict[str, Series]:
        """As `Rows.series`."""
        for number, parts in self.parts.items():
            column = self._held.setdefault(number, _Column())
            for row, value in parts:
                column.extend(row, value, step, time)
        self.parts.clear()
        names = self.keys.names
        return {
            names[number]: column.series(names[number], self.rows, step, time, self._placed)
            for number, column in self._held.items()
        }


class _Column:
    """The values of one key."""

    def __init__(self) -> None:
        self._values = Grown(np.float64)
        self._at: tuple[Grown, Grown, Grown] | None = None
        """Its rows, steps and times; None as long as it stands in every row from the first on."""

    def extend(self, row: Ints, value: Floats, step: Ints, time: Floats) -> None:
        """Add values; `step` and `time` are those of all rows."""
        done = len(self._values)
        if self._at is None and not np.array_equal(row, np.arange(done, done + len(row))):
            self._own(step, time)
        self._values.extend(value)
        if self._at is not None:
            for grown, more in zip(self._at, (row, step[row], time[row]), strict=True):
                grown.extend(more)

    def series(self, name: str, rows: int, step: Ints, time: Floats, placed: bool) -> Series:
        """The series of these values, of so many rows; at the places that were held if these stay."""
        if self._at is None and len(self._values) < rows:
            self._own(step, time)
        if self._at is None:
            return Series(name, step, time, self._values.view())
        row, own_step, own_time = (grown.view() for grown in self._at)
        if not placed:
            own_step, own_time = step[row], time[row]
        return Series(name, own_step, own_time, self._values.view())

    def _own(self, step: Ints, time: Floats) -> None:
        self._at = Grown(np.int64), Grown(np.int64), Grown(np.float64)
        row = np.arange(len(self._values))
        for grown, held in zip(self._at, (row, step[row], time[row]), strict=True):
            grown.extend(held)
