"""Folders and files, here or at an address such as `s3://bucket/logs` (through fsspec, imported only then)."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from runlens.errors import AccessRefused, NoRunFound, NotALog, ReadError, RunLensError, SourceDown
from runlens.sources.tfevents.frames import ByteStream


class Entry(NamedTuple):
    """One name in a folder."""

    path: str
    name: str
    folder: bool
    size: int
    """Bytes; 0 for folders."""


def is_address(path: str) -> bool:
    """Whether the path names another file system, such as `gs://bucket/logs`."""
    return re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://", path) is not None


def without_secrets(path: str) -> str:
    """The path without a user, password or query that an address may hold."""
    return re.sub(r"\?.*", "", re.sub(r"//[^/@]*@", "//", path)) if is_address(path) else path


def name_of(path: str) -> str:
    """The last part of a path or address; of `.` and the like, the name of the folder that is meant."""
    shown = without_secrets(path).rstrip("/")
    return shown.rsplit("/", 1)[-1] if is_address(path) else Path(path).name or Path(path).resolve().name or path


def parent_of(path: str) -> str:
    """The folder that holds a file."""
    return path.rstrip("/").rpartition("/")[0] if is_address(path) else str(Path(path).parent)


def folder_name(path: str) -> str:
    """The name of the folder that holds a file."""
    return name_of(parent_of(path))


def join(folder: str, inner: str) -> str:
    """A path below a folder; the folder itself if `inner` is empty."""
    if not inner:
        return folder
    return f"{folder.rstrip('/')}/{inner}" if is_address(folder) else str(Path(folder) / inner)


def content_of(path: str) -> bytes:
    """All bytes of a small file. Raises as `opened` does."""
    with opened(path) as (stream, size):
        content = bytearray(size)
        read = stream.readinto(memoryview(content))
    return bytes(content[:read])


def identity(path: str) -> str:
    """What tells a folder that is met twice (a link that leads back) from two folders."""
    return path if is_address(path) else str(Path(path).resolve())


def entry_of(path: str) -> Entry:
    """What stands at the path.

    Raises
    ------
    NoRunFound
        If nothing does.
    AccessRefused, SourceDown, ReadError
        If it cannot be told.
    """
    with _explained(path):
        if is_address(path):
            system, inner = _remote(path)
            info = system.info(inner)
            return Entry(path, name_of(path), info["type"] == "directory", int(info["size"] or 0))
        found = Path(path).stat()
        return Entry(path, name_of(path), stat.S_ISDIR(found.st_mode), found.st_size)


def listing(folder: str) -> list[Entry]:
    """The entries of a folder, sorted by name. Raises as `entry_of` does."""
    with _explained(folder):
        if is_address(folder):
            system, inner = _remote(folder)
            found = [
                Entry(
                    system.unstrip_protocol(i["name"]),
                    name_of(i["name"]),
                    i["type"] == "directory",
                    int(i["size"] or 0),
                )
                for i in system.ls(inner, detail=True)
                if i["name"].rstrip("/") != inner.rstrip("/")  # object stores list the folder's own marker
            ]
        else:
            with os.scandir(folder) as entries:
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
def opened(path: str) -> Iterator[tuple[ByteStream, int]]:
    """A file to read, and its size in bytes.

    Raises
    ------
    NotALog
        If it is a folder, pipe, socket or device.
    NoRunFound, AccessRefused, SourceDown, ReadError
        If it cannot be opened or read.
    """
    with _explained(path):
        if is_address(path):
            system, inner = _remote(path)
            with system.open(inner, "rb") as stream:
                yield stream, int(system.info(inner)["size"])
        else:
            # Asked before opening: to open a pipe is to wait for its writer.
            if not stat.S_ISREG(Path(path).stat().st_mode):
                raise NotALog(f"{path} is no regular file, so it cannot be read as an event file")
            with Path(path).open("rb", buffering=0) as stream:
                yield stream, os.fstat(stream.fileno()).st_size


def look_again(path: str) -> None:
    """Forget what was listed of an object store before: its drivers keep listings for ever, and logs grow.

    Nothing to forget on this disk. Raises as `entry_of` does.
    """
    if is_address(path):
        with _explained(path):
            _remote(path)[0].invalidate_cache()


def _remote(path: str) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs
    except ImportError as error:
        raise ReadError(f"{without_secrets(path)} can only be read with fsspec: install runlens-cli[remote]") from error
    system, inner = url_to_fs(path)
    return system, inner


@contextmanager
def _explained(path: str) -> Iterator[None]:
    """Turn what the file system raises into one sentence."""
    shown = without_secrets(path)
    try:
        yield
    except RunLensError:
        raise
    except FileNotFoundError as error:
        raise NoRunFound(f"there is no file or folder {shown}") from error
    except PermissionError as error:
        raise AccessRefused(f"no permission to read {shown}") from error
    except ImportError as error:
        raise ReadError(f"{shown} needs a driver that is not installed: {error}") from error
    except OSError as error:
        kind = SourceDown if is_address(path) else ReadError
        raise kind(f"{shown} could not be read: {error.strerror or type(error).__name__}") from error
    except Exception as error:  # drivers raise errors of their own for credentials, hosts and time-outs
        if not is_address(path):
            raise
        raise SourceDown(f"{shown} could not be read: {type(error).__name__}") from error
