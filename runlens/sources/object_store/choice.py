"""Which objects of a store are worth fetching: those that the walk through a folder on this disk would look into."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import PurePosixPath

from runlens.sources import registry
from runlens.sources.ignored import NAME
from runlens.sources.local import PASSED_OVER
from runlens.sources.unread import Search


def chosen(names: Iterable[str], search: Search) -> list[str]:
    """Those of the names, which are paths below the named folder, whose objects may be logs or belong to one.

    A name that is empty is the named file itself, which is always wanted.
    """
    below: dict[PurePosixPath, list[str]] = defaultdict(list)
    for name in names:
        below[PurePosixPath(name).parent].append(name)
    inner = {
        folder / name for folder, files in below.items() for name in registry.inner_folders([_last(f) for f in files])
    }
    out = []
    for folder, files in below.items():
        within = next((above for above in (folder, *folder.parents) if above in inner), None)
        if within is not None and within.name not in registry.read_beside():
            continue
        if any(part in PASSED_OVER or part.startswith(".") for part in folder.parts):
            continue
        out += [f for f in files if (within is not None or _may_be_a_log(f)) and not (f and search.excludes(f))]
    return sorted(out)


def _may_be_a_log(name: str) -> bool:
    last = _last(name)
    if not name or last == NAME:
        return True
    return last[0] != "." and (registry.by_name(last) is not None or registry.may_be_a_log(PurePosixPath(name)))


def _last(name: str) -> str:
    return name.rpartition("/")[2]
