"""The finished part of a history: parquet files that the server exported."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from runlens.errors import AccessRefused, NoRunFound, ReadError
from runlens.sources.wandb_api.address import Address
from runlens.sources.wandb_api.cache import RunCache, export_name
from runlens.sources.wandb_api.rows.arrow import from_arrow, read_parquet
from runlens.sources.wandb_api.rows.table import Table
from runlens.sources.wandb_api.server.answers import with_list
from runlens.sources.wandb_api.server.client import Client, QueryRefused
from runlens.sources.wandb_api.server.queries import RUN_PARQUET_HISTORY
from runlens.sources.wandb_shape import number

_LIVE = re.compile(rb'"liveData"\s*:\s*\[')
_FORMS = [(b'{"_step": }', b", "), (b'{"_step":}', b",")]
_FEW = 4096
"""Below so many bytes, another way of parsing saves nothing."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What the server says of its exports."""

    urls: tuple[str, ...]
    """Signed addresses: secrets."""
    live_steps: npt.NDArray[np.int64] | None
    """Sorted steps of the rows that no export holds; None where the server does not say."""


def listing(client: Client, address: Address) -> Exported:
    """Where the exports are, and which rows are live.

    A server without exports (an older one) has none, and says so in its own words: whatever it refuses here, the
    pages bring the rows, and their count tells whether all came.
    """
    variables = {
        "entity": address.entity,
        "project": address.project,
        "runName": address.run,
        "liveKeys": ["_step"],
    }
    try:
        data = client.graphql(RUN_PARQUET_HISTORY, variables, loads=loads)
    except (QueryRefused, NoRunFound, AccessRefused):
        return Exported((), None)
    said = ((data.get("project") or {}).get("run") or {}).get("parquetHistory") or {}
    urls = tuple(url for url in said.get("parquetUrls") or () if isinstance(url, str))
    live = said.get("liveData")
    return Exported(urls, np.sort(live) if isinstance(live, np.ndarray) else _steps(live or []))


def loads(body: bytes) -> Any:
    """The answer as `json.loads` has it, but for an array in place of a long list of objects that hold a step alone."""
    begin = _LIVE.search(body)
    end = body.find(b"]", begin.end()) if begin is not None else -1
    if begin is None or end - begin.end() < _FEW:
        return json.loads(body)
    text = body[begin.end() : end]
    form, rows = text.translate(None, b"0123456789"), text.count(b"}")
    if not any(form == between.join([row] * rows) for row, between in _FORMS) or b'_step":}' in text.replace(b" ", b""):
        return json.loads(body)
    steps = np.fromstring(text.translate(None, b'{"_step: }'), dtype=np.int64, sep=",")
    return with_list(body, begin.end(), end, ("data", "project", "run", "parquetHistory", "liveData"), steps)


def _steps(rows: list[Any]) -> npt.NDArray[np.int64] | None:
    """Sorted steps of rows such as `{"_step": 7}`; None if there are none."""
    steps = [row.get("_step") for row in rows if isinstance(row, dict)]
    if not set(map(type, steps)) <= {int}:
        steps = [int(step) for said in steps if (step := number(said)) is not None]
    return np.sort(np.array(steps, dtype=np.int64)) if steps else None


def fetch(
    client: Client, exported: Exported, cache: RunCache, folded: set[str], on_rows: Callable[[int], None]
) -> tuple[list[Table], bool]:
    """All exports but those in `folded`, from the cache or the server.

    Returns
    -------
    tables : list of Table
    complete : bool
        False if one could not be had, even at a fresh address; its rows are to be fetched as pages.
    """
    tables = {url: cache.export(name) for url in exported.urls if (name := export_name(url)) not in folded}
    for table in tables.values():
        on_rows(len(table) if table is not None else 0)
    missing = [url for url, table in tables.items() if table is None]
    if not missing:
        return [t for t in tables.values() if t is not None], True
    complete = True
    with cache.workspace() as folder, ThreadPoolExecutor(min(len(missing), client.connections)) as pool:
        waiting = {pool.submit(_one, client, url, folder / str(i), cache): url for i, url in enumerate(missing)}
        try:
            for future in as_completed(waiting):
                try:
                    table = future.result()
                except ReadError:
                    complete = False
                    continue
                tables[waiting[future]] = table
                on_rows(len(table))
        except BaseException:
            client.gate.stop()
            raise
    return [t for t in tables.values() if t is not None], complete


def _one(client: Client, url: str, into: Path, cache: RunCache) -> Table:
    import pyarrow as pa

    checksum = client.download(url, into)
    try:
        table = from_arrow(read_parquet(into))
    except (pa.ArrowException, OSError) as error:
        raise ReadError(f"an exported history of {client.login.host} is no readable parquet file") from error
    cache.put_export(export_name(url), into, checksum)
    return table
