import numpy as np
import pytest

from runlens.stats.excursions.outcome import ending, limits
from runlens.stats.excursions.pyramid import all_excursions
from runlens.stats.excursions.search import Sensitivity
from runlens.stats.excursions.shift import kind_of

N = 2000
AT = 800


def judged(excess, seed=0, **options):
    """Ending and kind of the first excursion of a decay with something on top of it from position `AT` on."""
    step = np.arange(N, dtype=np.float64)
    y = np.log(2 + 8 * (1 + step / 20) ** -0.6) + 0.01 * np.random.default_rng(seed).standard_normal(N)
    y[AT:] += excess(np.arange(N - AT, dtype=np.float64))
    found = all_excursions(y, step, Sensitivity())
    one = found[0]
    until = found[1].first if len(found) > 1 else N
    end = ending(y, step, one, until, *limits(step, 500, 5000), **options)
    return end, kind_of(y, step, one, end, until)


SHAPES = {
    "recovered-fast": lambda t: 2.0 * np.exp(-t / 8),
    "recovered-slow": lambda t: 2.0 * np.exp(-t / 60),
    "plateaued": lambda t: 0.3 + 1.5 * np.exp(-t / 10),
    "diverged": lambda t: np.minimum(t / 100, 1.0) * 1.2,
}


@pytest.mark.parametrize("outcome", SHAPES)
def test_each_way_to_end(outcome):
    end, kind = judged(SHAPES[outcome])
    assert (end.outcome, kind) == (outcome, "spike")
    assert (end.steps is not None) == outcome.startswith("recovered")


def test_a_log_that_goes_on_as_nan_has_diverged():
    end, _ = judged(SHAPES["plateaued"], lost_for_good=True)
    assert end.outcome == "diverged"


def test_a_log_that_ends_too_early_is_unresolved():
    step = np.arange(AT + 30, dtype=np.float64)
    y = np.log(2 + 8 * (1 + step / 20) ** -0.6) + 0.01 * np.random.default_rng(0).standard_normal(len(step))
    y[AT:] += 0.5
    (one,) = all_excursions(y, step, Sensitivity())
    assert ending(y, step, one, len(y), *limits(step, 500, 5000)).outcome == "unresolved"


def test_a_data_stage_moves_at_once_and_goes_on_from_there():
    assert judged(lambda t: 0.15 + 0 * t)[1] == "shift-up"
    assert judged(lambda t: -0.15 + 0 * t)[1] == "shift-down"
    assert judged(lambda t: np.where(t < 60, -0.3, 0.0))[1] == "dip"


def test_what_overshoots_or_takes_long_to_rise_is_no_data_stage():
    assert judged(SHAPES["plateaued"])[1] == "spike"
    assert judged(lambda t: 0.4 * np.minimum(t / 40, 1.0) * np.exp(-t / 400))[1] == "spike"


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (np.arange(100_001), (500, 5000)),
        (np.arange(1001), (50, 500)),
        (np.arange(0, 1001, 100), (200, 500)),
        (np.array([7]), (500, 5000)),
        (np.array([]), (500, 5000)),
    ],
)
def test_short_runs_have_less_time_to_recover(steps, expected):
    assert limits(steps.astype(np.float64), 500, 5000) == expected
