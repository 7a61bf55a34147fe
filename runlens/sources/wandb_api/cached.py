"""All runs of W&B in the cache."""

from __future__ import annotations

import time
from urllib.parse import unquote

from runlens.sources.caches import Cached, root


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
