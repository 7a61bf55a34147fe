import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from runlens.growing import Grown
from runlens.stats.decimate import extremes


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), max_size=300), st.integers(4, 50))
def test_extremes_keep_the_ends_the_range_and_a_trace_of_every_nan(values, points):
    value = np.array(values, dtype=np.float64)
    index = extremes(value, points)
    assert (np.diff(index) > 0).all()
    assert len(index) <= max(len(value) if len(value) <= points else 0, 1.5 * points + 4)
    if len(value):
        assert index[0] == 0 and index[-1] == len(value) - 1
        finite = value[~np.isnan(value)]
        if len(finite):
            kept = value[index][~np.isnan(value[index])]
            assert kept.min() == finite.min() and kept.max() == finite.max()
        assert np.isnan(value).any() == np.isnan(value[index]).any()


def test_one_spike_among_a_million_is_kept():
    value = np.zeros(1_000_000)
    value[654_321] = 9.0
    assert 654_321 in extremes(value, 400)


def test_buckets_of_a_curve_that_grows_are_found_once_where_they_keep_their_size():
    rng = np.random.default_rng(0)
    value = rng.normal(0, 1, 120_000)
    grown = Grown(np.float64)
    done = 0
    for n in [*range(1000, 20_000, 1000), *range(100_000, 120_001, 1000)]:
        grown.extend(value[done:n])
        done = n
        assert extremes(grown.view(), 400).tolist() == extremes(value[:n], 400).tolist()
        assert n > 50_000 or not grown.facts, "short buckets have another size soon"
    assert len(grown.facts) <= 9, "of three sizes at most"
