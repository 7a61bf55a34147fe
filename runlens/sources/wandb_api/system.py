"""System metrics (GPU, CPU, memory): a sample, since the server offers no paging."""

from __future__ import annotations

import json
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from runlens.errors import NoRunFound, ReadError
from runlens.model import Note
from runlens.sources.wandb_api.address import Address
from runlens.sources.wandb_api.rows.table import Table, from_rows, joined
from runlens.sources.wandb_api.server.client import Client
from runlens.sources.wandb_api.server.queries import RUN_FULL_HISTORY, RUN_RESUME_STATUS

_ASKED = 100_000
"""Rows asked for where the server does not say how many there are: a week at one every 6 s."""


def fetch(client: Client, address: Address) -> tuple[Table, int | None]:
    """System rows by time, and how many the server has (None where it does not say).

    The `step` of the table counts rows; where they lie in the history is for `wandb_shape.steps_at` to say.
    """
    names = {"entity": address.entity, "project": address.project, "name": address.run}
    with ThreadPoolExecutor(1, thread_name_prefix="runlens-count") as beside:
        counted = beside.submit(_held, client, names)
        lines, asked = _lines(client, names, _ASKED), _ASKED
        held = counted.result()
    if held is not None and held > asked:
        lines, asked = _lines(client, names, held), held
    return from_events(_rows(lines)), held if held is not None or len(lines) < asked else asked + 1


def _lines(client: Client, names: dict[str, str], samples: int) -> list[Any]:
    data = client.graphql(RUN_FULL_HISTORY, {**names, "samples": samples})
    return ((data.get("project") or {}).get("run") or {}).get("events") or []


def from_events(rows: list[dict[str, Any]]) -> Table:
    """A table of system rows, sorted by time; each key and time once."""
    rows = sorted((r for r in rows if isinstance(r.get("_timestamp"), (int, float))), key=lambda r: r["_timestamp"])
    numbered = [{k: v for k, v in row.items() if not k.startswith("_")} for row in rows]
    for i, (row, source) in enumerate(zip(numbered, rows, strict=True)):
        row["_step"], row["_timestamp"] = i, source["_timestamp"]
    return from_rows(numbered)


def with_newest(client: Client, address: Address, table: Table) -> Table:
    """The rows that are known, and the newest that the server has if it is newer: one small request.

    The server hands over the newest row, or all of them; those in between are missing until all are fetched.

    Raises
    ------
    ReadError, NoRunFound, SourceDown
    """
    names = {"entity": address.entity, "project": address.project, "name": address.run}
    data = client.graphql(RUN_RESUME_STATUS, names, tries=2)
    said = ((data.get("model") or {}).get("bucket") or {}).get("eventsTail")
    try:
        lines = json.loads(said) if isinstance(said, str) else said
    except ValueError:
        lines = None
    rows = _rows(lines) if isinstance(lines, list) else []
    newest = float(table.time[-1]) if len(table) else -math.inf
    new = from_events([row for row in rows if isinstance(at := row.get("_timestamp"), int | float) and at > newest])
    return joined([table, replace(new, step=new.step + len(table))]) if len(new) else table


def note(rows: int, held: int | None) -> tuple[Note, ...]:
    """What to say when the server handed over fewer rows than it has."""
    if held is None or rows >= held:
        return ()
    said = f"W&B handed over a sample of the system metrics: {rows:,} of {held:,} rows; peaks between them are unseen"
    return (Note("left-out", said, records=held - rows),)


def _held(client: Client, names: dict[str, str]) -> int | None:
    try:
        data = client.graphql(RUN_RESUME_STATUS, names, tries=2)
    except (ReadError, NoRunFound):  # only a count is lost: whether the rows are all there stays open
        return None
    bucket = (data.get("model") or {}).get("bucket") or {}
    count = bucket.get("eventsLineCount")
    return count if isinstance(count, int) else None


def _rows(lines: list[Any]) -> list[dict[str, Any]]:
    found = []
    for line in lines:
        try:
            row = json.loads(line) if isinstance(line, str) else line
        except ValueError:
            continue  # counted: fewer rows than the server says are reported
        if isinstance(row, dict):
            found.append(row)
    return found
