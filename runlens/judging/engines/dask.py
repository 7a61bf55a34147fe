"""A Dask cluster at `dask://HOST:PORT`: its workers need RunLens, and see the same files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

from distributed import Client
from distributed.scheduler import KilledWorker

from runlens.errors import SourceDown
from runlens.judging.engines import all_of, from_here
from runlens.judging.engines.turns import TOGETHER

Item = TypeVar("Item")
Out = TypeVar("Out")

PATIENCE = "10s"
"""How long a scheduler may take to answer at first."""
FEWEST_SHARES = 64
"""Shares of `AHEAD` items, at least: so many workers have something to do."""
AHEAD = 1000
"""Results that may wait to be fetched: memory stays bounded however many runs there are."""
KILLED = "the Dask workers that judged it were killed, most likely for their memory; judge it alone, with more memory"


class Cluster:
    """A scheduler that runs already."""

    def __init__(self, address: str) -> None:
        self.address = address

    def each(
        self, work: Callable[[Item], Out], items: Sequence[Item], lost: Callable[[Item, str], Out]
    ) -> Iterator[Out]:
        """See `Engine.each`; Dask itself tries a share of a dead worker again, elsewhere."""
        try:
            client = Client(self.address.replace("dask://", "tcp://", 1), timeout=PATIENCE, set_as_default=False)
        except OSError as error:
            raise SourceDown(
                f"no Dask scheduler answers at {self.address} ({error}); start one, or use --jobs"
            ) from error
        with client:
            for begin in range(0, len(items), AHEAD):
                part = items[begin : begin + AHEAD]
                size = max(1, min(TOGETHER, len(part) // FEWEST_SHARES))
                shares = [part[i : i + size] for i in range(0, len(part), size)]
                futures = client.map(from_here(partial(all_of, work)), shares, pure=False)
                for some, future in zip(shares, futures, strict=True):
                    try:
                        yield from future.result()
                    except KilledWorker:  # which of them it was over shows when each is done by itself
                        yield from _one_by_one(client, work, some, lost)
                    future.release()


def _one_by_one(
    client: Client, work: Callable[[Item], Out], items: Sequence[Item], lost: Callable[[Item, str], Out]
) -> Iterator[Out]:
    for item in items:
        future = client.submit(from_here(work), item, pure=False)
        try:
            yield future.result()
        except KilledWorker:
            yield lost(item, KILLED)
        future.release()
