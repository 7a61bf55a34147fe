"""Runs on this disk: one walk sorts the files of a folder by their source, each source makes runs of its own."""

from __future__ import annotations

import os
from pathlib import Path

from runlens.errors import AccessRefused, NoRunFound, NotALog, RunLensError
from runlens.model import AS_FOUND, ReadOptions, RunRef
from runlens.sources import registry
from runlens.sources.naming import printable, unforeseen
from runlens.sources.registry import HEAD, Entry, Look

REFUSED = "refused"
"""`RunRef.source` of a folder below the named one that may not be looked into: reading it says so, nothing hides it."""

BROKEN = "broken"
"""`RunRef.source` of what could not even be sorted into runs; `member` is the sentence that reading it says."""

UNREADABLE = frozenset({REFUSED, BROKEN})
"""Of references that no entry of the registry reads."""

_PASSED_OVER = {"node_modules", "__pycache__", "site-packages"}


def find(path: Path, options: ReadOptions = AS_FOUND, *, debug: bool = False) -> list[RunRef]:
    """The runs at an existing file or folder; `debug` lets faults of a source through, which cost one file otherwise.

    Raises
    ------
    NoRunFound
        A folder with no log in it.
    NotALog
        A file that is no log.
    AccessRefused
        No permission to open the named file or folder.
    """
    return _in_folder(path, options, debug) if path.is_dir() else _of_file(path, options)


def _of_file(path: Path, options: ReadOptions) -> list[RunRef]:
    where = printable(str(path))
    if not path.is_file():  # asked before opening: to open a pipe is to wait for its writer
        raise NotALog(f"{where} is a pipe, socket or device; write the log to a file and name that")
    try:
        head = _head(path)
    except PermissionError as error:
        raise AccessRefused(f"no permission to read {where}; ask its owner for read access") from error
    except OSError as error:
        raise NotALog(f"{where} cannot be read ({error.strerror}); name a log file or folder") from error
    source = registry.by_name(path.name) or registry.by_head(head, path, whatever=True)
    refs = source.file_source().refs([path], Look(path.parent, options, named=True)) if source else []
    if not refs:
        raise NotALog(f"{where} is no log that RunLens knows; it reads {registry.files()}")
    return refs


def _in_folder(root: Path, options: ReadOptions, debug: bool) -> list[RunRef]:
    groups, refused = _walk(root)
    look = Look(root, options, beside=groups, debug=debug)
    refs = [ref for s in registry.SOURCES if groups.get(s.name) for ref in _of_source(s, groups[s.name], look)]
    refs += [RunRef(REFUSED, str(folder), folder.relative_to(root).as_posix()) for folder in refused]
    if not refs:
        where = printable(str(root))
        raise NoRunFound(f"the folder {where} holds no log; RunLens looks for {registry.files()}")
    return refs


def _of_source(source: Entry, files: list[Path], look: Look) -> list[RunRef]:
    """The runs of one source; if it fails over one of its files, those of every other file, each asked by itself."""
    try:
        return source.file_source().refs(files, look)
    except RunLensError:
        raise
    except Exception as error:  # a fault of the source: it costs the file over which it fails, not the others
        if look.debug:
            raise
        if source.finds or len(files) == 1:
            at = look.root if source.finds else files[0]
            inside = at.relative_to(look.root).as_posix() if at != look.root else at.resolve().name
            return [RunRef(BROKEN, str(at), inside, member=unforeseen(str(at), "looked into", error))]
        return [ref for file in files for ref in _of_source(source, [file], look)]


def _walk(root: Path) -> tuple[dict[str, list[Path]], list[Path]]:
    """Files by source and folders that may not be looked into, sorted.

    Links to folders are followed after the folders themselves, each place once (W&B keeps a `latest-run` link, and
    links can go in circles). Hidden folders, installed packages, pipes and dead links are passed over.
    """
    groups: dict[str, list[Path]] = {}
    refused: list[Path] = []
    seen: set[str] = set()
    starts = [root]
    while starts:
        start = starts.pop(0)
        for at, folders, files in os.walk(start, onerror=lambda error: refused.append(Path(error.filename))):
            real = os.path.realpath(at)
            if real in seen:
                folders.clear()
                continue
            seen.add(real)
            here = Path(at)
            links = [f for f in folders if (here / f).is_symlink()]
            starts += [here / f for f in sorted(links)]
            left = {*links, *_PASSED_OVER, *registry.inner_folders(files)}
            folders[:] = sorted(f for f in folders if f not in left and f[0] != ".")
            for file in sorted(f for f in files if f[0] != "."):
                source = _source_of(here / file)
                if source:
                    groups.setdefault(source.name, []).append(here / file)
    if root in refused:
        raise AccessRefused(f"no permission to look into {printable(str(root))}; ask its owner for read access")
    return groups, refused


def _source_of(path: Path) -> Entry | None:
    """The source of a file found in a folder; None for one that is no log, or cannot be opened to see."""
    source = registry.by_name(path.name)
    if source is not None:
        return source if source.finds or path.is_file() else None
    if not registry.may_be_a_log(path) or not path.is_file():
        return None
    try:
        return registry.by_head(_head(path), path, whatever=False)
    except Exception:  # noqa: BLE001 - that it may be a log is a guess by its name: there is nothing to say of it
        return None


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD)
