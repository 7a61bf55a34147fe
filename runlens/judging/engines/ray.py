"""A Ray cluster at `ray://HOST:PORT`: its workers need RunLens, and see the same files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import ray
from ray.exceptions import RayTaskError, WorkerCrashedError

from runlens.errors import SourceDown
from runlens.judging.engines import from_here

Item = TypeVar("Item")
Out = TypeVar("Out")

AHEAD = 1000
"""Tasks that may wait at once: memory stays bounded however many runs there are."""
KILLED = "the Ray workers that judged it were killed, most likely for their memory; judge it alone, with more memory"


class Cluster:
    """A head that runs already."""

    def __init__(self, address: str) -> None:
        self.address = address

    def each(
        self, work: Callable[[Item], Out], items: Sequence[Item], lost: Callable[[Item, str], Out]
    ) -> Iterator[Out]:
        """See `Engine.each`; an item of a dead worker is tried once more."""
        try:
            context: Any = ray.init(self.address, log_to_driver=False, logging_level="error")
        except (ConnectionError, RuntimeError) as error:
            raise SourceDown(f"no Ray head answers at {self.address} ({error}); start one, or use --jobs") from error
        try:
            task, shared = ray.remote(max_retries=1)(_call), ray.put(from_here(work))
            waiting: list[Any] = [task.remote(shared, item) for item in items[:AHEAD]]
            for i, item in enumerate(items):
                try:
                    yield ray.get(waiting[i])
                except (WorkerCrashedError, ray.exceptions.OutOfMemoryError):
                    yield lost(item, KILLED)
                except RayTaskError as error:
                    raise error.as_instanceof_cause() from None
                waiting[i] = None  # the store may let go of it
                if i + AHEAD < len(items):
                    waiting.append(task.remote(shared, items[i + AHEAD]))
        finally:
            context.disconnect()


def _call(work: Callable[[Item], Out], item: Item) -> Out:
    """A plain function, since Ray takes nothing else that can be called."""
    return work(item)
