"""When several tasks together are proof of a lag: each bar just missed and just met."""

from __future__ import annotations

import pytest

from runlens.comparison.joint import ALONE, COURSE, STILL, WITH, Bar, Joint, clear
from runlens.stats.gap import Gap
from runlens.stats.lag import Lag


def found(last, course, now=1.4, interval=(0.96, 2.4)):
    """A steady lag, its gap `last` standard deviations behind, its whole course by `course`."""
    lag = Lag(now, interval, now, interval, "steady", (now,), 1.0, now, interval)
    return Joint(lag, Gap(-0.02, (-0.04, 0.001), -last), -course)


ABOVE, BELOW = 1.001, 0.999


@pytest.mark.parametrize(
    ("last", "course", "proven"),
    [
        (STILL * ABOVE, COURSE * ABOVE, True),
        (STILL * BELOW, COURSE * ABOVE, False),
        (STILL * ABOVE, COURSE * BELOW, False),
        (ALONE * ABOVE, COURSE * BELOW, False),
        (-STILL, COURSE * 3, False),
    ],
)
def test_a_course_proves_a_lag_whose_last_checkpoints_do_not(last, course, proven):
    assert clear(found(last, course), Bar()) is proven


def test_a_course_proves_no_lag_too_small_to_be_said():
    assert not clear(found(3.0, 9.0, now=1.049), Bar()) and clear(found(3.0, 9.0, now=1.05), Bar())


@pytest.mark.parametrize(
    ("last", "course", "proven"),
    [
        (ALONE * ABOVE, 0.0, True),
        (ALONE * BELOW, 0.0, False),
        (WITH * ABOVE, WITH * ABOVE, True),
        (WITH * BELOW, WITH * ABOVE, False),
        (WITH * ABOVE, WITH * BELOW, False),
    ],
)
def test_a_small_lag_is_proven_by_the_gap(last, course, proven):
    assert clear(found(last, course, now=1.1, interval=(1.01, 1.2)), Bar()) is proven
