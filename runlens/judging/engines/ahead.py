"""Runs of servers are read a few ahead of the one that is judged: they wait for the network, and judging for them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

import numpy as np

from runlens import sources
from runlens.model import Run, RunRef

AT_ONCE = 8
"""Runs that are read at the same time and held before they are judged: at 50 ms a request and three requests a run a
server gives 50 runs a second, as many as one core judges; more would only hold more of them in memory."""


class Ahead:
    """What reads a run: those of servers have been asked for before their turn comes. To be used in a `with`.

    Parameters
    ----------
    refs : sequence of RunRef
        In the order in which they will be asked for.
    read : callable, optional
        What reads a run, such as to show how far it is. It shows one run, so where several come from servers
        `sources.read` reads these.
    """

    def __init__(self, refs: Sequence[RunRef], read: Callable[[RunRef], Run] | None = None) -> None:
        self._read = read or sources.read
        remote = [ref for ref in refs if sources.is_slow(ref)]
        self._waiting = deque(remote if len(remote) > 1 else ())
        self._asked: dict[RunRef, Future[Run]] = {}
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="runlens-ahead") if self._waiting else None

    def __call__(self, ref: RunRef) -> Run:
        """The run; whatever reading it raised is raised here."""
        self._go_on()
        asked = self._asked.pop(ref, None)
        if asked is None:
            return self._read(ref)
        try:
            return asked.result()
        finally:
            self._go_on()

    def __enter__(self) -> Ahead:
        """Nothing is read before the first run is asked for."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give up what was not asked for; what is under way ends by itself."""
        if self._pool is not None:
            self._pool.shutdown(wait=kind is None, cancel_futures=True)

    def _go_on(self) -> None:
        while self._pool is not None and self._waiting and len(self._asked) < AT_ONCE:
            ref = self._waiting.popleft()
            self._asked[ref] = self._pool.submit(_quietly, ref)


def _quietly(ref: RunRef) -> Run:
    with np.errstate(all="ignore"):  # each thread has its own
        return sources.read(ref)
