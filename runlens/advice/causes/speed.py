"""Clues of throughput and hardware: each takes an incident and answers with a sentence, or None."""

# ruff: noqa: D103 - a name and the sentence that it answers with say all

from __future__ import annotations

from runlens.advice.causes.case import Case, finite
from runlens.model import Finding, Symptom
from runlens.model.words import number, role_words, short
from runlens.rules import rule_of
from runlens.rules.hardware.errors import GpuErrors
from runlens.rules.hardware.outlier import GpuOutlier
from runlens.rules.hardware.overheating import GpuOverheating
from runlens.rules.hardware.throttling import ClockThrottling
from runlens.rules.hardware.underused import GpuUnderused
from runlens.rules.throughput.dips import RecurringDips
from runlens.rules.throughput.drift import ThroughputDrift
from runlens.rules.throughput.drop import ThroughputDrop
from runlens.rules.throughput.outside_band import OutsideBand
from runlens.rules.throughput.parts.slowdown import SlowdownRule
from runlens.rules.throughput.stall import Stall
from runlens.rules.throughput.straggler import Straggler


def _moved(case: Case, *roles: str) -> str | None:
    tie = case.tie(*roles)
    if tie is None:
        return None
    unit = "" if tie["unit"] == "1" else f" {short(tie['unit'], 12)}"
    role = role_words(tie["role"])
    return f"{role[:1].upper()}{role[1:]} changed with it: {number(tie['from'])} to {number(tie['to'])}{unit}."


def data_time_moved(case: Case) -> str | None:
    return _moved(case, "data_time")


def data_time_steady(case: Case) -> str | None:
    steady = "data_time" in case.run.roles and case.tie("data_time") is None and case.showing(Symptom.SLOW)
    return "The logged data time did not change with it." if steady else None


def dips_come_back(case: Case) -> str | None:
    finding = case.of(RecurringDips)
    return finding.message if finding else None


def gpus_wait(case: Case) -> str | None:
    finding = case.of(GpuUnderused)
    return finding.message if finding else _moved(case, "gpu_utilization")


def hot_or_capped(case: Case) -> str | None:
    finding = case.of(GpuOverheating, ClockThrottling)
    return finding.message if finding else _moved(case, "gpu_throttle")


def clocks_moved(case: Case) -> str | None:
    return _moved(case, "gpu_clock", "gpu_temperature", "gpu_power")


def cool_and_free(case: Case) -> str | None:
    told = [rule.code for rule in (GpuOverheating, ClockThrottling) if case.silent(rule)]
    return f"Temperatures and clocks are in order ({' and '.join(told)} judged)." if told else None


def straggler(case: Case) -> str | None:
    finding = case.elsewhere(Straggler, GpuOutlier)
    return finding.message if finding else None


def gpu_errors(case: Case) -> str | None:
    finding = case.elsewhere(GpuErrors)
    return finding.message if finding else None


def peers_alike(case: Case) -> str | None:
    told = [rule.code for rule in (Straggler, GpuOutlier) if case.silent(rule)]
    return f"The ranks or GPUs are alike ({' and '.join(told)} judged)." if told else None


def checkpoints_slow(case: Case) -> str | None:
    return _moved(case, "checkpoint_time")


def regular_pauses(case: Case) -> str | None:
    finding = case.of(RecurringDips)
    told = RecurringDips.evidence_of(finding) if finding else None
    period = finite(told.get("period_steps")) if told else None
    return f"The pauses come every {period:,.0f} steps." if told and period and told.get("regular") else None


def _at_resume(finding: Finding) -> bool:
    if finding.code == Stall.code:
        return bool(Stall.evidence_of(finding).get("at_resume"))
    slowed = issubclass(rule_of(finding.code), SlowdownRule)
    return slowed and bool(SlowdownRule.evidence_of(finding).get("at_resume"))


def slower_since_resume(case: Case) -> str | None:
    resumed = any(_at_resume(f) for f in case.findings)
    return "The throughput changed at a resume." if resumed else None


def nothing_moved_with_it(case: Case) -> str | None:
    drop = case.of(ThroughputDrop, ThroughputDrift, OutsideBand)
    moved = drop and rule_of(drop.code).tied_roles(drop)
    return "No logged hardware or loader series changed with it." if drop and not moved else None


def more_work(case: Case) -> str | None:
    drop = case.of(ThroughputDrop)
    said = drop and ThroughputDrop.evidence_of(drop).get("explained_by_work")
    return f"The drop is explained by the work per step: {short(str(said), 200)}." if said else None
