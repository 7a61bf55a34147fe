"""The file of the records of nights: JSON lines, one a night, kept between CI runners as an artifact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from runlens.errors import ConfigError, did_you_mean
from runlens.files import save, text_of
from runlens.judging.nights.record import NightRecord, of_line, to_line

NAME = "runlens-nights.jsonl"
"""What the file is called where the user does not say."""


def read(file: Path) -> tuple[NightRecord, ...]:
    """The records of a file, in its order; none if there is no such file yet.

    Raises
    ------
    ConfigError
        If it cannot be read, or a line is no record: the line is named.
    """
    if not file.exists():
        return ()
    lines = text_of(file).splitlines()
    return tuple(of_line(line, f"{file}, line {at}") for at, line in enumerate(lines, 1) if line.strip())


def write(file: Path, records: Sequence[NightRecord]) -> None:
    """Write the file whole or not at all.

    Raises
    ------
    ConfigError
        If it cannot be written there.
    NotWritten
        If the disk is full.
    """
    save(file, "".join(f"{to_line(record)}\n" for record in records).encode())


def added(records: Sequence[NightRecord], new: Sequence[NightRecord]) -> tuple[NightRecord, ...]:
    """The records with new ones; a night that was recorded before keeps its place and what a person said of it."""
    fresh = {(record.night, record.key): record for record in new}
    kept = []
    for old in records:
        now = fresh.pop((old.night, old.key), None)
        kept.append(old if now is None else replace(now, reason=old.reason, accepted=old.accepted))
    return (*kept, *fresh.values())


def merged(*files: Sequence[NightRecord]) -> tuple[NightRecord, ...]:
    """The records of several files, each night once, by the time at which they were judged."""
    together: dict[tuple[str, str], NightRecord] = {}
    for record in (record for records in files for record in records):
        before = together.get((record.night, record.key))
        if before is None or (record.reason and not before.reason):
            together[(record.night, record.key)] = record
    return tuple(sorted(together.values(), key=lambda record: (record.judged, record.night)))


def accepted(
    records: Sequence[NightRecord], name: str, reason: str, day: str, job: str = ""
) -> tuple[tuple[NightRecord, ...], NightRecord]:
    """The records with one night accepted as good, and that night.

    Parameters
    ----------
    records : sequence of NightRecord
    name : str
        The night's id, or its key where several have one id.
    reason : str
        Why; never empty.
    day : str
        When, ISO 8601.
    job : str
        Only nights of this job, if given.

    Raises
    ------
    ConfigError
        If there is no such night, there are several, it could not be read, or no reason is given.
    """
    if not reason.strip():
        raise ConfigError("--reason must say why the night is accepted")
    night = _named(records, name, job)
    if night.twin is None:
        raise ConfigError(f"night {name!r} could not be read, so nothing can be held against it: {night.why}")
    now = replace(night, reason=reason.strip(), accepted=day)
    return tuple(now if record is night else record for record in records), now


def revoked(records: Sequence[NightRecord], name: str, job: str = "") -> tuple[tuple[NightRecord, ...], NightRecord]:
    """The records with one night no longer accepted, and that night.

    Raises
    ------
    ConfigError
        If there is no such night, there are several, or nobody accepted it.
    """
    night = _named(records, name, job)
    if not night.reason:
        raise ConfigError(f"nobody accepted night {name!r}: its verdict is {night.verdict}")
    now = replace(night, reason="", accepted="")
    return tuple(now if record is night else record for record in records), now


def _named(records: Sequence[NightRecord], name: str, job: str) -> NightRecord:
    """The night of a name.

    Raises
    ------
    ConfigError
        If there is none, or more than one.
    """
    fits = [r for r in records if name in (r.night, r.key) and job in ("", r.job)]
    if not fits:
        raise ConfigError(f"no night {name!r} is recorded; {did_you_mean(name, [r.night for r in records])}")
    if len(fits) > 1:
        keys = ", ".join(f"{r.key} (judged {r.judged})" for r in fits)
        raise ConfigError(f"{len(fits)} nights are called {name!r}; name one by its key: {keys}")
    return fits[0]
