"""Files that the user named."""

from __future__ import annotations

from pathlib import Path

from runlens.errors import ConfigError


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
        If it is not there or cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ConfigError(f"there is no file {path}") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
