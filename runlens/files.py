"""Files that the user named: read whole, and written whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from runlens.errors import ConfigError, NotWritten

LARGEST = 1 << 30
"""Bytes of a report, baseline or configuration: a report of 10,000 runs has 200 MB."""
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO)


def text_of(path: Path) -> str:
    """The text of a file that the user named.

    Raises
    ------
    ConfigError
        If it is not there, cannot be read, or is no text.
    """
    try:
        return content_of(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is no text: {error}") from error


def content_of(path: Path) -> bytes:
    """The bytes of a file that the user named.

    Raises
    ------
    ConfigError
        If it is not there, cannot be read, is larger than `LARGEST`, or is a pipe or device, which may have no end.
    """
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise ConfigError(
                f"{path} is no regular file but a pipe, socket or device; write it to a file, and name that"
            )
        if path.is_file() and (size := path.stat().st_size) > LARGEST:
            raise ConfigError(
                f"{path} has {size:,} bytes, and {LARGEST:,} are the most for such a file; is it the right one?"
            )
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ConfigError(f"there is no file {path}") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error


def spare(outputs: Sequence[Path], inputs: Iterable[str | Path]) -> None:
    """Refuse to write over what is read.

    Raises
    ------
    ConfigError
        An output is one of the inputs, by whatever name.
    """
    there = {os.path.realpath(file): file for file in outputs if file.is_file()}
    for named in inputs if there else ():
        if (file := there.get(os.path.realpath(named))) is not None:
            raise ConfigError(f"{file} is a file that is judged or read, and would be written over; name another file")


def _written_into(file: Path, content: bytes) -> None:
    """Write into a pipe or a device; a pipe that nobody reads is an error, where opening it would wait for ever."""
    way = os.O_NONBLOCK if stat.S_ISFIFO(file.stat().st_mode) else 0
    try:
        opened = os.open(file, os.O_WRONLY | way)
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise ConfigError(f"{file} is a pipe that nobody reads, or a socket; name a file") from error
        raise
    os.set_blocking(opened, True)
    with os.fdopen(opened, "wb") as into:
        into.write(content)


def save(file: Path, content: bytes | Iterable[bytes]) -> None:
    """Write a file, whole or in pieces, by way of a neighbour that takes its place, so that nobody reads half of it.

    A link is followed: what it leads to is replaced, and the link stays.

    Raises
    ------
    ConfigError
        If it cannot be written there.
    NotWritten
        If the disk is full.
    """
    pieces = [content] if isinstance(content, bytes) else content
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.exists() and not file.is_file():  # /dev/stdout, a pipe: there is nothing to replace
            _written_into(file, b"".join(pieces))
            return
        target = Path(os.path.realpath(file))
        partial = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            with partial.open("wb") as out:
                out.writelines(pieces)
            partial.replace(target)
        except BaseException:  # Ctrl-C and SIGTERM among them: half a report is worse than none
            partial.unlink(missing_ok=True)
            raise
    except OSError as error:
        said = f"{file} cannot be written: {error.strerror or error}"
        raise (NotWritten if error.errno in _FULL else ConfigError)(said) from error
