"""What was judged before, in a folder: unchanged runs are not judged again, a broken sweep goes on."""

from __future__ import annotations

import logging
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from runlens import model
from runlens.errors import ConfigError
from runlens.judging.check import check
from runlens.judging.digest import Seen, digest, footprint
from runlens.judging.engines import Engine
from runlens.judging.one import Settings
from runlens.model import Run, RunRef, RunReport

log = logging.getLogger(__name__)
NAME = "judged.sqlite"
COMMIT_EVERY = 1.0
"""Seconds: writing to the disk takes milliseconds, judging a short run ten."""
_TABLE = "CREATE TABLE IF NOT EXISTS judged (key BLOB PRIMARY KEY, report BLOB NOT NULL) WITHOUT ROWID"


def judged(
    plan: Sequence[tuple[RunRef, Settings]],
    engine: Engine,
    *,
    keep: Kept | None = None,
    read: Callable[[RunRef], Run] | None = None,
) -> Iterator[RunReport]:
    """Judge runs as `check` does; with a folder, only those that do not stand in it.

    Each verdict is kept as it comes, so that a sweep that was broken off goes on where it was.

    Raises
    ------
    ConfigError
        The folder cannot be used.
    """
    if keep is None:
        yield from check(plan, engine, read=read)
        return
    seen: Seen = {}
    keys = [keep.key_of(*item, seen) for item in plan]
    known = keep.known(keys)
    fresh = [i for i, report in enumerate(known) if report is None]
    new = keep.keeping(zip((keys[i] for i in fresh), check([plan[i] for i in fresh], engine, read=read), strict=True))
    for report in known:
        yield next(new) if report is None else report


@dataclass(frozen=True, slots=True)
class Kept:
    """A folder of verdicts, each under what it was made from."""

    folder: Path
    version: str
    """Of RunLens: another one may judge otherwise."""

    def key_of(self, ref: RunRef, settings: Settings, seen: Seen) -> bytes | None:
        """What a verdict depends on: the version, and the footprint of a run.

        Parameters
        ----------
        ref : RunRef
        settings : Settings
        seen : dict
            As in `footprint`.

        Returns
        -------
        bytes or None
            None for a run whose verdict may change while its files do not: a remote one, one with a server of its GPUs
            beside it, or one that some rule judges by the clock (`live`).
        """
        if any(rule.by_clock for rule in settings.rules):
            return None
        found = footprint(ref, settings, seen)
        return found and digest((self.version, found), seen)

    def known(self, keys: Iterable[bytes | None]) -> list[RunReport | None]:
        """The report under each key; None where there is none, or it cannot be read."""
        wanted = list(keys)
        with closing(self._open()) as db:
            try:
                rows = [k and db.execute("SELECT report FROM judged WHERE key = ?", (k,)).fetchone() for k in wanted]
            except sqlite3.Error as error:
                self._without(error)
                return [None] * len(wanted)
        return [_unpacked(row[0]) if row else None for row in rows]

    def keeping(self, judged: Iterable[tuple[bytes | None, RunReport]]) -> Iterator[RunReport]:
        """Pass reports on, and keep those that may be; what came in the last second before a kill is judged again."""
        with closing(self._open()) as db:
            written, broken = time.monotonic(), False
            try:
                for key, report in judged:
                    if key is not None and not broken and not report.failures and report.state != "running":
                        broken = not self._put(db, key, report)
                    if not broken and time.monotonic() - written > COMMIT_EVERY:
                        broken = not self._commit(db)
                        written = time.monotonic()
                    yield report
            finally:
                if not broken:
                    self._commit(db)

    def _put(self, db: sqlite3.Connection, key: bytes, report: RunReport) -> bool:
        try:
            db.execute("INSERT OR REPLACE INTO judged VALUES (?, ?)", (key, _packed(report)))
        except sqlite3.Error as error:
            return self._without(error)
        return True

    def _commit(self, db: sqlite3.Connection) -> bool:
        try:
            db.commit()
        except sqlite3.Error as error:
            return self._without(error)
        return True

    def _without(self, error: sqlite3.Error) -> bool:
        """Say that verdicts are not kept, and go on: they are right without it."""
        where = self.folder / NAME
        log.warning("%s cannot be used (%s): runs are judged and not kept; remove it to keep them again", where, error)
        return False

    def _open(self) -> sqlite3.Connection:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            db = sqlite3.connect(self.folder / NAME)
            db.execute(_TABLE)
        except (OSError, sqlite3.Error) as error:
            raise ConfigError(
                f"what was judged cannot be kept in {str(self.folder)!r} ({error}); give another folder to --keep"
            ) from error
        return db


def _packed(report: RunReport) -> bytes:
    from runlens.render import render

    return zlib.compress(render(_whole(report), "json").encode(), 1)


def _unpacked(content: bytes) -> RunReport | None:
    from runlens.errors import NotALog
    from runlens.render.json import parse

    try:
        (run,) = parse(zlib.decompress(content), NAME).runs
    except (zlib.error, NotALog, ValueError):
        return None
    return run


def _whole(report: RunReport) -> model.Report:
    """A report of one run, as the JSON format wants it."""
    return model.Report("", "", report.verdict, 0, (report,))
