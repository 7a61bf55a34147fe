import numpy as np
import pytest

from runlens.stats.wander import GRID, whitening


@pytest.mark.parametrize("n", [12, 60])
def test_each_matrix_whitens_its_own_noise(n):
    w = whitening(n)
    assert len(w.matrices) == len(w.log_det) == len(GRID) + 1
    lag = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    for (memory, share), matrix, log_det in zip(GRID, w.matrices[1:], w.log_det[1:], strict=True):
        correlation = (1 - share) * np.eye(n) + share * np.exp(-lag / memory)
        assert np.allclose(matrix @ correlation @ matrix.T, np.eye(n), atol=1e-6)
        assert log_det == pytest.approx(0.5 * np.linalg.slogdet(correlation)[1], abs=1e-6)


def test_the_first_is_white_noise():
    w = whitening(20)
    assert np.allclose(w.matrices[0], np.eye(20)) and w.log_det[0] == 0.0
