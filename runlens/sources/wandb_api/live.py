"""A run that is looked at again and again: one request tells whether anything is new, and only that is fetched."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from runlens.errors import NoRunFound, ReadError, RunLensError
from runlens.model import Run, RunRef
from runlens.sources.dates import unix_time
from runlens.sources.wandb_api import history, snapshot, system
from runlens.sources.wandb_api.address import Address
from runlens.sources.wandb_api.cache import RunCache
from runlens.sources.wandb_api.history import Job
from runlens.sources.wandb_api.pull import Pulled, same_run
from runlens.sources.wandb_api.rows.table import memory
from runlens.sources.wandb_api.server.client import Client, QueryRefused
from runlens.sources.wandb_api.snapshot import Snapshot

WHOLE = 1800.0
"""Seconds after which the system metrics are fetched whole again: the server offers the newest row or all of them."""
BEATS = 300.0
"""Seconds of a run's heartbeats after which it is read though its history is as it was: its GPUs went on."""
HELD = 1 << 29
"""Bytes of histories that are held for all runs; those above it are taken from the cache on the disk."""


@dataclass(slots=True)
class Live:
    """One run, from look to look."""

    ref: RunRef
    clock: Callable[[], float] = time.monotonic
    seen: Snapshot | None = None
    """As the server showed it at the last glance."""
    pulled: Pulled | None = None
    """As it was read last; None if that is not held."""
    read_at: Snapshot | None = None
    """What the server showed when it was read last."""
    whole_at: float = -math.inf
    """When it was pulled whole."""
    refused: RunLensError | None = None
    """Why the last glance failed."""
    _client: Client | None = field(default=None, repr=False)

    def glance(self) -> dict[str, Any]:
        """What changes when there is something new to judge: one request.

        Raises
        ------
        NoRunFound, AccessRefused, SourceDown, ReadError
        """
        from runlens.sources import wandb_api
        from runlens.sources.wandb_api import fallback

        self.close()
        address = self.address
        self._client = wandb_api.connected(address)
        try:
            seen = snapshot.take(self._client, address)
        except QueryRefused:
            seen = fallback.SdkRun(self._client.login, address).snapshot()
        if seen is None:
            raise fallback.missing(self._client.login, address)
        self.seen = seen
        signature = {key: value for key, value in seen.signature.items() if key != "heartbeat"}
        return {
            **seen.identity,
            **signature,
            "beats": self._beats(seen),
            "config": dict(seen.config),
            "name": seen.name,
        }

    def _beats(self, seen: Snapshot) -> str:
        """The heartbeat that counts: that of the last read, until it is much older."""
        read = self.read_at
        if read is None:
            return seen.heartbeat
        now, then = unix_time(seen.heartbeat), unix_time(read.heartbeat)
        as_it_was = now is None or then is None or now - then < BEATS
        return read.heartbeat if as_it_was else seen.heartbeat

    @property
    def address(self) -> Address:
        """Where it is.

        Raises
        ------
        NoRunFound
            The reference names no run.
        """
        from runlens.sources.wandb_api.address import parse

        address = parse(self.ref.location)
        if address is None or not address.run:
            raise NoRunFound(f"{self.ref.location!r} names no W&B run")
        return address

    def read(self) -> Run:
        """The run as of the last glance: what is held, and what is new.

        Raises
        ------
        NoRunFound, AccessRefused, SourceDown, ReadError
        """
        from runlens.sources.wandb_api.convert import to_run
        from runlens.sources.wandb_api.pull import pull

        client, seen = self._client, self.seen
        if client is None or seen is None:
            raise ReadError(f"{self.ref.location} was not looked at before it was read")
        found = self._grown(client, seen)
        if found is None:
            found = pull(client, self.address, shown=seen)
            self.whole_at = self.clock()
        self.pulled, self.read_at = found, seen
        return to_run(found, self.ref.id)

    def _grown(self, client: Client, seen: Snapshot) -> Pulled | None:
        """What is held with what was written since; None where that does not come out, or all is to be fetched anew."""
        held = self.pulled
        ended = seen.state != "running"  # the last look is at everything
        if held is None or ended or self.clock() - self.whole_at > WHOLE:
            return None
        before = held.snapshot
        short = max((before.lines or 0) - len(held.history), 0)
        known = {"identity": before.identity, "signature": before.signature, "complete": True, "short": short}
        if not same_run(known, seen):
            return None
        rows = held.history
        if (seen.lines, seen.last_step) != (before.lines, before.last_step):
            job = Job(client, held.address, RunCache(None), seen, lambda done, total: None, known)
            more = history.tail(job, rows)
            if more is None:
                return None
            rows = more
        events = held.system
        with contextlib.suppress(ReadError, NoRunFound):  # it comes with the next look, all within half an hour
            events = system.with_newest(client, held.address, events)
        return replace(held, snapshot=seen, history=rows, system=events, requests=client.sent)

    @property
    def size(self) -> int:
        """Bytes held."""
        return memory(self.pulled.history) + memory(self.pulled.system) if self.pulled is not None else 0

    def close(self) -> None:
        """Close the connections of a look."""
        if self._client is not None:
            self._client.close()
            self._client = None


def within_bounds(runs: list[Live]) -> None:
    """Let go of the largest histories until all that is held is bounded."""
    over = sum(one.size for one in runs) - HELD
    for one in sorted(runs, key=lambda one: -one.size):
        if over <= 0:
            return
        over -= one.size
        one.pulled = None
