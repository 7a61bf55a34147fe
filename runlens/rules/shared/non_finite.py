"""Stretches of NaN and infinities in a series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NotRequired, TypedDict

import numpy as np
import numpy.typing as npt

from runlens.model import PlacedSeries


class NonFiniteEvidence(TypedDict):
    """Stretches of points that are not finite."""

    points: int
    stretches: int
    longest_points: int
    to_the_end: bool
    kind: str
    first_stretch: list[int]
    outcome: NotRequired[Literal["diverged"]]
    """Of a loss whose log ends with them."""
    rewound: NotRequired[bool]
    """Whether a resume went back to before them, so that the run as it stands never had them."""
    others: NotRequired[list[str]]
    """Other losses, norms and rewards that are not finite to the end either."""


@dataclass(frozen=True, slots=True)
class NonFinite:
    """All non-finite points of a series."""

    steps: tuple[int, int]
    """First and last step of them."""
    count: int
    stretches: int
    longest: int
    """Logged points in a row."""
    to_the_end: bool
    """Whether the last logged point is one of them."""
    what: str
    """`NaN`, `infinite`, or both."""
    first_stretch: tuple[int, int]
    head: int
    """Logged points of the stretch that the series begins with, give or take two finite points; 0 if there is none."""
    tail: int
    """Logged points of the stretch that the series ends with; 0 if there is none."""

    def evidence(self) -> NonFiniteEvidence:
        """For machines."""
        return {
            "points": self.count,
            "stretches": self.stretches,
            "longest_points": self.longest,
            "to_the_end": self.to_the_end,
            "kind": self.what,
            "first_stretch": list(self.first_stretch),
        }


def stretches(series: PlacedSeries) -> NonFinite | None:
    """The non-finite points of a series in the order written, None if there are none."""
    bad = ~np.isfinite(series.value)
    if not bad.any():
        return None
    at = np.flatnonzero(bad)
    cuts = np.flatnonzero(np.diff(at) > 1) + 1
    starts = np.concatenate([[0], cuts])
    ends = np.concatenate([cuts, [len(at)]])
    nan = bool(np.isnan(series.value[at]).any())
    infinite = bool(np.isinf(series.value[at]).any())
    step = series.step
    return NonFinite(
        steps=(int(step[at].min()), int(step[at].max())),
        count=len(at),
        stretches=len(starts),
        longest=int((ends - starts).max()),
        to_the_end=bool(bad[-1]),
        what="NaN or infinite" if nan and infinite else "NaN" if nan else "infinite",
        first_stretch=(int(step[at[0]]), int(step[at[ends[0] - 1]])),
        head=_head(at),
        tail=int(ends[-1] - starts[-1]) if bad[-1] else 0,
    )


def _head(at: npt.NDArray[np.int64]) -> int:
    """How many of these positions follow each other from the start on, with gaps of up to two."""
    gaps = np.diff(at, prepend=-1) - 1
    far = np.flatnonzero(gaps > 2)
    return int(far[0]) if len(far) else len(at)
