"""Whether the watch can see anything: a watch that is blind must not look like one that has nothing to tell."""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from dataclasses import dataclass

from runlens.notify.notice import Notice
from runlens.render.text import duration
from runlens.watching.told import of_watch

BLIND, BLIND_LOOKS = 900.0, 5
"""Seconds without a look that worked, and at least so many intervals, after which the watch says that it is blind."""


@dataclass(slots=True)
class Sight:
    """Since when no look has worked."""

    names: Sequence[str]
    patience: float
    since: float = math.nan
    told: bool = False

    def look(self, error: str, now: float) -> list[Notice]:
        """A look failed: tell once that the watch is blind, when that lasts."""
        self.since = now if math.isnan(self.since) else self.since
        if self.told or now - self.since < self.patience:
            return []
        self.told = True
        text = f"the watch is blind: nothing could be read for {duration(now - self.since)} ({error})"
        return [of_watch("blind", stamp(now), "error", text, self.names)]

    def sees(self, now: float) -> list[Notice]:
        """A look worked."""
        was, since, self.told, self.since = self.told, self.since, False, math.nan
        if not was:
            return []
        text = f"the watch sees again, after {duration(now - since)}"
        return [of_watch("sees", stamp(now), "info", text, self.names)]


def stamp(now: float) -> str:
    """Seconds since the epoch as UTC, ISO 8601."""
    return datetime.datetime.fromtimestamp(now, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
