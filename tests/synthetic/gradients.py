"""Runs whose gradient norm climbs or is cut off for good, and healthy ones that look alike, seeded."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from runlens.model import Run
from tests.synthetic.training import Columns, healthy

Rng = np.random.Generator
Floats = npt.NDArray[np.float64]
Made = tuple[Run, int | None]
CODES = ("GRAD005", "GRAD002")


def _columns(rng: Rng) -> tuple[Columns, Floats]:
    """A healthy run of a drawn length, and the share of it that is over at each point."""
    n = int(rng.choice([150, 600, 4000]))
    made = healthy(int(rng.integers(1 << 30)), n, int(rng.choice([1, 10])))
    return made, np.arange(n) / n


def _stands(made: Columns, share: Floats, at: float) -> None:
    """The loss no longer comes down."""
    first = int(at * len(share))
    made["loss"][first:] *= made.level[first] / made.level[first:]


def _rests(made: Columns, share: Floats, at: float) -> None:
    """The same by design: the rate is a tenth from there on."""
    _stands(made, share, at)
    made["lr"][int(at * len(share)) :] *= 0.1


def climbs(rng: Rng) -> Made:
    """Bit by bit over a third to a half of the run, by one to three orders; the loss stands."""
    made, share = _columns(rng)
    at = rng.uniform(0.15, 0.3)
    made["grad_norm"] *= 10.0 ** (rng.uniform(1.3, 3.0) * np.clip((share - at) / rng.uniform(0.25, 0.4), 0.0, 1.0))
    _stands(made, share, at)
    return made.run(), None


def cut_off(rng: Rng) -> Made:
    """Norms that are logged after clipping, and come to stand at the limit; the loss stands."""
    made, share = _columns(rng)
    at = rng.uniform(0.2, 0.6)
    limit = float(rng.choice([0.5, 1.0, 5.0]))
    grown = limit * np.where(share < at, 0.5, 4.0) * np.exp(0.15 * rng.standard_normal(len(share)))
    made["grad_norm"] = np.minimum(grown, limit)
    _stands(made, share, at)
    return made.run(), int(made["step"][int(at * len(share))])


def climbs_and_learns(rng: Rng) -> Made:
    """A norm that climbs slowly by an order while the loss comes down, as where scale-invariant weights shrink."""
    made, share = _columns(rng)
    made["grad_norm"] = 10.0 ** (rng.uniform(1.1, 1.4) * share) * np.exp(0.1 * rng.standard_normal(len(share)))
    made["loss"] = 4.0 * 0.5**share * np.exp(0.01 * rng.standard_normal(len(share)))
    return made.run(), None


def drifts(rng: Rng) -> Made:
    """A norm that grows to three or six times under a flat loss, or falls and comes back to where it began."""
    made, share = _columns(rng)
    back = bool(rng.integers(2))
    course = 30.0 ** -np.sin(np.pi * share) if back else rng.uniform(2.0, 6.0) ** share
    made["grad_norm"] = course * np.exp(0.1 * rng.standard_normal(len(share)))
    _rests(made, share, 0.3)
    return made.run(), None


def clipped_from_the_start(rng: Rng) -> Made:
    """Norms at their limit in most steps all along, or half of them later, and one of a few digits."""
    made, share = _columns(rng)
    kind = int(rng.integers(3))
    later = np.where(share < 0.4, 0.3, 0.6)
    cut = rng.random(len(share)) < (0.97 if kind == 0 else later)
    made["grad_norm"] = np.where(cut, 1.0, rng.uniform(0.3, 1.0, len(share)))
    if kind == 2:
        made["grad_norm"] = np.where(share < 0.4, np.round(rng.uniform(0.7, 0.9, len(share)), 1), 1.0)
    _rests(made, share, 0.3)
    return made.run(), None


Make = Callable[[Rng], Made]
FAULTS: Mapping[str, tuple[Make, tuple[str, ...]]] = {
    "climbs by orders of magnitude, the loss stands": (climbs, CODES),
    "cut off in each step, the loss stands": (cut_off, CODES),
}
HEALTHY: Mapping[str, Make] = {
    "climbs while the loss comes down": climbs_and_learns,
    "drifts, or comes back to where it began": drifts,
    "clipped from the start, or now and then": clipped_from_the_start,
}
