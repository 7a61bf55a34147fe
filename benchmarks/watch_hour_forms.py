"""A training of an hour with one incident after the other, and how it is written in each form."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

START = 1_800_000_000.0
EVERY = 2.0
"""Seconds between two rows."""
HISTORY = 2_000
"""Rows that are there when the watch begins."""
SPIKE, HOT, SLOW, NAN, STALL, RESUME, DIVERGE, CRASH = 300, 700, 1000, 1700, 1900, 3400, 3800, 4200
"""Seconds from the start of the watch at which each sets in."""
HOT_FOR, SLOW_FOR = 240, 560
END = CRASH + 1500
BACK = 50
"""Steps that the resume goes back."""

Floats = npt.NDArray[np.float64]
Row = Mapping[str, float]


@dataclass(frozen=True)
class Training:
    """What a training logs, whenever one looks."""

    step: npt.NDArray[np.int64]
    time: Floats
    columns: dict[str, Floats]

    def upto(self, seconds: float) -> int:
        """Rows that were written so many seconds after the start of the watch."""
        return int(np.searchsorted(self.time, START + seconds, side="right"))

    def row(self, i: int) -> dict[str, float]:
        """One row without its step and time."""
        return {name: float(column[i]) for name, column in self.columns.items()}

    def steps(self, first: float, last: float) -> tuple[int, int]:
        """Steps that were written between two moments, in seconds from the start of the watch."""
        inside = self.step[self.upto(first - 1e-6) : self.upto(last)]
        return int(inside.min()), int(inside.max())


def training(rng: np.random.Generator, *, goes_back: bool) -> Training:
    """The training; after its stall the step goes back, unless the form knows no such step."""
    gaps = []
    now = -EVERY * HISTORY
    while now < CRASH:
        gaps.append(now)
        now += EVERY / 0.85 if SLOW <= now < SLOW + SLOW_FOR else EVERY
        if STALL <= now < RESUME:
            now = float(RESUME)
    at = np.array(gaps)
    n = len(at)
    step = np.arange(n)
    if goes_back:
        step[at >= RESUME] -= BACK
    since = {name: np.maximum(at - begin, 0.0) for name, begin in (("spike", SPIKE), ("diverge", DIVERGE))}
    loss = 2 + 4 * (step + 20.0) ** -0.3 + rng.normal(0, 0.01, n)
    loss += np.where((at >= SPIKE) & (at < SPIKE + 200), 3.0 * np.exp(-since["spike"] / 20.0), 0.0)
    loss *= np.exp(np.minimum(since["diverge"] * 0.02, 1.5))
    loss[(at >= NAN) & (at < NAN + 5 * EVERY)] = np.nan
    slow, hot = (at >= SLOW) & (at < SLOW + SLOW_FOR), (at >= HOT) & (at < HOT + HOT_FOR)
    columns = {
        "loss": loss,
        "grad_norm": 0.3 * np.exp(rng.normal(0, 0.1, n)),
        "tokens_per_second": (1e5 + rng.normal(0, 500, n)) * np.where(slow, 0.85, 1.0),
        "gpu.0.temperature.gpu": np.round(70 + rng.normal(0, 1, n)) + 27 * hot,
    }
    return Training(step, START + at, columns)


class Form(Protocol):
    """How a training is written."""

    crashes: bool
    """Whether it says that it crashed."""
    goes_back: bool
    hardware: bool
    late: float
    """Seconds after which a row is there at the latest."""
    name: str
    """What the user names."""

    def write(self, training: Training, first: int, last: int) -> None:
        """Write rows [first, last)."""
        ...

    def crash(self) -> None:
        """The training is killed."""
        ...

    def away(self, gone: bool) -> None:
        """Its server or disk is away, or there again."""
        ...


class _File:
    """A form that is one file; its disk may be away."""

    crashes = False
    goes_back = True
    hardware = True
    late = 0.0
    file = ""
    head = b""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "logs"
        self.folder.mkdir()
        self.path = self.folder / self.file
        self.path.write_bytes(self.head)
        self.name = str(self.path)

    def write(self, training: Training, first: int, last: int) -> None:
        """As `Form.write`; all of it at once, but that a line may be torn."""
        where = self.path if self.path.exists() else self._aside
        with where.open("ab") as out:
            for i in range(first, last):
                out.write(self.row(int(training.step[i]), float(training.time[i]), training.row(i)))

    def row(self, step: int, time: float, row: Row) -> bytes:
        """One row as bytes."""
        raise NotImplementedError

    def crash(self) -> None:
        """Nothing is written any more."""

    @property
    def _aside(self) -> Path:
        return self.folder.parent / "aside"

    def away(self, gone: bool) -> None:
        """As `Form.away`."""
        if gone:
            self.path.rename(self._aside)
        else:
            self._aside.rename(self.path)


class JsonLines(_File):
    """JSON lines."""

    file = "run.jsonl"

    def row(self, step: int, time: float, row: Row) -> bytes:
        """As `_File.row`."""
        return json.dumps({"step": step, "timestamp": time, **row}).encode() + b"\n"


class Csv(_File):
    """A CSV."""

    file = "run.csv"
    head = b"step,timestamp,loss,grad_norm,tokens_per_second,gpu.0.temperature.gpu\n"

    def row(self, step: int, time: float, row: Row) -> bytes:
        """As `_File.row`."""
        return ",".join(map(repr, (step, time, *row.values()))).encode() + b"\n"


class Text(_File):
    """A console log, which ends with a traceback."""

    file = "run.log"
    crashes = True
    hardware = False

    def row(self, step: int, time: float, row: Row) -> bytes:
        """As `_File.row`."""
        stamp = datetime.datetime.fromtimestamp(time, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")
        said = " | ".join(f"{name}: {value:.6g}" for name, value in row.items() if not name.startswith("gpu"))
        return f"{stamp} INFO step: {step} | {said}\n".encode()

    def crash(self) -> None:
        """A traceback."""
        with self.path.open("a") as out:
            out.write("Traceback (most recent call last):\n")
            out.write(
                '  File "train.py", line 12, in <module>\nRuntimeError: CUDA error: device-side assert triggered\n'
            )


class Events(_File):
    """An event file."""

    file = "events.out.tfevents.1800000000.host.1.0"

    def __init__(self, folder: Path) -> None:
        from tests.sources import tfevents_writer

        self.made = tfevents_writer
        self.head = self.made.log([self.made.version(START - EVERY * HISTORY)])
        super().__init__(folder)
        self.name = str(self.folder)

    def row(self, step: int, time: float, row: Row) -> bytes:
        """As `_File.row`."""
        return self.made.log(self.made.scalar(name, step, value, time) for name, value in row.items())


class WandbFile(_File):
    """A `.wandb` file, flushed by whole blocks as the client does."""

    file = "run-abc.wandb"
    crashes = True
    goes_back = False
    late = 400.0  # a block holds some 170 rows

    def __init__(self, folder: Path) -> None:
        from tests.sources import wandb_writer

        self.made = wandb_writer
        self.records = [self.made.run_record("abc", "a run", int(START - EVERY * HISTORY))]
        super().__init__(folder)

    def write(self, training: Training, first: int, last: int, *, ends: bool = False) -> None:
        """As `Form.write`."""
        for i in range(first, last):
            row = {**training.row(i), "_timestamp": float(training.time[i])}
            gpu = row.pop("gpu.0.temperature.gpu")
            cells = {name: json.dumps(value) for name, value in row.items()}
            self.records.append(self.made.history(cells, int(training.step[i])))
            if i % 5 == 0:
                self.records.append(self.made.stats(int(training.time[i]), 0, {"gpu.0.temp": repr(gpu)}))
        where = self.path if self.path.exists() else self._aside
        content = self.made.framed(self.records)
        with where.open("r+b") as out:
            size = out.seek(0, 2)
            out.write(content[size : len(content) if ends else len(content) // 32768 * 32768])

    def crash(self) -> None:
        """The client writes an exit code."""
        self.records.append(self.made.exit_record(1))
        self.write(Training(np.empty(0, np.int64), np.empty(0), {}), 0, 0, ends=True)


class WandbServer:
    """A run at a W&B server on the loopback, which is `WANDB_BASE_URL`."""

    crashes = True
    goes_back = False
    hardware = True
    late = 0.0
    name = "team/proj/run1"

    def __init__(self, server: Any) -> None:
        self.server, self.run = server, server.store.add()
        self.beats = 0

    def write(self, training: Training, first: int, last: int) -> None:
        """As `Form.write`."""
        rows: list[dict[str, Any]] = []
        for i in range(first, last):
            row = training.row(i)
            gpu = row.pop("gpu.0.temperature.gpu")
            rows.append({"_step": int(training.step[i]), "_timestamp": float(training.time[i]), **row})
            if i % 5 == 0:
                event = {"_timestamp": float(training.time[i]), "system.gpu.0.temp": gpu}
                self.run.events.append(json.dumps(event))
        self.run.log(rows)
        self._beat()

    def _beat(self) -> None:
        self.beats += 30
        at = datetime.datetime.fromtimestamp(START, datetime.UTC) + datetime.timedelta(seconds=self.beats)
        self.run.heartbeat_at = at.strftime("%Y-%m-%dT%H:%M:%S")

    def crash(self) -> None:
        """The server has not heard of it for long."""
        self.run.state = "crashed"

    def away(self, gone: bool) -> None:
        """All requests are answered with 503."""
        self.server.faults.errors = 1_000_000 if gone else 0


FORMS: dict[str, Callable[[Path], Form]] = {
    "JSON lines": JsonLines,
    "CSV": Csv,
    "text": Text,
    "event files": Events,
    ".wandb": WandbFile,
}
