import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runlens.stats.blocks import block_midmeans, without_outliers


@given(st.integers(0, 300), st.integers(1, 70))
def test_a_block_is_the_mean_of_its_middle_half(n, size):
    x = np.random.default_rng(n).normal(0, 1, n)
    got = block_midmeans(x, size)
    full, rest = divmod(n, size)
    assert len(got) == full + bool(full and 2 * rest >= size)
    for i in range(full):
        part = np.sort(x[i * size : (i + 1) * size])
        assert got[i] == pytest.approx(part[size // 4 : size - size // 4].mean())


def test_a_quarter_of_pauses_does_not_move_a_block():
    x = np.ones(64)
    x[::4] = 100.0
    assert block_midmeans(x, 32).tolist() == [1.0, 1.0]


def test_blocks_need_a_size():
    with pytest.raises(ValueError, match="at least one point"):
        block_midmeans(np.ones(3), 0)


def test_single_wild_points_go_and_a_step_stays():
    x = np.random.default_rng(0).normal(0, 0.01, 200)
    x[100:] += 1.0
    wild = x.copy()
    wild[[20, 60, 150]] = [5.0, -5.0, 9.0]
    tame = without_outliers(wild)
    assert np.abs(tame - x).max() < 0.1
    assert np.abs(without_outliers(x) - x).max() < 0.06
    assert without_outliers(np.array([1.0, 9.0])).tolist() == [1.0, 9.0]
