"""One gate for all connections: when the server says wait, all of them wait."""

from __future__ import annotations

import os
import random
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to go on when a server is slow, busy or away."""

    connect: float = 10.0
    """Seconds for a connection to be made."""
    first: float = 20.0
    """Seconds for an answer of a server that has not answered yet, which may never do so."""
    answer: float = 60.0
    """Seconds for the next bytes of an answer."""
    tries: int = 6
    """Times that a request is sent before it counts as failed."""
    pause: float = 0.4
    """Seconds before the second try; doubled with each further one, with jitter."""
    longest_pause: float = 20.0
    longest_wait: float = 300.0
    """Seconds that the server may ask to wait (`Retry-After`); more is said to the user, not slept through."""
    in_all: float = 600.0
    """Seconds after which a request is not sent once more, however often the server asked to wait."""

    @classmethod
    def from_environment(cls) -> Patience:
        """The usual patience, with the seconds for an answer that `WANDB_HTTP_TIMEOUT` says, as for wandb itself."""
        try:
            seconds = max(float(os.environ["WANDB_HTTP_TIMEOUT"]), 0.1)
            return cls(first=seconds, answer=seconds)
        except (KeyError, ValueError):
            return cls()

    def before_try(self, number: int) -> float:
        """Seconds to wait before try `number` (the first is 1): half of it fixed, half by chance."""
        full = min(self.pause * 2.0 ** max(number - 2, 0), self.longest_pause)
        return full * (0.5 + random.random() / 2)  # noqa: S311 - jitter, no secret


class Hold:
    """Until when a server wants to be left alone: what it tells one pull holds for all that are under way."""

    def __init__(self) -> None:
        self.opens = 0.0
        self.changed = threading.Condition()


@cache
def hold_of(host: str) -> Hold:
    """The hold of a server, one for the whole process."""
    return Hold()


class Gate:
    """Closed until a moment that any connection may push further away; `stop` lets those of one pull go at once."""

    def __init__(self, hold: Hold | None = None) -> None:
        self._hold = hold or Hold()
        self._changed = self._hold.changed
        self.stopped = False

    def hold(self, seconds: float) -> bool:
        """Let nobody through for so long from now; never shortens an earlier hold.

        Returns
        -------
        bool
            Whether the gate was open: of connections that are told the same at once, one alone gets True.
        """
        with self._changed:
            now = time.monotonic()
            was_open = self._hold.opens <= now
            self._hold.opens = max(self._hold.opens, now + seconds)
            return was_open

    def wait(self) -> None:
        """Return when the gate is open.

        Raises
        ------
        Stopped
            The pull was given up.
        """
        with self._changed:
            while not self.stopped:
                left = self._hold.opens - time.monotonic()
                if left <= 0:
                    return
                self._changed.wait(left)
        raise Stopped

    def pause(self, seconds: float) -> None:
        """Sleep this connection alone, then wait for the gate."""
        with self._changed:
            if not self.stopped:
                self._changed.wait_for(lambda: self.stopped, seconds)
        self.wait()

    def stop(self) -> None:
        """Wake and turn away everybody: the pull is over."""
        with self._changed:
            self.stopped = True
            self._changed.notify_all()


class Stopped(Exception):
    """The pull was given up by another thread."""


def retry_after(header: str | None) -> float | None:
    """Seconds that a `Retry-After` header asks for (a number, or an HTTP date), or None if it says nothing."""
    if not header:
        return None
    try:
        return max(float(header), 0.0)
    except ValueError:
        pass
    try:
        until = parsedate_to_datetime(header)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max((until - datetime.now(UTC)).total_seconds(), 0.0)
