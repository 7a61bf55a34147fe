"""`runlens pull RUN`: fetch a W&B history into the cache, or into a file."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runlens.cli.shared import options as o

if TYPE_CHECKING:
    from runlens.model import RunRef


def pull(
    run: Annotated[
        str,
        typer.Argument(metavar="RUN", help="entity/project/run_id, a run's page, or a project.", show_default=False),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="A .parquet, .csv or .jsonl file.", show_default=False),
    ] = None,
    filter: o.Filter = None,
    state: o.State = None,
    tag: o.Tag = None,
    limit: o.Limit = None,
    refresh: o.Refresh = False,
    no_cache: o.NoCache = False,
    debug: o.Debug = False,
) -> None:
    """Fetch a W&B history, every row of it, into the cache or a file.

    A pull that was interrupted goes on where it was when the same command is given again.
    """
    from runlens.errors import ConfigError, UsageError
    from runlens.sources import wandb_api

    if not wandb_api.is_name(run):
        raise UsageError(f"{run!r} is no W&B run; give entity/project/run_id or the address of its page")
    if output is None and no_cache:
        raise ConfigError("--no-cache without --output keeps nothing; name a file, or leave --no-cache")
    if output is not None:
        from runlens.sources.wandb_api.save import writer_for

        writer_for(output)  # a wrong ending is said before anything is fetched
    refs = wandb_api.find(
        run, filters=filter, state=state, tags=tag, limit=limit, refresh=refresh, no_cache=no_cache
    )  # fmt: skip
    if output is not None and len(refs) > 1:
        raise ConfigError(f"{len(refs)} runs match and --output is one file; name one run, or leave --output")
    try:
        for ref in refs:
            _one(ref, output)
    except KeyboardInterrupt:
        typer.echo("runlens: interrupted; the same command goes on where it was", err=True)
        raise typer.Exit(130) from None


def _one(ref: RunRef, output: Path | None) -> None:
    from runlens.cli.shared.printing import plain
    from runlens.cli.shared.progress import rows_of, say
    from runlens.sources import wandb_api
    from runlens.sources.wandb_shape import is_series

    started = time.monotonic()
    with rows_of(ref.id) as progress:
        pulled = wandb_api.fetch(ref, progress=progress)
    if output is not None:
        from runlens.sources.wandb_api.save import save

        save(pulled, output)
    rows, took = len(pulled.history), time.monotonic() - started
    metrics = sum(map(is_series, pulled.history.columns))
    into = f"written to {output}" if output is not None else "in the cache"
    said = (
        f"{pulled.address.path}: {rows:,} rows of {metrics:,} metrics and "
        f"{len(pulled.system):,} rows of system metrics {into}; "
        f"{pulled.requests} request{'s' if pulled.requests != 1 else ''}, {took:.1f} s"
    )
    typer.echo(plain(said), err=True)
    for note in pulled.notes:
        say(note.message)
