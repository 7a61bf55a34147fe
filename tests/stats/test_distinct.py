import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from runlens.stats.distinct import distinct


@settings(deadline=None)
@given(st.lists(st.integers(-5, 5)))
def test_it_is_what_numpy_says(values):
    assert distinct(np.array(values, dtype=np.int64)).tolist() == np.unique(np.array(values, dtype=np.int64)).tolist()
