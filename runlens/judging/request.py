"""What the user asks for, and what follows from it before anything is read: runs, settings, known findings."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from runlens import sources
from runlens.config import Learned, in_force, load, looked_for, settings_for, ways
from runlens.config.beside import look_anew
from runlens.config.load import Config
from runlens.config.plan import NOTHING_LEARNED, folder_of
from runlens.errors import ConfigError, NoRunFound, ReadError, UsageError
from runlens.files import spare, text_of
from runlens.judging import engines
from runlens.judging.baseline import Known, loads
from runlens.judging.one import Settings
from runlens.model import AS_FOUND, ReadOptions, Run, RunRef, RunReport, Severity
from runlens.rules.select import check_codes

MANY, SKETCH = 100, 60
"""Of more runs than this, those with nothing to see are drawn with about so many points a series: the page of many runs
shows each as a sparkline of 20 cells, and curves in full would be nine tenths of a report of 10,000 runs."""
UNDRAWN = 1000
"""Of more runs than this, those with nothing to see are not drawn: sketches would be two thirds of the report (14 of
21 kB a run in memory), and nobody looks at thousands of curves in which nothing was found."""


def silent(text: str) -> None:
    """Say nothing."""


def uncounted(done: int, of: int, name: str) -> None:
    """Count nothing."""


def untold(run: RunReport) -> None:
    """Tell no one of a run before all are judged."""


@dataclass(frozen=True)
class Request:
    """What the user asked for, before anything is read."""

    names: Sequence[str]
    given: Mapping[str, Any] = field(default_factory=dict)
    """Settings given with the call (flags of a command), by their names in the configuration."""
    config_path: Path | None = None
    """The configuration file; the nearest one if None."""
    filters: Mapping[str, Any] = field(default_factory=dict)
    """Which runs of a W&B project, and how the cache is used."""
    options: ReadOptions = AS_FOUND
    """How logs are to be read."""
    baseline_runs: Sequence[str] = ()
    """Earlier runs, or folders of them, that the runs are held against."""
    last: int = 7
    """How many good baseline runs count, the newest."""
    nights: Path | None = None
    """The file of the records of nights; the settings say if None."""
    jobs: int | None = None
    """Runs judged at once; the configuration says if None."""
    engine: str = engines.LOCAL
    """Who judges them: this machine, or the address of a cluster."""
    keep: Path | None = None
    """Folder of verdicts: unchanged runs that stand in it are not judged again."""
    learned: Learned = NOTHING_LEARNED
    """What is known of the runs beforehand, where the user says nothing; `baseline_runs` say it otherwise."""
    chart_points: int = 400
    """About how many points of each main series go into the report."""
    read: Callable[[RunRef], Run] | None = None
    """What reads a run in this process, such as to show how far it is."""
    judge: Callable[[Sequence[tuple[RunRef, Settings]], Callable[[RunRef], Run] | None], Iterable[RunReport]] | None = (
        None
    )
    """What judges the runs in the place of an engine, such as a watch that remembers those that are as they were."""
    say: Callable[[str], None] = silent
    """Takes a sentence on what is being done that is not part of the report."""
    count: Callable[[int, int, str], None] = uncounted
    """Takes how many runs are judged, of how many, and the one that comes next: before the first, and after each."""
    each: Callable[[RunReport], None] = untold
    """Takes each run's report as it comes, in order, such as to write it: a sweep may be broken off."""
    search: sources.Search = field(default_factory=lambda: sources.Search())
    """How runs are looked for in folders; `searching` gives one to be filled."""
    strict: bool = False
    """Files that looked like logs and were not read leave the whole undecided."""
    outputs: Sequence[Path] = ()
    """Files that will be written: a log that is judged is never one of them."""
    debug: bool = False
    """Let errors of single runs and rules through with their traceback."""

    def searching(self) -> sources.Search:
        """A search as it was asked for, which has found nothing yet: `watch` looks again and again."""
        return replace(self.search, debug=self.debug, unread=[], notes=[])


@dataclass(frozen=True)
class Plan:
    """What a request comes to with the configuration, before anything is read."""

    request: Request
    config: Config
    jobs: int
    fail_on: Severity
    strict: bool
    known: tuple[Known, ...]
    """Known findings, those that have expired among them."""
    now: datetime.datetime
    nights: Path | None = None
    """The file of the records of nights; None if none are kept."""

    @property
    def created(self) -> str:
        """The time that the report bears."""
        return self.now.strftime("%Y-%m-%dT%H:%M:%SZ")

    def engine(self, items: int) -> engines.Engine:
        """Who judges so many runs."""
        return engines.of(self.request.engine, self.jobs, items)

    def judged_by(self, refs: Sequence[RunRef], learned: Learned, chart_points: int) -> list[tuple[RunRef, Settings]]:
        """Each run with what it is judged by."""
        quiet = min(chart_points, SKETCH) if len(refs) > MANY else chart_points
        if len(refs) > UNDRAWN:
            quiet = 0
        counted = tuple(k for k in self.known if not k.expired(self.now.date()))
        given, debug = self.request.given, self.request.debug
        make = partial(
            settings_for,
            config=self.config,
            flags=given,
            learned=learned,
            known=counted,
            chart_points=chart_points,
            quiet_points=quiet,
            debug=debug,
        )
        return ways(refs, self.config, given, make)


def planned(request: Request) -> Plan:
    """Read the configuration and the known findings.

    Raises
    ------
    ConfigError
        A setting or a file that makes no sense.
    """
    look_anew()
    config = load(request.config_path)
    general = in_force(config, request.given)
    jobs = request.jobs if request.jobs is not None else int(general.values["jobs"])
    if jobs < -1 or jobs == 0:
        raise ConfigError(f"{jobs} runs cannot be judged at once; --jobs must be 1 or more, or -1 for every core")
    known: tuple[Known, ...] = ()
    if general.values["baseline"]:
        file = folder_of(general, config, "baseline") / general.values["baseline"]
        known = loads(text_of(file), str(file))
        try:
            check_codes(k.code for k in known)
        except ConfigError as error:
            raise ConfigError(f"{file}: {error}") from error
    fail_on = Severity(general.values["fail_on"])
    strict = request.strict or bool(general.values["strict"])
    nights = request.nights
    if nights is None and general.values["nights"]:
        nights = config.folder / general.values["nights"]
    if request.keep is not None and (request.baseline_runs or nights is not None):
        raise ConfigError("a verdict over nights changes with the nights: leave --keep, or judge without earlier runs")
    return Plan(request, config, jobs, fail_on, strict, known, datetime.datetime.now(datetime.UTC), nights)


def spare_inputs(plan: Plan, refs: Sequence[RunRef]) -> None:
    """Refuse to write over what is judged, and what it is judged by.

    Raises
    ------
    ConfigError
        An output, or the record of nights, is a file of one of the runs; or an output is a file of settings, known
        findings, references, twins, results, GPUs or nights.
    """
    request, general = plan.request, in_force(plan.config, plan.request.given)
    nights = [plan.nights] if plan.nights is not None else []
    spare([*request.outputs, *nights], [name for ref in refs for name in (ref.location, *ref.files)])
    read = [*([plan.config.path] if plan.config.path else []), *nights]
    for key in ("baseline", "references", "twins", "eval_results", "hardware"):
        said = general.values[key] or ()
        start = folder_of(general, plan.config, key)
        read += [start / name for name in ([said] if isinstance(said, str) else said)]
    spare(request.outputs, read)


def found(request: Request, config: Config, names: Sequence[str], search: sources.Search | None = None) -> list[RunRef]:
    """All runs that the names stand for, with ids that are unique; what was left out stands in `search` afterwards.

    Where several were named, one that is there and cannot be looked at is a run that cannot be read: it takes nothing
    from the others.

    Raises
    ------
    NoRunFound
        If a name stands for nothing.
    ReadError
        If the only name cannot be looked at.
    """
    options = replace(request.options, x=request.options.x or request.given.get("x") or "")
    search = looked_for(search or request.searching(), config, request.given)
    refs = [ref for name in names for ref in _at(request, name, options, search, alone=len(names) == 1)]
    if not refs:
        raise NoRunFound("no run was named; give a folder, a file or entity/project/run_id")
    return sources.unique(refs)


def _at(request: Request, name: str, options: ReadOptions, search: sources.Search, *, alone: bool) -> list[RunRef]:
    try:
        return sources.discover(name, options=options, search=search, **request.filters)
    except ReadError as error:
        if alone or request.debug:
            raise
        return [sources.broken(name, str(error))]
    except UsageError:
        raise
    except Exception as error:
        if request.debug:
            raise
        return [sources.broken(name, sources.unforeseen(name, "looked into", error))]
