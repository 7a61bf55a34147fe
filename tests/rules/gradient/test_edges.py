"""GRAD001-GRAD004 just below and just above each limit: `.` silent, `-` skipped, `i`nfo, `w`arning, `e`rror."""

import numpy as np
import pytest

from runlens.rules.gradient.dead import DeadGradient
from runlens.rules.gradient.loss_scale import LossScaleCollapse
from runlens.rules.gradient.non_finite import NonFiniteGradient
from runlens.rules.gradient.surge import GradientSurge
from tests.rules.saying import marks, run_of, said


def surged(times, first=400, points=20, noise=0.02, n=700):
    """A norm that is so many times its level for some points."""
    norm = np.exp(noise * np.random.default_rng(1).standard_normal(n))
    norm[first : first + points] *= times
    return run_of({"grad_norm": norm})


SURGE = [
    (GradientSurge(), surged, (2.7, 2.9, 3.2), ".ii"),
    (GradientSurge(multiple=5), surged, (4.8, 5.1), ".i"),
    (GradientSurge(), lambda noise: surged(4, noise=noise), (0.2, 0.25), "i."),
    (GradientSurge(sigmas=4), lambda noise: surged(4, noise=noise), (0.35, 0.4), "i."),
    (GradientSurge(), lambda first: surged(6, first), (69, 70), ".i"),  # after a tenth of the run
    (GradientSurge(settle=0.3), lambda first: surged(6, first), (209, 210), ".i"),
    (GradientSurge(), lambda first: surged(6, first, 700), (349, 350), "wi"),  # half of a short run
    (GradientSurge(), lambda n: surged(6, 30, 700, n=n), (49, 50), "-i"),
]


def infinite(*at, n=1000, **more):
    """A norm that is infinite at some points."""
    norm = np.ones(n)
    norm[list(at)] = np.inf
    return run_of({"grad_norm": norm, **more})


def here_and_there(points, n=1000):
    """Single infinite norms, where a loss scale is logged."""
    return infinite(*np.linspace(n // 10, n - n // 10, points).astype(int), n=n, loss_scale=np.full(n, 4.0))


NOT_FINITE = [
    (NonFiniteGradient(), lambda points: infinite(*range(200, 200 + points)), (1, 9, 10), "wwe"),
    (NonFiniteGradient(steps=20), lambda points: infinite(*range(200, 200 + points)), (19, 20), "we"),
    (NonFiniteGradient(), lambda points: infinite(*range(1000 - points, 1000)), (2, 3), "we"),
    (NonFiniteGradient(), lambda points: infinite(*range(points)), (1, 72, 73), "iie"),
    (NonFiniteGradient(), here_and_there, (1, 10, 11), "iiw"),
    (NonFiniteGradient(skipped=0.03), here_and_there, (30, 31), "iw"),
    (NonFiniteGradient(), lambda points: here_and_there(points, 100), (3, 4), "iw"),
]


def dead(points, n=200, fall=0.0):
    """A norm that is zero for the last points, in which the loss falls by a share."""
    norm, late = np.ones(n), np.clip((np.arange(n) - (n - points)) / points, 0, 1)
    norm[n - points :] = 0.0
    return run_of({"grad_norm": norm, "loss": 3.0 * np.exp(-fall * late)})


DEAD = [
    (DeadGradient(), dead, (9, 10), ".e"),
    (DeadGradient(points=20), dead, (19, 20), ".e"),
    (DeadGradient(), lambda fall: dead(100, fall=fall), (0.0, 0.02, 0.0225), "eei"),
    (DeadGradient(), lambda n: dead(n, n), (9, 10), "-e"),
]


def scaled(points=10, most=2.0**16, end=1.0, n=60):
    """A loss scale that stands lower for the last points."""
    scale = np.full(n, most)
    scale[n - points :] = end
    return run_of({"loss_scale": scale})


def halved(times=8, end=2.0, by=2.0, n=40):
    """A loss scale that is halved at each of the last points."""
    scale = np.full(n, end * by**times)
    scale[n - times - 1 :] = end * by ** np.arange(times, -1, -1)
    return run_of({"loss_scale": scale})


SCALE = [
    (LossScaleCollapse(), halved, (5, 6), ".e"),
    (LossScaleCollapse(halvings=4), halved, (3, 4), ".e"),
    (LossScaleCollapse(), lambda end: halved(end=end), (2.01, 2.0, 1.0), ".ee"),
    (LossScaleCollapse(floor=8), lambda end: halved(end=end), (17.0, 16.0), ".e"),
    (LossScaleCollapse(), lambda by: halved(by=by), (1.99, 2.0), ".e"),
    (LossScaleCollapse(), scaled, (9, 10), ".w"),
    (LossScaleCollapse(points=20), scaled, (19, 20), ".w"),
    (LossScaleCollapse(), lambda most: scaled(most=most), (63, 64), ".w"),
    (LossScaleCollapse(halvings=8), lambda most: scaled(most=most), (255, 256), ".w"),
    (LossScaleCollapse(), lambda end: scaled(end=end), (1.01, 1.0, 0.5, 0.49), ".wwe"),
    (LossScaleCollapse(floor=8), lambda end: scaled(end=end), (9.0, 8.0, 4.0, 3.9), ".wwe"),
    (LossScaleCollapse(), lambda n: scaled(n - 1, n=n), (9, 11), "-w"),
]

EDGES = [*SURGE, *NOT_FINITE, *DEAD, *SCALE]


@pytest.mark.parametrize(("rule", "make", "knobs", "expected"), EDGES)
def test_each_side_of_the_edge(rule, make, knobs, expected):
    assert marks(rule, make, knobs) == expected


@pytest.mark.parametrize(
    ("by", "words"), [(2.0, "8 times in a row, from 256 to 1,"), (4.0, "16 times in a row, from 65,536 to 1,")]
)
def test_the_halvings_between_logged_points_are_counted(by, words):
    (finding,) = said(LossScaleCollapse(), halved(end=1.0, by=by))
    assert f"The loss scale was halved {words}" in finding.message
