"""Who does the work for many runs: this process, workers of this machine, a Dask cluster or a Ray cluster.

An engine does one function for each item and gives the results back in the order of the items, as they come. A worker
that dies (killed for its memory, a crash below Python) costs the items that it had, which are done again; an item that
takes its worker down again is lost, and what stands in its place says so. What the function itself raises is raised.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, TypeVar

from runlens.errors import ConfigError

Item = TypeVar("Item")
Out = TypeVar("Out")
LOCAL = "local"
CLUSTERS = ("dask", "ray")
"""Schemes of the addresses; the module of each has `Cluster`, which takes the address."""


class Engine(Protocol):
    """What every engine offers."""

    def each(
        self, work: Callable[[Item], Out], items: Sequence[Item], lost: Callable[[Item, str], Out]
    ) -> Iterator[Out]:
        """The results, one for each item, in order.

        Parameters
        ----------
        work : callable
            Done in a worker: it and the items must be fit to be sent there. It may have `several`, as `of_each` says.
        items : sequence
        lost : callable
            Makes what stands in the place of an item that took its worker down twice, from it and a sentence.

        Raises
        ------
        ReadError
            The cluster cannot be reached, or broke down as a whole.
        """
        ...  # pragma: no cover


def of_each(work: Callable[[Item], Out], items: Iterable[Item]) -> Iterator[Out]:
    """What comes of items that one worker does, in order: `work.several` yields it where there is that."""
    several: Callable[[Iterable[Item]], Iterator[Out]] | None = getattr(work, "several", None)
    return map(work, items) if several is None else several(items)


def all_of(work: Callable[[Item], Out], items: Sequence[Item]) -> list[Out]:
    """What comes of items that are sent to a worker together."""
    return list(of_each(work, items))


def from_here(work: Callable[[Item], Out]) -> Callable[[Item], Out]:
    """The work, done in the folder that this process is in: names of runs may be relative to it.

    A worker that does not have the folder stays where it is; names from the root on mean the same there.
    """
    return partial(_from, str(Path.cwd()), work)


def _from(folder: str, work: Callable[[Item], Out], item: Item) -> Out:
    with contextlib.suppress(OSError):
        os.chdir(folder)
    return work(item)


class InProcess:
    """One item after the other, here."""

    def each(
        self, work: Callable[[Item], Out], items: Sequence[Item], lost: Callable[[Item, str], Out]
    ) -> Iterator[Out]:
        """See `Engine.each`; nothing is ever lost."""
        return of_each(work, items)


IN_PROCESS = InProcess()


def of(address: str, jobs: int, items: int) -> Engine:
    """The engine that an address names, with as many workers as make sense.

    Parameters
    ----------
    address : str
        `local`, `dask://HOST:PORT` or `ray://HOST:PORT`.
    jobs : int
        Workers of this machine, 1 or more, or -1 for one a core; clusters have their own.
    items : int
        How many there are to do: for one, no worker is started here.

    Raises
    ------
    ConfigError
        No such engine, or its library is not installed.
    """
    scheme, _, where = address.partition("://")
    if address == LOCAL:
        if jobs == 1 or items < 2:
            return IN_PROCESS
        from runlens.judging.engines.local import Workers

        return Workers(jobs)
    if scheme not in CLUSTERS or not where:
        raise ConfigError(
            f"there is no engine {address!r}; give local, dask://HOST:PORT or ray://HOST:PORT to --engine"
        )
    try:
        cluster: Any = import_module(f"runlens.judging.engines.{scheme}").Cluster(address)
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] == "runlens":
            raise
        raise ConfigError(
            f"the engine {address} needs {error.name}, which is not installed; install runlens-cli[{scheme}]"
        ) from error
    engine: Engine = cluster
    return engine
