"""TPUT002: throughput that was lost bit by bit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from runlens.model import Figure, Symptom
from runlens.rules.meaning import Extent, Part, Stage, Story
from runlens.rules.shared.panels import MACHINES, SPEEDS
from runlens.rules.throughput.parts.needs import NEEDS
from runlens.rules.throughput.parts.slowdown import SlowdownRule


@dataclass(frozen=True)
class ThroughputDrift(SlowdownRule):
    """Throughput was lost bit by bit.

    What it does
    ------------
    Fits ramps beside steps to the same blocks as TPUT001. A loss is a drift where a ramp over many blocks tells more
    than steps do. A run whose speed walks about by itself has no drift, because the wander explains it; where it
    moves by more than half of `drop` besides, a ramp must raise the likelihood by e^15.

    Why it matters
    --------------
    A slope passes every threshold against a moving average, since the average goes down with it.

    What to do
    ----------
    Look for what grows or warms: temperature and clocks, host memory and page cache, fragmentation of GPU memory, a
    loader whose index, log or shuffle buffer grows, logging that writes more with every step.

    Settings
    --------
    drop : float
        Least loss of speed, as a share (0.025 is 2.5 %).
    error_drop : float
        Loss from which a drift that goes on is an error (0.15 is 15 %), if it cost ten minutes or will.
    min_points : int
        Logged points that the loss must last; a tenth of the log where that is fewer.
    petty_share, petty_seconds : float
        A loss of less than this share of the run's time and of less than so many seconds is `info`; the share is 12.5 %
        where the trainer logs no rate, timer or tokens, so that nothing but the clock tells its speed, and ten minutes
        are `info` there if they are less than 2 % of the run, as is all of a run that is over within a minute.

    References
    ----------
    Hugging Face, The Smol Training Playbook (2025), Staying the course.
    """

    code: ClassVar[str] = "TPUT002"
    name: ClassVar[str] = "throughput-drift"
    needs: ClassVar[tuple[str, ...]] = NEEDS
    symptom = Symptom.SLOW
    part = Part((Story.SPEED,), opens=True, stage=Stage.SPEED, place=3, extent=Extent.WHOLE_ABOVE_INFO)
    figure = Figure(panels=SPEEDS, beside=MACHINES)
    kind: ClassVar[Literal["step", "ramp"]] = "ramp"
