"""Runs in an object store (`s3://`, `gs://`, …): listed once, copied here, and found as in any folder on this disk.

What has no new version is not fetched again, so that a look of a watch costs one listing. Only what may be a log by its
name and first bytes is copied.
"""

from __future__ import annotations

import atexit
import re
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path

from runlens.errors import NoRunFound, ReadError, RunLensError
from runlens.model import ReadOptions, Run, RunRef
from runlens.sources import local, registry
from runlens.sources.caches import root
from runlens.sources.naming import printable
from runlens.sources.object_store.choice import chosen
from runlens.sources.object_store.copies import Copies
from runlens.sources.object_store.store import Store
from runlens.sources.unread import Search

_NOT_STORES = {"http", "https", "wandb", "mlflow", "file", "local"}
_SCHEME = re.compile(r"^([a-z][a-z0-9+.-]*)://")


def parse(text: str) -> str | None:
    """The name itself where it is an address of an object store, such as `s3://bucket/logs`, or None."""
    scheme = _SCHEME.match(text.lower())
    return text if scheme is not None and scheme[1] not in _NOT_STORES else None


def at(address: str, options: ReadOptions, search: Search) -> list[RunRef]:
    """The runs at and below an address, of every form that is read from files.

    Each call lists anew, so that a watch sees what was written since.

    Raises
    ------
    NoRunFound
        Nothing is there, or no log.
    NotALog
        A file that is no log.
    AccessRefused, SourceDown, ReadError
        It cannot be told.
    """
    store, copies = Store(address), _copies(address)
    if copies.root.parent != root() / "objects":
        search.notes.append(
            f"what {printable(store.shown)} holds is fetched again each time, since {root()} cannot be written; "
            "set RUNLENS_CACHE_DIR to a folder that can"
        )
    begun = len(search.unread)
    failed = _fetch(store, copies, search)
    lost = [_lost(_shown(str(copies.place(key)), address), why) for key, why in sorted(failed.items())]
    place = copies.place(store.key)
    if not (place.exists() or lost):
        place.mkdir(parents=True)  # nothing in it looks like a log, as the walk through it will say
    try:
        refs = local.find(place, options, search) if place.exists() else []
    except NoRunFound as error:
        if not lost:
            raise told(error, address) from error
        refs = []
    except RunLensError as error:
        raise told(error, address) from error
    search.unread[begun:] = [replace(one, path=_shown(one.path, address)) for one in search.unread[begun:]]
    search.notes[:] = [_shown(note, address) for note in search.notes]
    found = [replace(ref, copy_of=f"{_scheme(address)}://{copies.key_of(ref.location)}") for ref in refs]
    return [*found, *lost]


def here(ref: RunRef) -> RunRef:
    """The reference with the places that the copies have on this machine, fetched if they are not there.

    A run is found on one machine and read by a worker, which may be another.
    """
    copies = _copies(ref.copy_of)
    place = copies.place(ref.copy_of.partition("://")[2])
    there = ref.location.removesuffix(str(place.relative_to(copies.root)))
    files = tuple(str(copies.root / file.removeprefix(there)) for file in ref.files)
    if not all(Path(file).exists() for file in (*files, str(place))):
        _fetch(Store(ref.copy_of), copies, Search())
    return replace(ref, location=str(place), files=files)


def as_stored(run: Run, address: str) -> Run:
    """A run with the address where it names the copy."""
    notes = tuple(replace(note, message=_shown(note.message, address)) for note in run.notes)
    return replace(run, source=_shown(run.source, address), name=_shown(run.name, address), notes=notes)


def told(error: RunLensError, address: str) -> RunLensError:
    """The same error with the address where its sentence names the copy."""
    return type(error)(_shown(str(error), address))


def _fetch(store: Store, copies: Copies, search: Search) -> dict[str, ReadError]:
    objects = store.objects()
    names = {one.key.removeprefix(store.key).lstrip("/"): one for one in objects}
    search.step(len(objects), store.shown)
    wanted = {name: names[name] for name in chosen(names, search)}
    unsure = {one.key for name, one in wanted.items() if name and registry.by_name(name.rpartition("/")[2]) is None}
    failed = copies.fetch(store, list(wanted.values()), unsure, _is_log, search.step)
    copies.forget(store.key, {one.key for one in objects})
    return failed


def _is_log(path: Path) -> bool:
    return local.source_of(path, Search()) is not None


def _lost(name: str, why: ReadError) -> RunRef:
    return RunRef(local.BROKEN, name, name.rpartition("/")[2], member=f"{printable(name)} could not be fetched: {why}")


def _shown(text: str, address: str) -> str:
    """A sentence or path with the address in place of the folder of copies."""
    return text.replace(f"{_copies(address).root}/", f"{_scheme(address)}://")


def _scheme(address: str) -> str:
    return address.partition("://")[0].lower()


def _copies(address: str) -> Copies:
    """Where the copies of the objects of a kind of store lie."""
    return Copies(_top(root()) / _scheme(address))


@cache
def _top(cache_folder: Path) -> Path:
    """The folder of all copies; where none can be kept, as on a disk that is read-only, one for this process alone."""
    top = cache_folder / "objects"
    try:
        top.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=top):
            return top
    except OSError:
        folder = tempfile.TemporaryDirectory(prefix="runlens-")
        atexit.register(folder.cleanup)
        return Path(folder.name)
