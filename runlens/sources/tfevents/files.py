"""Folders and files of this disk, and what can be said of those that cannot be opened."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from runlens.errors import AccessRefused, NoRunFound, NotALog, ReadError, RunLensError
from runlens.sources.tfevents.frames import ByteStream


class Entry(NamedTuple):
    """One name in a folder."""

    path: str
    name: str
    folder: bool
    size: int
    """Bytes; 0 for folders."""


def name_of(path: str) -> str:
    """The last part of a path; of `.` and the like, the name of the folder that is meant."""
    return Path(path).name or Path(path).resolve().name or path


def parent_of(path: str) -> str:
    """The folder that holds a file."""
    return str(Path(path).parent)


def folder_name(path: str) -> str:
    """The name of the folder that holds a file."""
    return name_of(parent_of(path))


def join(folder: str, inner: str) -> str:
    """A path below a folder; the folder itself if `inner` is empty."""
    return str(Path(folder) / inner) if inner else folder


def content_of(path: str) -> bytes:
    """All bytes of a small file. Raises as `opened` does."""
    with opened(path) as (stream, size):
        content = bytearray(size)
        read = stream.readinto(memoryview(content))
    return bytes(content[:read])


def identity(path: str) -> str:
    """What tells a folder that is met twice (a link that leads back) from two folders."""
    return str(Path(path).resolve())


def entry_of(path: str) -> Entry:
    """What stands at the path.

    Raises
    ------
    NoRunFound
        If nothing does.
    AccessRefused, ReadError
        If it cannot be told.
    """
    with _explained(path):
        found = Path(path).stat()
        return Entry(path, name_of(path), stat.S_ISDIR(found.st_mode), found.st_size)


def listing(folder: str) -> list[Entry]:
    """The entries of a folder, sorted by name. Raises as `entry_of` does."""
    with _explained(folder), os.scandir(folder) as entries:
        found = [_local(entry) for entry in entries]
    return sorted(found, key=lambda entry: entry.name)


def _local(entry: os.DirEntry[str]) -> Entry:
    try:
        folder = entry.is_dir()
        return Entry(entry.path, entry.name, folder, 0 if folder else entry.stat().st_size)
    except OSError:  # a link to nowhere: whoever opens it gets the error
        return Entry(entry.path, entry.name, False, 0)


def size_of(path: str) -> int:
    """Bytes of a file on this disk; 0 for a link to nowhere, and whoever opens it gets the error."""
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0


@contextmanager
def opened(path: str, base: int = 0) -> Iterator[tuple[ByteStream, int]]:
    """A file to read from `base` on, and its size in bytes.

    Raises
    ------
    NotALog
        If it is a folder, pipe, socket or device.
    NoRunFound, AccessRefused, ReadError
        If it cannot be opened or read.
    """
    with _explained(path):
        # Asked before opening: to open a pipe is to wait for its writer.
        if not stat.S_ISREG(Path(path).stat().st_mode):
            raise NotALog(f"{path} is no regular file, so it cannot be read as an event file")
        with Path(path).open("rb", buffering=0) as stream:
            stream.seek(base)
            yield stream, os.fstat(stream.fileno()).st_size


@contextmanager
def _explained(path: str) -> Iterator[None]:
    """Turn what the file system raises into one sentence."""
    try:
        yield
    except RunLensError:
        raise
    except FileNotFoundError as error:
        raise NoRunFound(f"there is no file or folder {path}") from error
    except PermissionError as error:
        raise AccessRefused(f"no permission to read {path}") from error
    except OSError as error:
        raise ReadError(f"{path} could not be read: {error.strerror or type(error).__name__}") from error
