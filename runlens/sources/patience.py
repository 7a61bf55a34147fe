"""What all that ask servers have in common: how long to go on, and to send no credentials unasked."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any


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

    def before_try(self, number: int) -> float:
        """Seconds to wait before try `number` (the first is 1): half of it fixed, half by chance."""
        full = min(self.pause * 2.0 ** max(number - 2, 0), self.longest_pause)
        return full * (0.5 + random.random() / 2)  # noqa: S311 - jitter, no secret


def retry_after(header: str | None) -> float | None:
    """Seconds that a `Retry-After` header asks for (a number, or an HTTP date), or None if it says nothing."""
    if not header:
        return None
    try:
        return max(0.0, float(header))  # in this order 0 for NaN
    except ValueError:
        pass
    try:
        until = parsedate_to_datetime(header)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max((until - datetime.now(UTC)).total_seconds(), 0.0)


def as_is(request: Any) -> Any:
    """No credentials at all, not even those that a netrc holds for the host: `auth` of a request."""
    return request
