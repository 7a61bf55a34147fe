"""Comet's offline archive: a zip file that holds one experiment's messages, a JSON object a line."""

from __future__ import annotations

import io
import json
import time as clock
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from runlens.model import Note, Run, RunRef
from runlens.sources.contract import Look
from runlens.sources.naming import in_words, printable
from runlens.sources.trackers.archive import FAULTS, has
from runlens.sources.trackers.points import Points, setting

_MESSAGES, _ABOUT = "messages.json", "experiment.json"


def owns(head: bytes, path: Path) -> bool:
    """Whether a file is a zip archive with Comet's messages."""
    return has(head, path, {_MESSAGES, _ABOUT})


def runs(files: Sequence[Path], look: Look) -> list[RunRef]:
    """One run for each archive, named by its path below the root."""
    return [
        RunRef("trackers", str(f), f.relative_to(look.root).with_suffix("").as_posix(), (str(f),), "comet:")
        for f in files
    ]


def read_run(ref: RunRef, key: str) -> Run:
    """Read an archive, one message at a time."""
    read_at, points, bad = clock.time(), Points(), 0
    config: dict[str, object] = {}
    name = ref.id
    broken: list[str] = []
    with zipfile.ZipFile(ref.location) as archive:
        about = _about(archive)
        with archive.open(_MESSAGES) as raw:
            for line in _lines(raw, broken):
                try:
                    message = json.loads(line)
                    payload = message["payload"]
                    metric, param = payload.get("metric"), payload.get("param")
                    if metric:
                        step, time = metric.get("step"), metric.get("timestamp") or payload.get("local_timestamp")
                        own = {str(metric.get("metricName")): metric.get("metricValue")}
                        points.add_row(own, float(step or 0), float(time or "nan") / 1e3)
                    if param:
                        config[str(param.get("paramName"))] = setting(param.get("paramValue"))
                    if message.get("type") == "log_other" and payload.get("key") == "Name":
                        name = str(payload.get("value"))
                except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
                    bad += bool(line.strip())
    series = points.series()
    where = printable(ref.location)
    notes = points.notes(where)
    if bad:
        said = f"{bad} messages in {where} are none that Comet writes and could not be read"
        notes = (Note("damaged", said, bad), *notes)
    notes = (*(Note("truncated", f"the archive {where} breaks off: {why}") for why in broken), *notes)
    started, ended = about.get("start_time"), about.get("stop_time")
    return Run(
        id=ref.id,
        name=name,
        source=ref.location,
        state="finished" if ended else "unknown",
        config=config,
        series=series,
        notes=notes,
        starts=(started / 1e3,) if isinstance(started, (int, float)) and started else (),
        read_at=read_at,
    )


def _about(archive: zipfile.ZipFile) -> dict[str, object]:
    """What the archive says of its experiment; a help, and empty where it is damaged."""
    try:
        found = json.loads(archive.read(_ABOUT))
    except (*FAULTS, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _lines(raw: IO[bytes], broken: list[str]) -> Iterator[str]:
    """Lines of a file in the archive, as far as it is whole."""
    try:
        yield from io.TextIOWrapper(raw, "utf-8", "replace")
    except FAULTS as error:
        broken.append(in_words(error))
