"""All runs in the cache: to list them, and to remove them."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from runlens.sources.wandb_api.cache import root


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
