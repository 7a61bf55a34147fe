"""A run beside a reference: what `compare` shows and EVAL001 judges."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from runlens.model.finding import Severity
from runlens.model.reference import Curve
from runlens.model.training import TrainingGap

Interval = tuple[float, float]
Axis = Literal["tokens", "steps"]
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
    sigmas: float = 0.0
    """How far behind it is, in standard deviations of what healthy twins differ by; negative is ahead."""
    seeds: int = 1
    """Members of the reference's band; 1 if it is one curve."""
    seed_sd: float = math.nan
    """Standard deviation of those members over the judged stretch, in the metric's own unit; NaN for one curve."""
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
class Projection:
    """Where a widening lag leads if it goes on as it does."""

    at: float
    """The planned end, tokens or steps."""
    factor: float
    """The lag there."""
    far: bool
    """That lag is so large that it is an error."""
    gpu_hours: float | None
    """What the tokens (or steps) that it trails by then cost at the run's own speed; None where that is not known."""

    @property
    def trailing(self) -> float:
        """Tokens (or steps) behind at the planned end."""
        return self.at - self.at / self.factor


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
    """Proven: more than healthy twins differ by, over the last checkpoints and the whole course, the lag at least the
    smallest that is said, and no task carries it alone."""
    far: bool
    """Proven, so large now that it is an error, and no matter of the last checkpoint alone."""
    sigmas: float
    """How far behind the last checkpoints are, in standard deviations of what healthy twins differ by."""
    course: float
    """The same for all checkpoints since the start."""
    growth: float
    """By how much the logarithm of the lag grows with log tokens; 0 if it is taken to be steady."""
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
    projected: Projection | None = None
    """Where its trend leads at the planned end; None if it is not behind or not widening, or the end is not known."""

    @property
    def severity(self) -> Severity | None:
        """Error if it is proven and far behind now or by the planned end, warning if proven, None if it is not."""
        if not self.behind:
            return None
        return Severity.ERROR if self.far or (self.projected is not None and self.projected.far) else Severity.WARNING


@dataclass(frozen=True, slots=True)
class Point:
    """One eval at one checkpoint, where too few were taken to speak of a lag."""

    label: str
    """The eval for people."""
    name: str
    """As the run logged it."""
    value: float
    """The run's, in the metric's own unit."""
    reference: float
    """The reference's at the same place (mean of its members if it is a band)."""
    worse: float
    """How much worse the run is, in that unit; negative is better."""
    interval: Interval
    """95 % interval of it."""
    sigmas: float
    """The same in standard deviations of chance (`yardstick`); negative is better."""
    yardstick: str
    """What that is: `healthy twins`, `5 references`, `two samples of items` or `the same 10,042 items (McNemar)`."""
    p: float = math.nan
    """Of McNemar's exact test, where both sides hold their answers item by item."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AtOnePoint:
    """All scores, or all validation losses, at the one checkpoint that both sides have."""

    group: Group
    points: tuple[Point, ...]
    """The worst first."""
    at: float
    """Position on the axis; NaN for final models whose place in training is not told."""
    step: int
    sigmas: float
    """How much worse all are together, in standard deviations."""
    behind: bool
    """Proven."""
    far: bool
    """Proven, and so large that it is an error."""

    @property
    def severity(self) -> Severity | None:
        """Error if far behind, warning if behind, None if not."""
        return (Severity.ERROR if self.far else Severity.WARNING) if self.behind else None


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """A run beside one reference."""

    run: str
    reference: str
    axis: Axis
    tasks: tuple[TaskLag, ...]
    groups: tuple[GroupLag, ...]
    """The scores and the losses, those that could be compared, the worst first."""
    unmatched: tuple[tuple[str, str], ...]
    """(name, why) of evals that stand on one side only, or that must not be mixed."""
    why_not: str = ""
    """Why nothing could be compared; empty if something could."""
    tokens_from: str = ""
    """Where the run's tokens come from."""
    matched: frozenset[tuple[str, str, str]] = frozenset()
    """Task, metric and setting of the reference's curves that stand beside one of the run's and were judged."""
    axis_why: str = ""
    """Why it is compared at the same steps, where the user did not ask for that."""
    source: str = ""
    licence: str = ""
    citation: str = ""
    verdict: Verdict = "not compared"
    """`cannot tell`: not behind, but the interval holds a lag that would count."""
    sentence: str = ""
    """The verdict in words, with its numbers."""
    at_one: tuple[AtOnePoint, ...] = ()
    """What could be compared at one checkpoint only, the worst first."""
    training: tuple[TrainingGap, ...] = ()
    """The training curves beside those of the reference, where it is a run."""
    not_training: tuple[tuple[str, str], ...] = ()
    """(role, why) of training curves that could not be compared."""

    evals_missing: bool = False
    """Evals stand in the reference, which is a run, and none could be compared."""

    @property
    def severity(self) -> Severity | None:
        """The worst of its groups; None if it is not behind."""
        each = [g.severity for g in self.groups] + [p.severity for p in self.at_one]
        found = [severity for severity in each if severity is not None]
        return max(found, key=lambda s: s.rank, default=None)
