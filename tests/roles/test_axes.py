"""Series on the training step: whose steps each gets, and what is shared."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.model import PlacedSeries, Run, Series
from runlens.roles import resolve
from runlens.roles.axes import AS_LOGGED, StepAxis, same_x
from runlens.roles.names.claim import Claim

N = 200
CALL = np.arange(N)
TIME = 1.7e9 + np.arange(N) * 5.0
LOSS = Series("train/loss", CALL, TIME, 3.0 + 5.0 * (1 + np.arange(N)) ** -0.5)
COUNTER = Series("train/global_step", CALL, TIME, CALL * 10.0)
OTHER = Claim("other")


def logged(*series: Series) -> Run:
    return resolve(Run("r", "r", "r", series={s.name: s for s in series}))


def few(name: str, calls: list[int]) -> Series:
    at = np.array(calls, dtype=np.int64)
    return Series(name, at, TIME[at], np.arange(len(at), dtype=float))


def test_a_series_of_the_same_length_and_ends_gets_steps_of_its_own():
    calls = list(range(0, 200, 5)), [*range(39), 195]
    one, other = few("eval/loss", calls[0]), few("val/loss", calls[1])
    placed = logged(LOSS, COUNTER, one, other).placed
    assert placed["eval/loss"].step.tolist() == [10 * call for call in calls[0]]
    assert placed["val/loss"].step.tolist() == [10 * call for call in calls[1]]


def test_series_that_are_alike_at_most_points_are_told_apart():
    calls = list(range(100))
    other = [*calls[:55], 55, *calls[55:99]]
    placed = logged(LOSS, COUNTER, few("a", calls), few("b", other)).placed
    assert placed["b"].step.tolist() == [10 * call for call in other]


def test_a_series_at_the_same_x_but_other_times_gets_steps_of_its_own():
    axis = StepAxis(LOSS)
    late = TIME[[0, 40, 80, 199]]
    early = late.copy()
    early[1:3] = TIME[[3, 5]]
    monitor = Claim("gpu_temperature", axis="wall")
    for name, times, steps in (("a", late, [0, 40, 80, 199]), ("b", early, [0, 3, 5, 199])):
        series = Series(name, np.array([1, 31, 61, 10**6]), times, np.ones(4))
        assert axis.place(series, monitor)[0].step.tolist() == steps


def test_equal_columns_share_their_steps_and_a_series_is_placed_once():
    axis = StepAxis(LOSS, lookup=COUNTER)
    twins = [Series(name, CALL.copy(), TIME.copy(), LOSS.value) for name in "ab"]
    (a, _), (b, _) = (axis.place(twin, OTHER) for twin in twins)
    assert a.step is b.step and a.step.tolist() == (CALL * 10).tolist()
    assert axis.place(twins[0], OTHER)[0] is a


def test_what_stays_is_no_copy():
    run = logged(LOSS)
    placed = run.placed["train/loss"]
    assert placed is run.role("train_loss").series
    assert all(getattr(placed, column) is getattr(LOSS, column) for column in ("step", "time", "value"))


def test_every_logged_name_has_its_placed_series():
    run = logged(LOSS, COUNTER, few("nobody knows", [3, 5]))
    assert list(run.placed) == list(run.series) and len(run.placed) == 3
    assert "nobody knows" in run.placed and "nothing" not in run.placed
    assert run.placed["nobody knows"].step.tolist() == [30, 50]
    with pytest.raises(KeyError):
        run.placed["nothing"]


def test_an_empty_series_is_placed_as_it_is():
    placed, placing = StepAxis(LOSS, lookup=COUNTER).place(few("empty", []), OTHER)
    assert (len(placed), placing) == (0, AS_LOGGED)


@pytest.mark.parametrize(
    ("step", "time", "same"),
    [([1, 2], [0.0, np.nan], True), ([1, 2], [0.0, 1.0], False), ([1, 3], [0.0, np.nan], False), ([1], [0.0], False)],
)
def test_the_same_x_is_the_same_at_every_point(step, time, same):
    known = Series("a", np.array([1, 2]), np.array([0.0, np.nan]), np.zeros(2))
    assert same_x(known, Series("b", np.array(step), np.array(time), np.zeros(len(step)))) is same


def test_neither_kind_of_series_passes_for_the_other():
    assert not issubclass(Series, PlacedSeries) and not issubclass(PlacedSeries, Series)
    part = LOSS.take(slice(0, 3))
    assert type(part) is Series and type(PlacedSeries("a", part.step, part.time, part.value).latest()) is PlacedSeries


def test_how_a_series_was_placed_is_told_by_a_field():
    seconds = Series("monitor", np.array([5_000, 90_000]), TIME[[1, 30]], np.ones(2))
    how = [
        StepAxis(LOSS).place(LOSS, OTHER)[1].how,
        StepAxis(LOSS, lookup=COUNTER).place(LOSS, OTHER)[1].how,
        StepAxis(LOSS, divisor=4.0).place(LOSS, OTHER)[1].how,
        StepAxis(LOSS).place(seconds, Claim("gpu_power", axis="seconds"))[1].how,
    ]
    assert how == ["as-logged", "counter", "divided", "wall-time"]
