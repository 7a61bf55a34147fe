"""What was fetched, kept on this disk: closed pages and exports as parquet, one folder a run.

Every file is written beside its place and moved into it, so that a kill leaves a whole file or none, and two
processes at once write the same thing twice. Every file has a checksum (see `store`): one that was damaged is fetched
again. Folders are 0700 and files 0600: histories are private. Nothing here holds a key: exports are filed under their
address without its signature, hashed.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from runlens.sources.caches import root
from runlens.sources.wandb_api.rows.arrow import from_arrow, read_parquet, to_arrow, write_parquet
from runlens.sources.wandb_api.rows.table import Table
from runlens.sources.wandb_api.store import Store

_PAGE = re.compile(r"^page-(\d+)-(\d+)$")
_PARTS = ("page-", "export-")
FORMAT = 2
"""Raised when the layout changes; other layouts are not read."""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows with first <= step < stop, all of them."""

    first: int
    stop: int
    table: Table


class RunCache:
    """The cache of one run; a cache that cannot be written is said once and done without."""

    def __init__(self, folder: Path | None) -> None:
        self._store = Store(folder, root() / "wandb")

    @property
    def folder(self) -> Path | None:
        """None for no cache at all."""
        return self._store.folder

    @classmethod
    def of(cls, host: str, entity: str, project: str, run: str) -> RunCache:
        """The cache of a run at a server."""
        server = quote(host.partition("://")[2] or host, safe="")
        parts = [_part(p) for p in (server, entity, project, run)]
        return cls(root().joinpath("wandb", f"v{FORMAT}", *parts))

    def record(self) -> dict[str, Any]:
        """What was known of the run at the last pull; empty if nothing is, or it cannot be read."""
        if self.folder is None:
            return {}
        try:
            said, _, checksum = (self.folder / "run.json").read_bytes().rpartition(b"\n")
            found = json.loads(said) if checksum == _sum(said) else {}
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def put_record(self, record: dict[str, Any]) -> None:
        """Replace what is known of the run."""
        if self.folder is not None:
            said = json.dumps(record).encode()
            self._store.write("run.json", lambda path: path.write_bytes(said + b"\n" + _sum(said)))

    def pages(self) -> list[Page]:
        """All pages that can be read, by first step; a damaged one is removed, since it will be fetched again."""
        found = []
        for stored, data in self._store.all("page-"):
            name = _PAGE.match(stored)
            table = self._parsed(stored, data) if name else None
            if name and table is not None:
                found.append(Page(int(name[1]), int(name[2]), table))
        return sorted(found, key=lambda page: (page.first, page.stop))

    def parts(self) -> tuple[int, int]:
        """How many pages and exports there are, and how many bytes they take."""
        return sum(len(self._store.names(p)) for p in _PARTS), sum(self._store.size(p) for p in _PARTS)

    def put_page(self, page: Page) -> None:
        """Keep a page that is complete and will not change."""
        self._put_table(f"page-{page.first}-{page.stop}", page.table)

    def system(self) -> Table | None:
        """The system metrics of the last pull."""
        return self._table("system")

    def put_system(self, table: Table | None) -> None:
        """Keep the system metrics; None forgets those of an earlier pull."""
        if table is not None:
            self._put_table("system", table)
        else:
            self._store.drop("system")

    def export(self, name: str) -> Table | None:
        """An exported file that was fetched before, by its name in the cache."""
        return self._table(name)

    def put_export(self, name: str, file: Path, checksum: int) -> None:
        """Keep a downloaded export, which is moved."""
        self._store.take_over(name, file, checksum)

    def put_merged(self, history: Table) -> None:
        """Keep the whole history in one file."""
        self._put_table("history", history)

    def merged(self) -> Table | None:
        """The whole history as of an earlier pull."""
        return self._table("history")

    def drop_parts(self) -> None:
        """Remove pages and exports: the merged history holds them."""
        self._store.drop(*_PARTS)

    def clear(self) -> None:
        """Forget the run."""
        self._store.clear()

    def workspace(self) -> AbstractContextManager[Path]:
        """A private folder for downloads, on the cache's disk where there is one; gone afterwards."""
        return self._store.workspace()

    def _table(self, name: str) -> Table | None:
        data = self._store.get(name)
        return None if data is None else self._parsed(name, data)

    def _parsed(self, name: str, data: bytes) -> Table | None:
        import pyarrow as pa

        try:
            return from_arrow(read_parquet(data))
        except (pa.ArrowException, OSError, ValueError):
            self._store.remove(name)
            return None

    def _put_table(self, name: str, table: Table) -> None:
        if self.folder is not None:
            self._store.put(name, write_parquet(to_arrow(table)))


def export_name(url: str) -> str:
    """A name in the cache from an address without its query, which is a signature and a secret."""
    parts = urlsplit(url)
    return f"export-{hashlib.sha256(f'{parts.netloc}{parts.path}'.encode()).hexdigest()[:32]}"


def _sum(data: bytes) -> bytes:
    return b"%08x" % zlib.crc32(data)


def _part(name: str) -> str:
    """One folder name: no separator, no dots alone, short enough for any file system."""
    safe = quote(name, safe=" -_+@%")
    if len(safe) > 120:
        safe = f"{safe[:80]}-{hashlib.sha256(name.encode()).hexdigest()[:16]}"
    return safe if safe.strip(".") else quote(safe, safe="").replace(".", "%2E")
