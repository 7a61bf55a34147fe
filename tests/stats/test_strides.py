import numpy as np
import pytest

from runlens.stats.strides import evened, main_stride


def test_a_dense_start_is_thinned():
    step = np.concatenate([np.arange(2, 101, 2), np.arange(1000, 20_001, 1000)])
    assert main_stride(step) == 1000
    assert step[evened(step)].tolist() == [100, *range(1000, 20_001, 1000)]


@pytest.mark.parametrize("every", [1, 10, 1000])
def test_an_even_log_stays(every):
    step = np.arange(0, 200 * every, every)
    assert main_stride(step) == every and evened(step) is None
    assert evened(np.concatenate([step, step[100:]])) is None, "a resume is no change of stride"
    assert evened(np.delete(step, [5, 50, 51, 120])) is None, "a gap is none either"


def test_a_wavering_stride_stays():
    step = np.cumsum(np.random.default_rng(0).integers(90, 111, 300))
    assert evened(step) is None


def test_a_stride_that_grows_by_ten_is_evened_to_the_one_that_covers_more():
    step = np.concatenate([np.arange(0, 1000), np.arange(1000, 20_000, 10)])
    kept = step[evened(step)]
    assert np.sort(np.diff(kept))[1] >= 5, "but for one pair where the stride changes"
    assert np.diff(kept[kept > 1010]).tolist() == [10] * (len(kept[kept > 1010]) - 1)
    dense = np.concatenate([np.arange(0, 5000), np.arange(5000, 6000, 10)])
    assert evened(dense) is None


def test_short_logs_stay():
    assert evened(np.array([1, 2])) is None and evened(np.empty(0, dtype=np.int64)) is None
