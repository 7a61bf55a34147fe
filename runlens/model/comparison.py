"""A run beside a reference: what `compare` shows and EVAL001 judges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from runlens.model.finding import Severity
from runlens.model.reference import Curve

Interval = tuple[float, float]
Group = Literal["scores", "losses"]
Verdict = Literal["behind", "level", "ahead", "cannot tell", "not compared"]


@dataclass(frozen=True, slots=True, eq=False)
class TaskLag:
    """One task of a run beside the reference, over the run's last checkpoints."""

    run: Curve
    """All checkpoints of the run, on the comparison's axis."""
    reference: Curve
    """The reference (mean of its members if it is a band), on the same axis."""
    low: npt.NDArray[np.float64]
    """(n,) lowest member of the band at `reference.at`; empty if the reference is one curve."""
    high: npt.NDArray[np.float64]
    """(n,) highest member; empty if the reference is one curve."""
    smooth_at: npt.NDArray[np.float64]
    """(m,) positions of the reference's monotone curve, for drawing."""
    smooth: npt.NDArray[np.float64]
    """(m,) that curve, in the metric's own unit."""
    healthy_low: npt.NDArray[np.float64]
    """(m,) lower edge of where one checkpoint of a healthy run lies 19 times out of 20."""
    healthy_high: npt.NDArray[np.float64]
    """(m,) upper edge."""
    group: Group
    at: float
    """The run's last checkpoint that could be compared, tokens or steps."""
    checkpoints: int
    """How many of the run's last checkpoints were judged."""
    run_value: float
    """The run's mean over those checkpoints, in the metric's own unit."""
    reference_value: float
    """The smoothed reference's mean at the same tokens."""
    gap: float
    """`run_value` - `reference_value`."""
    gap_interval: Interval
    """95 % interval."""
    factor: float
    """The lag: tokens that the run needed over tokens at which the reference stood there."""
    interval: Interval
    """95 % interval of the factor."""
    trend: str
    """`widening`, `closing` or `steady`."""
    behind: bool
    """True if this task by itself shows that the run is behind: its lag is large enough, and not chance."""
    beyond: bool
    """True if the run stands below everything the reference showed, so that the factor is a lower bound."""
    n_items: int
    """Test items, 0 if not known."""
    notes: tuple[str, ...] = ()
    """What was assumed or changed to make the two comparable."""
    label: str = ""
    """The task for people, such as `HellaSwag acc_norm`."""

    @property
    def stood_at(self) -> float:
        """Where the reference stood at the run's level, tokens or steps."""
        return self.at / self.factor

    @property
    def trailing(self) -> float:
        """Tokens (or steps) behind at the last checkpoint; negative is ahead."""
        return self.at - self.stood_at


@dataclass(frozen=True, slots=True)
class GroupLag:
    """All scores, or all validation losses, taken together."""

    group: Group
    tasks: int
    factor: float
    """The lag now: at the last checkpoint if it clearly changes, else over the last checkpoints."""
    interval: Interval
    gap: float
    """Mean gap over the tasks, each weighted by what it can tell, higher is better: negative is behind. Fractions for
    scores, relative for losses."""
    gap_interval: Interval
    trend: str
    behind: bool
    """The lag is at least the smallest that counts, its interval is clear of 1, the gap leans the same way, and no task
    carries it alone."""
    alone: str
    """The task that carries the lag or stands apart, if that is why it does not count; else empty."""
    persists: bool
    """It was already so one checkpoint earlier."""
    from_start: bool
    """It has trailed from its first checkpoints on."""
    since: int
    """First step from which on every checkpoint was behind."""
    last: int
    """Last step that was compared."""
    at: float
    """Position of that step on the axis, tokens or steps."""


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """A run beside one reference."""

    run: str
    reference: str
    axis: Literal["tokens", "steps"]
    tasks: tuple[TaskLag, ...]
    groups: tuple[GroupLag, ...]
    """The scores and the losses, those that could be compared, the worst first."""
    unmatched: tuple[tuple[str, str], ...]
    """(name, why) of evals that stand on one side only, or that must not be mixed."""
    why_not: str = ""
    """Why nothing could be compared; empty if something could."""
    tokens_from: str = ""
    """Where the run's tokens come from."""
    source: str = ""
    licence: str = ""
    citation: str = ""
    verdict: Verdict = "not compared"
    """`cannot tell`: not behind, but the interval holds a lag that would count."""
    sentence: str = ""
    """The verdict in words, with its numbers."""

    @property
    def severity(self) -> Severity | None:
        """Error if it is behind and that persists or widens, warning if it is new, None if it is not behind."""
        behind = [g for g in self.groups if g.behind]
        if not behind:
            return None
        return Severity.ERROR if any(g.persists or g.trend == "widening" for g in behind) else Severity.WARNING
