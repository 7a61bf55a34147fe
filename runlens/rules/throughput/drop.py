"""TPUT001: throughput that stepped down and stayed there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from runlens.model import Figure, Symptom
from runlens.rules.meaning import Extent, Part, Stage, Story
from runlens.rules.shared.panels import MACHINES, SPEEDS
from runlens.rules.throughput.parts.needs import NEEDS
from runlens.rules.throughput.parts.slowdown import SlowdownRule


@dataclass(frozen=True)
class ThroughputDrop(SlowdownRule):
    """Throughput stepped down and stayed there.

    What it does
    ------------
    Takes the run's rate (the logged one, else step time, else tokens or steps over wall time), cuts its logarithm
    into about 96 blocks whose middle halves are averaged, and fits steps, dips and ramps by generalised least squares
    under white noise plus a wander whose size and memory are fitted as well. A step counts when it raises the
    likelihood by a factor of e^9 over the best noise without it, is at least `drop`, and lasts; it is then placed on
    the raw points by least absolute deviations. Pauses, settling-in at the start and rises are no drops; a return to a
    level at which the run had stood before, and a step that a logged change of batch size, sequence length or
    accumulation or a smaller number of ranks explains, are `info`; so is one where another training begins (the steps
    go back to the first, or a launch is five times as slow), and one before which a single epoch was faster.

    Why it matters
    --------------
    A run that is 5 % slower costs 5 % more and nobody sees it in the loss. BLOOM's fell from 149 to 140 TFLOP/s a GPU
    when one node went bad; in SmolLM3 a drop led to the shared storage and to the data loader.

    What to do
    ----------
    Look at what changed at that step: clocks, temperature and power of each GPU, the rank that is slowest, other jobs
    on the same storage or switch, a resume on other nodes. Replace the node, or move the data.

    Settings
    --------
    drop : float
        Least loss of speed, as a share (0.025 is 2.5 %); it is measured to a tenth of itself.
    error_drop : float
        Loss from which a drop that goes on is an error (0.15 is 15 %: a day a week), if it cost ten minutes or will.
    min_points : int
        Logged points that the drop must last; a tenth of the log where that is fewer.
    petty_share, petty_seconds : float
        A loss of less than this share of the run's time and of less than so many seconds is `info`; the share is 12.5 %
        where the trainer logs no rate, timer or tokens, so that nothing but the clock tells its speed, and ten minutes
        are `info` there if they are less than 2 % of the run, as is all of a run that is over within a minute.

    References
    ----------
    Hugging Face, The Smol Training Playbook (2025), Staying the course; BigScience, BLOOM-176B training chronicle
    (2022); Chen & Liu (1993), Joint estimation of model parameters and outlier effects, JASA 88:284.
    """

    code: ClassVar[str] = "TPUT001"
    name: ClassVar[str] = "throughput-drop"
    needs: ClassVar[tuple[str, ...]] = NEEDS
    symptom = Symptom.SLOW
    part = Part((Story.SPEED,), opens=True, stage=Stage.SPEED, place=2, extent=Extent.WHOLE_ABOVE_INFO)
    figure = Figure(panels=SPEEDS, beside=MACHINES)
    kind: ClassVar[Literal["step", "ramp"]] = "step"
