"""What goes wrong on demand, and what was asked: the levers and the record of the loopback server."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Seen:
    """One request that arrived."""

    operation: str
    """GraphQL operation, or `GET parquet`, `file_stream`, `PUT file`, `GET file`."""
    variables: dict[str, object] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 0


@dataclass
class Faults:
    """Levers, all off at first; counts are used up one request at a time."""

    latency: float = 0.0
    """Seconds that every request waits."""
    page_cap: int | None = None
    """Rows of a history page at most, whatever was asked for."""
    fails_above: int | None = None
    """Pages of more rows are answered with 502."""
    cap_keeps: str = "first"
    """`first` or `sample`: which rows a capped page holds."""
    repeat_boundary: bool = False
    """The row after the end of a page is on the page too."""
    throttle: int = 0
    """So many requests are answered with 429."""
    retry_after: str | None = "0"
    errors: int = 0
    """So many requests are answered with `error_status`."""
    error_status: int = 503
    cut: int = 0
    """So many requests are answered with half a body."""
    hang: int = 0
    """So many requests are not answered until the server closes."""
    refuse: set[str] = field(default_factory=set)
    """GraphQL operations that this server does not know."""
    only_agent: str = ""
    """Where not empty: queries of other user agents than those that begin so are refused."""
    only: set[str] = field(default_factory=set)
    """Where not empty: the faults above hit these operations alone."""
    lose_steps: set[int] = field(default_factory=set)
    """Steps that no page and no export hands over, although they are counted."""
    lag: int = 0
    """`historyKeys.lastStep` is so many steps behind."""
    hide_live_data: bool = False
    """`parquetHistory.liveData` is empty, as on servers that do not fill it."""
    first_live_alone: bool = False
    """`parquetHistory.liveData` holds the first live step alone, which is all that the SDK looks at."""
    no_counts: bool = False
    """`historyLineCount` is null."""
    pages_without_exports: bool = False
    """Pages hold live rows alone, as the SDK expects; otherwise all rows, as before there were exports."""
    nan_text: bool = False
    """Non-finite numbers in pages are strings."""
    events_cap: int = 1_000_000
    """System rows handed over at most."""
    seen: list[Seen] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def hits(self, operation: str) -> bool:
        return not self.only or operation in self.only

    def use(self, name: str, operation: str) -> bool:
        """Take one of a counted fault, if there is one left and it is meant for this operation."""
        with self.lock:
            left = getattr(self, name)
            if left <= 0 or not self.hits(operation):
                return False
            setattr(self, name, left - 1)
            return True

    def record(self, seen: Seen) -> None:
        with self.lock:
            self.seen.append(seen)

    def forget(self) -> None:
        with self.lock:
            self.seen.clear()

    def counts(self) -> Counter[str]:
        with self.lock:
            return Counter(s.operation for s in self.seen)
