"""RULES: every rule class, written out, in order of code; `rule_of` finds one by its code."""

from __future__ import annotations

from runlens.rules.adversarial.one_sided_game import OneSidedGame
from runlens.rules.base import AnyRule, Rule
from runlens.rules.evals.behind_reference import BehindReference
from runlens.rules.evals.frozen_score import FrozenScore
from runlens.rules.evals.overdue import EvalOverdue
from runlens.rules.evals.overfitting import Overfitting
from runlens.rules.evals.regression import EvalRegression
from runlens.rules.evals.requirement import RequirementMissed
from runlens.rules.gradient.climb import GradientClimb
from runlens.rules.gradient.dead import DeadGradient
from runlens.rules.gradient.loss_scale import LossScaleCollapse
from runlens.rules.gradient.non_finite import NonFiniteGradient
from runlens.rules.gradient.surge import GradientSurge
from runlens.rules.hardware.errors import GpuErrors
from runlens.rules.hardware.memory_growth import MemoryGrowth
from runlens.rules.hardware.outlier import GpuOutlier
from runlens.rules.hardware.overheating import GpuOverheating
from runlens.rules.hardware.throttling import ClockThrottling
from runlens.rules.hardware.underused import GpuUnderused
from runlens.rules.log.bad_end import BadEnd
from runlens.rules.log.clock_jump import ClockJump
from runlens.rules.log.restart import Restart
from runlens.rules.log.stale import StaleRun
from runlens.rules.log.step_gap import StepGap
from runlens.rules.log.unreadable import UnreadableData
from runlens.rules.loss.dead import DeadLoss
from runlens.rules.loss.frequency import SpikeFrequency
from runlens.rules.loss.non_finite import NonFiniteLoss
from runlens.rules.loss.shift import LossShift
from runlens.rules.loss.spike import LossSpike
from runlens.rules.loss.stalled import StalledLoss
from runlens.rules.moe.expert_imbalance import ExpertImbalance
from runlens.rules.nights.slow_creep import SlowCreep
from runlens.rules.nights.unlike_twins import UnlikeTwins
from runlens.rules.resume.resume_break import ResumeBroken
from runlens.rules.rl.policy_collapse import PolicyCollapse
from runlens.rules.schedule.schedule_break import ScheduleBreak
from runlens.rules.throughput.dips import RecurringDips
from runlens.rules.throughput.disagreement import ClockDisagreement
from runlens.rules.throughput.drift import ThroughputDrift
from runlens.rules.throughput.drop import ThroughputDrop
from runlens.rules.throughput.outside_band import OutsideBand
from runlens.rules.throughput.stall import Stall
from runlens.rules.throughput.straggler import Straggler

RULES: tuple[type[AnyRule], ...] = (
    LossSpike,
    SpikeFrequency,
    NonFiniteLoss,
    StalledLoss,
    LossShift,
    DeadLoss,
    NonFiniteGradient,
    GradientSurge,
    DeadGradient,
    LossScaleCollapse,
    GradientClimb,
    ScheduleBreak,
    ResumeBroken,
    ThroughputDrop,
    ThroughputDrift,
    OutsideBand,
    RecurringDips,
    Stall,
    Straggler,
    ClockDisagreement,
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
    FrozenScore,
    PolicyCollapse,
    ExpertImbalance,
    SlowCreep,
    UnlikeTwins,
    OneSidedGame,
    UnreadableData,
    Restart,
    StepGap,
    StaleRun,
    ClockJump,
    BadEnd,
)

_BY_CODE = {rule.code: rule for rule in RULES}


def rule_of(code: str) -> type[AnyRule]:
    """The rule of that code; `Rule` itself, which plays no part in anything, where there is none (a retired one)."""
    return _BY_CODE.get(code, Rule)
