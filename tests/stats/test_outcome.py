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


def at_cuts(excess, seed=0, n=6000, at=2000, cuts=16):
    """What is said of the first excursion at cuts of a curve, farther and farther behind its onset."""
    step = np.arange(n, dtype=np.float64)
    y = np.log(2 + 8 * (1 + step / 20) ** -0.6) + 0.01 * np.random.default_rng(seed).standard_normal(n)
    y[at:] += excess(np.arange(n - at, dtype=np.float64))
    said = []
    for end in (at + np.geomspace(20, n - at, cuts)).astype(int):
        found = [one for one in all_excursions(y[:end], step[:end], Sensitivity()) if one.end >= at]
        if found:
            until = found[1].first if len(found) > 1 else end
            said.append(ending(y[:end], step[:end], found[0], until, *limits(step[:end], 500, 5000)).outcome)
    return said


@pytest.mark.parametrize("tau", [20, 60, 200, 500])
@pytest.mark.parametrize("height", [0.2, 0.5, 1.2])
@pytest.mark.parametrize("shape", ["exponential", "power"])
def test_a_spike_that_heals_is_never_given_up_on_the_way(shape, height, tau):
    heals = {"exponential": lambda t: height * np.exp(-t / tau), "power": lambda t: height * (1 + 3 * t / tau) ** -1.5}
    said = at_cuts(heals[shape])
    assert said[-1].startswith("recovered")
    assert set(said) <= {"unresolved", "recovered-fast", "recovered-slow"}


@pytest.mark.parametrize(
    "stays",
    [lambda t: 1.2 + 0 * t, lambda t: np.minimum(t / 100, 1.5) * 0.8, lambda t: 1.2 * (1 + t / 50) ** -0.05],
)
def test_what_does_not_heal_is_told_as_soon_as_a_fast_recovery_is_over(stays):
    said = at_cuts(stays, cuts=24)
    first = next(i for i, outcome in enumerate(said) if outcome in ("diverged", "plateaued"))
    assert np.geomspace(20, 4000, 24)[first] < 2.5 * 110, "fast is 5 % of some 2,200 steps"
    assert set(said[first:]) <= {"diverged", "plateaued"}


def falling(share, slow):
    """What is said of a loss that jumped up 300 steps before the end, and has come down by so much of it since."""
    step = np.arange(1300, dtype=np.float64)
    y = 2.0 + 0.001 * np.random.default_rng(0).standard_normal(1300)
    y[:40] += np.linspace(1.5, 0, 40)  # there is progress to be lost
    y[1000:] += np.linspace(2.0, 2.0 * (1 - share), 300)
    (one,) = all_excursions(y, step, Sensitivity())
    return ending(y, step, one, len(y), 65.0, slow).outcome


@pytest.mark.parametrize(("share", "outcome"), [(0.12, "diverged"), (0.18, "unresolved")])
def test_what_falls_by_five_per_cent_of_its_excess_may_come_back(share, outcome):
    """Between the middle of the middle third and that of the last, a straight fall is a third of that over all."""
    assert falling(share, slow=1e9) == outcome


@pytest.mark.parametrize(("share", "outcome"), [(0.44, "diverged"), (0.48, "unresolved")])
def test_what_would_not_be_back_within_the_time_of_a_slow_recovery_is_given_up(share, outcome):
    """A straight fall by `share` in 300 steps is over after 300 / share of them."""
    assert falling(share, slow=650.0) == outcome
