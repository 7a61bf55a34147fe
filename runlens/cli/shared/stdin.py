"""`-` in the place of a run: the log that stands on standard input, as a file that readers can look into."""

from __future__ import annotations

import atexit
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from runlens.errors import UsageError


def held(runs: Sequence[str]) -> list[str]:
    """The runs with `-` as the path of a file that holds standard input; it is gone when the process ends.

    Raises
    ------
    UsageError
        If `-` stands there twice, or nothing came.
    """
    if "-" not in runs:
        return list(runs)
    if runs.count("-") > 1:
        raise UsageError("standard input can be read once: give - once")
    content = sys.stdin.buffer.read()
    if not content.strip():
        raise UsageError("nothing came on standard input; - means to read a log from there")
    folder = Path(tempfile.mkdtemp(prefix="runlens-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    file = folder / f"stdin{_suffix(content)}"
    file.write_bytes(content)
    return [str(file) if run == "-" else run for run in runs]


def _suffix(content: bytes) -> str:
    """What the log looks like by its first line: JSON lines, a table with commas, or text."""
    first = content.lstrip()[:4096].split(b"\n", 1)[0]
    if first.startswith(b"{"):
        return ".jsonl"
    if content.startswith(b"PAR1"):
        return ".parquet"
    return ".csv" if first.count(b",") > 0 and b" " not in first.strip() else ".log"
