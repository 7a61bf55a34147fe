import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runlens.stats.robust import finite, mad, median, quantile, theil_sen
from runlens.stats.rolling import block_median, centred_median, shifted, trailing_median, trailing_min

numbers = st.lists(st.one_of(st.just(np.nan), st.floats(-1e3, 1e3)), max_size=40).map(np.array)


@settings(deadline=None)
@given(x=numbers, window=st.integers(1, 12))
def test_moving_medians_are_those_of_each_window(x, window):
    half = window // 2
    for i, (trailing, centred) in enumerate(zip(trailing_median(x, window), centred_median(x, window), strict=True)):
        assert trailing == pytest.approx(median(x[max(0, i - window + 1) : i + 1]), nan_ok=True)
        around = x[max(0, i - half) : i + half + 1] if half else x[i : i + 1]
        assert centred == pytest.approx(median(around), nan_ok=True)


@settings(deadline=None)
@given(x=numbers, size=st.integers(1, 12))
def test_block_medians_drop_the_remainder(x, size):
    blocks = block_median(x, size)
    assert len(blocks) == len(x) // size
    for i, block in enumerate(blocks):
        assert block == pytest.approx(median(x[i * size : (i + 1) * size]), nan_ok=True)


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (0, [1, 2, 3]), (1, [np.nan, 1, 2]), (-1, [2, 3, np.nan]),
        (3, [np.nan] * 3), (-3, [np.nan] * 3), (9, [np.nan] * 3),
    ],
)  # fmt: skip
def test_a_series_is_moved_and_keeps_its_length(by, expected):
    assert np.array_equal(shifted(np.array([1.0, 2.0, 3.0]), by), expected, equal_nan=True)


def test_windows_longer_than_the_series_hold_all_of_it():
    assert trailing_min(np.array([3.0, 1.0, 2.0]), 99).tolist() == [3, 1, 1]
    assert len(trailing_median(np.empty(0), 5)) == 0
    with pytest.raises(ValueError, match="at least one point"):
        block_median(np.zeros(3), 0)


@settings(deadline=None)
@given(x=numbers, share=st.floats(0, 1))
def test_quantiles_and_medians_leave_out_what_is_not_finite(x, share):
    kept = finite(x)
    if not len(kept):
        assert np.isnan([median(x), mad(x), quantile(x, share)]).all()
        return
    assert median(x) == pytest.approx(np.median(kept))
    assert mad(x) == pytest.approx(np.median(np.abs(kept - np.median(kept))), abs=1e-9)
    assert quantile(x, share) == pytest.approx(np.quantile(kept, share), abs=1e-9)


def test_a_line_through_points_ignores_a_quarter_of_wild_ones():
    x = np.arange(100.0)
    y = 3.0 - 0.5 * x
    y[::4] += 1e3
    slope, intercept = theil_sen(x, y)
    assert (slope, intercept) == pytest.approx((-0.5, 3.0), abs=1e-6)
    assert np.isnan(theil_sen(np.ones(5), np.arange(5.0))).all()
