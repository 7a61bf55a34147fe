"""One gate for all connections: when the server says wait, all of them wait."""

from __future__ import annotations

import threading
import time
from functools import cache


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
