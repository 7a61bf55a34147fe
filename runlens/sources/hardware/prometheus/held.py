"""What was fetched from a server, kept while the process lives: a watch asks for what is new."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass, field

import numpy as np

from runlens.errors import ReadError
from runlens.sources.hardware.prometheus.address import Address
from runlens.sources.hardware.prometheus.client import Client
from runlens.sources.hardware.prometheus.grid import LOOK_BACK, Grid
from runlens.sources.hardware.prometheus.series import Labels, Samples, samples_of

RUNS = 16
"""Runs whose samples are kept, those that were asked for last."""
SAMPLES = 10_000_000
"""Samples that are kept of all of them: 160 MB."""

Key = tuple[str, str, float]
LabelSet = tuple[tuple[str, str], ...]


def matrix(client: Client, form: dict[str, str], address: Address) -> list[tuple[dict[str, str], Samples]]:
    """The series that a range query answers with.

    Raises
    ------
    ReadError
        It is no matrix.
    """
    data = client.ask("query_range", form)
    try:
        if data["resultType"] != "matrix":
            raise TypeError("resultType")
        return [
            ({str(key): str(value) for key, value in one["metric"].items()}, samples_of(one)) for one in data["result"]
        ]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ReadError(f"--hardware {address.where} does not answer as Prometheus does: no matrix") from None


@dataclass(slots=True)
class Held:
    """The samples of one run on one grid, query by query."""

    grid: Grid
    scraped: float | None = None
    """Seconds between scrapes."""
    until: float | None = None
    """The last moment that need not be asked for again; None before the first look."""
    samples: dict[str, dict[LabelSet, Samples]] = field(default_factory=dict)

    def ask(self, client: Client, query: str, address: Address) -> list[tuple[Labels, Samples]]:
        """The series of a query, from those that are held and those that are new."""
        known = self.samples.setdefault(query, {})
        for first, last in self.grid.windows(self.until if known else None):
            form = {"query": query, "start": f"{first:.3f}", "end": f"{last:.3f}", "step": f"{self.grid.step:.3f}"}
            for labels, (time, value) in matrix(client, form, address):
                key = tuple(sorted(labels.items()))
                old_time, old = known.get(key, (np.empty(0), np.empty(0)))
                before = int(np.searchsorted(old_time, first - self.grid.step / 2))
                known[key] = np.concatenate([old_time[:before], time]), np.concatenate([old[:before], value])
        return [(dict(key), samples) for key, samples in known.items()]

    def done(self) -> None:
        """All was asked: what is older than the server looks back for a sample will not change any more."""
        step = self.grid.step  # it stays on the grid: later windows begin from there
        self.until = self.grid.last - math.ceil(LOOK_BACK / step) * step

    @property
    def size(self) -> int:
        """Samples held."""
        return sum(len(time) for series in self.samples.values() for time, _ in series.values())


@dataclass(slots=True)
class Shelf:
    """What is held of several runs."""

    runs: OrderedDict[Key, Held] = field(default_factory=OrderedDict)

    def of(self, key: Key, grid: Grid, scraped: float | None) -> Held:
        """What is held of a run; nothing if its grid is another one now."""
        held = self.runs.pop(key, None)
        if held is None or (held.grid.first, held.grid.step) != (grid.first, grid.step):
            held = Held(grid, scraped)
        held.grid = grid
        self.runs[key] = held
        while len(self.runs) > 1 and (len(self.runs) > RUNS or sum(one.size for one in self.runs.values()) > SAMPLES):
            self.runs.popitem(last=False)
        return held


HELD = Shelf()
