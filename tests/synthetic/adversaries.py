"""Runs of two networks that train against each other, seeded: games that one of them wins, and games that go on."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from runlens.model import Run, Series
from runlens.roles import resolve

Rng = np.random.Generator
Floats = npt.NDArray[np.float64]
Made = tuple[Run, int | None]
CODES = ("GAN001",)
NAMES = (("d_loss", "g_loss"), ("errD", "errG"), ("Discriminator loss", "Generator loss"), ("D_A", "G_A"),
         ("train/loss_D", "train/loss_G"), ("D_real", "D_fake", "G_GAN"))  # fmt: skip
"""Of the discriminator, one or two, and of the generator."""


class Play:
    """A game that is being made: what the discriminator holds of real and of made samples, in logits."""

    def __init__(self, rng: Rng) -> None:
        self.rng = rng
        self.n = int(rng.choice([40, 200, 2000]))
        self.share = np.arange(self.n) / self.n
        self.real, self.fake = self.wander(0.8), self.wander(-0.8)

    def wander(self, level: float) -> Floats:
        """A level with noise and slow swings."""
        swing = 0.4 * np.sin(self.rng.uniform(10, 40) * self.share + self.rng.uniform(0, 6))
        return np.asarray(level + swing + 0.3 * self.rng.standard_normal(self.n))

    def win(self, by: float | Floats) -> None:
        """The discriminator becomes sure of both, by that many logits."""
        self.real, self.fake = self.real + by, self.fake - by

    def entropies(self) -> tuple[Floats, Floats, Floats]:
        """The cross-entropies of real, of made, and of the generator (Goodfellow et al. 2014)."""
        return np.logaddexp(0.0, -self.real), np.logaddexp(0.0, self.fake), np.logaddexp(0.0, -self.fake)

    def squares(self) -> tuple[Floats, Floats, Floats]:
        """The same by least squares (Mao et al. 2017), of what lies between 0 and 1."""
        real, fake = 1.0 / (1.0 + np.exp(-self.real)), 1.0 / (1.0 + np.exp(-self.fake))
        return 0.5 * (real - 1.0) ** 2, 0.5 * fake**2, 0.5 * (fake - 1.0) ** 2

    def logged(self, losses: tuple[Floats, Floats, Floats], at: float | None = None, **beside: Floats) -> Made:
        """The run under names drawn by lot, and the step of the fault."""
        names = NAMES[int(self.rng.integers(len(NAMES)))]
        real, fake, made = losses
        columns = dict(zip(names, (real, fake, made) if len(names) == 3 else (real + fake, made), strict=True))
        step = 100 * np.arange(1, self.n + 1)
        time = 1.76e9 + 9.0 * np.arange(self.n)
        both = {**columns, **beside}
        run = Run("g", "g", "g", series={name: Series(name, step, time, value) for name, value in both.items()})
        return resolve(run), None if at is None else int(step[int(at * self.n)])


def won_in_mid_run(rng: Rng) -> Made:
    """A discriminator that takes off, bit by bit or within a few updates."""
    play, at = Play(rng), rng.uniform(0.2, 0.55)
    play.win(rng.uniform(5.0, 12.0) * np.clip((play.share - at) / rng.uniform(0.01, 0.08), 0.0, 1.0))
    return play.logged(play.entropies(), at)


def won_at_once(rng: Rng) -> Made:
    """The same, most of it within the first points; it becomes surer all along, so that there is no one onset."""
    play = Play(rng)
    play.win(rng.uniform(2.0, 3.0) * np.minimum(play.share / 0.05, 1.0) + rng.uniform(4.0, 9.0) * np.sqrt(play.share))
    return play.logged(play.entropies())


def won_by_squares(rng: Rng) -> Made:
    """The same with losses of least squares."""
    play, at = Play(rng), rng.uniform(0.2, 0.55)
    play.real, play.fake = 0.4 * play.real, 0.4 * play.fake
    play.win(rng.uniform(4.0, 8.0) * np.clip((play.share - at) / rng.uniform(0.01, 0.08), 0.0, 1.0))
    return play.logged(play.squares(), at)


def balanced(rng: Rng) -> Made:
    """Neither wins, with cross-entropies or least squares."""
    play = Play(rng)
    return play.logged(play.entropies() if rng.integers(2) else play.squares())


def strong(rng: Rng) -> Made:
    """A discriminator that grows strong, as most do whose generators make good samples: to a tenth of its loss."""
    play = Play(rng)
    play.win(rng.uniform(0.5, 1.8) * np.minimum(play.share / rng.uniform(0.1, 0.6), 1.0))
    return play.logged(play.entropies())


def won_for_a_while(rng: Rng) -> Made:
    """A game that is lost for a tenth of the run, and goes on."""
    play, at = Play(rng), rng.uniform(0.3, 0.7)
    play.win(8.0 * ((play.share >= at) & (play.share < at + 0.12)))
    return play.logged(play.entropies())


def wasserstein(rng: Rng) -> Made:
    """Losses without a bound: a critic whose loss shrinks to nothing, and a generator's that grows."""
    play = Play(rng)
    critic = -30.0 * np.exp(-8.0 * play.share) + 0.3 * rng.standard_normal(play.n)
    half = 0.5 * critic
    return play.logged((half, half, 2.0 + 100.0 * play.share))


def reconstructs(rng: Rng) -> Made:
    """A generator whose loss holds a reconstruction: the discriminator wins, and the whole comes down."""
    play, at = Play(rng), rng.uniform(0.1, 0.4)
    play.win(5.0 * np.clip((play.share - at) / 0.05, 0.0, 1.0))
    real, fake, made = play.entropies()
    whole = made + 100.0 * (0.05 + 0.3 * np.exp(-play.share / 0.2))
    return play.logged((real, fake, whole))


def fooled(rng: Rng) -> Made:
    """A generator that fools the other: both come to rest where neither can tell."""
    play = Play(rng)
    play.real, play.fake = play.real * (1.0 - play.share) ** 2, play.fake * (1.0 - play.share) ** 2
    return play.logged(play.entropies())


Make = Callable[[Rng], Made]
FAULTS: Mapping[str, tuple[Make, tuple[str, ...]]] = {
    "won in mid-run": (won_in_mid_run, CODES),
    "won within the first points": (won_at_once, CODES),
    "won, with losses of least squares": (won_by_squares, CODES),
}
HEALTHY: Mapping[str, Make] = {
    "balanced": balanced,
    "a strong discriminator": strong,
    "won for a tenth of the run": won_for_a_while,
    "Wasserstein": wasserstein,
    "a generator that reconstructs": reconstructs,
    "neither can tell": fooled,
}
