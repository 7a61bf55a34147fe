"""Statistics on the shortest, the equal and the missing: what each guard lets through and what it stops."""

import math

import numpy as np
import pytest

from runlens.stats.changes.breaks import breaks, jumps, quantum
from runlens.stats.changes.progress import last_stall
from runlens.stats.decimate import extremes
from runlens.stats.excursions.level import decay_rate
from runlens.stats.excursions.outcome import ending
from runlens.stats.excursions.search import Excursion
from runlens.stats.excursions.spikescore import share_far_above
from runlens.stats.excursions.tail import fit_tail, gaussian
from runlens.stats.isotonic import isotonic
from runlens.stats.lag import explain, paired
from runlens.stats.periodicity import beat, in_a_row
from runlens.stats.ranks import laggards
from runlens.stats.robust import difference_sigma, standard_error_of_median, theil_sen
from runlens.stats.rolling import trailing_mean, trailing_min, trailing_std
from runlens.stats.smooth import checkpoint_noise
from runlens.stats.strides import evened, main_stride

NAN = math.nan


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (difference_sigma(np.array([1.0])), NAN),
        (difference_sigma(np.array([1.0, 3.0])), 1.4826 * 2 / math.sqrt(2)),
        (difference_sigma(np.array([1.0, NAN, 3.0])), 1.4826 * 2 / math.sqrt(2)),
        (standard_error_of_median(2.0, 4), math.sqrt(math.pi / 2)),
        (standard_error_of_median(2.0, 0), 2 * math.sqrt(math.pi / 2)),
        (theil_sen(np.array([1.0, 1.0, 2.0]), np.array([5.0, 5.0, 7.0]))[0], 2.0),
        (theil_sen(np.array([1.0, 1.0]), np.array([5.0, 6.0]))[0], NAN),
        (theil_sen(np.array([0.0, 1.0, NAN, 3.0]), np.array([0.0, 2.0, 9.0, NAN]))[0], 2.0),
        (theil_sen(np.arange(301.0), np.where(np.arange(301) == 300, 9e9, np.arange(301.0)))[0], 1.0),
        (trailing_mean(np.array([NAN, 4.0]), 2)[1], 4.0),
        (trailing_mean(np.array([NAN, 4.0]), 2)[0], NAN),
        (trailing_min(np.array([NAN, 4.0, 5.0]), 2)[1], 4.0),
        (trailing_std(np.array([1.0, 3.0]), 2)[0], NAN),
        (trailing_std(np.array([1.0, 3.0]), 2)[1], 1.0),
        (checkpoint_noise(np.array([1.0, 1, 2, 2]), 0.1), 0.1 * math.sqrt(4 / 5)),  # one degree of freedom
        (checkpoint_noise(np.array([1.0, 1, 2]), 0.1), 0.1),  # none
        (decay_rate(np.array([3.0, 2.0]), np.array([0.0, 1.0]), 2), 1 / math.log(2)),
        (decay_rate(np.array([2.0, 3.0]), np.array([0.0, 1.0]), 2), 0.0),
        (decay_rate(np.array([3.0, 2.0]), np.array([0.0, 1.0]), 1), 0.0),
    ],
)
def test_few_points_give_a_number_or_none(given, expected):
    assert given == pytest.approx(expected, nan_ok=True)


def test_half_the_slopes_of_a_line_may_be_wild_where_it_is_thinned():
    x = np.arange(900.0)
    assert theil_sen(x, 2 * x, most=3) == (2.0, 0.0)


@pytest.mark.parametrize(
    ("gaps", "tolerance", "period", "regular"),
    [
        ([0.3, 0.3], 0.0, 0.3, True),
        ([5.0], 0.0, 5.0, False),
        ([0.0, 0.0, 3.0], 0.0, 0.0, False),
        ([100, 100, 100, 100, 105], 0.0, 100, True),  # 5 % of the period
        ([100, 100, 100, 106, 106, 106.5], 0.0, 103, True),
        ([100, 100, 100, 108, 100], 8.0, 100, True),
        ([100, 100, 100, 140, 140], 8.0, 100, False),  # three of five
        ([100, 100, 100, 100, 140], 8.0, 100, True),  # four of five
        ([100, 100, 100, 100, 400, 400], 1.0, 100, True),  # three beats left out
        ([100, 100, 100, 100, 500, 500], 1.0, 100, False),
    ],
)
def test_a_beat_is_kept_by_four_of_five_intervals(gaps, tolerance, period, regular):
    found = beat(np.concatenate([[0.0], np.cumsum(gaps)]), tolerance)
    assert (found.period, found.regular) == (pytest.approx(period), regular)


def test_three_events_are_a_row_only_at_equal_intervals():
    assert in_a_row(np.array([0.0, 10, 20]), 0.1).all()
    assert not in_a_row(np.array([0.0, 10, 50]), 0.1).any()


@pytest.mark.parametrize(
    ("step", "kept"),
    [
        ([0, 0, 2, 2, 4, 4], None),  # repeated steps are no dense stretch
        ([0, 1, 2, 3, 4, 8, 12, 16, 20], [1, 3, 4, 5, 6, 7, 8]),
        ([0, 1], None),
        ([0, 3, 6, 9, 12], None),
    ],
)
def test_dense_points_are_thinned_to_half_a_stride(step, kept):
    found = evened(np.array(step))
    assert (None if found is None else found.tolist()) == kept


def test_a_stride_is_the_least_gap_where_gaps_differ_by_two_at_most():
    assert main_stride(np.cumsum([10, 10, 20, 20, 20, 20])) == 10
    assert main_stride(np.cumsum([10, 10, 21, 21, 21, 21])) == 21
    assert main_stride(np.array([5, 5, 5])) == 1


def test_a_nan_is_kept_at_its_first_place_in_each_bucket():
    value = np.linspace(0, 1, 1000)
    value[[500, 501]] = NAN
    kept = extremes(value, 20)
    assert 500 in kept and 501 not in kept
    assert extremes(np.arange(5.0), 3).tolist() != [0, 1, 2, 3, 4]
    assert extremes(np.arange(4.0), 3).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(("n", "found"), [(7, 0), (8, 1)])
def test_a_schedule_needs_eight_points(n, found):
    assert len(breaks(np.arange(float(n)), np.zeros(n))) == found


@pytest.mark.parametrize(
    ("first", "last", "zero", "found"),
    [
        (40, 65, 0.25, True),
        (40, 64, 0.25, False),
        (40, 44, 0.0, True),  # five points
        (40, 43, 0.0, False),
        (0, 60, 0.0, False),  # it was never positive before
    ],
)
def test_a_rate_of_zero_is_a_break_from_a_share_of_the_run(first, last, zero, found):
    rate = np.ones(101)
    rate[first : last + 1] = 0.0
    assert ("zero" in [b.kind for b in breaks(np.arange(101.0), rate, zero=zero)]) == found


@pytest.mark.parametrize(("times", "found"), [(1.49, False), (1.51, True), (1 / 1.49, False), (1 / 1.51, True)])
def test_a_jump_is_a_factor_of_one_and_a_half(times, found):
    rate = np.where(np.arange(100) < 50, 1.0, times) * (1 - 1e-5 * np.arange(100))
    assert bool(len(jumps(np.arange(100.0), rate))) == found


def test_two_levels_do_not_tell_how_a_log_rounds():
    assert quantum(np.array([0.0, 2.0, 4.0])) == 0.0
    assert quantum(np.array([2.0, 4.0, 6.0])) == 2.0


@pytest.mark.parametrize(("n", "told"), [(31, False), (32, True)])
def test_a_stall_needs_32_points(n, told):
    y = np.where(np.arange(n) < n // 2, np.linspace(3, 1, n), 2.0)
    assert (last_stall(y, np.arange(n), 0.2) is not None) == told
    assert last_stall(y, np.zeros(n), 0.2) is None


def test_a_curve_without_progress_has_none_to_lose():
    y = np.append(np.ones(200), np.full(100, 2.0))
    one = Excursion(200, 200, 300, 1, 1.0, 1.0, 0.01, False)
    assert math.isnan(ending(y, np.arange(300.0), one, 300, 15, 150).lost)


def test_nothing_is_far_above_before_the_window_is_full():
    x = np.append(np.tile([0.0, 1.0], 5), [9.0])
    assert share_far_above(x, 10, 3.0) == 1 / 11
    assert share_far_above(x, 11, 3.0) == 0.0
    mean, sd = 0.5, 0.5
    assert [share_far_above(np.append(x[:-1], mean + k * sd), 10, 3.0) for k in (2.99, 3.01)] == [0.0, 1 / 11]


@pytest.mark.parametrize(("n", "high"), [(19, gaussian(0.05)), (20, 9.0 * 20 / 120 + gaussian(0.2) * 100 / 120)])
def test_a_tail_needs_twenty_points(n, high):
    assert fit_tail(np.full(n, 9.0)).high == pytest.approx(high)


def test_a_share_of_a_curve_counts_so_much_of_its_deviance():
    x = np.log(np.geomspace(1e9, 1e11, 12))
    whole, half = (paired(x, 0.05 * x, x[-3:], 0.05 * x[-3:] - 0.1, 0.01, 0.01, *w) for w in ((), (0.5,)))
    assert whole.weight == 1.0
    assert explain(half, x[-1]).own == pytest.approx(0.5 * explain(whole, x[-1]).own)


@pytest.mark.parametrize(("ranks", "found"), [(2, 0), (3, 1)])
def test_two_ranks_have_no_majority(ranks, found):
    times = np.ones((ranks, 5))
    times[0] = 2.0
    assert len(laggards(times, 1.05, 6.0, 3)) == found


@pytest.mark.parametrize(
    ("slow", "found"), [([0, 1], []), ([0, 1, 3], [(0, 3)]), ([0, 1, 4], []), ([0, 1, 2, 5], [(0, 2)])]
)
def test_a_lag_bridges_one_window(slow, found):
    times = np.ones((4, 8))
    times[1, slow] = 1.2
    assert [(lag.first, lag.last) for lag in laggards(times, 1.05, 6.0, 3)] == found


def test_an_isotonic_fit_of_one_point_is_that_point():
    assert isotonic(np.array([3.0])).tolist() == [3.0]
