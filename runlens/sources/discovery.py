"""From the name of a run to references, and from a reference to the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, cast

from runlens.errors import AccessRefused, ConfigError, NoRunFound, ReadError
from runlens.model import AS_FOUND, ReadOptions, Run, RunRef
from runlens.sources import local, registry
from runlens.sources.bounds import within_bounds
from runlens.sources.contract import Progress, SlowSource, Source
from runlens.sources.heap import keep_freed_memory
from runlens.sources.members import one_of
from runlens.sources.naming import near, printable, unique
from runlens.sources.unread import Search

_SERVERS = frozenset({"aim", "clearml", "comet", "databricks"})
"""Trackers whose runs are not read from their servers, by the names that addresses begin with."""


def discover(
    name: str, *, options: ReadOptions = AS_FOUND, search: Search | None = None, **filters: Any
) -> list[RunRef]:
    """The runs that a name stands for, by names and first lines; of tables and console logs also by where the step goes
    back, for which those up to some ten MB are read through.

    Parameters
    ----------
    name : str
        A path (a log file of any kind, a folder of one or of many runs of any kind), an address of an object store
        (`s3://…`), or a W&B path, `wandb://` address or page. What exists on disk is never taken for a W&B path.
    options : ReadOptions
        What the user says of how to read; the references carry it to the readers.
    search : Search, optional
        How folders are looked through; what was left out stands in its `unread` afterwards.
    **filters
        Which runs of a W&B project to take, handed on to `runlens.sources.wandb_api.at`.

    Returns
    -------
    list of RunRef
        At least one, with ids that are unique within the list, in a stable order.

    Raises
    ------
    NoRunFound
        Nothing is there, or a folder holds no log.
    NotALog
        The file is there and is no log.
    AccessRefused
        No permission to look.
    ConfigError
        Filters were given for something that is no W&B project, or options that no run there obeys.
    """
    if not name.strip():
        raise NoRunFound("the name of the run is empty; give a folder, a log file or a W&B path entity/project/run_id")
    filters = {key: value for key, value in filters.items() if value}
    path = Path(name).expanduser()
    try:
        there = "://" not in name and path.exists()
    except PermissionError as error:
        raise AccessRefused(f"no permission to look at {printable(name)}; ask its owner for read access") from error
    except (OSError, ValueError):  # a name too long for the file system, or with a NUL in it, is no path
        there = False
    if there:
        _refuse_filters(name, filters)
        return _told(unique(local.find(path, options, search)), options, name)
    if "://" not in name:
        found = one_of(name, lambda path: [replace(r, options=options) for r in local.find(path, options, search)])
        if found:
            _refuse_filters(name, filters)
            return _told(unique(found), options, name)
    if "://" in name and name.partition("://")[0].lower() in _SERVERS:
        raise NoRunFound(
            f"{printable(name)} is on a tracker's server, which RunLens does not read; write the run as a table, as "
            "docs/formats.md says under Trackers' stores, and name that"
        )
    for source in registry.SOURCES:
        address = source.address_source().parse(name) if source.addresses else None
        # a name whose first folder is on this disk is a misspelt path
        if address is not None and ("://" in name or not Path(path.parts[0]).exists()):
            if not source.filters:
                _refuse_filters(name, filters)
            if source.searches:
                return _told(unique(source.searched_source().at(address, options, search or Search())), options, name)
            return _told(unique(source.address_source().at(address, **filters)), options, name)
    raise NoRunFound(_nothing_there(name, path))


def broken(name: str, sentence: str) -> RunRef:
    """A reference to what could not even be looked into: reading it raises a `ReadError` with that sentence."""
    return RunRef(local.BROKEN, name, name, member=sentence)


def is_slow(ref: RunRef) -> bool:
    """Whether reading a run is mostly waiting for a server."""
    return ref.source not in local.UNREADABLE and registry.entry(ref.source).heavy


def read(ref: RunRef, *, progress: Progress | None = None) -> Run:
    """Read one run that was discovered.

    Parameters
    ----------
    ref : RunRef
    progress : callable, optional
        Called with the rows so far and the rows in all (None if not known) while a run is fetched from a server.

    Raises
    ------
    ReadError
        It cannot be read: no log after all, no permission, a server that is down.
    """
    if ref.source == local.REFUSED:
        raise AccessRefused(f"no permission to look into {printable(ref.location)}; ask its owner for read access")
    if ref.source == local.BROKEN:
        raise ReadError(ref.member)
    if not ref.copy_of:
        return _read(ref, progress)
    from runlens.sources import object_store

    try:
        return object_store.as_stored(_read(object_store.here(ref), progress), ref.copy_of)
    except ReadError as error:
        raise object_store.told(error, ref.copy_of) from error


def _read(ref: RunRef, progress: Progress | None) -> Run:
    keep_freed_memory()
    source = registry.entry(ref.source)
    if source.heavy:
        return within_bounds(cast(SlowSource, source.module()).read(ref, progress=progress))
    return within_bounds(cast(Source, source.module()).read(ref))


def _told(refs: Sequence[RunRef], options: ReadOptions, name: str) -> list[RunRef]:
    """The references with what the user said of how to read them.

    Raises
    ------
    ConfigError
        If something was said that none of them obeys.
    """
    said = [f.name for f in fields(options) if getattr(options, f.name) != f.default]
    obeyed = {ref.source: registry.entry(ref.source).options for ref in refs if ref.source not in local.UNREADABLE}
    for field in said:
        if not any(field in of for of in obeyed.values()):
            who = ", ".join(e.form for e in registry.SOURCES if field in e.options) or "no source"
            raise ConfigError(f"--{field} tells how to read {who}, and nothing at {printable(name)} is one; leave it")
    return [replace(ref, options=options) if obeyed.get(ref.source) and said else ref for ref in refs]


def _refuse_filters(name: str, filters: dict[str, Any]) -> None:
    if filters:
        raise ConfigError(f"filters choose among the runs of a W&B project, and {printable(name)} is none; leave them")


def _is_link(path: Path) -> bool:
    try:
        return path.is_symlink()
    except (OSError, ValueError):  # a name too long, or with a NUL in it
        return False


def _nothing_there(name: str, path: Path) -> str:
    if "://" in name:
        return f"{printable(name)} is no address that RunLens reads; it reads {registry.addresses()}"
    said = f"nothing is at {printable(name)}"
    if _is_link(path):
        return f"{said}: it is a link that leads nowhere; name the folder or file itself"
    close = near(path)
    if close:
        return f"{said}; did you mean {' or '.join(printable(c) for c in close)}?"
    return f"{said}; give {registry.forms()}"
