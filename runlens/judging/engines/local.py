"""Workers on this machine; one that is killed costs the items that it had, and they are done again."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from runlens.judging.engines import all_of
from runlens.judging.engines.turns import TOGETHER

if TYPE_CHECKING:
    from joblib.externals.loky import ProcessPoolExecutor

Item = TypeVar("Item")
Out = TypeVar("Out")

MOST_AT_ONCE, SHARES = TOGETHER, 8
"""A worker is sent at most so many items at once, and so many shares of the work over all: a share costs about 1 ms to
send, a run of 300 points 3 ms to judge, and the last shares should end at about the same time."""
_PARENT_EVERY = 1.0
"""Seconds between two looks whether the parent is there; an idle worker of loky's waits for five minutes."""
KILLED = (
    "the process that judged it was killed twice, most likely for its memory; judge it alone, on a machine with more "
    "memory, or see the system's log"
)


@dataclass(frozen=True, slots=True)
class Workers:
    """Processes of this machine."""

    jobs: int
    """How many; -1 takes one a core."""

    def each(
        self, work: Callable[[Item], Out], items: Sequence[Item], lost: Callable[[Item, str], Out]
    ) -> Iterator[Out]:
        """See `Engine.each`.

        A pool whose worker died does not tell which share it had. The first shares that have no result are the
        suspects, as many as can have been with the workers; their items are done one by one in a process of their own,
        and the rest goes on in a new pool. A kill costs time that does not grow with the number of items.
        """
        jobs = self.jobs if self.jobs > 0 else os.cpu_count() or 1
        size = max(1, min(MOST_AT_ONCE, len(items) // (jobs * SHARES)))
        shares = [items[i : i + size] for i in range(0, len(items), size)]
        while shares:
            done = 0
            pool = _pool(min(jobs, len(shares)))
            try:
                futures: list[Future[Any]] = []
                try:
                    for share in shares:
                        futures.append(pool.submit(all_of, work, share))  # noqa: PERF401 - those before one that fails count
                    for future in futures:
                        yield from future.result()
                        done += 1
                except BrokenProcessPool:
                    finished = {i for i in range(done, len(futures)) if _has_result(futures[i])}
                    last = [i for i in range(done, len(shares)) if i not in finished][: 2 * jobs + 1][-1]
                    for i in range(done, last + 1):
                        yield from futures[i].result() if i in finished else _alone(work, shares[i], lost)
                    done = last + 1
            finally:
                pool.shutdown(wait=True, kill_workers=True)
            shares = shares[done:]


def _pool(jobs: int) -> ProcessPoolExecutor:
    """A pool of its own: loky's do not load the caller's main module again, so a plain script may use them."""
    from joblib.externals.loky import ProcessPoolExecutor

    return ProcessPoolExecutor(jobs, initializer=_end_with, initargs=(os.getpid(),))


def _end_with(parent: int) -> None:
    """End this worker when the process that it works for is gone: killed by force, it can end nothing itself."""

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(_PARENT_EVERY)
        os._exit(1)

    threading.Thread(target=look, daemon=True).start()


def _has_result(future: Future[Any]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


def _alone(work: Callable[[Item], Out], items: Sequence[Item], lost: Callable[[Item, str], Out]) -> Iterator[Out]:
    """One item after the other in a process of its own, a new one after each that dies; an item gets two tries."""
    pool = _pool(1)
    try:
        for item in items:
            for attempt in (1, 2):
                try:
                    yield pool.submit(work, item).result()
                    break
                except BrokenProcessPool:
                    pool.shutdown(wait=True, kill_workers=True)
                    pool = _pool(1)
                    if attempt == 2:
                        yield lost(item, KILLED)
    finally:
        pool.shutdown(wait=True, kill_workers=True)
