"""HW001-HW006 just below and just above each limit: `.` silent, `-` skipped, `i`nfo, `w`arning, `e`rror."""

from dataclasses import replace

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


def hot_clock(to, slower):
    """A hot GPU whose clock is that many thousandths lower; its speed is not known."""
    return machine("temp", stretch(60, to), speed=np.nan, system__gpu__0__smClock=stretch(1000, 1000 - slower))


def always_hot(slower):
    clocks = {"system__gpu__0__smClock": 1000.0 - slower, "system__gpu__1__smClock": 1000.0}
    return machine("temp", 88.0, speed=np.nan, **clocks)


def paused(what, value, seconds, at=86, **more):
    """Nobody samples for so many seconds before the row `at`."""
    return machine(what, value, later=np.where(np.arange(len(value)) >= at, seconds, 0.0), **more)


HEAT = [
    (GpuOverheating(), heat(), (84.9, 85, 89.9, 90, 94.9, 95), ".iiwwe"),
    (GpuOverheating(limit=70), heat(), (69, 70), ".i"),
    (GpuOverheating(critical=86), heat(), (85, 86), "iw"),
    (GpuOverheating(), lambda n: machine("temp", stretch(60, 88, points=n)), (2, 3), ".i"),
    (GpuOverheating(), lambda s: machine("temp", stretch(60, 88, points=5), seconds=s), (11.9, 12), ".i"),
    (GpuOverheating(minutes=3), lambda n: machine("temp", stretch(60, 88, points=n)), (5, 6), ".i"),
    (GpuOverheating(), lambda n: machine("temp", stretch(60, 88, points=n), times=False), (2, 3), ".i"),
    (GpuOverheating(), lambda to: machine("temp", 60.0, **{HBM: stretch(60, to)}), (94, 95, 99), ".ii"),
    (GpuOverheating(memory_limit=80), lambda to: machine("temp", 60.0, **{HBM: stretch(60, to)}), (79, 80), ".i"),
    (GpuOverheating(), drifting, (11.7, 11.9, 14), ".ii"),  # 9 of 12 blocks of nine tenths see it
    (GpuOverheating(drift=5), drifting, (7.3, 7.5), ".i"),
    (GpuOverheating(), lambda m: drifting(14, minutes=m), (59.9, 60.1), ".i"),
    (GpuOverheating(drift_minutes=20), lambda m: drifting(14, minutes=m), (19.9, 20.1), ".i"),
    (GpuOverheating(), lambda n: drifting(14, rows=n), (40, 47, 48), "..i"),
    (GpuOverheating(), lambda p: drifting(14, system__gpu__0__powerWatts=500 + p * RAMP), (0, 10, 20, -50), "ii.i"),
    # what it did: to the speed, to the clock, or nothing that is known
    (GpuOverheating(), lambda p: machine("temp", stretch(60, 88), speed=stretch(1000, 1000 - p)), (19, 21), "iw"),
    (GpuOverheating(), lambda p: hot_clock(88, p), (0, 19, 21), "iiw"),
    (GpuOverheating(), lambda to: hot_clock(to, 0), (89.9, 90), "iw"),
    (GpuOverheating(), lambda to: machine("temp", stretch(60, to), speed=np.nan), (88, 89.9, 90), "iie"),
    (GpuOverheating(), lambda p: machine("temp", stretch(60, 94), speed=stretch(1000, 1000 - p)), (19, 21), "we"),
    (GpuOverheating(), lambda to: machine("temp", 60.0, **{HBM: stretch(60, to)}), (104.9, 105), "iw"),
    (GpuOverheating(), lambda to: drifting(to - 60), (80, 80.7, 81.2), "iiw"),  # the last block stands at 80
    # hot from first to last, beside the highest clock of the node
    (GpuOverheating(), lambda p: always_hot(p), (0, 99, 101), "iiw"),
    # a pause of the sampler between two hot stretches of half a minute each
    (GpuOverheating(minutes=5), lambda s: paused("temp", stretch(60, 88, points=12), s), (269, 271, 3600), "i.."),
]  # fmt: skip


def grown(total, rows=ROWS, first=50.0, state="running", **more):
    run = machine("memoryAllocatedBytes", GB * (first + total * np.linspace(0, 1, rows)), rows, **more)
    return replace(run, state=state)


def planned(total, steps):
    return replace(grown(total), config={"max_steps": steps})


def stopping(rate):
    """It grows by a GB every ten rows, and at so much of that in the last fifth of what follows the first tenth."""
    each = np.where(np.arange(ROWS) < 0.82 * ROWS, 0.1, 0.1 * rate)
    return machine("memoryAllocatedBytes", GB * (50 + np.cumsum(each)))


def host(what, first, last):
    return machine("temp", 50.0, **{f"system__{what}": first + (last - first) * RAMP})


MEMORY = [
    (MemoryGrowth(), grown, (6.2, 6.4), ".i"),
    # 0.8 of it between the first and the last block of what follows the first tenth
    (MemoryGrowth(capacity_gb=80), grown, (6.2, 6.4, 10, 10.4), ".iiw"),  # full after twice as long again
    (MemoryGrowth(capacity_gb=80, horizon=1), grown, (15.2, 15.5), "iw"),
    (MemoryGrowth(growth=0.02, capacity_gb=52.5), grown, (1.2, 1.3), ".w"),
    (MemoryGrowth(capacity_gb=80), lambda total: grown(total, first=60), (14, 16, 16.2, 17), "wwwe"),
    (MemoryGrowth(capacity_gb=80, soon=1.0), lambda total: grown(total), (9, 15.2, 15.5, 17), "iwee"),
    (MemoryGrowth(capacity_gb=120), lambda n: grown(20, rows=n), (14, 15), "-i"),
    (MemoryGrowth(capacity_gb=72), lambda n: grown(20, rows=n), (14, 15), "-e"),
    (MemoryGrowth(capacity_gb=72, points=60), lambda n: grown(20, rows=n), (59, 60), "-e"),
    # the plan: 2,000 steps were done, and it is full at step 4,000
    (MemoryGrowth(capacity_gb=80), lambda n: planned(15.2, n), (2100, 3200, 3400, 40_000), "iiww"),
    # the device is assumed: 64 GB
    (MemoryGrowth(), lambda total: grown(total, first=43), (15.5, 17.5), "iw"),
    # a run that is over, and how full it was
    (MemoryGrowth(capacity_gb=80), lambda total: grown(total, state="finished"), (21, 23), "iw"),
    (MemoryGrowth(capacity_gb=80), lambda total: grown(total, state="crashed"), (21, 25.5), "we"),
    # what stops: the last fifth grows at so much of the rate before
    (MemoryGrowth(capacity_gb=80), lambda rate: stopping(rate), (0.1, 0.2, 0.3, 1.0), "..ww"),
    # the host, whose size is known by the percentage alone
    (MemoryGrowth(), lambda to: host("memory_percent", 50, to), (60, 77, 95), "iwe"),
    (MemoryGrowth(), lambda to: host("proc__memory__rssMB", 5e3, to * 1e3), (7, 70), "ii"),
]  # fmt: skip


def shared(process):
    """GPU 0 works for others, GPU 1 for the run: it uses that one if its process is said to be there."""
    of_process = {f"system__gpu__process__{gpu}__gpu": 90.0 for gpu in process}
    return machine("gpu", stretch(95, 20), system__gpu__1__gpu=90.0, **of_process)


def used(**options):
    return lambda to: machine("gpu", stretch(95, to, **options))


def waiting(points, **more):
    return machine("gpu", stretch(95, 20, points=points), **more)


def idle(seconds, silent=0, **more):
    """A GPU that idles at 20 % for all of its 200 samples; the last `silent` of them have no row of the training."""
    speed = np.where(np.arange(ROWS) < ROWS - silent, 1000.0, np.nan)
    return machine("gpu", 20.0, seconds=seconds, speed=speed, **more)


UNDERUSED = [
    (GpuUnderused(), used(), (49.9, 50, 51), "i.."),
    (GpuUnderused(limit=70), used(), (69, 70), "i."),
    (GpuUnderused(), lambda n: machine("gpu", stretch(95, 20, points=n)), (19, 20), ".i"),
    (GpuUnderused(minutes=15), lambda n: machine("gpu", stretch(95, 20, points=n)), (29, 30), ".i"),
    (GpuUnderused(), lambda n: machine("gpu", stretch(95, 20, 150, n, 400), 400), (39, 40), ".i"),
    (GpuUnderused(), lambda n: machine("gpu", stretch(95, 20, 0, n)), (20, 39, 40), "..i"),
    (GpuUnderused(startup=2), lambda n: machine("gpu", stretch(95, 20, 0, n)), (20, 23, 24), "..i"),
    (GpuUnderused(), lambda n: machine("gpu", np.full(n, 20.0), n, seconds=120), (9, 10, 30), "-ii"),
    (GpuUnderused(), lambda t: machine("gpu", stretch(95, 20), times=t), (False, True), "-i"),
    (GpuUnderused(), shared, ([], [0, 1], [0], [1]), "iii."),
    # training is that much faster while the device idles
    (GpuUnderused(), lambda p: waiting(40, speed=stretch(1e3, 1e3 + 10 * p)), (-9, -4, 1, 3), "wiii"),
    # one of two that idles all along, and what it did at its best
    (GpuUnderused(), lambda to: machine("gpu", stretch(20, to), system__gpu__1__gpu=90.0), (20, 49, 51), "iiI"),
    # what it cost: training was so many thousandths slower for 40 minutes, or for ten; or GPU hours that were idle
    (GpuUnderused(), lambda p: waiting(80, speed=stretch(1000, 1000 - p, points=80)), (49, 51), "iw"),
    (GpuUnderused(), lambda p: waiting(20, speed=stretch(1000, 1000 - p, points=20)), (95, 110), "iw"),
    (GpuUnderused(), lambda s: idle(s), (226, 230), "iw"),
    (GpuUnderused(wasted=2), lambda s: idle(s), (47, 49), "iw"),
    (GpuUnderused(), lambda s: idle(s, reward_mean=1.0, policy_loss=1.0), (230, 1000), "ii"),
    # nothing of a training was logged in that stretch, or in so many rows of its 80
    (GpuUnderused(), lambda rows: idle(1000, silent=rows), (90, 101, 199), "wii"),
    # a card that rests while a training is logged; of a policy, while a model lies on it
    (GpuUnderused(), lambda use: resting(use=use), (9, 11), "wi"),
    (GpuUnderused(), lambda held: resting(held=held, **POLICY), (19, 21), "iw"),
    (GpuUnderused(), lambda drawn: resting(drawn=drawn, **POLICY), (9, 11), "wi"),
    (GpuUnderused(), lambda s: resting(seconds=s), (11, 13), "iw"),
    # a pause of the sampler between two idle stretches
    (GpuUnderused(), lambda s: paused("gpu", stretch(95, 20, points=36), s, 98), (269, 271, 3600), "i.."),
]  # fmt: skip


def resting(use=5.0, held=40.0, drawn=6.0, seconds=30, **logged):
    both = {"system__gpu__0__memoryAllocated": held, "system__gpu__0__powerPercent": drawn}
    return machine("gpu", use, seconds=seconds, **both, **logged)


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


def away(what, low, to, speed):
    return machine(what, stretch(low, to), gpus=4, speed=speed)


OUTLIER = [
    (GpuOutlier(), among, (10, 12), "i."),
    (GpuOutlier(sigmas=3), among, (20, 24), "i."),
    (GpuOutlier(), lambda away: warmer("smClock", away), (0, -4.9, -5.1, 4.9, 5.1), "..i.i"),
    (GpuOutlier(), lambda away: warmer("powerWatts", away), (0, -4.9, -5.1), "..i"),
    (GpuOutlier(), lambda away: warmer("fanSpeed", away), (0,), "i"),
    (GpuOutlier(), odd("temp", 60), (71, 72, 73), ".ii"),
    (GpuOutlier(degrees=20), odd("temp", 60), (79, 80), ".i"),
    (GpuOutlier(), odd("temp", 60), (48, 30), ".."),
    (GpuOutlier(), odd("powerWatts", 400), (341, 340, 459, 460), ".i.i"),
    (GpuOutlier(percent=30), odd("powerWatts", 400), (281, 280), ".i"),
    (GpuOutlier(), odd("gpu", 90), (77, 76), ".i"),
    (GpuOutlier(), lambda n: machine("powerWatts", stretch(400, 300), gpus=n), (3, 4), "-i"),
    (GpuOutlier(devices=6), lambda n: machine("powerWatts", stretch(400, 300), gpus=n), (5, 6), "-i"),
    (GpuOutlier(), lambda n: machine("powerWatts", stretch(400, 300, points=n)), (40,), "-"),
    (GpuOutlier(), lambda n: machine("powerWatts", stretch(400, 300, points=n), gpus=4), (17, 24), ".i"),
    (GpuOutlier(), lambda n: machine("powerWatts", np.where(np.arange(n), 300.0, 400.0), n, gpus=4), (8, 9), "-i"),
    # training is so many thousandths slower meanwhile, or nobody knows
    (GpuOutlier(), lambda p: away("powerWatts", 400, 300, stretch(1000, 1000 - p)), (-30, 0, 19, 21), "iiiw"),
    (GpuOutlier(), lambda to: away("powerWatts", 400, to, np.nan), (300, 500), "ii"),
    (GpuOutlier(), lambda to: away("smClock", 1700, to, np.nan), (1460, 1440, 1960), ".wi"),
    (GpuOutlier(), lambda p: away("smClock", 1700, 1400, stretch(1000, 1000 - p)), (19, 21), "iw"),
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
    (ClockThrottling(), lambda p: capped("CLOCK_THROTTLE_REASONS_POWER", p / 1000), (19, 21, 49, 51), ".iiw"),
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


POLICY = {"reward_mean": 1.0, "policy_loss": 1.0}

EDGES = [*HEAT, *MEMORY, *UNDERUSED, *OUTLIER, *THROTTLING, *ERRORS]


@pytest.mark.parametrize(("rule", "make", "knobs", "expected"), EDGES)
def test_each_side_of_the_edge(rule, make, knobs, expected):
    assert marks(rule, make, knobs) == expected
