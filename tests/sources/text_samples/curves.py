"""Console logs as each framework prints them, made from known curves: text, and what must be found in it.

The lines follow the print statements of the frameworks' own sources; the numbers are from a seeded generator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

N = 60
EVERY = 20
START = datetime(2024, 5, 1, 12, 0, 0, tzinfo=UTC)


@dataclass
class Truth:
    """Known curves: a row for each logged step, an evaluation every `EVERY` rows."""

    step: np.ndarray
    loss: np.ndarray
    lr: np.ndarray
    norm: np.ndarray
    time: np.ndarray
    """Seconds a step."""

    def rows(self) -> Iterator[tuple[int, int, float, float, float, float]]:
        """Row, step, loss, learning rate, gradient norm, seconds."""
        for i in range(len(self.step)):
            yield i, int(self.step[i]), *(float(c[i]) for c in (self.loss, self.lr, self.norm, self.time))


@dataclass
class Sample:
    """A log, and the roles that must come out: role to (steps, values)."""

    text: str
    roles: dict[str, tuple[np.ndarray, np.ndarray]]
    clock: bool = False
    """Whether lines have timestamps, a second apart for each row."""
    config: dict[str, object] = field(default_factory=dict)
    name: str = "train.log"


def truth(first: int = 1, stride: int = 1, n: int = N, seed: int = 0) -> Truth:
    """Known curves."""
    rng = np.random.default_rng(seed)
    i = np.arange(n)
    return Truth(
        first + stride * i,
        np.round(2.0 + 4.0 * np.exp(-i / 15.0) + rng.normal(0, 0.02, n), 4),
        np.round(3e-4 * (1 - 0.9 * i / n), 8),
        np.round(rng.uniform(0.5, 1.5, n), 3),
        np.round(rng.uniform(0.5, 0.6, n), 3),
    )


def at(i: int) -> datetime:
    """When row `i` was printed."""
    return START + timedelta(seconds=i)


MADE: dict[str, Callable[[], Sample]] = {}


def sample(make: Callable[[], Sample]) -> Callable[[], Sample]:
    """Register a log under the name of its function."""
    MADE[make.__name__] = make
    return make


def roles(t: Truth, *names: str, **more: tuple[np.ndarray, np.ndarray]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    own = {"train_loss": t.loss, "learning_rate": t.lr, "grad_norm": t.norm, "step_time": t.time}
    return {name: (t.step, own[name]) for name in names} | more


def evals(t: Truth, shift: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    which = np.arange(EVERY - 1, len(t.step), EVERY)
    return t.step[which], np.round(t.loss[which] + shift, 4)
