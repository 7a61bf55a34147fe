"""Tables that a test writes and reads."""

from __future__ import annotations

from pathlib import Path

from runlens.model import Run
from runlens.sources import table


def read(folder: Path, name: str, text: str | bytes) -> Run:
    """The one run of a table with this text."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    (ref,) = table.find(str(path))
    return table.read(ref)


def values(run: Run, name: str = "loss") -> list[float]:
    """What a series holds."""
    values: list[float] = run.series[name].value.tolist()
    return values
