"""RULES: every rule class, written out, in order of code."""

from __future__ import annotations

from runlens.rules.base import Rule
from runlens.rules.eval_cadence import EvalOverdue
from runlens.rules.eval_regression import EvalRegression
from runlens.rules.evaluation import BehindReference
from runlens.rules.gradient import NonFiniteGradient
from runlens.rules.gradient_surge import GradientSurge
from runlens.rules.hardware import (
    ClockThrottling,
    GpuErrors,
    GpuOutlier,
    GpuOverheating,
    GpuUnderused,
    MemoryGrowth,
)
from runlens.rules.log import StepGap, UnreadableData
from runlens.rules.log_clock import ClockJump, StaleRun
from runlens.rules.log_restart import Restart
from runlens.rules.loss_frequency import SpikeFrequency
from runlens.rules.loss_shift import LossShift
from runlens.rules.loss_spike import LossSpike
from runlens.rules.loss_stall import StalledLoss
from runlens.rules.loss_values import NonFiniteLoss
from runlens.rules.overfitting import Overfitting
from runlens.rules.requirement import RequirementMissed
from runlens.rules.schedule import ScheduleBreak
from runlens.rules.straggler import Straggler
from runlens.rules.throughput import ThroughputDrift, ThroughputDrop
from runlens.rules.throughput_band import OutsideBand
from runlens.rules.throughput_pauses import RecurringDips
from runlens.rules.throughput_stall import Stall

RULES: tuple[type[Rule], ...] = (
    LossSpike,
    SpikeFrequency,
    NonFiniteLoss,
    StalledLoss,
    LossShift,
    NonFiniteGradient,
    GradientSurge,
    ScheduleBreak,
    ThroughputDrop,
    ThroughputDrift,
    OutsideBand,
    RecurringDips,
    Stall,
    Straggler,
    GpuOverheating,
    MemoryGrowth,
    GpuUnderused,
    GpuErrors,
    GpuOutlier,
    ClockThrottling,
    BehindReference,
    EvalRegression,
    EvalOverdue,
    Overfitting,
    RequirementMissed,
    UnreadableData,
    Restart,
    StepGap,
    StaleRun,
    ClockJump,
)
