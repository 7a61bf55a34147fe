"""An object store, or any other file system that fsspec reaches: what is there, and its bytes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from runlens.errors import AccessRefused, NoRunFound, ReadError, RunLensError, SourceDown
from runlens.sources.naming import without_secrets

_VERSION = ("ETag", "etag", "generation", "md5Hash", "content_md5")
"""What the drivers of S3, GCS, Azure and others call what changes when an object is written again, the best first."""
_CHANGED = ("LastModified", "last_modified", "updated", "mtime", "created")


@dataclass(frozen=True, slots=True)
class Stored:
    """One object."""

    key: str
    """Its name as the driver has it, bucket included."""
    size: int
    """Bytes."""
    version: str
    """Another one where the object was written again; empty where the store does not tell."""
    changed: float
    """When it was written, s since the epoch; now where the store does not tell."""


class Store:
    """The store of an address such as `s3://bucket/logs`; every error is one sentence.

    Raises
    ------
    ReadError
        fsspec or the driver is not installed, or the address makes no sense to it.
    """

    def __init__(self, address: str) -> None:
        self.shown = without_secrets(address)
        with self._explained():
            try:
                from fsspec.core import url_to_fs
            except ImportError as error:
                raise ReadError(f"{self.shown} can only be read with fsspec: install runlens-cli[remote]") from error
            self._system, self.key = url_to_fs(address)

    def objects(self) -> list[Stored]:
        """Everything at and below the address, sorted by key, in one listing that is made anew.

        Raises
        ------
        NoRunFound
            Nothing is there.
        AccessRefused, SourceDown
            It cannot be told.
        """
        with self._explained():
            self._system.invalidate_cache()  # drivers keep listings for ever, and logs grow
            found = self._system.find(self.key, detail=True)
        infos = found.items() if isinstance(found, dict) else ()
        files = [_stored(key, info) for key, info in sorted(infos) if info.get("type") != "directory"]
        if not files:
            raise NoRunFound(f"there is no file or folder {self.shown}")
        return [file for file in files if not file.key.endswith("/")]  # a folder's own marker

    def again(self, stored: Stored) -> Stored:
        """The object as it is by now."""
        with self._explained():
            self._system.invalidate_cache()
            return _stored(stored.key, self._system.info(stored.key))

    def content(self, stored: Stored, begin: int | None = None, end: int | None = None) -> bytes:
        """Bytes of an object: all, or those from `begin` up to `end`. Safe to ask from several threads."""
        with self._explained():
            return bytes(self._system.cat_file(stored.key, start=begin, end=end))

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except RunLensError:
            raise
        except FileNotFoundError as error:
            raise NoRunFound(f"there is no file or folder {self.shown}") from error
        except PermissionError as error:
            raise AccessRefused(f"no permission to read {self.shown}") from error
        except ImportError as error:
            raise ReadError(
                f"{self.shown} needs a driver that is not installed: {error}; runlens-cli[remote] brings that of s3://"
            ) from error
        except Exception as error:  # drivers raise errors of their own for credentials, hosts and time-outs
            told = (error.strerror if isinstance(error, OSError) else "") or type(error).__name__
            raise SourceDown(f"{self.shown} could not be read: {told}") from error


def _stored(key: str, info: dict[str, Any]) -> Stored:
    told = next((_seconds(info[name]) for name in _CHANGED if info.get(name) is not None), None)
    by_time = "" if told is None else str(int(told))  # a listing says milliseconds, and the object itself seconds
    version = next((str(info[name]) for name in _VERSION if info.get(name) is not None), by_time)
    return Stored(key, int(info.get("size") or 0), version, time.time() if told is None else told)


def _seconds(when: object) -> float:
    if isinstance(when, datetime):
        return when.timestamp()
    if isinstance(when, int | float):
        return float(when)
    try:
        return datetime.fromisoformat(str(when)).timestamp()
    except ValueError:
        return time.time()
