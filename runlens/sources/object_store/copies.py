"""Copies of objects on this disk: fetched at once, each again only when its version in the store has changed.

An object is written beside its place and moved into it, so that a kill leaves a whole copy or none; what was fetched
stands in a database at once, so that a fetch that was broken off goes on. The folder of all is 0700 and files are 0600,
since logs are private.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Container, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from threading import Lock
from urllib.parse import unquote

from runlens.errors import NotALog, ReadError, SourceDown
from runlens.sources.caches import Cached, root
from runlens.sources.contract import HEAD
from runlens.sources.ignored import NAME as IGNORING
from runlens.sources.object_store.store import Store, Stored

AT_ONCE = 32
"""Requests at once: of 50 ms each, as to a store far away, 60 objects take 0.1 s, and 640 objects a second."""
RANGE = 1 << 23
"""Bytes of a request: large objects are fetched in ranges, so that memory holds `AT_ONCE` of them at most."""
_LONGEST = 200
"""Bytes of a name that every file system takes."""
_EMPTY = "%-"
"""What stands for a part of a key that is empty: `a//b`."""
_TRIES = 3
"""Times that a large object is fetched which is written again meanwhile."""
_TABLE = "CREATE TABLE IF NOT EXISTS copies (key TEXT PRIMARY KEY, version TEXT, size INTEGER, log INTEGER)"

Looked = Callable[[Path], bool]
"""Tells whether a copy of the first `HEAD` bytes of an object is that of a log."""


@dataclass(slots=True)
class Copies:
    """The copies of objects of one kind of store below a folder of this disk."""

    root: Path
    """Where the copies of `scheme://` lie, bucket by bucket."""
    _lock: Lock = field(default_factory=Lock)

    def place(self, key: str) -> Path:
        """Where the copy of an object, or of everything below a name, lies."""
        inside = key.strip("/")
        return self.root.joinpath(*map(_part, inside.split("/"))) if inside else self.root

    def key_of(self, place: str) -> str:
        """The name whose copy, or that of everything below it, lies at a place."""
        parts = Path(place).relative_to(self.root).parts
        return "/".join("" if part == _EMPTY else unquote(part) for part in parts)

    def fetch(
        self,
        store: Store,
        wanted: Sequence[Stored],
        unsure: Container[str],
        looked: Looked,
        step: Callable[[int, str], None],
    ) -> dict[str, ReadError]:
        """Bring copies up to date.

        Parameters
        ----------
        store : Store
        wanted : sequence of Stored
        unsure : container of str
            Keys whose names do not tell a log. Of those longer than `HEAD` the beginning is fetched first,
        looked : callable
            and this is asked: what is no log is not fetched.
        step : callable
            Takes how many are done, and the key of the one that is next.

        Returns
        -------
        dict of str to ReadError
            By key, what could not be fetched and why; all else has a copy, or is no log.
        """
        failed: dict[str, ReadError] = {}
        with (
            closing(self._database()) as base,
            ThreadPoolExecutor(AT_ONCE) as objects,
            ThreadPoolExecutor(AT_ONCE) as ranges,
        ):
            known = {key: tuple(rest) for key, *rest in base.execute("SELECT key, version, size, log FROM copies")}
            new = [one for one in wanted if not self._is_there(one, known.get(one.key))]
            tasks = {
                one.key: objects.submit(self._one, store, one, looked if one.key in unsure else None, ranges, base)
                for one in new
            }
            try:
                for done, (key, task) in enumerate(tasks.items()):
                    step(done, key)
                    if (error := _outcome(task)) is not None:
                        failed[key] = error
            except BaseException:  # an interrupt: what has not begun is not wanted any more
                objects.shutdown(wait=False, cancel_futures=True)
                ranges.shutdown(wait=False, cancel_futures=True)
                raise
        return failed

    def _database(self) -> sqlite3.Connection:
        """What was fetched: key, version and size of each object, and whether it is a log."""
        file = self.root / ".copies.sqlite"
        try:
            self.root.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.root.mkdir(exist_ok=True)
            try:
                return _opened(file)
            except sqlite3.DatabaseError:  # damaged: everything is fetched again
                file.unlink(missing_ok=True)
                return _opened(file)
        except (OSError, sqlite3.Error) as error:
            raise ReadError(
                f"copies of objects cannot be kept in {self.root} ({error}); set RUNLENS_CACHE_DIR to a folder that can"
            ) from error

    def forget(self, below: str, there: set[str]) -> None:
        """Remove copies below a name whose objects are not in the store any more."""
        at = self.place(below)
        kept = {self.place(key) for key in there}
        for file in [at] if at.is_file() else sorted(at.rglob("*")):
            if file.is_file() and file not in kept and (file.name[0] != "." or file.name == IGNORING):
                file.unlink(missing_ok=True)

    def _is_there(self, one: Stored, known: tuple[object, ...] | None) -> bool:
        if known is None or not one.version or known[:2] != (one.version, one.size):
            return False
        place = self.place(one.key)
        return not known[2] or (place.is_file() and place.stat().st_size == one.size)

    def _one(
        self,
        store: Store,
        one: Stored,
        looked: Looked | None,
        ranges: ThreadPoolExecutor,
        base: sqlite3.Connection,
    ) -> None:
        place = self.place(one.key)
        if place.is_dir():
            shutil.rmtree(place)  # what was a folder is an object now
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_name(f".{place.name[:_LONGEST]}.{os.getpid()}.part")
        try:
            log = looked is None or one.size <= HEAD or _is_log(store, one, looked, place)
            if log:
                one = _whole(store, one, part, ranges)
                os.utime(part, (one.changed, one.changed))
                part.replace(place)
        finally:
            part.unlink(missing_ok=True)
        with self._lock, base:
            base.execute("REPLACE INTO copies VALUES (?, ?, ?, ?)", (one.key, one.version, one.size, int(log)))


def buckets() -> list[Cached]:
    """Every bucket of which copies are kept, by name."""
    found = []
    for folder in sorted((root() / "objects").glob("*/*")):
        if folder.is_dir():
            files = [p.stat() for p in folder.rglob("*") if p.is_file()]
            used = max((f.st_ctime for f in files), default=folder.stat().st_ctime)
            name = f"{folder.parent.name}://{unquote(folder.name)}"
            found.append(Cached("", name, sum(f.st_size for f in files), used, folder))
    return found


def _opened(file: Path) -> sqlite3.Connection:
    base = sqlite3.connect(file, check_same_thread=False, timeout=60)
    base.execute("PRAGMA synchronous = OFF")  # what is lost with the power is fetched again
    base.execute(_TABLE)
    return base


def _is_log(store: Store, one: Stored, looked: Looked, place: Path) -> bool:
    """Whether an object is a log, by its beginning, under the name that it will have."""
    place.write_bytes(store.content(one, 0, HEAD))
    place.chmod(0o600)
    found = looked(place)
    place.unlink()
    return found


def _whole(store: Store, one: Stored, part: Path, ranges: ThreadPoolExecutor) -> Stored:
    """Write an object to a file, all of one version; returns which that was."""
    for _ in range(_TRIES):
        with os.fdopen(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
            if one.size <= RANGE:
                content = store.content(one)
                file.write(content)
                if len(content) == one.size:
                    return one
            else:
                pieces = range(0, one.size, RANGE)
                _each([ranges.submit(_piece, store, one, at, file.fileno()) for at in pieces])
        now = store.again(one)
        if (now.version, now.size) == (one.version, one.size) and part.stat().st_size == one.size:
            return one
        one = now
    raise SourceDown(f"{store.shown}: {one.key} is written again faster than it can be read; look later")


def _piece(store: Store, one: Stored, at: int, to: int) -> None:
    os.pwrite(to, store.content(one, at, min(at + RANGE, one.size)), at)


def _each(tasks: Sequence[Future[None]]) -> None:
    try:
        for task in tasks:
            task.result()
    finally:
        for task in tasks:
            task.cancel()


def _outcome(task: Future[None]) -> ReadError | None:
    try:
        task.result()
    except ReadError as error:
        return error
    except FileNotFoundError as error:  # it was removed since it was listed
        return NotALog(str(error))
    except OSError as error:
        return ReadError(f"a copy cannot be written: {error.strerror or type(error).__name__}")
    return None


def _part(name: str) -> str:
    """A part of a key as the name of a file: names that lead elsewhere, or are too long, become others."""
    if name in ("", ".", ".."):
        return name.replace(".", "%2E") or _EMPTY
    shown = name.replace("%", "%25").replace("\0", "%00")
    if len(shown.encode()) > _LONGEST:
        return f"{shown[:40]}%{sha256(shown.encode()).hexdigest()}{Path(shown).suffix[:20]}"
    return shown
