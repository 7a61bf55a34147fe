"""Figures of HW001-HW006 on seeded machines with faults about their limits."""

from __future__ import annotations

import numpy as np

from runlens.rules.hardware.errors import GpuErrors
from runlens.rules.hardware.memory_growth import MemoryGrowth
from runlens.rules.hardware.outlier import GpuOutlier
from runlens.rules.hardware.overheating import GpuOverheating
from runlens.rules.hardware.parts.reasons import active_reasons
from runlens.rules.hardware.throttling import ClockThrottling
from runlens.rules.hardware.underused import GpuUnderused
from tests.figures import case, rng
from tests.rules.hardware.machines import ROWS, machine, stretch
from tests.rules.saying import at_random, told
from tests.synthetic import hardware as made


def planted(rule, fault, seeds=2, rows=260, **knobs):
    """What a rule says of healthy machines with a fault, for each value of its one knob."""
    ((knob, values),) = knobs.items()
    out = []
    for seed in range(seeds):
        for value in values:
            machine = made.healthy(seed, rows=rows)
            fault(machine, **{knob: value})
            out.append(told(rule, machine.run()))
    return out


@case
def heat():
    out = planted(GpuOverheating(), made.overheat, to=(82, 84.8, 85.6, 87, 90.5, 96))
    out += planted(GpuOverheating(), made.overheat, slower=(0.0, 0.015, 0.025, 0.2))
    out += planted(GpuOverheating(), made.drift, rise=(9, 11, 12, 14, 22))
    for power in (-40, 0, 40, 90):
        one = made.healthy(4)
        one.columns["system.gpu.1.powerWatts"] += power * np.linspace(0, 1, 260)
        made.drift(one, rise=14)
        out.append(told(GpuOverheating(), one.run()))
    for rest in (0.5, 0.65, 0.75):  # share of the power at which a GPU rests, and cools down
        one = made.healthy(5)
        made.drift(one, rise=14)
        one.columns["system.gpu.1.powerWatts"][::3] *= rest
        one.columns["system.gpu.1.temp"][::3] -= 15
        out.append(told(GpuOverheating(), one.run()))
    for bend in (0.2, 1, 4, 12):  # a rise that is over early, or comes late
        one = made.healthy(6)
        one.columns["system.gpu.1.temp"] += 18 * np.linspace(0, 1, 260) ** bend
        out.append(told(GpuOverheating(), one.run()))
    for sway in (2, 6, 15):
        one = made.healthy(7)
        made.drift(one, rise=14)
        one.columns["system.gpu.1.temp"] += sway * np.sin(np.arange(260) / 7)
        out.append(told(GpuOverheating(), one.run()))
    for gap in (1, 2, 3, 4):
        value = stretch(60, 88, 80, 5)
        value[85 + gap : 90 + gap] = 88
        out.append(told(GpuOverheating(), machine("temp", value)))
    both = machine("temp", stretch(60, 88), gpus=2, system__gpu__3__temp=stretch(60, 91, 110, 40))
    return [*out, told(GpuOverheating(), both)]


@case
def memory():
    out = planted(MemoryGrowth(), made.leak, per_row=(10e6, 24e6, 28e6, 40e6, 90e6, 200e6))
    out += planted(MemoryGrowth(capacity_gb=80), made.leak, per_row=(28e6, 60e6, 80e6))
    out += planted(MemoryGrowth(), made.leak, seeds=1, gpus=((0,), (1, 3), (0, 1, 2, 3)))
    for noise in (0.2e9, 1e9, 2e9, 5e9):
        one = made.healthy(3)
        made.leak(one, per_row=60e6)
        one.columns["system.gpu.0.memoryAllocatedBytes"] += rng(1).normal(0, noise, 260)
        out.append(told(MemoryGrowth(), one.run()))
    for bend in (0.2, 0.5, 1, 2, 5, 20):
        grown = 50e9 + 20e9 * np.linspace(0, 1, ROWS) ** bend
        out.append(told(MemoryGrowth(), machine("memoryAllocatedBytes", grown)))
    for steps in (1, 2, 3, 4, 8):
        grown = 50e9 + 20e9 * np.floor(np.linspace(0, 0.999, ROWS) * (steps + 1)) / steps
        out.append(told(MemoryGrowth(), machine("memoryAllocatedBytes", grown)))
    for first in (0.5, 3, 7.5, 7.8, 38, 60, 92, 250, 280):
        grown = 1e9 * (first + 0.2 * first * np.linspace(0, 1, ROWS))
        out.append(told(MemoryGrowth(), machine("memoryAllocatedBytes", grown)))
        percent = {"system__gpu__0__memoryAllocated": grown / 3e9}
        out.append(told(MemoryGrowth(), machine("memoryAllocatedBytes", grown, **percent)))
    for planned in (2500, 6000, 9000, 12_000):
        run = machine("memoryAllocatedBytes", 50e9 + 20e9 * np.linspace(0, 1, ROWS))
        object.__setattr__(run, "config", {"max_steps": planned})
        out.append(told(MemoryGrowth(capacity_gb=100), run))
    host = machine("temp", 50.0, system__memory_percent=40 + 30 * np.linspace(0, 1, ROWS))
    return [*out, told(MemoryGrowth(), host)]


@case
def use():
    out = planted(GpuUnderused(), made.starve, to=(20, 44, 49, 51, 60))
    out += planted(GpuUnderused(), made.starve, until=(0.46, 0.48, 0.5, 0.52))
    for n in (9, 10, 14):
        out.append(told(GpuUnderused(), machine("gpu", np.full(n, 20.0), n, seconds=200)))
    for idle in (1, 2, 3, 4, 5):
        value = np.where(np.arange(ROWS) % 5 < idle, 10.0, 95.0)
        out.append(told(GpuUnderused(), machine("gpu", value)))
    for gap in (2, 3, 4, 6):
        value = stretch(95, 20, 80, 60)
        value[110 : 110 + gap] = 95
        out.append(told(GpuUnderused(), machine("gpu", value)))
    waiting = machine("gpu", stretch(95, 20), data_time=0.4, speed=stretch(1000, 700))
    return [*out, told(GpuUnderused(), waiting)]


@case
def outliers():
    out = planted(GpuOutlier(), made.odd_one, percent=(8, 14, 16, 18, 20, 30))
    for spread in (1, 2, 3, 5):
        one = made.healthy(2, gpus=8)
        for g in range(8):
            one.columns[f"system.gpu.{g}.temp"] += spread * g
        made.odd_one(one, percent=26)
        out.append(told(GpuOutlier(), one.run()))
    for many in (1, 2, 3, 4):
        one = made.healthy(3, gpus=8)
        for g in range(many):
            made.odd_one(one, gpu=g, percent=25)
        out.append(told(GpuOutlier(), one.run()))
    for gpus in (4, 32, 33, 40):
        value = 60 + 20.0 * (np.arange(60) >= 30)
        out.append(told(GpuOutlier(), machine("temp", value, 60, gpus=gpus)))
    for points in (12, 17, 18, 20, 24, 30):
        out.append(told(GpuOutlier(), machine("powerWatts", stretch(400, 300, 60, points), gpus=5)))
    for rows in (9, 20, 100, 180, 400):
        value = np.where(np.arange(rows) < rows // 2, 400.0, 300.0)
        out.append(told(GpuOutlier(), machine("powerWatts", value, rows, gpus=5)))
    for gap in (3, 6, 9):
        value = stretch(400, 300, 60, 30)
        value[90 + gap : 120] = 300
        out.append(told(GpuOutlier(), machine("powerWatts", value, gpus=5)))
    return out


@case
def throttles():
    out = planted(ClockThrottling(), made.throttle, to=(1300, 1620, 1640, 1700))
    out += planted(ClockThrottling(), made.throttle, slower=(0.0, 0.01, 0.03, 0.3))
    for points in (3, 4, 5, 6, 9, 10, 11):
        speed = stretch(1000, 800, 80, points)
        out.append(told(ClockThrottling(), machine("smClock", stretch(1500, 1200, 80, points), speed=speed)))
    for low in (0.2, 0.24, 0.26, 0.5, 0.7, 0.8):
        value = np.where(np.arange(ROWS) < low * ROWS, 1200.0, 1500.0)
        out.append(told(ClockThrottling(), machine("smClock", value)))
    for every in (2, 3, 4):
        reason = {"DCGM_FI_DEV_CLOCK_THROTTLE_REASONS_THERMAL.0": (np.arange(ROWS) % every == 0) * 1.0}
        out.append(told(ClockThrottling(), machine("temp", 80.0, **reason)))
    for rows in (29, 30, 31, 60):
        speed = np.where(np.arange(rows) < rows // 2, 1000.0, 900.0)
        out.append(told(ClockThrottling(), machine("smClock", 1.5 * speed, rows, speed=speed)))
    return out


@case
def reasons():
    bits = np.array([0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 2.0**31, -1])
    names = (
        "DCGM_FI_DEV_CLOCK_THROTTLE_REASONS", "gpu.clocks_event_reasons.active", "clocks_event_reasons.sw_power_cap",
        "clocks_event_reasons.hw_power_brake_slowdown", "DCGM_FI_DEV_THERMAL_VIOLATION", "clocks.gpu_idle",
    )  # fmt: skip
    return [active_reasons(name, kind, bits) for name in names for kind in ("", "counter")]


@case
def errors():
    out = planted(GpuErrors(), made.xid, code=(0, 13, 31, 43, 48, 63, 79, 94, 119, 999))
    out += planted(GpuErrors(), made.ecc, count=(0, 1, 3))
    for name in ("retired_pages", "remapped_rows", "row_remap_failure", "pcie_replay", "nvlink_errors"):
        for before, rises in ((0, 0), (2, 0), (2, 3)):
            value = before + stretch(0, rises, 100, 100)
            out.append(told(GpuErrors(), machine("temp", 50.0, **{f"DCGM_FI_DEV_{name}.0": value})))
    return out


@case
def errors_at_random():
    return at_random(GpuErrors())


@case
def memory_at_random():
    return at_random(MemoryGrowth())


@case
def outliers_at_random():
    return at_random(GpuOutlier())


@case
def heat_at_random():
    return at_random(GpuOverheating())


@case
def throttles_at_random():
    return at_random(ClockThrottling())


@case
def use_at_random():
    return at_random(GpuUnderused())
