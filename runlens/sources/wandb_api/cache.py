"""What was fetched, kept on this disk: closed pages and exports as parquet, one folder a run.

Every file is written beside its place and moved into it, so that a kill leaves a whole file or none, and two
processes at once write the same thing twice. Folders are 0700 and files 0600: histories are private. Nothing here
holds a key: exports are filed under their address without its signature, hashed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from runlens.sources.wandb_api.arrow import from_arrow, read_parquet, to_arrow
from runlens.sources.wandb_api.table import Table

log = logging.getLogger(__name__)
_PAGE = re.compile(r"^page-(\d+)-(\d+)\.parquet$")
FORMAT = 1
"""Raised when the layout changes; other layouts are not read."""


def root() -> Path:
    """The folder of all caches: `RUNLENS_CACHE_DIR`, or the system's place for caches."""
    given = os.environ.get("RUNLENS_CACHE_DIR")
    if given:
        return Path(given).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("runlens", appauthor=False))


@dataclass(frozen=True, slots=True)
class Page:
    """Rows with first <= step < stop, all of them."""

    first: int
    stop: int
    table: Table


class RunCache:
    """The cache of one run; a cache that cannot be written is said once and done without."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        """None for no cache at all."""

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
            found = json.loads((self.folder / "run.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def put_record(self, record: dict[str, Any]) -> None:
        """Replace what is known of the run."""
        self._write("run.json", lambda path: path.write_text(json.dumps(record), encoding="utf-8"))

    def pages(self) -> list[Page]:
        """All pages that can be read, by first step; a damaged one is removed, since it will be fetched again."""
        found = []
        for path in self._files("page-*.parquet"):
            name = _PAGE.match(path.name)
            table = self._table(path) if name else None
            if name and table is not None:
                found.append(Page(int(name[1]), int(name[2]), table))
        return sorted(found, key=lambda page: (page.first, page.stop))

    def loose_pages(self) -> int:
        """How many pages there are."""
        return len(self._files("page-*.parquet"))

    def put_page(self, page: Page) -> None:
        """Keep a page that is complete and will not change."""
        self._put_table(f"page-{page.first}-{page.stop}.parquet", page.table)

    def system(self) -> Table | None:
        """The system metrics of the last pull."""
        return None if self.folder is None else self._table(self.folder / "system.parquet")

    def put_system(self, table: Table | None) -> None:
        """Keep the system metrics; None forgets those of an earlier pull."""
        if table is not None:
            self._put_table("system.parquet", table)
        elif self.folder is not None:
            (self.folder / "system.parquet").unlink(missing_ok=True)

    def export(self, url: str) -> Table | None:
        """An exported file that was fetched before."""
        return None if self.folder is None else self._table(self.folder / export_name(url))

    def put_export(self, url: str, file: Path) -> None:
        """Keep a downloaded export, which is moved."""
        self._write(export_name(url), lambda path: shutil.move(file, path))

    def put_merged(self, history: Table) -> None:
        """Replace pages by one that holds them all: a later pull opens one file."""
        self._put_table("history.parquet", history)

    def merged(self) -> Table | None:
        """The whole history as of the last complete pull."""
        return None if self.folder is None else self._table(self.folder / "history.parquet")

    def drop_parts(self) -> None:
        """Remove pages and exports: the merged history holds them."""
        for path in [*self._files("page-*.parquet"), *self._files("export-*.parquet")]:
            with contextlib.suppress(OSError):
                path.unlink()

    def clear(self) -> None:
        """Forget the run."""
        if self.folder is not None:
            for path in self._files("*"):
                with contextlib.suppress(OSError):
                    path.unlink()

    @contextlib.contextmanager
    def workspace(self) -> Iterator[Path]:
        """A private folder for downloads, on the cache's disk where there is one; gone afterwards."""
        where = self.folder if self.folder is not None and self._made() else None
        with tempfile.TemporaryDirectory(prefix=".part-", dir=where, ignore_cleanup_errors=True) as made:
            yield Path(made)

    def _files(self, pattern: str) -> list[Path]:
        if self.folder is None or not self.folder.is_dir():
            return []
        return sorted(p for p in self.folder.glob(pattern) if p.is_file())

    def _table(self, path: Path) -> Table | None:
        import pyarrow as pa

        try:
            data = path.read_bytes()
        except OSError:
            return None
        try:
            return from_arrow(read_parquet(data))
        except (pa.ArrowException, OSError, ValueError):
            with contextlib.suppress(OSError):
                path.unlink()
            return None

    def _put_table(self, name: str, table: Table) -> None:
        import pyarrow.parquet as pq

        quick = {"compression": "zstd", "use_dictionary": False, "write_statistics": False}  # a quarter of the time
        arrow = to_arrow(table)
        self._write(name, lambda path: pq.write_table(arrow, path, write_page_checksum=True, **quick))

    def _write(self, name: str, fill: Callable[[Path], object]) -> None:
        if self.folder is None or not self._made():
            return
        temporary = None
        try:
            handle, at = tempfile.mkstemp(prefix=".new-", dir=self.folder)  # mkstemp makes it 0600
            os.close(handle)
            temporary = Path(at)
            fill(temporary)
            temporary.chmod(0o600)
            temporary.replace(self.folder / name)
        except OSError as error:
            self._without(error)
        finally:
            if temporary is not None:
                temporary.unlink(missing_ok=True)

    def _made(self) -> bool:
        if self.folder is None:
            return False
        try:
            top = root() / "wandb"
            root().mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for folder in (self.folder, *self.folder.parents):
                if folder == top.parent:
                    break
                folder.chmod(0o700)
        except OSError as error:
            self._without(error)
            return False
        return True

    def _without(self, error: OSError) -> None:
        log.warning("the cache in %s cannot be written (%s); going on without it", self.folder, error.strerror)
        self.folder = None


def export_name(url: str) -> str:
    """A file name from an address without its query, which is a signature and a secret."""
    parts = urlsplit(url)
    return f"export-{hashlib.sha256(f'{parts.netloc}{parts.path}'.encode()).hexdigest()[:32]}.parquet"


def _part(name: str) -> str:
    """One folder name: no separator, no dots alone, short enough for any file system."""
    safe = quote(name, safe=" -_+@%")
    if len(safe) > 120:
        safe = f"{safe[:80]}-{hashlib.sha256(name.encode()).hexdigest()[:16]}"
    return safe if safe.strip(".") else quote(safe, safe="").replace(".", "%2E")


@dataclass(frozen=True, slots=True)
class Cached:
    """One run in the cache, for `runlens cache info`."""

    server: str
    path: str
    """`entity/project/run`."""
    bytes: int
    used: float
    """When it was last written, s since the epoch."""
    folder: Path


def cached_runs() -> list[Cached]:
    """Every run in the cache, by name; empty if there is no cache."""
    from urllib.parse import unquote

    top = root() / "wandb"
    found = []
    for folder in sorted(top.glob("v*/*/*/*/*")):
        if folder.is_dir():
            files = [p.stat() for p in folder.rglob("*") if p.is_file()]
            server, *rest = [unquote(p) for p in folder.parts[-4:]]
            size, used = sum(f.st_size for f in files), max((f.st_mtime for f in files), default=time.time())
            found.append(Cached(unquote(server), "/".join(rest), size, used, folder))
    return found


def remove(runs: list[Cached]) -> None:
    """Delete runs from the cache, and the folders that this leaves empty."""
    for run in runs:
        shutil.rmtree(run.folder, ignore_errors=True)
        for parent in run.folder.parents[:4]:
            try:
                parent.rmdir()
            except OSError:
                break
