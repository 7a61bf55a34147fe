import numpy as np
import pytest

from runlens.comparison.items import items_of


@pytest.mark.parametrize("items", [104, 600, 651, 1319, 10042])
def test_the_number_of_items_is_read_off_the_scores(items):
    rng = np.random.default_rng(items)
    scores = np.float32(rng.integers(items // 3, items, 12) / items).astype(np.float64)
    assert items_of(scores) == items


def test_rounded_or_few_scores_tell_nothing():
    rng = np.random.default_rng(0)
    assert items_of(np.round(rng.uniform(0.3, 0.6, 12), 3)) == 0
    assert items_of(np.array([0.5, 0.25])) == 0
    assert items_of(rng.uniform(0.3, 0.6, 12)) == 0
