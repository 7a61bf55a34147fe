"""Runs on this disk: one walk sorts the files of a folder by their source, each source makes runs of its own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from runlens.errors import AccessRefused, NoRunFound, NotALog, RunLensError, UsageError
from runlens.model import AS_FOUND, ReadOptions, RunRef
from runlens.sources import registry
from runlens.sources.contract import HEAD, Look
from runlens.sources.halves import joined
from runlens.sources.halves.copies import without_copies
from runlens.sources.ignored import NAME, Ignored
from runlens.sources.naming import printable, unforeseen
from runlens.sources.registry import Entry
from runlens.sources.unread import (
    Search,
    broken_document,
    in_one_sentence,
    is_said_to_be_a_log,
    is_said_to_be_another,
    is_text,
    no_file,
)

REFUSED = "refused"
"""`RunRef.source` of a folder below the named one that may not be looked into: reading it says so, nothing hides it."""

BROKEN = "broken"
"""`RunRef.source` of what could not even be sorted into runs; `member` is the sentence that reading it says."""

UNREADABLE = frozenset({REFUSED, BROKEN})
"""Of references that no entry of the registry reads."""

_KERNELS = frozenset({"/proc", "/sys", "/dev"})
"""File systems that are no disks: endless, or of devices."""

PASSED_OVER = frozenset({"node_modules", "__pycache__", "site-packages"})
"""Folders of code, whatever stands in them."""


_FEW = 3
"""Tables and texts of a folder without a log that are named all the same: one of them may be what was meant."""


def find(path: Path, options: ReadOptions = AS_FOUND, search: Search | None = None) -> list[RunRef]:
    """The runs at an existing file or folder; what was left out stands in `search` afterwards.

    Raises
    ------
    NoRunFound
        A folder with no log in it.
    NotALog
        A file that is no log.
    AccessRefused
        No permission to open the named file or folder.
    """
    if not path.is_dir():
        return _of_file(path, options)
    search = search or Search()
    begun, ignored = len(search.unread), Ignored(path, search.gitignore)
    try:
        refs = _in_folder(path, options, search, ignored)
    except NoRunFound:
        if not ignored.left_out:
            raise
        del search.unread[begun:]  # who keeps all logs out of git wants them judged all the same
        refs = _in_folder(path, options, search, Ignored(path, heed=False))
        where = printable(str(path))
        search.notes.append(f"a {NAME} leaves out every log in {where}, so they were read all the same")
        return refs
    if said := ignored.said():
        search.notes.append(said)
    return refs


def _of_file(path: Path, options: ReadOptions) -> list[RunRef]:
    where = printable(str(path))
    # asked before opening: to open a pipe is to wait for its writer, and files of the kernel have no size
    if not path.is_file() or os.path.realpath(path).startswith(("/proc/", "/sys/")):
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


def _in_folder(root: Path, options: ReadOptions, search: Search, ignored: Ignored) -> list[RunRef]:
    begun = len(search.unread)
    groups, refused = _walk(root, search, ignored)
    beside: dict[str, Sequence[Path]] = dict(groups)
    look = Look(root, options, beside=beside)
    refs: list[RunRef] = []
    for source in registry.SOURCES:
        if files := groups.get(source.name):
            found = _of_source(source, files, look, search.debug)
            refs += found
            used = {file for ref in found for file in (*ref.files, ref.location)}
            if source.tells:  # what is no log hides none, and is worth a word if it looked like one
                left = [file for file in files if str(file) not in used]
                beside[source.name] = sorted(set(files).difference(left))
                for file in left:
                    _tell(source, file, look, search)
    refs, repeated = without_copies(joined(refs), lambda ref: registry.entry(ref.source).file_source().read(ref))
    search.notes += repeated
    refs += [RunRef(REFUSED, str(folder), folder.relative_to(root).as_posix()) for folder in refused]
    lone = [file for name in ("table", "text") for file in groups.get(name, ()) if not is_said_to_be_another(file)]
    if not refs and not search.unread[begun:] and len(lone) <= _FEW:
        for file in lone:
            search.leave(
                file, "neither its name nor its beginning tells of a training; name the file itself if it is one"
            )
    search.unread[begun:] = sorted(search.unread[begun:], key=lambda one: one.path)
    if not refs:
        where = printable(str(root))
        if search.unread[begun:]:
            raise NoRunFound(
                f"the folder {where} holds no log that can be read; {in_one_sentence(search.unread[begun:])}"
            )
        if root.name == ".aim" or (root / ".aim").is_dir():
            raise NoRunFound(
                f"the folder {where} holds no log but Aim's repository, which Aim alone reads; write its runs as "
                "tables, as docs/formats.md says under Trackers' stores, and name those"
            )
        raise NoRunFound(f"the folder {where} holds no log; RunLens looks for {registry.files()}")
    return refs


def _of_source(source: Entry, files: list[Path], look: Look, debug: bool) -> list[RunRef]:
    """The runs of one source; if it fails over one of its files, those of every other file, each asked by itself."""
    try:
        return source.file_source().refs(files, look)
    except UsageError:
        raise
    except Exception as error:  # a damaged store, a fault of the source: it costs the file over which it fails alone
        if debug:
            raise
        if source.finds or len(files) == 1:
            at = look.root if source.finds else files[0]
            inside = at.relative_to(look.root).as_posix() if at != look.root else at.resolve().name
            said = str(error) if isinstance(error, RunLensError) else unforeseen(str(at), "looked into", error)
            return [RunRef(BROKEN, str(at), inside, member=said)]
        return [ref for file in files for ref in _of_source(source, [file], look, debug)]


def _tell(source: Entry, file: Path, look: Look, search: Search) -> None:
    try:
        reason = source.why_left_out(file, look)
    except Exception as error:
        if search.debug:
            raise
        reason = f"it could not be looked into: {type(error).__name__}"
    if reason:
        search.leave(file, reason)


def _walk(root: Path, search: Search, ignored: Ignored) -> tuple[dict[str, list[Path]], list[Path]]:
    """Files by source and folders that may not be looked into, sorted.

    Links to folders are followed after the folders themselves, each place once (W&B keeps a `latest-run` link, and
    links can go in circles). Hidden folders, virtual environments, installed packages, the kernel's own file systems,
    pipes and dead links are passed over, and what the user or a `.gitignore` excludes.
    """
    groups: dict[str, list[Path]] = {}
    refused: list[Path] = []
    seen: set[str] = set()
    starts = [root]
    looked = 0
    while starts:
        start = starts.pop(0)
        home, above = os.path.realpath(start), len(str(start))
        for at, folders, files in os.walk(start, onerror=lambda error: refused.append(Path(error.filename))):
            below = at[above:].strip(os.sep)  # where no link was followed
            real = f"{home.rstrip(os.sep)}{os.sep}{below}" if below else home
            search.step(looked, at)
            if real in seen or real in _KERNELS or ("pyvenv.cfg" in files and at != str(root)):
                folders.clear()
                continue
            seen.add(real)
            here = Path(at)
            looked += len(files)
            if search.exclude:
                folders[:] = [f for f in folders if not search.excludes((here / f).relative_to(root).as_posix())]
                files = [f for f in files if not search.excludes((here / f).relative_to(root).as_posix())]
            hidden = ignored.enter(here, files)
            links = [f for f in folders if (here / f).is_symlink()]
            starts += [here / f for f in sorted(links)]
            left = {*links, *PASSED_OVER, *registry.inner_folders(files)}
            folders[:] = sorted(f for f in folders if f not in left and f[0] != ".")
            for path in (here / f for f in sorted(files) if f[0] != "."):
                if hidden or ignored.leaves_out(path):
                    ignored.leave(path, log=registry.by_name(path.name) is not None)
                elif source := source_of(path, search):
                    groups.setdefault(source.name, []).append(path)
    search.step(looked, "")
    if root in refused:
        raise AccessRefused(f"no permission to look into {printable(str(root))}; ask its owner for read access")
    return groups, refused


def source_of(path: Path, search: Search) -> Entry | None:
    """The source of a file found in a folder; None for one that is no log, or cannot be opened to see.

    What is a log by its name, and by nothing in it, is noted as unread.
    """
    source = registry.by_name(path.name)
    if source is not None:
        if source.finds or path.is_file():
            return source
        search.leave(path, no_file(path))
        return None
    if not registry.may_be_a_log(path) or not path.is_file():
        return None
    said = is_said_to_be_a_log(path) and is_text(path)
    try:
        head = _head(path)
        source = registry.by_head(head, path, whatever=False)
    except OSError as error:
        if said:
            search.leave(path, f"it cannot be opened: {error.strerror or type(error).__name__}")
        return None
    except Exception as error:
        if search.debug:
            raise
        search.leave(path, f"it could not be looked into: {type(error).__name__}")
        return None
    if source is None and said and head.strip():  # of an empty text nothing is lost
        search.leave(path, "it is neither text nor a table")
    elif source is None and is_said_to_be_a_log(path) and (why := broken_document(path, head, whole=len(head) < HEAD)):
        search.leave(path, why)
    return source


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD)
