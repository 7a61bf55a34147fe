"""TPUT001-TPUT006 just below and just above each limit: `.` silent, `-` skipped, `i`nfo, `w`arning, `e`rror."""

from dataclasses import replace

import numpy as np
import pytest

from runlens.rules.throughput.dips import RecurringDips
from runlens.rules.throughput.disagreement import ClockDisagreement
from runlens.rules.throughput.drift import ThroughputDrift
from runlens.rules.throughput.drop import ThroughputDrop
from runlens.rules.throughput.outside_band import OutsideBand
from runlens.rules.throughput.stall import Stall
from runlens.rules.throughput.straggler import Straggler
from tests.rules.saying import marks, run_of, said
from tests.synthetic import throughput as made

USUAL = made.TOKENS / made.STEP


def steady(n=1000, noise=0.0005):
    """Step times that hardly vary."""
    return made.STEP * np.exp(noise * np.random.default_rng(0).standard_normal(n))


def slower(share, first=500, last=999, n=1000, times=1):
    """A run that loses a share of its speed from one step to another; its steps are so many times as long."""
    seconds = steady(n)
    made.drop(seconds, first, last, share)
    return made.log(times * seconds)


def sliding(share, first=300, last=800, times=1):
    """A run that loses it bit by bit."""
    seconds = steady()
    made.ramp(seconds, first, last, share)
    return made.log(times * seconds)


def dear(make, times=100):
    """The same of steps that take minutes: the loss costs hours."""
    return lambda knob: make(knob, times=times)


def wandering(times, n=60):
    """A short run whose steps take longer bit by bit, and wander by 5 % besides."""
    rng = np.random.default_rng(0)
    off = rng.normal(size=n)
    for i in range(1, n):
        off[i] = 0.6 * off[i - 1] + 0.8 * off[i]
    seconds = 2.7 * times ** np.clip((np.arange(n) - 6) / (n - 15), 0, 1) * np.exp(0.05 * off)
    return run_of({"step_time": seconds, "loss": 3.0 - 0.001 * np.arange(n)})


COST = 600 / (500 * made.STEP * 0.3 / 0.7)
"""How many times as long steps are of which half are 30 % slower and cost ten minutes."""
DROP = [
    (ThroughputDrift(), wandering, (1.45, 1.55), ".w"),  # a third of the speed is lost, however the run moves
    # nine tenths of the least loss are enough, so that one of just that size is not found by luck
    (ThroughputDrop(), slower, (0.0222, 0.0229, 0.03, 0.149, 0.151), ".wwww"),
    (ThroughputDrop(), dear(slower), (0.0222, 0.0229, 0.03, 0.149, 0.151), ".wwwe"),
    (ThroughputDrop(), lambda times: slower(0.3, times=times), (COST - 0.1, COST + 0.1), "we"),  # ten minutes
    (ThroughputDrop(drop=0.05), slower, (0.044, 0.046), ".w"),
    (ThroughputDrop(petty_share=0.1), slower, (0.17, 0.25), "iw"),
    (ThroughputDrop(petty_share=0.9, petty_seconds=5), slower, (0.08, 0.11), "iw"),
    (ThroughputDrop(error_drop=0.3), dear(slower), (0.295, 0.305), "we"),
    (ThroughputDrop(), lambda points: slower(0.3, 500, 499 + points), (85, 95), "iw"),  # a brief dip is said
    (ThroughputDrop(min_points=50), lambda points: slower(0.3, 500, 499 + points), (40, 50), "iw"),
    (ThroughputDrop(), lambda points: slower(0.1, 200, 199 + points, 400), (35, 45), ".w"),  # a tenth of a short log
    (ThroughputDrop(), lambda n: slower(0.1, n // 2, n - 1, n), (23, 25, 26, 30), "--ww"),
    (ThroughputDrop(), lambda n: slower(0.3, 30 - n, 29, 30), (7, 8), "iw"),  # eight points make a level
    (ThroughputDrop(), lambda n: slower(0.3, n, 29, 30), (9, 10), "iw"),
    (ThroughputDrift(), dear(sliding), (0.02, 0.025, 0.145, 0.155), ".wwe"),
    (ThroughputDrift(), lambda first: sliding(0.3, first, 900), (3, 300), "ww"),  # a slope may begin with the log
    (ThroughputDrift(drop=0.06), sliding, (0.05, 0.055), ".w"),
    (ThroughputDrift(petty_share=0.05), sliding, (0.1, 0.12), "iw"),
    (ThroughputDrift(petty_share=0.9, petty_seconds=5), sliding, (0.1, 0.12), "iw"),
    (ThroughputDrift(error_drop=0.3), dear(sliding), (0.29, 0.31), "we"),
    (ThroughputDrift(), lambda first: sliding(0.1, first, first + 60), (940, 950), "i."),  # it must be seen to go on
    (ThroughputDrift(min_points=30), lambda first: sliding(0.1, first, first + 40), (940, 950), "i."),
]


def dipped(share, period=100, width=8, n=1000, noise=0.0005, times=1):
    """A run of which some steps of every period are slower."""
    seconds = steady(n, noise)
    made.dips(seconds, 50, period, width, share)
    return made.log(times * seconds)


def irregular(share):
    """Eight slow stretches at no beat."""
    seconds = steady()
    for at in np.cumsum(np.random.default_rng(3).choice([70, 95, 160, 131], 8)) + 20:
        made.drop(seconds, int(at), int(at) + 8, share)
    return made.log(seconds)


def so_often(times):
    """So many slow stretches."""
    seconds = steady()
    made.dips(seconds[: 100 * times + 40], 50, 100, 8, 0.4)
    return made.log(seconds)


DIPS = [
    (
        RecurringDips(),
        dear(dipped),
        (0.15, 0.16, 0.8, 0.81),
        ".wwe",
    ),  # they cost 1.5 % of the time, and a quarter of it
    (RecurringDips(depth=0.5, overhead=0.0), dipped, (0.33, 0.34), ".w"),
    (RecurringDips(overhead=0.05), dipped, (0.38, 0.40), ".w"),
    (RecurringDips(error_overhead=0.1), dear(dipped), (0.57, 0.6), "we"),
    (RecurringDips(), irregular, (0.2, 0.25), ".w"),
    (RecurringDips(irregular_overhead=0.06), irregular, (0.4, 0.45), ".w"),
    (RecurringDips(petty_seconds=0), lambda share: dipped(share, 10, 1), (0.34, 0.35), ".w"),  # single steps cost 5 %
    (RecurringDips(petty_seconds=0, single_overhead=0.1), lambda share: dipped(share, 10, 1), (0.52, 0.53), ".w"),
    (RecurringDips(), lambda n: dipped(0.5, 10, 1, n), (6000, 6300), "iw"),  # a minute
    (RecurringDips(), so_often, (2, 3), ".w"),
    (RecurringDips(times=5), so_often, (4, 5), ".w"),
    (RecurringDips(petty_seconds=0), lambda period: dipped(0.9, period, 1, 2000), (49, 50), "wi"),
    (RecurringDips(petty_seconds=0, pause_period=20), lambda period: dipped(0.75, period, 1, 2000), (19, 20), "wi"),
    (
        RecurringDips(petty_seconds=0, pause_period=5, pause_overhead=0.1),
        lambda share: dipped(share, 10, 1),
        (0.5, 0.6),
        "iw",
    ),
    (RecurringDips(petty_share=0.03), dipped, (0.25, 0.3), "iw"),
    (RecurringDips(petty_share=0.9, petty_seconds=3), dipped, (0.25, 0.3), "iw"),
    (RecurringDips(), lambda share: dipped(share, noise=0.03), (0.18, 0.2), ".w"),
    (RecurringDips(sigmas=9), lambda share: dipped(share, noise=0.03), (0.25, 0.28), ".w"),
]


def stalled(length, n=1000, every=1):
    """A run in whose middle one step takes so many seconds more."""
    seconds = steady(n * every)
    made.stall(seconds, n // 2 * every, length)
    return made.log(seconds, every=every)


def rowed(times):
    """Pauses of 8 s at every hundredth step, one of which is so many times as long."""
    seconds = steady()
    for at in range(99, 1000, 100):
        made.stall(seconds, at, 8)
    made.stall(seconds, 599, 8 * (times - 1))
    return made.log(seconds)


def stalls(count):
    """A run that stands still so often, for a minute and more, at no beat."""
    seconds = steady()
    for at in (112, 231, 398, 501, 747, 880)[:count]:
        made.stall(seconds, at, 60 + at / 10)
    return made.log(seconds)


def parked(count, length=7201):
    """A run that stood still for two hours so often, and for half a minute once."""
    seconds = steady()
    made.stall(seconds, 61, 30)
    for at in (231, 398, 747)[:count]:
        made.stall(seconds, at, length)
    return made.log(seconds)


def untold(length, score=""):
    """A stall in a run whose speed nothing but the clock beside its loss tells, or a rate of evaluation as well."""
    seconds = steady() * 4
    made.stall(seconds, 455, length)
    run = made.log(seconds)
    series = run.role("train_loss").series
    beside = {score: np.where(series.step % 100 == 0, 30.0, np.nan)} if score else {}
    return run_of({"loss": series.value, **beside}, series.step, series.time)


def at_last(length, before=0):
    """A run that stands still at its last point, or so many before it."""
    seconds = steady()
    made.stall(seconds, 999 - before, length)
    return made.log(seconds)


STALL = [
    (Stall(), untold, (59, 61), "iw"),
    (Stall(), lambda s: untold(s, "eval_samples_per_second"), (30,), "w"),
    (Stall(), at_last, (119, 121), "iw"),
    (Stall(), lambda before: at_last(60, before), (0, 1), "iw"),
    (Stall(), stalled, (4.95, 5.05, 1799, 1801, 7199, 7201), ".wweew"),
    (Stall(seconds=20), stalled, (19.9, 20.1), ".w"),
    (Stall(seconds=0.1), stalled, (0.98, 1.02), ".w"),
    (Stall(seconds=0.1, steps=50), stalled, (4.9, 5.1), ".w"),
    (Stall(), lambda s: stalled(s, 200, 200), (9.9, 10.1), ".i"),
    (Stall(interval=2.0), lambda s: stalled(s, 200, 200), (39, 41), ".w"),
    (Stall(interval=3.0), lambda s: stalled(s, 200, 400), (59, 61), ".i"),  # a minute at most
    (Stall(), lambda s: stalled(s, 5000, 10), (49, 51), "iw"),
    (Stall(petty_share=0.005), lambda s: stalled(s, 5000, 10), (24.9, 25.1), "iw"),
    (Stall(petty_share=0.5), lambda s: stalled(s, 5000, 10), (599, 601), "iw"),  # ten minutes are never small
    (Stall(petty_share=0.5, petty_seconds=20), lambda s: stalled(s, 5000, 10), (19, 21), "iw"),
    (Stall(), stalls, (3, 4), "Ww"),
    (Stall(most=5), stalls, (5, 6), "Ww"),
    (Stall(petty_share=0.0), parked, (0, 1, 2), "wWW"),
    (Stall(error_seconds=600), stalled, (599, 601, 2399, 2401), "weew"),
    (Stall(unusual=2), rowed, (1.9, 2.1), ".w"),
]


BAND = (0.97 * USUAL, 1.1 * USUAL)
OUTSIDE = [
    (OutsideBand(band=BAND), slower, (0.029, 0.031, 0.06, 0.175, 0.18), ".iwwe"),  # little below it costs little
    (OutsideBand(band=BAND, error_share=0.3), slower, (0.31, 0.33), "we"),
    (OutsideBand(band=(0.5 * USUAL, 1.01 * USUAL)), slower, (0.0,), "."),
    (OutsideBand(band=(0.5 * USUAL, 0.99 * USUAL)), slower, (0.0,), "i"),
    (OutsideBand(band=BAND, petty_share=0.1), slower, (0.16, 0.25), "ie"),
    (OutsideBand(band=BAND, petty_share=0.9, petty_seconds=5), slower, (0.05, 0.12), "iw"),
    (OutsideBand(band=BAND, petty_seconds=0), lambda points: slower(0.1, 500, 499 + points), (95, 100), ".w"),
    (
        OutsideBand(band=BAND, min_points=50, petty_seconds=0),
        lambda points: slower(0.1, 500, 499 + points),
        (50, 55),
        ".w",
    ),
    (OutsideBand(band=BAND), lambda n: slower(0.1, n // 4, n - 1, n), (23, 24), "-w"),
]


def ranked(slow, count=8, n=400, spread=0.0005):
    return made.ranks(1, count, n, slow, white=0.0005, spread=spread).run


def for_a_while(points):
    """Eight ranks of which one is a tenth slower for so many steps."""
    run = ranked(0.0)
    ranks = list(run.roles["step_time"])
    value = ranks[2].series.value.copy()
    value[100 : 100 + points] *= 1.1
    ranks[2] = replace(ranks[2], series=ranks[2].series.with_value(value))
    return replace(run, roles={"step_time": tuple(ranks)})


STRAGGLER = [
    (Straggler(), ranked, (0.048, 0.052, 0.19, 0.21), ".wwe"),
    (Straggler(ratio=1.2), ranked, (0.19, 0.21), ".e"),
    (Straggler(error_ratio=1.5), ranked, (0.48, 0.52), "we"),
    (Straggler(petty_share=0.1), ranked, (0.1, 0.5), "ie"),
    (Straggler(petty_share=0.9, petty_seconds=2), ranked, (0.06, 0.15), "iw"),
    (Straggler(), lambda spread: ranked(0.1, 16, spread=spread), (0.01, 0.014), "w."),
    (Straggler(sigmas=3), lambda spread: ranked(0.1, 16, spread=spread), (0.02, 0.03), "w."),
    (Straggler(), lambda count: ranked(0.3, count), (3, 4), "-e"),
    (Straggler(), for_a_while, (40, 50), ".w"),
    (Straggler(windows=5), for_a_while, (90, 100), ".w"),
    (Straggler(window=5, petty_seconds=0), for_a_while, (10, 15), ".w"),
    (Straggler(), lambda n: ranked(0.3, n=n), (7, 8), ".e"),
]


def beside(timer, change=1.0):
    """A run whose timer tells of so much of the time, and of so many times as much from its middle on."""
    run = made.log(steady(), form="step time")
    (told,) = run.roles["step_time"]
    value = told.series.value * timer * np.where(told.series.step > 500, change, 1.0)
    return replace(run, roles={**run.roles, "step_time": (replace(told, series=told.series.with_value(value)),)})


CLOCKS = [
    (ClockDisagreement(), lambda times: beside(1 / times), (1.49, 1.51), ".w"),
    (ClockDisagreement(factor=2.2), lambda times: beside(1 / times), (2.1, 2.3), ".w"),
    (ClockDisagreement(), lambda change: beside(1.0, change), (1.15, 1.3), ".i"),
    (ClockDisagreement(change=0.5), lambda change: beside(1.0, change), (1.5, 2.2), ".i"),
    (ClockDisagreement(min_points=900), lambda change: beside(1.0, change), (1.3,), "i"),
    (ClockDisagreement(petty_share=0.5), lambda times: beside(1 / times), (1.9, 2.3), "iw"),
    (ClockDisagreement(petty_share=0.9, petty_seconds=40), lambda times: beside(1 / times), (1.6, 1.75), "iw"),
]

EDGES = [*CLOCKS, *DROP, *DIPS, *STALL, *OUTSIDE, *STRAGGLER]


@pytest.mark.parametrize(("rule", "make", "knobs", "expected"), EDGES)
def test_each_side_of_the_edge(rule, make, knobs, expected):
    assert marks(rule, make, knobs) == expected


@pytest.mark.parametrize(("count", "findings"), [(1, 2), (2, 2), (3, 2)])
def test_runs_that_were_stopped_more_than_once_are_told_in_one_line(count, findings):
    told = said(Stall(petty_share=0.0), parked(count))
    assert len(told) == findings
    assert "stopped and started again" in told[-1].message
    assert told[-1].evidence.get("count", 1) == count
