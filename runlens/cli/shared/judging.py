"""From names of runs and flags to a report: what `check`, `report`, `baseline` and `watch` share."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runlens.config import Learned, in_force, load, settings_for
from runlens.config.plan import COMMAND_LINE
from runlens.errors import ConfigError, NoRunFound
from runlens.judging.baseline import Known, loads, notes
from runlens.model import Report, RunRef
from runlens.rules.select import check_codes


@dataclass(frozen=True)
class Request:
    """What the user asked for, before anything is read."""

    names: Sequence[str]
    flags: Mapping[str, Any] = field(default_factory=dict)
    """Settings given on the command line, by their names in the configuration."""
    config_path: Path | None = None
    filters: Mapping[str, Any] = field(default_factory=dict)
    """Which runs of a W&B project, and how the cache is used."""
    jobs: int | None = None
    learned: Learned = field(default_factory=Learned)
    """What earlier runs say, where the user says nothing."""
    chart_points: int = 400
    quiet: bool = False
    """Show nothing while runs are fetched."""
    debug: bool = False


def found(request: Request) -> list[RunRef]:
    """All runs that the names stand for, with ids that are unique.

    Raises
    ------
    NoRunFound
        If a name stands for nothing.
    """
    from runlens import sources

    refs = [ref for name in request.names for ref in sources.discover(name, **request.filters)]
    if not refs:
        raise NoRunFound("no run was named; give a folder, a file or entity/project/run_id")
    return sources.unique(refs)


def judged(request: Request, refs: Sequence[RunRef] | None = None) -> Report:
    """Find (unless `refs` are those that were found), read and judge, with configuration and baseline applied.

    Raises
    ------
    NoRunFound
        If there is none of the runs that were named (a server may tell so only when it is asked for the history).
    """
    from runlens import __version__
    from runlens.cli.shared import progress
    from runlens.judging.check import check
    from runlens.judging.gate import EXIT_CODES, verdict
    from runlens.model import Severity

    config = load(request.config_path)
    general = in_force(config, request.flags)
    jobs = request.jobs if request.jobs is not None else int(general.values["jobs"])
    if jobs < -1 or jobs == 0:
        raise ConfigError(f"{jobs} runs cannot be judged at once; --jobs must be 1 or more, or -1 for every core")
    now = datetime.datetime.now(datetime.UTC)
    known: tuple[Known, ...] = ()
    if general.values["baseline"]:
        start = Path() if general.origin["baseline"] == COMMAND_LINE else config.folder
        file = start / general.values["baseline"]
        known = loads(text_of(file), str(file))
        try:
            check_codes(k.code for k in known)
        except ConfigError as error:
            raise ConfigError(f"{file}: {error}") from error
    more: dict[str, Any] = {
        "learned": request.learned,
        "known": tuple(k for k in known if not k.expired(now.date())),
        "chart_points": request.chart_points,
        "debug": request.debug,
    }
    refs = found(request) if refs is None else refs
    plan = [(ref, settings_for(ref, config, request.flags, **more)) for ref in refs]
    runs = check(plan, jobs, read=None if request.quiet else progress.read)
    gone = [failure for run in runs for failure in run.failures if failure.missing]
    if len(gone) == len(runs):
        raise NoRunFound(gone[0].message)
    overall = verdict(runs)
    return Report(
        version=__version__,
        created=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        verdict=overall,
        exit_code=EXIT_CODES[overall],
        runs=runs,
        fail_on=Severity(general.values["fail_on"]),
        notes=notes(runs, known, now.date()),
    )


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
