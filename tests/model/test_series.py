import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runlens.model import Series


def series(steps, values=None):
    steps = np.asarray(steps, dtype=np.int64)
    values = np.arange(len(steps)) if values is None else values
    return Series("loss", steps, np.full(len(steps), np.nan), values)


def test_columns_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match="one length"):
        Series("loss", np.arange(3), np.zeros(2), np.zeros(3))


def test_attempts_cut_only_where_the_step_goes_back():
    attempts = series([0, 1, 1, 2, 1, 2, 3]).attempts()
    assert [a.step.tolist() for a in attempts] == [[0, 1, 1, 2], [1, 2, 3]]
    assert series([]).attempts() == ()


def test_latest_takes_the_last_write_and_keeps_what_was_not_written_again():
    latest = series([0, 1, 2, 3, 1, 2]).latest()
    assert latest.step.tolist() == [0, 1, 2, 3]
    assert latest.value.tolist() == [0, 4, 5, 3]


def test_latest_keeps_nan_as_the_last_write():
    latest = series([0, 1, 1], [1.0, 2.0, np.nan]).latest()
    assert np.isnan(latest.value[1])


def test_between_is_inclusive():
    assert series([0, 5, 10]).between(5, 10).step.tolist() == [5, 10]


@given(st.lists(st.integers(-3, 8), max_size=40))
def test_latest_is_what_a_dictionary_would_hold(steps):
    written = {}
    for i, step in enumerate(steps):
        written[step] = float(i)
    latest = series(steps).latest()
    assert dict(zip(latest.step.tolist(), latest.value.tolist(), strict=True)) == written
    assert latest.step.tolist() == sorted(written)


@given(st.lists(st.integers(-3, 8), max_size=40))
def test_attempts_lose_nothing_and_never_go_back(steps):
    attempts = series(steps).attempts()
    assert [s for a in attempts for s in a.step.tolist()] == steps
    assert all((np.diff(a.step) >= 0).all() for a in attempts)
