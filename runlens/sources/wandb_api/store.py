"""Files of one folder, each with the checksum of its content in its name: written whole, read whole or not at all.

A file `page-0-6250` is kept as `page-0-6250.1f2e3d4c.parquet`. So the sum arrives with the content in one move, and a
file whose content does not fit its name, be it by one bit, is removed: it will be fetched again.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

log = logging.getLogger(__name__)
_NAME = re.compile(r"^(.+)\.([0-9a-f]{8})\.parquet$")


class Store:
    """A folder of checked files; one that cannot be written is said once and done without."""

    def __init__(self, folder: Path | None, top: Path) -> None:
        self.folder = folder
        """None for no folder at all."""
        self._top = top
        self._made = False

    def names(self, prefix: str) -> list[str]:
        """Names of the files that begin so, without checksum and ending."""
        return sorted(self._found(prefix))

    def size(self, prefix: str) -> int:
        """Bytes of the files that begin so."""
        with contextlib.suppress(OSError):
            return sum(path.stat().st_size for paths in self._found(prefix).values() for path in paths)
        return 0

    def get(self, name: str) -> bytes | None:
        """What a file holds; None if it is not there or damaged, and then it is gone."""
        return _whole(name, self._found(name).get(name, []))

    def all(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        """Name and content of every undamaged file whose name begins so."""
        for name, paths in sorted(self._found(prefix).items()):
            data = _whole(name, paths)
            if data is not None:
                yield name, data

    def remove(self, name: str) -> None:
        """Remove one file."""
        _unlink(self._found(name).get(name, []))

    def put(self, name: str, data: bytes) -> None:
        """Keep a file, in place of one of that name."""
        self._replace(name, zlib.crc32(data), lambda path: path.write_bytes(data))

    def take_over(self, name: str, file: Path, checksum: int) -> None:
        """Keep a file that is on the disk already; it is moved."""
        self._replace(name, checksum, lambda path: shutil.move(file, path))

    def drop(self, *prefixes: str) -> None:
        """Remove the files that begin so."""
        for prefix in prefixes:
            for paths in self._found(prefix).values():
                _unlink(paths)

    def clear(self) -> None:
        """Remove every file."""
        if self.folder is not None and self.folder.is_dir():
            _unlink([path for path in self.folder.iterdir() if path.is_file()])

    def write(self, name: str, fill: Callable[[Path], object]) -> None:
        """Write a file beside its place and move it there, readable by the user alone."""
        temporary = None
        try:
            if not self.make():
                return
            assert self.folder is not None
            handle, at = tempfile.mkstemp(prefix=".new-", dir=self.folder)  # mkstemp makes it 0600
            os.close(handle)
            temporary = Path(at)
            fill(temporary)
            temporary.chmod(0o600)
            temporary.replace(self.folder / name)
            temporary = None
        except OSError as error:
            self._without(error)
        finally:
            if temporary is not None:
                temporary.unlink(missing_ok=True)

    @contextlib.contextmanager
    def workspace(self) -> Iterator[Path]:
        """A private folder for downloads, on the same disk where there is one; gone afterwards."""
        where = self.folder if self.make() else None
        with tempfile.TemporaryDirectory(prefix=".part-", dir=where, ignore_cleanup_errors=True) as made:
            yield Path(made)

    def make(self) -> bool:
        """See that the folder is there and private; False if there is none."""
        if self.folder is None or (self._made and self.folder.is_dir()):
            return self.folder is not None
        try:
            self._top.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for folder in (self.folder, *self.folder.parents):
                if folder == self._top.parent:
                    break
                folder.chmod(0o700)
        except OSError as error:
            self._without(error)
            return False
        self._made = True
        return True

    def _found(self, prefix: str) -> dict[str, list[Path]]:
        """Files by name; one name may have several, of which one alone is meant to stay."""
        found: dict[str, list[Path]] = {}
        if self.folder is not None:
            with contextlib.suppress(OSError):
                for entry in os.scandir(self.folder):
                    match = _NAME.match(entry.name) if entry.name.startswith(prefix) else None
                    if match:
                        found.setdefault(match[1], []).append(Path(entry.path))
        return found

    def _replace(self, name: str, checksum: int, fill: Callable[[Path], object]) -> None:
        if self.folder is None:
            return
        old = self._found(name).get(name, [])  # of two processes at once, neither removes what the other writes now
        new = _with_sum(name, checksum)
        self.write(new, fill)
        if self.folder is not None:
            _unlink([path for path in old if path.name != new])

    def _without(self, error: OSError) -> None:
        log.warning("the cache in %s cannot be written (%s); going on without it", self.folder, error.strerror)
        self.folder = None


def _whole(name: str, paths: list[Path]) -> bytes | None:
    for path in sorted(paths, key=_age):  # there is more than one after a kill: the newest counts
        with contextlib.suppress(OSError):
            data = path.read_bytes()
            if path.name == _with_sum(name, zlib.crc32(data)):
                return data
            path.unlink()
    return None


def _with_sum(name: str, checksum: int) -> str:
    return f"{name}.{checksum:08x}.parquet"


def _age(path: Path) -> float:
    try:
        return -path.stat().st_mtime
    except OSError:
        return 0.0


def _unlink(paths: list[Path]) -> None:
    for path in paths:
        with contextlib.suppress(OSError):
            path.unlink()
