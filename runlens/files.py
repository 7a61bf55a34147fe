"""Files that the user named."""

from __future__ import annotations

from pathlib import Path

from runlens.errors import ConfigError

LARGEST = 1 << 30
"""Bytes of a report, baseline or configuration: a report of 10,000 runs has 200 MB."""


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
