"""The live part of a history, in pages of steps over several connections."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from runlens.errors import ReadError
from runlens.sources.wandb_api.address import Address
from runlens.sources.wandb_api.cache import Page
from runlens.sources.wandb_api.rows import body
from runlens.sources.wandb_api.rows.lines import from_lines
from runlens.sources.wandb_api.rows.table import Table, joined, take
from runlens.sources.wandb_api.server.client import Client, QueryRefused, TooLarge, TooMuch
from runlens.sources.wandb_api.server.queries import HISTORY_PAGE

PAGE_ROWS = 10_000
"""Rows of a page: at 100 ms a request and 8 connections the time then goes into rows, not into waiting."""
_PAGE_VALUES = 1_000_000
"""Values of a page at most, some 25 MB of JSON: rows of thousands of keys come in pages of fewer rows."""
_PAGE_BYTES = 1 << 26
"""Bytes of a page at most, where a page holds more than one step: eight of them are in memory at once."""
_MOST_HALVINGS = 6
_SMALLEST_PAGE = 1_000  # below this, more connections cost more requests than they save
_MOST_PARTS = 64

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Span:
    """Steps to fetch, first <= step < stop."""

    first: int
    stop: int
    halvings: int = 0
    """How often it was cut because the server failed at it."""


class PageReader:
    """Fetches spans of steps completely, though the server may cap a page, sample it, or fail at a large one."""

    def __init__(self, client: Client, address: Address, known: Ints | None = None, *, width: float = 0.0) -> None:
        self.client, self.address = client, address
        self.rows = int(min(max(_PAGE_VALUES / max(width, 1.0), 50), PAGE_ROWS))
        """Rows of a page, given the values in a row."""
        self.known = known
        """Sorted steps of the rows that are known to be there, or None."""
        self.cap: int | None = None
        """Rows that this server puts on a page at most, once that is learned."""
        self.lossy = False
        """Whether it holds fewer rows than it says, once that is learned."""

    def plan(self, spans: Iterable[tuple[int, int]], rows: int) -> list[Span]:
        """Cut spans into pages of about equal numbers of rows.

        Parameters
        ----------
        spans : iterable of (int, int)
            First step and the step after the last.
        rows : int
            Rows expected in all of them.
        """
        spans = [span for span in spans if span[1] > span[0]]
        if self.known is not None:
            rows = sum(self._expected(Span(a, b)) for a, b in spans)
        waves = -(-rows // (self.client.connections * self.rows))  # as many pages as connections, once or more
        size = max(-(-rows // (self.client.connections * max(waves, 1))), min(_SMALLEST_PAGE, self.rows))
        width = sum(b - a for a, b in spans) or 1
        found = []
        for a, b in spans:
            inside = self._expected(Span(a, b)) if self.known is not None else rows * (b - a) / width
            found += self._cut(Span(a, b), max(1, round(inside / size)))
        return found

    def fetch(self, spans: list[Span], rows: int, on_page: Callable[[Page], None]) -> list[Page]:
        """Fetch spans.

        Parameters
        ----------
        spans : list of Span
            From `plan`.
        rows : int
            Rows expected in all of them, for a server that does not say which steps it has.
        on_page : callable
            Called in this thread with each page as soon as it is known to be whole.

        Returns
        -------
        list of Page
            All pages, also those that stayed short because the server has lost rows.

        Raises
        ------
        QueryRefused, AccessRefused, SourceDown
        """
        if self.known is None:
            pages, _ = self._run(spans, on_page)
            if sum(len(p.table) for p in pages) >= rows:
                for page in pages:
                    if not self._whole(page):
                        on_page(page)
                return pages
            return self._resolved(pages, on_page)
        found: list[Page] = []
        while spans:
            pages, spans = self._run(spans, on_page, wary=True)
            found += self._resolved(pages, on_page)
        return found

    def _run(
        self, spans: Iterable[Span], on_page: Callable[[Page], None], *, wary: bool = False
    ) -> tuple[list[Page], list[Span]]:
        """Fetch spans as they are, cut only where the server fails at them or fills the page.

        Returns
        -------
        pages : list of Page
        left : list of Span
            What was not begun because a page came short, if `wary`: to be cut once the reason is known.
        """
        waiting = deque(spans)
        done: list[Page] = []
        short = False
        running: dict[Future[tuple[Page, bool]], Span] = {}
        # Pages are parsed by no more threads than there are cores: others only wait for their turn, and each of them
        # has the C library hold memory of its own, whose first use is a third of the work.
        with (
            ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="runlens-parse") as parsing,
            ThreadPoolExecutor(self.client.connections, thread_name_prefix="runlens-page") as pool,
        ):
            try:
                while running or (waiting and not (wary and short)):
                    while waiting and len(running) < self.client.connections and not (wary and short):
                        span = waiting.popleft()
                        parts = self._by_cap(span)
                        waiting.extendleft(reversed(parts[1:]))
                        running[pool.submit(self._page, parts[0], parsing)] = parts[0]
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        span = running.pop(future)
                        try:
                            page, full = future.result()
                        except TooLarge:
                            waiting.extendleft(self._cut(span, 4, span.halvings))
                            continue
                        except TooMuch:
                            if span.stop - span.first < 2 or span.halvings >= _MOST_HALVINGS:
                                raise
                            waiting.extendleft(self._cut(span, 2, span.halvings + 1))
                            continue
                        if full and span.stop - span.first > 1:
                            waiting.extendleft(self._cut(span, 2))
                            continue
                        done.append(page)
                        if self._whole(page):
                            on_page(page)
                        elif self.cap is None and not self.lossy:
                            short = True
            except BaseException:
                self.client.gate.stop()  # let the other connections go before the pool is joined
                raise
        return done, list(waiting)

    def _resolved(self, pages: list[Page], on_page: Callable[[Page], None]) -> list[Page]:
        """The pages, with those that a cap of the server cut short fetched again in smaller parts."""
        kept = [p for p in pages if self._whole(p)]
        short = [p for p in pages if not self._whole(p)]
        if short and self.cap is None and not self.lossy:
            worst = max(short, key=lambda page: len(page.table))
            halves, _ = self._run(self._cut(Span(worst.first, worst.stop), 2), on_page)
            if sum(len(p.table) for p in halves) <= len(worst.table):
                self.lossy = True
                return pages  # no cap at pages of this size: what the server has lost, asking again does not bring
            self.cap = len(worst.table)
            short = [p for p in short if p is not worst] + [p for p in halves if not self._whole(p)]
            kept += [p for p in halves if self._whole(p)]
        while self.cap is not None and (capped := [p for p in short if len(p.table) >= self.cap]):
            kept += [p for p in short if len(p.table) < self.cap]
            spans = [part for p in capped for part in self._cut(Span(p.first, p.stop), 2)]
            again, _ = self._run(spans, on_page)
            kept += [p for p in again if self._whole(p)]
            short = [p for p in again if not self._whole(p)]
        return kept + short

    def _whole(self, page: Page) -> bool:
        """Whether a page is known to hold all rows of its steps."""
        step = page.table.step
        steps = len(step) if bool(np.all(np.diff(step) > 0)) else len(np.unique(step))
        if self.known is not None:
            return steps >= self._expected(Span(page.first, page.stop))
        return steps >= page.stop - page.first or (self.cap is not None and len(page.table) < self.cap)

    def _page(self, span: Span, parsing: ThreadPoolExecutor) -> tuple[Page, bool]:
        """One page, and whether it is as full as it was asked for: then there may be more rows."""
        width = span.stop - span.first
        asked = 2 * max(self._expected(span), min(width, self.rows), 50)  # twice: rows of a resumed run repeat steps
        variables = {
            "entity": self.address.entity,
            "project": self.address.project,
            "run": self.address.run,
            "minStep": span.first,
            "maxStep": span.stop,
            "pageSize": asked,
        }
        # The halves of a page at which the server failed over and over are no reason for as much patience again.
        tries, most = 2 if span.halvings else None, _PAGE_BYTES if width > 1 else None
        answer = self.client.graphql(HISTORY_PAGE, variables, tries=tries, most=most, loads=body.loads)
        rows, lines = parsing.submit(_history, answer, span).result()
        return Page(span.first, span.stop, rows), lines >= asked

    def _expected(self, span: Span) -> int:
        if self.known is None:
            return 0
        return int(np.searchsorted(self.known, span.stop) - np.searchsorted(self.known, span.first))

    def _by_cap(self, span: Span) -> list[Span]:
        """The span, in parts if it is known to hold more rows than the server puts on a page."""
        rows = self._expected(span)
        if self.cap is None or self.known is None:  # without the steps, the width of a sparse span says nothing
            return [span]
        return self._cut(span, min(-(-rows // self.cap), _MOST_PARTS)) if rows > self.cap else [span]

    def _cut(self, span: Span, parts: int, halvings: int = 0) -> list[Span]:
        """The span in parts of about equal rows where steps are known, of equal width otherwise."""
        parts = max(1, min(parts, span.stop - span.first))
        edges = np.linspace(span.first, span.stop, parts + 1).astype(np.int64)
        if self.known is not None:
            low, high = np.searchsorted(self.known, [span.first, span.stop])
            if high - low >= parts:
                inner = self.known[np.linspace(low, high, parts + 1).astype(np.int64)[1:-1]]
                edges = np.concatenate([[span.first], inner, [span.stop]])
        edges = edges[np.append(True, np.diff(edges) > 0)]  # `np.unique` would import numpy's masked arrays
        return [Span(int(a), int(b), halvings) for a, b in pairwise(edges)]


def _history(data: dict[str, Any], span: Span) -> tuple[Table, int]:
    """The rows of a page that belong to a span, and how many lines it had."""
    run = (data.get("project") or {}).get("run")
    if not isinstance(run, dict):
        raise ReadError("the run went away while its history was read; it may have been deleted")
    lines = run.get("history")
    if isinstance(lines, body.Lines):
        table, many = lines.table()
    elif isinstance(lines, list):
        lines = [line for line in lines if isinstance(line, str)]
        table, many = from_lines(lines), len(lines)
    else:
        raise QueryRefused("the server sent no history for the query HistoryPage")
    return joined([take(table, (table.step >= span.first) & (table.step < span.stop))]), many
