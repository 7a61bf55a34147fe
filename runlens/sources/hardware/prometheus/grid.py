"""Which moments are asked for: a step that fits the time between scrapes, and windows that the server takes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

MOST_POINTS = 11_000
"""Points a series that Prometheus answers in one range query ("exceeded maximum resolution of 11,000 points per
timeseries", web/api/v1)."""
MOST_IN_ALL = 4 * MOST_POINTS
"""Points a series of a whole run: a week at 15 s. Of longer runs the samples lie further apart."""
MOST_SAMPLES = 10_000_000
"""Samples of a whole run: 240 MB. Of more GPUs the samples lie further apart."""
SCRAPES = (5.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 300.0)
"""Seconds between scrapes as people set them: what is measured is taken for the nearest, so that a grid stays."""
USUAL, LOOK_BACK = 15.0, 300.0
"""Seconds between samples where the server does not tell, and how far Prometheus looks back for one
(`--query.lookback-delta`)."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Moments from `first` to `last` every `step` seconds; both ends are multiples of it (s since the epoch)."""

    first: float
    last: float
    step: float

    @classmethod
    def over(cls, span: tuple[float, float], scraped: float | None, series: int, step: float | None) -> Grid:
        """The grid of a span.

        Parameters
        ----------
        span : (float, float)
            Seconds since the epoch.
        scraped : float or None
            Seconds between scrapes; None if that is not known.
        series : int
            How many series will be asked for.
        step : float or None
            What the user asks for; it counts as long as the bounds allow it.
        """
        finest = step or min(SCRAPES, key=lambda usual: abs(math.log(usual / (scraped or USUAL))))
        most = max(min(MOST_IN_ALL, MOST_SAMPLES // max(series, 1)), 10)
        length = max(span[1] - span[0], finest)
        while length / finest + 1 > most:
            finest *= 2  # so that a run that grows keeps its grid until it is twice as long
        return cls(math.floor(span[0] / finest) * finest, math.floor(span[1] / finest) * finest, finest)

    def windows(self, since: float | None = None) -> Iterator[tuple[float, float]]:
        """First and last moment of each query, of at most `MOST_POINTS` moments; only those after `since`."""
        at = self.first if since is None else max(since + self.step, self.first)
        while at <= self.last:
            end = min(at + (MOST_POINTS - 1) * self.step, self.last)
            yield at, end
            at = end + self.step
