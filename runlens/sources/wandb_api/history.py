"""The whole history of a run: what is cached, the exports, the live pages, and the count that must come out."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from runlens.sources.wandb_api import exports
from runlens.sources.wandb_api.address import Address
from runlens.sources.wandb_api.cache import Page, RunCache, export_name
from runlens.sources.wandb_api.pages import PageReader, Span
from runlens.sources.wandb_api.rows.table import EMPTY, Ints, Table, joined
from runlens.sources.wandb_api.server.client import Client, QueryRefused
from runlens.sources.wandb_api.snapshot import Snapshot

_TAIL_ROWS = 50_000
"""A run that has grown by no more than this is completed by pages alone, without asking for new exports."""
_MOST_GAPS = 50
_FAR = 1 << 31
_WIDE = 1.5
"""A hole in the steps is where they jump by more than so many times the usual stride."""

Spans = list[tuple[int, int]]


@dataclass(slots=True)
class Job:
    """One pull under way."""

    client: Client
    address: Address
    cache: RunCache
    seen: Snapshot
    progress: Callable[[int, int | None], None]
    known: dict[str, Any] = field(default_factory=dict)
    """The cache's record of an earlier pull; empty if there was none."""
    folded: set[str] = field(default_factory=set)
    """Exports that the merged history holds, by their name in the cache."""
    loose: set[str] = field(default_factory=set)
    """Exports that are kept as they came, likewise."""
    rows: int = 0
    """Rows so far, for the progress."""
    unkept: bool = False
    """Whether some rows are in no page of the cache: pages that stayed short are not kept."""
    early: Future[exports.Exported] | None = None
    """The list of exports, asked for before it was known to be needed."""

    def listed(self) -> exports.Exported:
        """Where the exports are, and which rows are live."""
        early, self.early = self.early, None
        return exports.listing(self.client, self.address) if early is None else early.result()

    def reader(self, known: Ints | None = None) -> PageReader:
        """What fetches pages, given the steps of the live rows where they are known."""
        return PageReader(self.client, self.address, known, width=self.seen.width)

    def add(self, rows: int) -> None:
        """Count rows for the progress."""
        self.rows += rows
        lines = self.seen.lines
        self.progress(self.rows if lines is None else min(self.rows, lines), lines)

    def keep(self, page: Page) -> None:
        """A page is whole."""
        self.cache.put_page(page)
        self.add(len(page.table))

    @property
    def complete(self) -> bool:
        """Whether the cache held the whole history once."""
        return bool(self.known.get("complete"))

    @property
    def changed(self) -> bool:
        """Whether the run has changed since what is cached was fetched."""
        return self.known.get("signature") != self.seen.signature

    def forget(self) -> None:
        """What is cached belongs to another history: start anew."""
        self.cache.clear()
        self.known, self.folded, self.loose, self.rows = {}, set(), set(), 0

    def cached(self) -> tuple[Table, list[Page]]:
        """What the cache holds of a history that was complete: the merged part with the loose exports, and pages."""
        parts = [self.cache.merged() or EMPTY]
        self.folded = set(self.known.get("folded") or ()) if len(parts[0]) else set()
        for name in self.known.get("loose") or ():
            table = self.cache.export(name)
            if table is not None:
                self.loose.add(name)
                parts.append(table)
        return joined(parts), self.cache.pages()


def read(job: Job) -> Table:
    """All rows, as few of them from the server as possible.

    Raises
    ------
    QueryRefused
        The server takes none of the raw queries.
    ReadError, AccessRefused, SourceDown
    """
    if job.seen.lines == 0 and (job.seen.last_step is None or job.seen.last_step < 0):
        return EMPTY
    merged, pages = job.cached() if job.complete else (EMPTY, job.cache.pages())
    if job.complete and len(merged) + sum(len(p.table) for p in pages) < int(job.known.get("rows") or 0):
        if job.changed:
            job.forget()
            merged, pages = EMPTY, []
        job.known = {**job.known, "complete": False}  # files were lost: those alone are fetched again
    old = joined([merged, *(p.table for p in pages)])
    job.add(len(old))
    covered = [(p.first, p.stop) for p in pages]
    old_last = (job.known.get("signature") or {}).get("last_step")
    if job.complete and isinstance(old_last, int):
        covered.append((0, old_last + 1))
    if len(old) and job.changed:
        probe = int(old.step.max())
        covered = without(covered, (probe, probe + 1))  # one row is asked for again: is this still the same history?
    found = _grown(job, old, covered) if job.complete else None
    if found is None and not (job.known or not len(old)):
        old, covered = EMPTY, []  # the history had been rewound
    return _from_all(job, old, covered) if found is None else found


def tail(job: Job, old: Table) -> Table | None:
    """The history of a run of which an earlier state is held, or None if it has not only grown.

    Parameters
    ----------
    job : Job
        Its `known` says how the run was when `old` was all of it.
    old : Table
    """
    last = job.known["signature"]["last_step"]
    if not len(old) or not isinstance(last, int):
        return None
    probe = int(old.step.max())  # asked for again: is this still the same history?
    return _grown(job, old, without([(0, last + 1)], (probe, probe + 1)))


def _grown(job: Job, old: Table, covered: Spans) -> Table | None:
    """The history of a run that has only grown, or None if that does not give the right number of rows."""
    lines, last = job.seen.lines, job.seen.last_step
    before = (job.known.get("signature") or {}).get("lines")
    if lines is None or last is None or not isinstance(before, int) or lines - before > _TAIL_ROWS:
        return None
    reader = job.reader()
    new = _pages(job, reader, without([(0, last + 1)], *covered), lines - before + 1)
    if conflicts(old, new):
        job.forget()
        return None
    found = joined([old, new])
    return found if len(found) >= lines - int(job.known.get("short") or 0) else None


def _from_all(job: Job, old: Table, covered: Spans) -> Table:
    """The history from exports, cached pages and live pages."""
    exported = job.listed()
    tables, whole = exports.fetch(job.client, exported, job.cache, job.folded, job.add)
    in_exports = sum(len(table) for table in tables)
    finished = joined([*tables, old]) if tables else old
    first, stop = _live(job, exported, finished, whole)
    live = exported.live_steps
    lines = job.seen.lines or stop - first
    # The SDK reads the first live step alone, so a server may leave out the others.
    told = live is not None and len(live) >= lines - len(finished)
    reader = job.reader(live if whole and told else None)
    # The grid is that of a pull without a cache, so that what a killed pull left fits into it.
    grid = reader.plan([(first, stop)], max(lines - in_exports, 0))
    left = [Span(a, b) for span in grid for a, b in without([(span.first, span.stop)], *covered)]
    new = _fetch(job, reader, left, max(lines - len(finished), 0))
    if conflicts(old, new):
        job.forget()
        return _from_all(job, EMPTY, [])
    job.loose |= {export_name(url) for url in exported.urls} - job.folded
    found = joined([finished, new])
    missing = (job.seen.lines or 0) - len(found)
    reader = job.reader()
    if missing > 0 and (exported.urls or live is not None):
        found = joined([found, _pages(job, reader, holes(found.step, first, stop), missing)])
        missing = (job.seen.lines or 0) - len(found)
    if missing > 0:  # the last step that a server tells of may lag behind its rows; no page is kept of an open span
        beyond = reader.fetch([Span(stop, stop + _FAR)], missing, lambda page: None)
        found = joined([found, *(page.table for page in beyond)])
        job.unkept |= bool(beyond)
    return found


def _live(job: Job, exported: exports.Exported, finished: Table, whole: bool) -> tuple[int, int]:
    """First step that pages must bring, and the step after the last."""
    live = exported.live_steps
    ends = [int(live[-1])] if live is not None else []
    if job.seen.last_step is not None:
        ends.append(job.seen.last_step)
    if not ends and not exported.urls:
        raise QueryRefused(f"{job.client.login.host} does not say which steps the run has")
    stop = max(ends, default=-1) + 1
    if not whole or not (exported.urls or live is not None):
        return 0, stop
    if live is not None:
        return int(live[0]), stop
    complete = job.seen.lines is not None and len(finished) >= job.seen.lines
    return (stop if complete else int(finished.step.max(initial=-1)) + 1), stop


def _pages(job: Job, reader: PageReader, spans: Spans, rows: int) -> Table:
    return _fetch(job, reader, reader.plan(spans, rows), rows)


def _fetch(job: Job, reader: PageReader, spans: list[Span], rows: int) -> Table:
    before = job.rows
    pages = reader.fetch(spans, rows, job.keep)
    job.unkept |= sum(len(page.table) for page in pages) > job.rows - before
    return joined(page.table for page in pages)


def conflicts(old: Table, new: Table) -> bool:
    """Whether a step that both hold was written at other times: then the run was rewound or replaced."""
    if not len(old) or not len(new):
        return False  # numpy's sets would import its masked arrays: a tenth of a second
    both = np.intersect1d(old.step, new.step)
    if not len(both):
        return False

    def moments(table: Table) -> set[tuple[int, float]]:
        inside = np.isin(table.step, both)
        rounded = np.round(np.nan_to_num(table.time[inside], nan=-1.0), 6)
        return set(zip(table.step[inside].tolist(), rounded.tolist(), strict=True))

    shared = {step for step, _ in moments(old) & moments(new)}
    return not set(both.tolist()) <= shared


def without(spans: Spans, *taken: tuple[int, int]) -> Spans:
    """Spans of steps (first, stop), sorted, with others cut out of them."""
    found = sorted(span for span in spans if span[0] < span[1])
    for first, stop in taken:
        found = [
            (a, b)
            for low, high in found
            for a, b in ((low, min(high, first)), (max(low, stop), high))
            if a < b
        ]  # fmt: skip
    return found


def holes(step: Ints, live: int, stop: int) -> Spans:
    """Where rows may be missing below the live part: wide jumps of the step, or everywhere if there are many."""
    known = np.unique(step)
    if len(known) < 3:
        return [(0, stop)]
    jumps = np.diff(known)
    wide = np.flatnonzero(jumps > _WIDE * float(np.median(jumps)))
    found = [(int(known[i]) + 1, int(known[i + 1])) for i in wide]
    found = without([(0, int(known[0])), *found, (int(known[-1]) + 1, stop)])
    return found if len(found) <= _MOST_GAPS else [(0, max(live, 1))]
