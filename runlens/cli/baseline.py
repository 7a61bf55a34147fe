"""`runlens baseline RUN...`: write the known findings, so that only new ones fail."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from runlens.cli.shared import options as o


def baseline(
    runs: o.Runs,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why these findings are accepted.", show_default=False)
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="New findings are added to it.")
    ] = Path("runlens-baseline.json"),
    until: Annotated[
        str | None,
        typer.Option(
            "--until", metavar="DAY", help="Last day on which they count as known, YYYY-MM-DD.", show_default=False
        ),
    ] = None,
    level: Annotated[
        Literal["info", "warning", "error"], typer.Option("--level", help="Lowest severity to write.")
    ] = "warning",
    this_run: Annotated[
        bool,
        typer.Option("--this-run", help="Known of these runs alone, not of other nights of their jobs."),
    ] = False,
    select: o.Select = None,
    ignore: o.Ignore = None,
    metric: o.Metric = None,
    reference: o.References = None,
    require: o.Require = None,
    config: o.ConfigPath = None,
    jobs: o.Jobs = None,
    debug: o.Debug = False,
) -> None:
    """Write the findings of these runs as known, each with the reason and a last day if given.

    Where a run's id holds a date, a number of a night or another id, they are known of every night of that job.
    """
    from runlens.cli.shared import progress
    from runlens.cli.shared.printing import plain
    from runlens.errors import ConfigError
    from runlens.files import save, text_of
    from runlens.judging.baseline import dumps, known_from, loads, renewed
    from runlens.judging.library import report_of
    from runlens.judging.request import Request
    from runlens.model import Severity
    from runlens.render.text import plural

    if not reason.strip():
        raise ConfigError("--reason must say why the findings are accepted")
    flags = {
        "select": o.listed(select),
        "ignore": o.listed(ignore),
        "metrics": o.pairs(metric),
        "references": reference,
        "requirements": require,
        "baseline": str(output) if output.exists() else None,
    }
    before = loads(text_of(output), str(output)) if output.exists() else ()
    report = report_of(Request(runs, flags, config, jobs=jobs, read=progress.read, debug=debug))
    for run in report.runs:
        for failure in run.failures:
            progress.say(f"{run.run}: {failure.message}")
    new = known_from(report.runs, reason, until, Severity(level), by_job=not this_run)
    today = datetime.datetime.now(datetime.UTC).date()
    kept = renewed(before, new, today)
    save(output, dumps(kept).encode())
    count = f"{plural(len(new), 'new known finding')}, {len(kept) - len(new)} from before"
    typer.echo(f"{count}, in {plain(str(output))}", err=True)
    if jobs_named := sorted({k.run for k in new} - {run.run for run in report.runs}):
        typer.echo(
            f"known of every night of {plain(', '.join(jobs_named))} (--this-run: of these runs alone)", err=True
        )
    if new and any(k.expired(today) for k in new):
        progress.say(f"their last day, {until}, has passed already: they count again at once")
    if any(run.failures for run in report.runs):
        raise typer.Exit(3)
