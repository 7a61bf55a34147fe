"""LOG001-LOG005 just below and just above each limit: `.` silent, `-` skipped, `i`nfo, `w`arning, `e`rror."""

from dataclasses import replace

import numpy as np
import pytest

from runlens.model import Note
from runlens.rules.log.bad_end import BadEnd
from runlens.rules.log.clock_jump import ClockJump
from runlens.rules.log.restart import Restart
from runlens.rules.log.stale import StaleRun
from runlens.rules.log.step_gap import StepGap
from runlens.rules.log.unreadable import UnreadableData
from tests.rules.saying import START, marks, run_of

HOUR, DAY, YEAR = 3600.0, 86_400.0, 365.25 * 86_400.0


def logged(step, time=None, **fields):
    """A run that logged a loss at these steps."""
    step = np.asarray(step)
    return run_of({"loss": 3.0 - 1e-4 * np.arange(len(step))}, step=step, time=time, **fields)


def unread(share, kind="damaged"):
    return replace(logged(np.arange(20)), notes=(Note(kind, "Lost.", 1, round(1000 * share), 1000),))


UNREADABLE = [
    (UnreadableData(), unread, (0.0, 0.001, 0.049, 0.05), "wwwe"),
    (UnreadableData(error_share=0.2), unread, (0.199, 0.2), "we"),
    (UnreadableData(), lambda share: unread(share, "unsupported"), (0.0, 0.049, 0.05), "iie"),
]


def lost_cells(share):
    """A reader's note that so much of the loss could not be read."""
    return replace(logged(np.arange(20)), notes=(Note("damaged", "Lost.", 1, series="loss", share=share),))


UNREADABLE += [
    (UnreadableData(), lost_cells, (0.009, 0.011, 0.19, 0.21), "iwwe"),
    (UnreadableData(series_warning=0.1), lost_cells, (0.09, 0.11), "iw"),
    (UnreadableData(series_error=0.5), lost_cells, (0.49, 0.51), "we"),
]


def resumed(at, back, times=1, n=100, each=1.0):
    """A log of `n` steps that goes back `back` steps at `at`, so often; later writes stand later."""
    step = np.concatenate([np.arange(at), *[np.arange(at - back, at)] * (times - 1), np.arange(at - back, n)])
    return logged(step, START + each * np.arange(len(step)))


def stuck(times, at=40, n=400):
    """A log that ends at the same step so often and goes on at last."""
    step = np.concatenate([np.arange(at), *[np.arange(at - 5, at)] * times, np.arange(at - 5, n)])
    return logged(step, START + np.arange(len(step)))


def two_writers(shared):
    """Two attempts, the second of which began so much of its time before the first had ended."""
    one = np.arange(100.0)
    two = one + 100 * (1 - shared)
    return logged(np.tile(np.arange(100), 2), START + np.concatenate([one, two]))


def started(again):
    """A run that was started again after so many rows without doing a step twice."""
    return logged(np.arange(100), starts=(START, START + again))


RESTART = [
    (Restart(), lambda back: resumed(50, back), (1, 2, 3, 30), ".iii"),
    (Restart(), lambda times: resumed(60, 10, times), (2, 3), "IW"),  # three together: 30 of 130 steps
    (Restart(redone_share=0.25), lambda times: resumed(60, 10, times, 101), (3, 4), "Iw"),
    (Restart(), lambda back: resumed(60, back, 3, 97), (3, 4), "IW"),
    (Restart(), stuck, (2, 3), "Iw"),
    (Restart(stuck=5), stuck, (4, 5), "iw"),
    (Restart(), two_writers, (0.0, 0.08, 0.15, 0.9), "iiww"),
    (Restart(), started, (0.5, 50), "ii"),
    (Restart(), lambda again: logged(np.arange(100), starts=(START - 5, START + again)), (-1, 0, 1), "..i"),
    (Restart(), lambda again: logged(np.arange(100), starts=(START, START + again)), (99, 99.5), "i."),
]


def lost(points, n=400):
    """A log that lacks so many points in its middle."""
    return logged(np.delete(np.arange(n), np.arange(n // 2, n // 2 + points)))


def sparse(wide):
    """A log whose every tenth gap, and once a large one, is `wide` times the others."""
    gaps = np.where(np.arange(300) % 10 == 0, wide, 1)
    gaps[150] = 60
    return logged(np.cumsum(gaps))


GAP = [
    (StepGap(), lost, (9, 10, 18, 19), ".iiw"),
    (StepGap(points=30), lost, (29, 30, 40), ".ww"),
    (StepGap(), lambda points: lost(points, 4000), (9, 10, 99, 100), ".iiw"),
    (StepGap(warning_points=50), lambda points: lost(points, 4000), (49, 50), "iw"),
    (StepGap(), lambda points: lost(points, 1000), (48, 49), "iw"),  # 49 of 999 and the one on each side
    (StepGap(warning_share=0.2), lambda points: lost(points, 400), (77, 79), "iw"),
    (StepGap(), lambda n: logged(np.append(np.arange(n - 1), n + 40)), (9, 10), "-."),
    (StepGap(), sparse, (2, 15, 16), "ww."),
    (StepGap(spread=3.0), sparse, (20, 21), "w."),
    (StepGap(spread=70.0), lost, (50, 69), ".w"),
]


def quiet(seconds, pause=0.0, every=10.0, state="running"):
    """A run that was read so long after its last point."""
    time = START + every * np.arange(50) + pause * (np.arange(50) >= 25)
    return logged(np.arange(50), time, state=state, read_at=float(time[-1]) + seconds)


STALE = [
    (StaleRun(), quiet, (600, 601), ".w"),
    (StaleRun(least=1000), quiet, (1000, 1001), ".w"),
    (StaleRun(), lambda s: quiet(s, every=30.0), (900, 901), ".w"),
    (StaleRun(rows=50), lambda s: quiet(s, every=30.0), (1500, 1501), ".w"),
    (StaleRun(), lambda s: quiet(s, pause=390.0), (1200, 1201), ".w"),
    (StaleRun(pauses=5), lambda s: quiet(s, pause=390.0), (2000, 2001), ".w"),
    (StaleRun(), lambda state: quiet(9999, state=state), ("running", "finished", "crashed", "unknown"), "w---"),
    (
        StaleRun(live=True),
        lambda state: quiet(9999, state=state),
        ("running", "finished", "crashed", "unknown"),
        "wwww",
    ),
    (StaleRun(), lambda n: logged(np.arange(n), state="running", read_at=START + 9999), (2, 3), "-w"),
]


def jumped(seconds, steps_back=0):
    step = np.arange(100)
    step[50:] -= steps_back
    return logged(step, START + np.arange(100.0) + (np.arange(100) >= 50) * seconds)


def unset(seconds, first=1e6):
    """A clock that was set in the middle."""
    return logged(np.arange(100), first + np.arange(100.0) + (np.arange(100) >= 50) * seconds)


def future(read):
    """A log whose last point stands 25 hours after its first, read so long after that."""
    return logged(np.arange(9), START + np.array([*range(8), 9e4]), read_at=START + read)


CLOCK = [
    (ClockJump(), jumped, (0, -1.9, -2, -2.1, -60, -61), "...iiw"),
    (ClockJump(tolerance=10), jumped, (-11, -11.1), ".i"),
    (ClockJump(warning_jump=30), jumped, (-30, -31), "iw"),
    (ClockJump(), lambda s: jumped(s, steps_back=2), (-100,), "."),  # a resume may be written by another clock
    (ClockJump(), unset, (YEAR - 2, YEAR - 1), ".w"),
    (ClockJump(), lambda first: unset(YEAR, first), (1e9 - 60, 1e9), "w."),
    (ClockJump(), jumped, (10 * YEAR,), "."),
    (ClockJump(), future, (9e4 - DAY, 3599, 0), ".ww"),
    (ClockJump(), lambda time: logged(np.arange(2), START + np.array([0.0, time])), (np.nan, -9.0), "-i"),
]  # fmt: skip


def stopped(points, n=1000):
    """A log whose loss ends so many points before its learning rate."""
    t = np.arange(n)
    return run_of({"loss": np.where(t < n - points, 3.0 - 1e-4 * t, np.nan), "lr": 1e-4 + 1e-8 * t})


def planned(steps, state="finished"):
    """A run of so many steps of 1,000 that were planned."""
    return logged(np.arange(steps), state=state, config={"max_steps": 1000})


BAD_END = [
    (BadEnd(), planned, (949, 950), "w."),
    (BadEnd(plan=0.5), planned, (499, 500), "w."),
    (BadEnd(), lambda state: planned(950, state), ("crashed", "finished", "running"), "e.."),
    (BadEnd(), stopped, (9, 10, 199, 200), ".wwe"),
    (BadEnd(points=20), stopped, (19, 20), ".w"),
    (BadEnd(warning_share=0.05), stopped, (49, 50), ".w"),
    (BadEnd(error_share=0.4), stopped, (399, 400), "we"),
    (BadEnd(), lambda points: stopped(50, 50 + points), (9, 10), ".e"),
]

EDGES = [*BAD_END, *UNREADABLE, *RESTART, *GAP, *STALE, *CLOCK]


@pytest.mark.parametrize(("rule", "make", "knobs", "expected"), EDGES)
def test_each_side_of_the_edge(rule, make, knobs, expected):
    assert marks(rule, make, knobs) == expected
