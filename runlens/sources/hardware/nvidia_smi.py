"""What `nvidia-smi --query-gpu=… --format=csv -l 5` writes beside a training: series of each GPU by the wall clock."""

from __future__ import annotations

import csv
import datetime
import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from runlens.errors import ConfigError
from runlens.model import Note, Run, Series
from runlens.sources.hardware.by_time import joined, needed, said, span_of
from runlens.sources.naming import printable
from runlens.sources.table.forms.packed import text_of

_WHICH = ("index", "gpu_uuid", "uuid", "gpu_bus_id", "pci.bus_id", "gpu_serial", "serial")
"""Columns that tell GPUs apart, the best first."""
_WORDS = frozenset({"name", "gpu_name", "driver_version", "pstate", "count", "vbios_version", "timestamp", *_WHICH})
_NUMBER = re.compile(r"(?P<number>[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?)\s*(?:%|MiB|W|MHz|C|KB/s)?", re.IGNORECASE)
_FORMS = ("%Y/%m/%d %H:%M:%S.%f", "%Y/%m/%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d %H:%M:%S")


def with_nvidia_smi(run: Run, file: Path) -> Run:
    """A run, as it was read, with the GPUs of a log of `nvidia-smi`, joined by time.

    Parameters
    ----------
    run : Run
        Not resolved yet.
    file : Path
        CSV with a head and a `timestamp`, in UTC.

    Returns
    -------
    Run
        With a series `gpu.INDEX.FIELD` for each GPU and each field of numbers; a cell that is none is a gap, and what
        cannot be read is counted in a note.

    Raises
    ------
    ConfigError
        It is no such file, the run has no wall times, or none of the samples lies within it.
    """
    where = printable(str(file))
    series, bad = read(file)
    span = needed(span_of(run), where, ConfigError)
    found = joined(run, series)
    if found is None:
        times = np.concatenate([one.time for one in series.values()])
        raise ConfigError(
            f"--hardware {where}: its samples are from {said(times.min())} to {said(times.max())} UTC, and the run "
            f"from {said(span[0])} to {said(span[1])}; is it of another run, or in local time? (write it "
            "with TZ=UTC nvidia-smi …)"
        )
    notes = (Note("damaged", f"{bad:,} rows of {where} could not be read", bad),) if bad else ()
    return replace(found, notes=(*found.notes, *notes))


def read(file: Path) -> tuple[dict[str, Series], int]:
    """The series of a log, and how many of its rows could not be read (a torn last one is none of them).

    Raises
    ------
    ConfigError
        It cannot be read, or has no head with a `timestamp` and a field of numbers.
    """
    where = printable(str(file))
    try:
        text = text_of(file.read_bytes())
    except OSError as error:
        raise ConfigError(f"--hardware {where} cannot be read: {error.strerror or error}") from error
    lines = text.splitlines()
    rows = csv.reader(lines, skipinitialspace=True)
    head = [cell.strip() for cell in next(rows, [])]
    fields = [re.sub(r"\s*\[.*\]$", "", name).lower() for name in head]
    if "timestamp" not in fields or len(fields) < 2:
        raise ConfigError(
            f"--hardware {where} is no log of nvidia-smi: its first line must name the columns, timestamp among them "
            "(nvidia-smi --query-gpu=timestamp,index,temperature.gpu,utilization.gpu,power.draw --format=csv -l 5)"
        )
    clock = fields.index("timestamp")
    which = next((fields.index(name) for name in _WHICH if name in fields), None)
    measured = [i for i, name in enumerate(fields) if name not in _WORDS]
    times: dict[str, list[float]] = {}
    cells: dict[str, list[list[float]]] = {}
    bad, torn = 0, bool(text) and not text.endswith("\n")
    for number, row in enumerate(rows, 2):
        moment = _moment(row[clock]) if len(row) == len(fields) else math.nan
        if math.isnan(moment):
            again = [cell.strip() for cell in row] == head  # a log that was appended to begins anew
            bad += bool(row) and not again and not (torn and number == len(lines))
            continue
        gpu = row[which].strip() if which is not None else "0"
        times.setdefault(gpu, []).append(moment)
        cells.setdefault(gpu, []).append([_value(row[i]) for i in measured])
    numbers = {gpu: gpu if gpu.isdecimal() else str(n) for n, gpu in enumerate(sorted(times))}
    found: dict[str, Series] = {}
    for gpu, moments in times.items():
        time, table = np.array(moments), np.array(cells[gpu], dtype=np.float64).reshape(len(moments), len(measured))
        for at, column in enumerate(measured):
            good = np.isfinite(table[:, at])
            if good.any():
                name = f"gpu.{numbers[gpu]}.{head[column]}"
                found[name] = Series(name, np.flatnonzero(good), time[good], table[good, at])
    if not found:
        raise ConfigError(f"--hardware {where} holds no sample that can be read")
    return found, bad


def _moment(text: str) -> float:
    for form in _FORMS:
        try:
            return datetime.datetime.strptime(text.strip(), form).replace(tzinfo=datetime.UTC).timestamp()
        except ValueError:
            continue
    return math.nan


def _value(text: str) -> float:
    """A cell as a number; NaN for words, such as `[N/A]`. `Active` is 1, a mask of reasons its number."""
    text = text.strip()
    if text in ("Active", "Not Active"):
        return float(text == "Active")
    if re.fullmatch(r"0x[0-9a-fA-F]{1,16}", text):
        return float(int(text, 16))
    found = _NUMBER.fullmatch(text)
    return float(found["number"]) if found else math.nan
