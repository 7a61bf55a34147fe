"""Which folders below a root hold event files, in the order in which the files are to be read."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from pathlib import Path

from runlens.errors import RunLensError
from runlens.sources.tfevents import files
from runlens.sources.tfevents.files import Entry

_EMPTY_MARK = ".profile-empty"  # TensorFlow's profiler leaves such a file so that TensorBoard finds the folder
_COMPANION = re.compile(
    r"\.(?:meta|metadata|md5(?:sum)?|sha\d{1,3}(?:sum)?|crc(?:32c?)?|checksum|etag|sig|asc|dvc|lock|lck|idx|index|lnk"
    r"|part|partial|tmp|swp|json|ya?ml)$|~$"
)
"""What copying, syncing and versioning tools put beside a file under its name: checksums, pointers, locks, torsos."""
_TIMED = re.compile(r"tfevents\.(\d+)")


def is_event_file(name: str) -> bool:
    """Whether a file of this name is taken for an event file, as TensorBoard does; companions of one are none."""
    return "tfevents" in name and _COMPANION.search(name.lower()) is None


def written_order(name: str) -> tuple[float, str]:
    """Sort key of event files: by the time in the name, then by name; those without a time come last."""
    found = _TIMED.search(name)
    return (int(found[1]) if found else math.inf, name)


def walk(root: str) -> dict[str, list[Entry]]:
    """Event files in written order, by the path of their folder below the root (empty for the root itself).

    Passed over: hidden folders, the profiler's `plugins/profile`, and folders below the root that may not be
    listed (on this disk `runlens.sources.local` reports those).
    """
    found: dict[str, list[Entry]] = {}
    seen: set[str] = set()
    stack = [(root, "")]
    while stack:
        folder, inner = stack.pop()
        if (identity := files.identity(folder)) in seen:  # a link that leads back
            continue
        seen.add(identity)
        try:
            entries = files.listing(folder)
        except RunLensError:
            if not inner:
                raise
            continue
        logs = [e for e in entries if not e.folder and is_event_file(e.name) and e.name[0] != "."]
        if any(not e.name.endswith(_EMPTY_MARK) for e in logs):
            found[inner] = sorted(logs, key=lambda e: written_order(e.name))
        for entry in entries:
            below = f"{inner}/{entry.name}" if inner else entry.name
            if entry.folder and entry.name[:1] != "." and not f"/{below}".endswith("/plugins/profile"):
                stack.append((entry.path, below))
    return dict(sorted(found.items()))


def grouped(paths: Iterable[str], root: str) -> dict[str, list[Entry]]:
    """Those of some local files that are event files, as `walk` returns them: by folder, in written order."""
    found: dict[str, list[Entry]] = {}
    for path in map(Path, paths):
        inner = path.parent.relative_to(root).as_posix()
        inner = "" if inner == "." else inner
        if is_event_file(path.name) and "/plugins/profile/" not in f"/{inner}/":
            found.setdefault(inner, []).append(Entry(str(path), path.name, False, files.size_of(str(path))))
    kept = {inner: logs for inner, logs in found.items() if any(not e.name.endswith(_EMPTY_MARK) for e in logs)}
    return {inner: sorted(kept[inner], key=lambda e: written_order(e.name)) for inner in sorted(kept)}
