"""What the server knows: runs with their history lines, exports, events, files."""

from __future__ import annotations

import bisect
import io
import json
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

_sorted = sorted  # the class has a field of that name


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(frozen=True)
class Ready:
    """A part of an answer that is JSON already."""

    json: bytes


@dataclass
class RunState:
    """One run as the server holds it."""

    entity: str
    project: str
    name: str
    storage_id: str = ""
    display_name: str = ""
    created_at: str = field(default_factory=now)
    heartbeat_at: str = field(default_factory=now)
    state: str = "running"
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    group: str | None = None
    job_type: str | None = None
    commit: str | None = None
    history: list[str] = field(default_factory=list)
    """JSON lines in the order written."""
    steps: list[int] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    output: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    exports: dict[str, bytes] = field(default_factory=dict)
    """File name to parquet."""
    exported: int = 0
    """Rows of `history` that the exports hold."""
    alerts: list[dict[str, Any]] = field(default_factory=list)
    encoded: list[bytes] = field(default_factory=list)
    """The history lines as they stand in an answer, made in advance for benchmarks: see `encode`."""
    live: Ready | None = None
    """The live steps, likewise."""
    sorted: list[int] = field(default_factory=list)
    """Rows in order of step, made when they are asked for."""
    sorted_steps: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.storage_id = self.storage_id or f"store:{self.entity}/{self.project}/{self.name}:{time.time_ns()}"
        self.display_name = self.display_name or self.name

    def put_history(self, offset: int, lines: list[str]) -> None:
        del self.history[offset:], self.steps[offset:]
        self.sorted, self.encoded, self.live = [], [], None
        self.history += lines
        last = self.steps[-1] if self.steps else -1
        for line in lines:
            last = int(json.loads(line).get("_step", last + 1))
            self.steps.append(last)

    def log(self, rows: list[dict[str, Any]]) -> None:
        """Add rows as a client would (a short cut for tests that are about reading)."""
        self.put_history(len(self.history), [json.dumps(row) for row in rows])
        self.heartbeat_at = now()

    def log_columns(self, columns: dict[str, np.ndarray]) -> None:
        """Add many rows from columns, for benchmarks."""
        names = list(columns)
        self.log(
            [dict(zip(names, row, strict=True)) for row in zip(*(c.tolist() for c in columns.values()), strict=True)]
        )

    def encode(self) -> None:
        """Make ready what answers are put together from, so that a benchmark measures clients and not the server.

        For runs whose steps rise, on a server without faults that change what a page holds.
        """
        assert all(a < b for a, b in pairwise(self.steps))
        self.encoded = [json.dumps(line).encode() for line in self.history]
        self.live = Ready(json.dumps([{"_step": s} for s in self.steps[self.exported :]]).encode())

    def page(self, first: int, stop: int, most: int) -> Ready:
        """The first lines of `between`, at most so many, after `encode`."""
        low, high = (bisect.bisect_left(self.steps, edge) for edge in (first, stop))
        return Ready(b"[" + b", ".join(self.encoded[low : min(high, low + most)]) + b"]")

    def between(self, first: int, stop: int) -> list[str]:
        """Lines with first <= step < stop, in order of step."""
        if len(self.sorted) != len(self.steps):
            self.sorted = _sorted(range(len(self.steps)), key=self.steps.__getitem__)
            self.sorted_steps = [self.steps[i] for i in self.sorted]
        low, high = (bisect.bisect_left(self.sorted_steps, edge) for edge in (first, stop))
        return [self.history[i] for i in self.sorted[low:high]]

    def export(self, upto: int | None = None, files: int = 1) -> None:
        """Move the first `upto` rows (all of them by default) to parquet files, as the server's nightly job does."""
        upto = len(self.history) if upto is None else upto
        bounds = np.linspace(self.exported, upto, files + 1).astype(int)
        for number, (a, b) in enumerate(pairwise(bounds)):
            if b > a:
                self.exports[f"{self.name}-{len(self.exports)}-{number}.parquet"] = parquet(self.history[a:b])
        self.exported = upto


def parquet(lines: list[str]) -> bytes:
    """History lines as a parquet file: nested keys as structs, missing values null, NaN kept."""
    rows = [json.loads(line) for line in lines]
    keys = list(dict.fromkeys(key for row in rows for key in row))
    columns = {}
    for key in keys:
        values = [row.get(key) for row in rows]
        if all(v is None or isinstance(v, (int, float)) for v in values) and key != "_step":
            mask = [v is None for v in values]
            columns[key] = pa.array(
                np.array([0.0 if v is None else float(v) for v in values]), mask=np.array(mask), from_pandas=False
            )
        else:
            columns[key] = pa.array(values)
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, row_group_size=20_000)
    return sink.getvalue()


class Store:
    """All runs of the server."""

    def __init__(self) -> None:
        self.runs: dict[tuple[str, str, str], RunState] = {}
        self.lock = threading.RLock()
        self.hidden: set[str] = set()
        """Projects (`entity/project`) that this login may not see."""

    def run(self, entity: str, project: str, name: str) -> RunState | None:
        return self.runs.get((entity, project, name))

    def add(self, entity: str = "team", project: str = "proj", name: str = "run1", **more: Any) -> RunState:
        run = RunState(entity, project, name, **more)
        self.runs[entity, project, name] = run
        return run

    def of_project(self, entity: str, project: str) -> list[RunState]:
        return [r for (e, p, _), r in self.runs.items() if (e, p) == (entity, project)]
