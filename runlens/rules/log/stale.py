"""LOG004: a live run that has logged nothing new for too long."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, TypedDict

import numpy as np

from runlens.growing import chosen, differences, greatest, median
from runlens.model import Figure, Finding, Run, Severity, Skip, Symptom
from runlens.rules.base import Rule
from runlens.rules.meaning import Part
from runlens.rules.shared.panels import BESIDE_LOG
from runlens.rules.shared.points import TRAINING, spine


def _long(seconds: float) -> str:
    """An age that nobody has to divide: `45 minutes`, `6.2 hours`, `4.3 days`."""
    for size, unit in ((86400.0, "days"), (3600.0, "hours")):
        if seconds >= 2 * size:
            return f"{seconds / size:,.3g} {unit}" if seconds < 1000 * size else f"{seconds / size:,.0f} {unit}"
    return f"{seconds / 60:,.0f} minutes"


class StaleEvidence(TypedDict):
    """How long nothing came, and what is usual."""

    age_s: float
    limit_s: float
    median_interval_s: float
    longest_pause_s: float
    last_step: int


@dataclass(frozen=True)
class StaleRun(Rule[StaleEvidence]):
    """A run that is still going has logged nothing new for longer than it ever did before.

    What it does
    ------------
    Compares the age of the last point with the run's own cadence: `rows` times the median interval between points,
    `pauses` times the longest pause so far (evals, checkpoints), and `least` seconds, whichever is longest. Judged only
    when the source says that the run is going, or `live` does.

    Why it matters
    --------------
    A hang holds every GPU of the job and writes no error; collectives wait for half an hour or for ever.

    What to do
    ----------
    Look at the job: stack traces of the ranks, the last lines of their output, GPU utilisation.

    Settings
    --------
    live : bool
        The run is going, whatever the log says (event files, local W&B files and tables say nothing).
    as_of : float
        Unix time, s, as of which to judge; 0 takes the time at which the log was read.
    rows : float
        Intervals without a point. Take 100 for a local W&B file of a run that goes on: W&B writes in blocks of 32 KiB,
        which hold back up to some 90 rows.
    pauses : float
        Multiples of the longest pause so far.
    least : float
        Seconds; TensorBoard's writers flush every 120 s, NCCL gives up after 600 s.

    References
    ----------
    PyTorch, torch.utils.tensorboard.SummaryWriter (`flush_secs=120`); torch.distributed (NCCL timeout of 10 minutes).
    """

    code: ClassVar[str] = "LOG004"
    name: ClassVar[str] = "stale-run"
    needs: ClassVar[tuple[str, ...]] = TRAINING
    symptom = Symptom.OTHER
    part = Part()
    figure = Figure(beside=BESIDE_LOG, sudden=True)
    settles = False

    live: bool = False
    as_of: float = 0.0
    rows: float = 30.0
    pauses: float = 3.0
    least: float = 600.0

    @property
    def by_clock(self) -> bool:
        """A run that is said to be going grows stale while nothing is written."""
        return self.live

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding if the run is stale."""
        if run.state in ("finished", "crashed") and not self.live:
            yield self.skip(f"the run has ended ({run.state})", kind="ended")
            return
        if run.state != "running" and not self.live:
            yield self.skip(
                "the log does not say whether the run is still going; set live = true if it is", kind="ended"
            )
            return
        series = spine(run)
        now = self.as_of or run.read_at
        if series is None:
            return
        attempt = series.series.attempts()[-1]  # the time between attempts is no pause of the run
        (time,) = chosen("finite", (attempt.time,), np.isfinite)
        if len(time) < 3 or not math.isfinite(now):
            yield self.skip("the log holds too few wall times to know the run's cadence", kind="too-few-points")
            return
        interval = differences(time)
        usual, longest = median(interval), float(greatest(interval))
        limit = max(self.rows * usual, self.pauses * longest, self.least)
        age = now - float(greatest(time))
        if age <= limit:
            return
        last = int(series.series.step[-1])
        yield self.finding(
            Severity.WARNING,
            series.series.name,
            (last, last),
            f"nothing was logged for {_long(age)} after step {last:,}; points came every {usual:,.3g} s, "
            f"and the longest pause before was {longest:,.3g} s",
            {"age_s": age, "limit_s": limit, "median_interval_s": usual, "longest_pause_s": longest, "last_step": last},
            "Look at the job: stack traces of the ranks, the last lines of their output, GPU utilisation.",
        )
