"""`runlens cache`: what was fetched from W&B and from object stores and is kept on this disk."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from runlens.sources.caches import Cached

app = typer.Typer(help="Show or clear what is kept of W&B histories and of object stores.", no_args_is_help=True)

Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[RUN...]", help="Runs, projects or buckets; all of them if none is named.", show_default=False
    ),
]


@app.command()
def info(names: Names = None) -> None:
    """Where the cache is, and what is in it."""
    from runlens.cli.shared.printing import plain
    from runlens.sources.caches import root

    typer.echo(f"cache: {root()}")
    runs = _named(names or [])
    width = max((len(run.path) for run in runs), default=0)
    for run in runs:
        when = datetime.datetime.fromtimestamp(run.used).astimezone().strftime("%Y-%m-%d %H:%M")
        typer.echo(f"{plain(run.path):<{width}}  {_size(run.bytes):>9}  {when}  {plain(run.server)}")
    typer.echo(f"{_counted(runs)}, {_size(sum(run.bytes for run in runs))}")


@app.command()
def clear(names: Names = None) -> None:
    """Remove runs from the cache; they are fetched again when they are asked for."""
    from runlens.errors import NoRunFound
    from runlens.sources.caches import remove

    runs = _named(names or [])
    if names and not runs:
        raise NoRunFound(f"the cache holds nothing of {', '.join(names)}; `runlens cache info` lists what it holds")
    remove(runs)
    freed = _size(sum(run.bytes for run in runs))
    typer.echo(f"removed {_counted(runs)}, {freed}", err=True)


def _counted(cached: list[Cached]) -> str:
    """`3 runs`, and what else there is."""
    from runlens.render.text import plural

    buckets = sum("://" in one.path for one in cached)
    said = plural(len(cached) - buckets, "run")
    return f"{said}, {plural(buckets, 'bucket')}" if buckets else said


def _named(names: list[str]) -> list[Cached]:
    from runlens.sources.object_store.copies import buckets
    from runlens.sources.wandb_api.address import parse
    from runlens.sources.wandb_api.cached import cached_runs

    paths = [address.path if (address := parse(name)) else name.strip("/") for name in names]
    runs = [*cached_runs(), *buckets()]
    return [r for r in runs if not paths or any(r.path == p or r.path.startswith(f"{p}/") for p in paths)]


def _size(count: int) -> str:
    size = float(count)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
