import numpy as np
import pytest

from runlens.stats.gap import course_of, gap_of
from runlens.stats.isotonic import isotonic, monotone_curve
from runlens.stats.lag import REACH, explain, lag_of, paired
from runlens.stats.smooth import checkpoint_noise, smooth

X = np.log(np.geomspace(1e9, 1e11, 24))


def curve(x):
    return 0.25 + 0.05 * (x - X[0])


def pair(lag, noise=0.002, offset=0.002, at=X[-5:], trend=0.0, weight=1.0):
    shift = np.log(lag) + trend * (at - at[-1])
    return paired(X, curve(X), at, curve(at - shift), noise, offset, weight)


def explained(one):
    return explain(one, one.x[-1])


@pytest.mark.parametrize("lag", [1.0, 1.25, 1.5, 2.0, 3.0])
def test_a_shift_of_the_curve_is_found(lag):
    found = lag_of([explained(pair(lag))], X[-5:])
    assert found.factor == pytest.approx(lag, rel=0.02)
    assert found.interval[0] <= lag * 1.001 and found.interval[1] >= lag * 0.999
    assert found.trend == "steady"


def test_a_run_ahead_of_the_reference_has_a_factor_below_one():
    assert lag_of([explained(pair(0.8, at=X[-9:-4]))], X[-9:-4]).factor == pytest.approx(0.8, rel=0.02)


def test_more_tasks_make_a_narrower_interval():
    one = lag_of([explained(pair(1.5, 0.01, 0.01))], X[-5:])
    ten = lag_of([explained(pair(1.5, 0.01, 0.01)) for _ in range(10)], X[-5:])
    assert np.log(ten.interval[1] / ten.interval[0]) < 0.75 * np.log(one.interval[1] / one.interval[0])


def test_a_lag_that_grows_is_told_at_its_end():
    found = lag_of([explained(pair(2.0, 0.0005, 0.0005, trend=0.8))], X[-5:])
    assert found.trend == "widening" and found.now > found.factor > 1
    assert found.now == pytest.approx(2.0, rel=0.1)


def test_the_same_input_gives_the_same_figures():
    assert lag_of([explained(pair(1.5))], X[-5:]) == lag_of([explained(pair(1.5))], X[-5:])


def test_the_intervals_hold_the_truth_nineteen_times_in_twenty():
    rng, held = np.random.default_rng(3), 0
    for _ in range(60):
        p = pair(1.5, 0.004, 0.004)
        seen = p.value + 0.004 * rng.standard_normal(5) + 0.004 * rng.standard_normal()
        noisy = paired(X, p.reference + 0.004 * rng.standard_normal(len(X)), p.x, seen, 0.004, 0.004)
        low, high = lag_of([explained(noisy)], p.x).interval
        held += low <= 1.5 <= high
    assert held >= 51


def test_the_intervals_hold_the_truth_though_a_healthy_difference_wanders():
    rng, held, n = np.random.default_rng(5), 0, 60
    at = X[-13::3]
    wander = np.linalg.cholesky(np.exp(-np.abs(at[:, None] - at) / REACH))
    for _ in range(n):
        p = pair(1.5, 0.001, 0.008, at=at)
        seen = p.value + 0.001 * rng.standard_normal(5) + 0.008 * wander @ rng.standard_normal(5)
        noisy = paired(X, p.reference + 0.001 * rng.standard_normal(len(X)), at, seen, 0.001, 0.008)
        low, high = lag_of([explained(noisy)], at).interval
        held += low <= 1.5 <= high
    assert held >= 0.85 * n


def test_scatter_about_a_monotone_curve_is_drawn_towards_the_prior():
    rng = np.random.default_rng(0)
    rising = np.linspace(0, 1, 200)
    assert checkpoint_noise(rising + 0.03 * rng.standard_normal(200), 0.03) == pytest.approx(0.03, rel=0.2)
    assert checkpoint_noise(np.array([0.1, 0.2]), 0.05) == 0.05, "no degree of freedom: the prior stands"
    assert checkpoint_noise(rising + 0.1 * rng.standard_normal(200), 0.001) > 0.05


def test_isotonic_never_falls_and_keeps_the_mean():
    y = np.random.default_rng(1).standard_normal((30, 4))
    fit = isotonic(y)
    assert (np.diff(fit, axis=0) >= -1e-12).all()
    assert fit.mean(axis=0) == pytest.approx(y.mean(axis=0))
    assert isotonic(np.array([1.0, 3.0, 2.0])).tolist() == [1.0, 2.5, 2.5]
    assert isotonic(np.array([])).shape == (0,)


def test_the_curve_goes_through_rising_points_and_never_overshoots():
    y = np.array([0.0, 0.0, 1.0, 1.0])
    drawn = monotone_curve(np.arange(4.0), y)(np.linspace(0, 3, 50))
    assert drawn.min() >= 0 and drawn.max() <= 1 and (np.diff(drawn) >= -1e-12).all()


def test_tasks_that_disagree_widen_the_interval():
    def together(*lags):
        return lag_of([explained(pair(lag)) for lag in lags], X[-5:])

    apart, agreed = together(1.0, 1.0, 1.0, 4.0), together(1.5, 1.5, 1.5, 1.5)
    assert agreed.discord == 1 < apart.discord
    assert apart.interval[0] < 1 < agreed.interval[0]


def test_the_mean_gap_holds_what_both_sides_scatter():
    tasks = [explained(pair(1.5))]
    found = gap_of(tasks, np.ones(1))
    gap, (low, high) = found.mean, found.interval
    assert gap == pytest.approx(0.05 * np.log(1 / 1.5), rel=0.02) and low < gap < high < 0
    alone = np.sqrt(pair(1.5).lasting().mean() + 0.002**2 / 5)
    assert high - low > 2 * 1.96 * alone, "the reference's own error is in it"


def test_the_gap_is_told_in_standard_deviations_of_healthy_twins():
    found = gap_of([explained(pair(1.5))], np.ones(1))
    assert found.sigmas == pytest.approx(1.96 * found.mean / (found.mean - found.interval[0]), rel=1e-3)


def wandering(rng, x, offset=0.004, noise=0.001):
    """A healthy twin: a lasting difference that wanders, and scatter."""
    wander = np.linalg.cholesky(np.exp(-np.abs(x[:, None] - x) / REACH))
    return offset * wander @ rng.standard_normal(len(x)) + noise * rng.standard_normal(len(x))


def test_the_course_of_a_healthy_twin_is_a_standard_normal_number():
    rng = np.random.default_rng(4)
    said = []
    for _ in range(300):
        reference = curve(X) + 0.001 * rng.standard_normal(len(X))
        seen = paired(X, reference, X, curve(X) + wandering(rng, X), 0.001, 0.004)
        said.append(course_of([seen], np.ones(1)))
    assert abs(np.mean(said)) < 0.2 and 0.85 < np.std(said) < 1.15


def test_a_small_gap_of_the_whole_course_says_more_than_its_end():
    behind = paired(X, curve(X), X, curve(X) - 0.006, 0.001, 0.004)
    assert course_of([behind], np.ones(1)) < 1.3 * course_of([behind.last(5)], np.ones(1)) < 0


def test_an_interval_has_a_width_however_sure_it_is():
    lag = lag_of([explained(pair(3.0, 1e-6, 1e-6))], X[-5:])
    assert lag.interval[0] < lag.factor < lag.interval[1] or lag.interval[0] < lag.interval[1]


def test_a_curve_of_another_shape_widens_the_interval():
    flat = paired(X, curve(X), X[-5:], np.full(5, 0.35) + 0.01 * np.array([1, -1, 1, -1, 1]), 0.001, 0.0)
    fits = pair(1.5, 0.001, 0.0)
    wide, narrow = (lag_of([explained(p)], X[-5:]).interval for p in (flat, fits))
    assert np.log(wide[1] / wide[0]) > 3 * np.log(narrow[1] / narrow[0])


def test_a_trend_that_is_not_clear_is_allowed_for_at_the_end():
    lag = lag_of([explained(pair(1.3, 0.004, 0.004, trend=0.4))], X[-5:])
    assert lag.trend == "steady" and lag.end > lag.now and lag.end_interval[1] > lag.now_interval[1]


def test_a_curve_is_smoothed_as_far_as_its_noise_allows():
    rng = np.random.default_rng(5)
    bent = np.tanh(4 * (X - X.mean()))
    assert smooth(X, curve(X), 0.002).width == 0.4
    assert smooth(X, bent, 0.001).width < 0.1, "a bend that is no noise stays"
    noisy = smooth(X, curve(X) + 0.004 * rng.standard_normal(len(X)), 0.004)
    assert np.sqrt(np.mean((noisy(X) - curve(X)) ** 2)) < 0.7 * 0.004
    assert smooth(X[:2], curve(X[:2]), 0.002)(X[:2]) == pytest.approx(curve(X[:2]))
    assert noisy(X[-1:] + 1) == noisy(X[-1:]), "beyond the ends it keeps its last value"
