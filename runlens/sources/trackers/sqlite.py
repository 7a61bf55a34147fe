"""Databases of trackers, opened to read alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

MAGIC = b"SQLite format 3\0"
FAULTS = (sqlite3.Error, UnicodeDecodeError)
"""What is raised over a damaged database; the second where its own words for the damage are no UTF-8."""
_WAIT = 5.0
"""Seconds to wait for a writer."""


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that cannot write; where a journal of a writer cannot be opened, the file as it stands on the disk.

    Raises
    ------
    FAULTS
        It is no database, or damaged.
    """
    address = f"file:{quote(str(path.resolve()))}"
    connection = sqlite3.connect(f"{address}?mode=ro", uri=True, timeout=_WAIT)
    try:
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1")
    except sqlite3.OperationalError:
        connection.close()
        connection = sqlite3.connect(f"{address}?immutable=1", uri=True, timeout=_WAIT)
    connection.text_factory = _text
    with closing(connection):
        yield connection


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def columns(connection: sqlite3.Connection, table: str) -> set[str]:
    """Names of the columns of a table, empty if there is none; `table` is a name of ours."""
    return {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}


def has(head: bytes, path: Path, table: str, wanted: set[str]) -> bool:
    """Whether a file is a database with a table that has these columns."""
    if not head.startswith(MAGIC):
        return False
    try:
        with opened(path) as connection:
            return wanted <= columns(connection, table)
    except FAULTS:
        return False
