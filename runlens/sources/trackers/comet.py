"""Comet's offline archive: a zip file that holds one experiment's messages, a JSON object a line."""

from __future__ import annotations

import io
import json
import time as clock
import zipfile
from collections.abc import Sequence
from pathlib import Path

from runlens.model import Note, Run, RunRef
from runlens.sources.contract import Look
from runlens.sources.naming import printable
from runlens.sources.trackers.points import Points, setting

_MESSAGES, _ABOUT = "messages.json", "experiment.json"


def owns(head: bytes, path: Path) -> bool:
    """Whether a file is a zip archive with Comet's messages."""
    if not head.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return {_MESSAGES, _ABOUT} <= set(archive.namelist())
    except (zipfile.BadZipFile, OSError):
        return False


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
    with zipfile.ZipFile(ref.location) as archive:
        about = json.loads(archive.read(_ABOUT))
        with archive.open(_MESSAGES) as raw:
            for line in io.TextIOWrapper(raw, "utf-8", "replace"):
                try:
                    message = json.loads(line)
                    payload = message["payload"]
                except (ValueError, KeyError, TypeError):
                    bad += bool(line.strip())
                    continue
                metric, param = payload.get("metric"), payload.get("param")
                if metric:
                    step, time = metric.get("step"), metric.get("timestamp") or payload.get("local_timestamp")
                    own = {str(metric.get("metricName")): metric.get("metricValue")}
                    points.add_row(own, float(step or 0), float(time or "nan") / 1e3)
                if param:
                    config[str(param.get("paramName"))] = setting(param.get("paramValue"))
                if message.get("type") == "log_other" and payload.get("key") == "Name":
                    name = str(payload.get("value"))
    series = points.series()
    where = printable(ref.location)
    notes = points.notes(where)
    if bad:
        said = f"{bad} messages in {where} are no JSON objects and could not be read"
        notes = (Note("damaged", said, bad), *notes)
    started, ended = about.get("start_time"), about.get("stop_time")
    return Run(
        id=ref.id,
        name=name,
        source=ref.location,
        state="finished" if ended else "unknown",
        config=config,
        series=series,
        notes=notes,
        starts=(started / 1e3,) if started else (),
        read_at=read_at,
    )
