"""HW001-HW006 just below and just above each limit: `.` silent, `-` skipped, `i`nfo, `w`arning, `e`rror."""

import numpy as np
import pytest

from runlens.rules.hardware.errors import GpuErrors
from runlens.rules.hardware.memory_growth import MemoryGrowth
from runlens.rules.hardware.outlier import GpuOutlier
from runlens.rules.hardware.overheating import GpuOverheating
from runlens.rules.hardware.throttling import ClockThrottling
from runlens.rules.hardware.underused import GpuUnderused
from tests.rules.hardware.machines import ROWS, machine, stretch
from tests.rules.saying import marks

GB = 1e9
HBM = "system.gpu.0.memoryTemp"
RAMP = np.linspace(0, 1, ROWS)


def heat(**options):
    return lambda to: machine("temp", stretch(60, to, **options))


def drifting(rise, rows=ROWS, minutes=99.5, **more):
    more = {"system__gpu__0__powerWatts": np.full(rows, 500.0), **more}
    return machine("temp", 60 + rise * np.linspace(0, 1, rows), rows, seconds=60 * minutes / (rows - 1), **more)


HEAT = [
    (GpuOverheating(), heat(), (84.9, 85, 89.9, 90, 95), ".wwee"),
    (GpuOverheating(limit=70), heat(), (69, 70), ".w"),
    (GpuOverheating(critical=86), heat(), (85, 86), "we"),
    (GpuOverheating(), lambda n: machine("temp", stretch(60, 88, points=n)), (2, 3), ".w"),
    (GpuOverheating(), lambda s: machine("temp", stretch(60, 88, points=5), seconds=s), (11.9, 12), ".w"),
    (GpuOverheating(minutes=3), lambda n: machine("temp", stretch(60, 88, points=n)), (5, 6), ".w"),
    (GpuOverheating(), lambda n: machine("temp", stretch(60, 88, points=n), times=False), (2, 3), ".w"),
    (GpuOverheating(), lambda to: machine("temp", 60.0, **{HBM: stretch(60, to)}), (94, 95, 99), ".ww"),
    (GpuOverheating(memory_limit=80), lambda to: machine("temp", 60.0, **{HBM: stretch(60, to)}), (79, 80), ".w"),
    (GpuOverheating(), drifting, (11.7, 11.9, 14), ".ww"),  # 9 of 12 blocks of nine tenths see it
    (GpuOverheating(drift=5), drifting, (7.3, 7.5), ".w"),
    (GpuOverheating(), lambda m: drifting(14, minutes=m), (59.9, 60.1), ".w"),
    (GpuOverheating(drift_minutes=20), lambda m: drifting(14, minutes=m), (19.9, 20.1), ".w"),
    (GpuOverheating(), lambda n: drifting(14, rows=n), (40, 47, 48), "..w"),
    (GpuOverheating(), lambda p: drifting(14, system__gpu__0__powerWatts=500 + p * RAMP), (0, 10, 20, -50), "ww.w"),
]  # fmt: skip


def grown(total, rows=ROWS, first=50.0, **more):
    return machine("memoryAllocatedBytes", GB * (first + total * np.linspace(0, 1, rows)), rows, **more)


MEMORY = [
    (MemoryGrowth(), grown, (6.2, 6.4), ".w"),
    # 0.8 of it between the first and the last block of what follows the first tenth
    (MemoryGrowth(capacity_gb=100), grown, (6.2, 6.4, 9), ".ww"),
    (MemoryGrowth(growth=0.02, capacity_gb=60), grown, (1.2, 1.3), ".w"),
    (MemoryGrowth(capacity_gb=80), lambda total: grown(total, first=60), (14, 16, 16.2, 17), "wwwe"),
    (MemoryGrowth(capacity_gb=80, soon=1.0), lambda total: grown(total), (9, 15, 15.2, 17), "wwwe"),
    (MemoryGrowth(capacity_gb=200), grown, (12, 13.6, 13.8), "iiw"),
    (MemoryGrowth(capacity_gb=200, horizon=20), grown, (7.0, 7.2), "iw"),
    (MemoryGrowth(capacity_gb=1000), grown, (33, 40), "iw"),
    (MemoryGrowth(capacity_gb=100), lambda n: grown(20, rows=n), (14, 15), "-w"),
    (MemoryGrowth(capacity_gb=100, points=60), lambda n: grown(20, rows=n), (59, 60), "-w"),
]  # fmt: skip


def shared(process):
    """GPU 0 works for others, GPU 1 for the run: it uses that one if its process is said to be there."""
    of_process = {f"system__gpu__process__{gpu}__gpu": 90.0 for gpu in process}
    return machine("gpu", stretch(95, 20), system__gpu__1__gpu=90.0, **of_process)


def used(**options):
    return lambda to: machine("gpu", stretch(95, to, **options))


UNDERUSED = [
    (GpuUnderused(), used(), (49.9, 50, 51), "w.."),
    (GpuUnderused(limit=70), used(), (69, 70), "w."),
    (GpuUnderused(), lambda n: machine("gpu", stretch(95, 20, points=n)), (19, 20), ".w"),
    (GpuUnderused(minutes=15), lambda n: machine("gpu", stretch(95, 20, points=n)), (29, 30), ".w"),
    (GpuUnderused(), lambda n: machine("gpu", stretch(95, 20, 150, n, 400), 400), (39, 40), ".w"),
    (GpuUnderused(), lambda n: machine("gpu", stretch(95, 20, 0, n)), (20, 39, 40), "..w"),
    (GpuUnderused(startup=2), lambda n: machine("gpu", stretch(95, 20, 0, n)), (20, 23, 24), "..w"),
    (GpuUnderused(), lambda n: machine("gpu", np.full(n, 20.0), n, seconds=120), (9, 10, 30), "-ww"),
    (GpuUnderused(), lambda t: machine("gpu", stretch(95, 20), times=t), (False, True), "-w"),
    (GpuUnderused(), shared, ([], [0, 1], [0], [1]), "www."),
    # training is that much faster while the device idles
    (GpuUnderused(), lambda p: machine("gpu", stretch(95, 20), speed=stretch(1000, 1000 + 10 * p)), (-9, 1, 3), "wwi"),
    # one of two that idles all along, and what it did at its best
    (GpuUnderused(), lambda to: machine("gpu", stretch(20, to), system__gpu__1__gpu=90.0), (20, 49, 51), "iiW"),
]  # fmt: skip


def odd(what, low, n=4, first=80, points=40, rows=ROWS):
    return lambda to: machine(what, stretch(low, to, first, points, rows), rows, gpus=n)


def warmer(what, away):
    """One GPU is 20 degrees warmer than three peers, and `what` is `away` percent off theirs."""
    own = {f"system__gpu__{gpu}__{what}": 1000.0 * (1 + away / 100 * (gpu == 0)) for gpu in range(4)}
    return machine("temp", stretch(60, 80), gpus=4, **own)


def among(spread):
    """A GPU that draws 100 W less than seven peers, which lie so far from each other."""
    peers = {f"system.gpu.{g}.powerWatts": 400.0 + spread * (g % 3 - 1) for g in range(1, 8)}
    return machine("powerWatts", stretch(400, 300), **peers)


OUTLIER = [
    (GpuOutlier(), among, (10, 12), "w."),
    (GpuOutlier(sigmas=3), among, (20, 24), "w."),
    (GpuOutlier(), lambda away: warmer("smClock", away), (0, -4.9, -5.1, 4.9, 5.1), "..w.w"),
    (GpuOutlier(), lambda away: warmer("powerWatts", away), (0, -4.9, -5.1), "..w"),
    (GpuOutlier(), lambda away: warmer("fanSpeed", away), (0,), "w"),
    (GpuOutlier(), odd("temp", 60), (71, 72, 73), ".ww"),
    (GpuOutlier(degrees=20), odd("temp", 60), (79, 80), ".w"),
    (GpuOutlier(), odd("temp", 60), (48, 30), ".."),
    (GpuOutlier(), odd("powerWatts", 400), (341, 340, 459, 460), ".w.i"),
    (GpuOutlier(percent=30), odd("powerWatts", 400), (281, 280), ".w"),
    (GpuOutlier(), odd("gpu", 90), (77, 76), ".w"),
    (GpuOutlier(), lambda n: machine("powerWatts", stretch(400, 300), gpus=n), (3, 4), "-w"),
    (GpuOutlier(devices=6), lambda n: machine("powerWatts", stretch(400, 300), gpus=n), (5, 6), "-w"),
    (GpuOutlier(), lambda n: machine("powerWatts", stretch(400, 300, points=n)), (40,), "-"),
    (GpuOutlier(), lambda n: machine("powerWatts", stretch(400, 300, points=n), gpus=4), (17, 24), ".w"),
    (GpuOutlier(), lambda n: machine("powerWatts", np.where(np.arange(n), 300.0, 400.0), n, gpus=4), (8, 9), "-w"),
]  # fmt: skip


def slowed(lost):
    speed = np.where((np.arange(ROWS) >= 80) & (np.arange(ROWS) < 120), 1000 * (1 - lost), 1000.0)
    return machine("smClock", stretch(1700, 1500), speed=speed)


def capped(reason, lost, points=40):
    speed = np.where((np.arange(ROWS) >= 80) & (np.arange(ROWS) < 120), 1000 * (1 - lost), 1000.0)
    name = f"DCGM_FI_DEV_{reason}.0"
    return machine("gpu", 95.0, speed=speed, **{name: stretch(0, 1, points=points)})


def limited(share):
    """Clocks fall while the GPU draws that share of its own limit; what it did to the speed is not known."""
    limit = {"system__gpu__0__enforcedPowerLimitWatts": 700.0, "system__gpu__0__powerWatts": 700.0 * share}
    return machine("smClock", stretch(1000, 800), speed=np.nan, **limit)


THROTTLING = [
    (ClockThrottling(), limited, (0.94, 0.95, 1.0), "i.."),
    (ClockThrottling(), lambda to: machine("smClock", stretch(1000, to), speed=np.nan), (931, 929, 900), ".ii"),
    (ClockThrottling(drop=0.2), lambda to: machine("smClock", stretch(1000, to), speed=np.nan), (801, 799), ".i"),
    (ClockThrottling(), slowed, (0.0, 0.019, 0.021, 0.2), "iiww"),
    (ClockThrottling(slower=0.1), slowed, (0.09, 0.11), "iw"),
    (ClockThrottling(), lambda n: machine("smClock", stretch(1000, 800, points=n)), (4, 5), ".i"),
    (ClockThrottling(minutes=5), lambda n: machine("smClock", stretch(1000, 800, points=n)), (9, 10), ".i"),
    (ClockThrottling(), lambda s: machine("smClock", stretch(1000, 800, points=5), seconds=s), (23.9, 24), ".i"),
    (ClockThrottling(), lambda use: machine("smClock", stretch(1000, 800), system__gpu__0__gpu=use), (49, 50), ".i"),
    (ClockThrottling(), lambda n: machine("smClock", stretch(1000, 800, n - 6, 6, n), n), (14, 15, 24), ".ii"),
    (ClockThrottling(), lambda lost: capped("CLOCK_THROTTLE_REASONS_POWER", lost), (0.0, 0.019, 0.021), "..w"),
    (ClockThrottling(), lambda lost: capped("CLOCK_THROTTLE_REASONS_THERMAL", lost), (0.0, 0.019, 0.021), "iiw"),
    (ClockThrottling(), lambda n: capped("CLOCK_THROTTLE_REASONS_THERMAL", 0.1, n), (4, 5), ".w"),
]  # fmt: skip


def counted(name, rises, before=0.0, first=100):
    return machine("temp", 60.0, **{name: before + stretch(0, rises, first, ROWS)})


ERRORS = [
    (GpuErrors(), lambda n: counted("system__gpu__0__correctedMemoryErrors", n), (0, 1, 999, 1000), ".iiw"),
    (GpuErrors(corrected=5), lambda n: counted("system__gpu__0__correctedMemoryErrors", n), (4, 5), "iw"),
    (GpuErrors(), lambda n: counted("system__gpu__0__uncorrectedMemoryErrors", n), (0, 1), ".e"),
    (GpuErrors(), lambda n: counted("system__gpu__0__uncorrectedMemoryErrors", 0, n), (0, 1), ".i"),
    (GpuErrors(), lambda n: counted("DCGM_FI_DEV_XID_ERRORS.0", n), (0, 13, 31, 43, 48, 79), ".wwwee"),
]  # fmt: skip


EDGES = [*HEAT, *MEMORY, *UNDERUSED, *OUTLIER, *THROTTLING, *ERRORS]


@pytest.mark.parametrize(("rule", "make", "knobs", "expected"), EDGES)
def test_each_side_of_the_edge(rule, make, knobs, expected):
    assert marks(rule, make, knobs) == expected
