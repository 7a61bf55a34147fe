"""LOSS001-LOSS006 just below and just above each limit: `.` silent, `-` skipped, `i`nfo, `w`arning, `e`rror."""

import numpy as np
import pytest

from runlens.rules.loss.dead import DeadLoss
from runlens.rules.loss.frequency import SpikeFrequency
from runlens.rules.loss.non_finite import NonFiniteLoss
from runlens.rules.loss.shift import LossShift
from runlens.rules.loss.spike import LossSpike
from runlens.rules.loss.stalled import StalledLoss
from tests.rules.saying import marks, run_of


def curve(n=1000, noise=0.002, drop=8.0):
    """A loss that comes down along a power law."""
    level = 2 + drop * (1 + np.arange(n) / 20) ** -0.6
    return level * np.exp(noise * np.random.default_rng(0).standard_normal(n))


def spiked(height, points=5, noise=0.002, every=1):
    """A loss that is raised for some points by so much of its logarithm."""
    t = np.arange(1000)
    loss = curve(noise=noise) * np.exp(height * ((t >= 600) & (t < 600 + points)))
    return run_of({"loss": loss}, step=t * every)


def plateau(points):
    """A loss that spikes so many points before the end, and settles a tenth higher; a point each hundredth step."""
    loss, since = curve(), np.arange(points)
    loss[1000 - points :] *= np.exp(0.1 + 0.5 * np.exp(-since))
    return run_of({"loss": loss}, step=np.arange(1000) * 100)


def bumped(height):
    """A loss that came down from 4 to 0.05, and rises by so much of the way for 100 points."""
    t = np.arange(1000)
    loss = 0.05 + 3.95 * np.exp(-t / 40) + height * 3.95 * ((t >= 600) & (t < 700))
    return run_of({"loss": loss * np.exp(0.01 * np.random.default_rng(0).standard_normal(1000))})


def open_at_the_end(peak, first=4.0):
    """A solved loss that came down from 4.0 to 1e-6, and stands at so much of that in its last three points."""
    loss = 1e-6 + first * np.exp(-np.arange(200) / 8)
    loss *= np.exp(0.05 * np.random.default_rng(0).standard_normal(200))
    loss[0], loss[-3:] = first, peak * first
    return run_of({"loss": loss})


def humped(times, first=4, learnt=0.0):
    """A loss that rises to a multiple from a point near its first, after having fallen by a share, and comes down."""
    t = np.arange(200.0)
    hump = np.exp(np.log(times) * np.clip((t - first) / 5, 0, 1) * np.exp(-np.clip((t - first - 5) / 30, 0, None)))
    loss = 4.0 * (1 - learnt * np.clip(t / first, 0, 1)) * hump * (1 - 0.3 * np.clip((t - first - 5) / 195, 0, 1))
    return run_of({"loss": loss * np.exp(0.003 * np.random.default_rng(0).standard_normal(200))})


SPIKE = [
    (LossSpike(), bumped, (0.009, 0.011), "iw"),
    (LossSpike(), open_at_the_end, (0.0099, 0.0101), "iw"),
    (LossSpike(), humped, (1.3, 1.9, 2.2), "iiw"),
    (LossSpike(), lambda first: humped(1.3, first), (8, 12), "iw"),
    (LossSpike(), lambda learnt: humped(1.3, 8, learnt), (0.01, 0.06), "iw"),
    (LossSpike(), spiked, (0.03, 0.04), ".i"),
    (LossSpike(rise=0.1), spiked, (0.1, 0.112), ".i"),
    (LossSpike(), lambda noise: spiked(0.15, noise=noise), (0.02, 0.025), "i."),
    (LossSpike(sigmas=12), lambda noise: spiked(0.15, noise=noise), (0.014, 0.02), "i."),
    (LossSpike(), lambda points: spiked(0.5, points), (49, 50), "iw"),  # 5 % of a short run
    (LossSpike(), lambda points: spiked(0.5, points, every=100), (5, 6), "iw"),  # 500 steps of a long one
    (LossSpike(fast=1000), lambda points: spiked(0.5, points, every=100), (10, 11), "iw"),
    (LossSpike(slow=800), plateau, (8, 9), "we"),
    (LossSpike(slow=3000, fast=2000), plateau, (30, 31), "we"),
    (LossSpike(), plateau, (10, 11), "we"),
]


def often(count, points=2, n=2000, places=None):
    """So many spikes of so many points."""
    loss = curve(n)
    for place in np.linspace(0.2, 0.9, count) if places is None else places:
        loss[int(place * n) : int(place * n) + points] *= 2
    return run_of({"loss": loss})


def sooner(count):
    """Spikes that come more and more often."""
    return often(count, 1, 9000, 0.9 - 0.7 * 0.7 ** np.arange(count))


def scored(share):
    """A flat loss of whose points a share stands far above it."""
    loss = 2 * np.exp(0.002 * np.random.default_rng(1).standard_normal(8000))
    loss[np.random.default_rng(5).permutation(np.arange(1001, 8000))[: int(share * 8000)]] *= 1.5
    return run_of({"loss": loss})


FREQUENCY = [
    (SpikeFrequency(), often, (2, 3), ".i"),
    (SpikeFrequency(few=5), often, (4, 5), ".i"),
    (SpikeFrequency(), lambda count: often(count, 20), (5, 6), "iw"),
    (SpikeFrequency(many=9), lambda count: often(count, 20), (8, 9), "iw"),
    (SpikeFrequency(), lambda points: often(6, points, 5000), (3, 4), "iw"),  # 0.4 % of the points
    (SpikeFrequency(share=1.0), lambda points: often(6, points, 5000), (8, 9), "iw"),
    (SpikeFrequency(share=99.0), sooner, (5, 6), "iw"),
    (SpikeFrequency(few=9999), scored, (0.0098, 0.0102), ".w"),
    (SpikeFrequency(few=9999, score=0.5), scored, (0.0048, 0.0052), ".w"),
    (SpikeFrequency(few=1), lambda n: often(1, 1, n, [0.8]), (49, 50), "-i"),
]


def infinite(first, points, n=600):
    loss = curve(n)
    loss[first : first + points] = np.inf
    return run_of({"loss": loss})


NOT_FINITE = [
    (NonFiniteLoss(), lambda points: infinite(300, points), (1, 9, 10), "wwe"),
    (NonFiniteLoss(steps=20), lambda points: infinite(300, points), (19, 20), "we"),
    (NonFiniteLoss(), lambda first: infinite(first, 1), (598, 599), "we"),
]


def flat(since, n=400, rate=1.0):
    """A loss that stands still from a share of the run on, at a share of the learning rate."""
    loss, at = curve(n, 0.003), int(since * n)
    loss[at:] = loss[at] * np.exp(0.003 * np.random.default_rng(3).standard_normal(n - at))
    return run_of({"loss": loss, "lr": 3e-4 * np.where(np.arange(n) < at, 1.0, rate)})


def small(drop):
    """A loss that stands still for the second half, and had come down by little before."""
    loss = curve(400, 0.0005, drop)
    loss[200:] = loss[200] * np.exp(0.0005 * np.random.default_rng(2).standard_normal(200))
    return run_of({"loss": loss, "lr": np.full(400, 3e-4)})


STALLED = [
    (StalledLoss(), flat, (0.68, 0.8), "w."),
    (StalledLoss(share=0.6), flat, (0.42, 0.5), "w."),
    (StalledLoss(), lambda rate: flat(0.4, rate=rate), (0.29, 0.31), ".w"),
    (StalledLoss(rate=0.6), lambda rate: flat(0.4, rate=rate), (0.59, 0.61), ".w"),
    (StalledLoss(), small, (0.8, 0.9), ".w"),
    (StalledLoss(missed=0.15), small, (4.0, 4.5), ".w"),
    (StalledLoss(), lambda n: flat(0.4, n), (99, 100), "-w"),
]


def dead(points, value=0.0, n=210):
    """A loss that ends as one value for so many points."""
    loss = curve(n)
    loss[n - points :] = value
    return run_of({"loss": loss})


DEAD = [
    (DeadLoss(), dead, (4, 5), ".e"),
    (DeadLoss(points=9), dead, (8, 9), ".e"),
    (DeadLoss(), lambda points: dead(points, 1.7), (19, 20), ".e"),
    (DeadLoss(constant=40), lambda points: dead(points, 1.7), (39, 40), ".e"),
    (DeadLoss(), lambda n: run_of({"loss": np.zeros(n)}), (4, 5), "-e"),
]


def staged(height):
    """A loss that moves by so much of its logarithm, and goes on from there."""
    return run_of({"loss": curve() * np.exp(height * (np.arange(1000) >= 600))})


SHIFT = [
    (LossShift(), staged, (-0.05, -0.02, 0.02, 0.05), "i..i"),
    (LossShift(), lambda n: run_of({"loss": curve(n)}), (7, 8), "-."),
]

EDGES = [*SPIKE, *FREQUENCY, *NOT_FINITE, *STALLED, *DEAD, *SHIFT]


@pytest.mark.parametrize(("rule", "make", "knobs", "expected"), EDGES)
def test_each_side_of_the_edge(rule, make, knobs, expected):
    assert marks(rule, make, knobs) == expected
