import numpy as np
import pytest

from runlens.stats.excursions.tail import fit_tail, gaussian


def noise(kind, n, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal(n) if kind == "gaussian" else rng.standard_t(4, n) / 1.1


@pytest.mark.parametrize("n", [0, 5, 19])
def test_few_points_have_the_tail_of_gaussian_noise(n):
    tail = fit_tail(np.full(n, 9.0))
    assert (tail.low, tail.high) == (gaussian(0.2), gaussian(0.05))


@pytest.mark.parametrize("n", [40, 300, 5000, 400_000])
def test_a_tail_is_never_lighter_than_gaussian_noise(n):
    tail = fit_tail(0.1 * noise("gaussian", n))
    assert tail.quantile(1e-6) >= gaussian(1e-6) * 0.99


def test_the_bar_follows_the_tail_but_not_eight_wild_points():
    calm = noise("gaussian", 20_000)
    wild = calm.copy()
    wild[:: len(wild) // 8] = 400.0
    assert fit_tail(wild).bar(1, 1) < 1.3 * fit_tail(calm).bar(1, 1)
    assert fit_tail(noise("student", 20_000)).bar(1, 1) > 1.7 * fit_tail(calm).bar(1, 1)


@pytest.mark.parametrize("kind", ["gaussian", "student"])
def test_noise_carried_on_stays_under_its_bar(kind):
    tail = fit_tail(noise(kind, 50_000, 1))
    assert noise(kind, 1_000_000, 2).max() < tail.bar(1, 1)


def test_company_lowers_the_bar():
    tail = fit_tail(noise("gaussian", 10_000))
    bars = [tail.bar(*cluster) for cluster in ((1, 1), (2, 3), (3, 5), (5, 9))]
    assert bars == sorted(bars, reverse=True)


def test_points_that_are_not_finite_are_left_out():
    z = noise("gaussian", 5000)
    holed = np.concatenate([z, np.full(500, np.nan), np.full(500, np.inf)])
    assert fit_tail(holed) == fit_tail(z)
