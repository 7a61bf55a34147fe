"""Where copies of what was fetched from servers and stores are kept on this disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Cached:
    """One run of a server, or one bucket of an object store, for `runlens cache info`."""

    server: str
    """Its host; empty for an object store."""
    path: str
    """`entity/project/run` or `s3://bucket`."""
    bytes: int
    used: float
    """When it was last written, s since the epoch."""
    folder: Path


def root() -> Path:
    """The folder of all caches: `RUNLENS_CACHE_DIR`, or the system's place for caches."""
    given = os.environ.get("RUNLENS_CACHE_DIR")
    if given:
        return Path(given).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("runlens", appauthor=False))


def remove(cached: Sequence[Cached]) -> None:
    """Delete what is in the cache, and the folders that this leaves empty."""
    for one in cached:
        shutil.rmtree(one.folder, ignore_errors=True)
        for parent in one.folder.parents:
            if not parent.is_relative_to(root()) or parent == root():
                break
            try:
                parent.rmdir()
            except OSError:
                break
