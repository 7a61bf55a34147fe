"""Whether runs at W&B have changed is asked a few runs ahead of the one that is judged: they wait for the network."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import TYPE_CHECKING, Any

from runlens.judging.engines.ahead import AT_ONCE

if TYPE_CHECKING:
    from runlens.sources.wandb_api.live import Live

Shown = dict[str, Any]


class Glances:
    """What the server shows of each run, in the order given. To be used in a `with`.

    Parameters
    ----------
    runs : sequence of Live
        Each is asked about once, `AT_ONCE` at a time; where the server says wait, all of them do
        (`wandb_api.server.gate`). One alone is asked about when its turn comes.
    """

    def __init__(self, runs: Sequence[Live]) -> None:
        self._waiting = deque(runs if len(runs) > 1 else ())
        self._asked: dict[int, tuple[Live, Future[Shown]]] = {}
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="runlens-glance") if self._waiting else None

    def of(self, live: Live) -> Shown:
        """What the server shows of a run; whatever asking raised is raised here."""
        self._go_on()
        _, asked = self._asked.pop(id(live), (None, None))
        return live.glance() if asked is None else asked.result()

    def __enter__(self) -> Glances:
        """Nothing is asked before the first run's turn."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give up what nobody waits for, and close its connections."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
        for live, _ in self._asked.values():
            live.close()

    def _go_on(self) -> None:
        while self._pool is not None and self._waiting and len(self._asked) < AT_ONCE:
            live = self._waiting.popleft()
            self._asked[id(live)] = live, self._pool.submit(live.glance)
