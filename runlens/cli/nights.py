"""`runlens nights list|accept|revoke|trend|merge`: the record of a nightly gate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runlens.cli.shared import options as o

if TYPE_CHECKING:
    from runlens.judging.nights.record import NightRecord

app = typer.Typer(
    help="The record of a nightly gate: verdicts as they were, what was accepted, trends.", no_args_is_help=True
)

File = Annotated[
    Path | None,
    typer.Option(
        "--nights",
        metavar="FILE",
        help="The record, as `check --nights` writes it [default: the settings' nights, or runlens-nights.jsonl].",
        show_default=False,
    ),
]
Job = Annotated[
    str,
    typer.Option("--job", metavar="JOB", help="Only nights of this job, such as 'night-*'.", show_default=False),
]
NightName = Annotated[
    str, typer.Argument(metavar="NIGHT", help="A night's id, or its key where several share one.", show_default=False)
]


@app.command("list")
def list_(
    nights: File = None,
    job: Job = "",
    last: Annotated[int, typer.Option("--last", metavar="N", help="Only the newest so many.", min=1)] = 30,
    config: o.ConfigPath = None,
    format: o.PageOrJson = "terminal",
    debug: o.Debug = False,
) -> None:
    """List the nights on record, the oldest first: verdict, what was found, and why a red one was accepted."""
    from runlens.cli.shared import nights as page
    from runlens.cli.shared.output import echo
    from runlens.cli.shared.page import look

    records = _of_job(_read(_file(nights, config)), job)[-last:]
    echo(page.as_json(records) if format == "json" else page.listed(records, **look(None)))


@app.command()
def accept(
    night: NightName,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why it counts as good.", show_default=False)],
    nights: File = None,
    job: Job = "",
    config: o.ConfigPath = None,
    debug: o.Debug = False,
) -> None:
    """Count a night that was not green as good: later ones are held against it, and what it was unlike in is normal."""
    import datetime

    from runlens.cli.shared.printing import plain
    from runlens.judging.nights import ledger

    file = _file(nights, config)
    day = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    records, now = ledger.accepted(_read(file), night, reason, day, job)
    ledger.write(file, records)
    new = f"; from it on the new normal: {', '.join(now.unlike)}" if now.unlike else ""
    typer.echo(f"{plain(now.night)} ({now.verdict}) counts as good: {plain(now.reason)}{new}", err=True)


@app.command()
def revoke(
    night: NightName, nights: File = None, job: Job = "", config: o.ConfigPath = None, debug: o.Debug = False
) -> None:
    """Take back that a night was accepted."""
    from runlens.cli.shared.printing import plain
    from runlens.judging.nights import ledger

    file = _file(nights, config)
    records, now = ledger.revoked(_read(file), night, job)
    ledger.write(file, records)
    typer.echo(f"{plain(now.night)} is what it was: {now.verdict}", err=True)


@app.command()
def trend(
    nights: File = None,
    job: Job = "",
    what: Annotated[
        list[str] | None,
        typer.Option("--what", metavar="NAME", help="Only this measure or eval; repeatable.", show_default=False),
    ] = None,
    config: o.ConfigPath = None,
    format: o.PageOrJson = "terminal",
    debug: o.Debug = False,
) -> None:
    """Draw each measure over the nights, the oldest left, and say what drifts and since when."""
    from runlens.cli.shared import nights as page
    from runlens.cli.shared.output import echo
    from runlens.cli.shared.page import look
    from runlens.errors import ConfigError, did_you_mean
    from runlens.judging.nights.trend import rows

    records = _of_job(_read(_file(nights, config)), job)
    jobs = list(dict.fromkeys(record.job for record in records))
    drawn = {one: rows([record for record in records if record.job == one]) for one in jobs}
    known = [row.what for of_job in drawn.values() for row in of_job]
    for name in what or []:
        if name not in known:
            raise ConfigError(f"no night on record tells {name!r}; {did_you_mean(name, known)}")
    kept = {one: [row for row in of_job if not what or row.what in what] for one, of_job in drawn.items()}
    echo(page.trends_as_json(kept) if format == "json" else page.trends(kept, **look(None)))


@app.command()
def merge(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Records, such as those of several jobs.", show_default=False),
    ],
    nights: File = None,
    config: o.ConfigPath = None,
    debug: o.Debug = False,
) -> None:
    """Join the records of several runners in one file, each night once."""
    from runlens.errors import ConfigError
    from runlens.judging.nights import ledger

    for file in files:
        if not file.exists():
            raise ConfigError(f"{file} is not there")
    target = _file(nights, config)
    records = ledger.merged(ledger.read(target), *(ledger.read(file) for file in files))
    ledger.write(target, records)
    typer.echo(f"{len(records)} nights in {target}", err=True)


def _file(given: Path | None, config: Path | None) -> Path:
    """The record that was named, that of the settings, or the usual one."""
    from runlens.config import in_force, load
    from runlens.judging.nights.ledger import NAME

    if given is not None:
        return given
    found = load(config)
    told = in_force(found, {}).values["nights"]
    return found.folder / told if told else Path(NAME)


def _read(file: Path) -> tuple[NightRecord, ...]:
    from runlens.errors import ConfigError
    from runlens.judging.nights import ledger

    if not file.exists():
        raise ConfigError(f"{file} is not there: `runlens check RUN --nights {file}` writes it")
    return ledger.read(file)


def _of_job(records: tuple[NightRecord, ...], job: str) -> tuple[NightRecord, ...]:
    """The nights of a job.

    Raises
    ------
    ConfigError
        If there are none.
    """
    from runlens.errors import ConfigError, did_you_mean

    kept = tuple(record for record in records if job in ("", record.job))
    if job and not kept:
        raise ConfigError(f"no night of a job {job!r} is on record; {did_you_mean(job, [r.job for r in records])}")
    return kept
