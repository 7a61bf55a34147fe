"""GAN001: a discriminator wins for good, and its generator has nothing to learn from any more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from runlens.model import Figure, Finding, Run, Severity, Skip, Symptom
from runlens.rules.adversarial.parts.sides import Game, games
from runlens.rules.base import Rule
from runlens.rules.meaning import Advice, Part, Stage, Story
from runlens.rules.shared.panels import TRAINING
from runlens.stats.robust import Floats, median
from runlens.stats.rolling import centred_median

FEWEST = 20
"""Logged points of both below which no game is judged."""
WINDOW = 50
"""Both losses are smoothed by a median over this part of the log (at least 5 points): each batch is won by another."""
LEAST_LEVEL = 0.25
"""Level that a discriminator's loss has where neither wins, at least: a half of each half, squared (Mao et al. 2017,
LSGAN), is the lowest of the usual losses; the others have log 2 (0.69) a half, or 1 (hinge). So one that had won before
the first point is measured by that."""
MOSTLY = 0.9
"""Share of the points to the end at which the discriminator's loss must be nothing: single batches stand out of it
(one in twelve in a public run of a hinge that was lost)."""
MARGIN = 1.0
"""What a generator's loss against a hinge must rise by, which begins near zero: its margin, at which all samples are
told from data."""
OPENING = 5
"""Points that show where the two began."""


class OneSidedEvidence(TypedDict):
    """Both losses before and since."""

    discriminator_before: float
    discriminator: float
    generator_before: float
    generator: float
    series: list[str]
    """The logged names: of the discriminator, one or two, and of the generator."""
    pairs: int
    """How many pairs of adversaries show it."""


@dataclass(frozen=True, slots=True)
class _Won:
    game: Game
    steps: tuple[int, int]
    discriminator: tuple[float, float]
    generator: tuple[float, float]


@dataclass(frozen=True)
class OneSidedGame(Rule[OneSidedEvidence]):
    """The loss of a discriminator falls to nothing and that of its generator runs away: the game is over.

    What it does
    ------------
    Reads the losses of a discriminator and of the generator that trains against it, by their names (`d_loss` and
    `g_loss`, `errD` and `errG`, pix2pix's `D_real`, `D_fake` and `G_GAN`, CycleGAN's `D_A` and `G_A`). A warning when
    the discriminator's stays below `lost` of its level to the end, for `lasting` of the log and more but for one point
    in ten, and the generator's has risen to `multiple` times what it was before, from which it does not come back.
    Losses that go below zero (Wasserstein) are no measure of who wins, and are not judged, but for a generator's
    against a hinge, where the discriminator's is exactly zero: it must rise by the margin. Nor is a generator's loss
    that falls with its reconstruction. Pairs that show the same are one finding.

    Why it matters
    --------------
    A discriminator that is always right gives its generator next to no gradient: the samples stay as they are, or all
    become one, and the rest of the run is spent on nothing.

    What to do
    ----------
    Go back to before it. Make the discriminator weaker or slower: a lower rate, fewer updates, noise or augmentation on
    what it sees, one-sided label smoothing, spectral normalisation or a gradient penalty. Look at samples from then on.

    Settings
    --------
    lost : part of its level below which a discriminator's loss is nothing.
    multiple : times its level before from which a generator's loss runs away; one of least squares has no more than
        four times what it is where neither wins.
    lasting : share of the log at its end for which the game must be over.

    References
    ----------
    Goodfellow et al. 2014 (arXiv 1406.2661): log 4 is the loss of a discriminator that cannot tell. Arjovsky and Bottou
    2017 (arXiv 1701.04862): the gradient of a generator against a perfect discriminator vanishes. Salimans et al. 2016
    (arXiv 1606.03498): one-sided label smoothing. Karras et al. 2020 (arXiv 2006.06676): augmentation.
    """

    code = "GAN001"
    name = "one-sided-game"
    symptom = Symptom.OTHER
    part = Part((Story.OPTIMISATION,), stage=Stage.LOSS, place=5)
    figure = Figure(beside=TRAINING)
    advice = Advice(
        "investigate",
        (
            "Look at samples from before and after: whether they stopped changing, or all became one.",
            "Go back to before it with a weaker discriminator: a lower rate, fewer updates, noise on its inputs.",
            "Smooth its labels on one side, normalise its weights, or add a gradient penalty.",
        ),
        (
            "Arjovsky and Bottou 2017 (arXiv 1701.04862): a perfect discriminator gives no gradient",
            "Salimans et al. 2016 (arXiv 1606.03498): one-sided label smoothing",
            "Karras et al. 2020 (arXiv 2006.06676): augmentation of what a discriminator sees",
        ),
    )

    headline = "one-sided game of two networks"

    lost: float = 0.02
    multiple: float = 2.0
    lasting: float = 0.25

    @classmethod
    def shown(cls, finding: Finding, run: Run) -> tuple[str, ...]:
        """Both sides of the game."""
        return tuple(cls.evidence_of(finding)["series"])

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding for all pairs of adversaries."""
        known = games(run)
        if not known:
            yield self.skip("no losses of a discriminator and a generator were logged", kind="missing-role")
            return
        long = [game for game in known if len(game.step) >= FEWEST]
        if not long:
            yield self.skip(f"fewer than {FEWEST} points of both adversaries were logged", kind="too-few-points")
            return
        shown = [game for game in long if _is_measure(game)]
        if not shown:
            yield self.skip("losses of zero and below are no measure of who wins", kind="not-applicable")
            return
        won = [one for game in shown if (one := self._won(game)) is not None]
        if won:
            yield self._finding(won)

    def _won(self, game: Game) -> _Won | None:
        """The stretch to the end in which the discriminator wins and the generator's loss has run away."""
        n = len(game.step)
        window = max(n // WINDOW, 5)
        loss = centred_median(game.discriminator, window)
        level = max(float(loss.max()), median(game.discriminator[:OPENING]), LEAST_LEVEL)
        first = _over_from(game.discriminator, loss, self.lost * level)
        if n - first < max(self.lasting * n, FEWEST / 2):
            return None
        other = centred_median(game.generator, window)
        began = float(game.generator[:OPENING].min())  # it may be lost before five points are over
        before = min(began, median(game.generator[:first])) if first > OPENING else began
        late = other[(first + n) // 2 :]
        bar = self.multiple * before if before > 0 else before + MARGIN
        if late.min() < bar:
            return None
        held = median(game.discriminator[:first]) if first else median(game.discriminator[:OPENING])
        steps = int(game.step[first]), int(game.step[-1])
        return _Won(game, steps, (held, median(game.discriminator[first:])), (before, median(late)))

    def _finding(self, won: list[_Won]) -> Finding:
        worst = min(won, key=lambda one: one.steps[0])
        names = [name for one in won for name in one.game.names]
        (was, now), (rose, to) = worst.discriminator, worst.generator
        fell = f"fell from {was:.3g} to {now:.3g}" if now < was else f"is {now:.3g}"  # it may have won before the log
        text = (
            f"the discriminator wins for good from step {worst.steps[0]:,} on: its loss {fell}, and that of the "
            f"generator rose from {rose:.3g} to {to:.3g}"
        )
        text += f"; {len(won)} pairs of adversaries show it" if len(won) > 1 else ""
        return self.finding(
            Severity.WARNING,
            worst.game.names[0],
            worst.steps,
            text,
            {
                "discriminator_before": was,
                "discriminator": now,
                "generator_before": rose,
                "generator": to,
                "series": names,
                "pairs": len(won),
            },
            "Look at samples from then on, and go back to before it with a weaker discriminator.",
        )


def _over_from(loss: Floats, smooth: Floats, bar: float) -> int:
    """The first point from which a loss is nothing to the end: its running median is, or `MOSTLY` all of its points
    are and the median is there; n if there is none.
    """
    n = len(loss)
    high = np.flatnonzero(smooth > bar)
    first = int(high[-1]) + 1 if len(high) else 0
    share = np.cumsum((loss <= bar)[::-1])[::-1] / np.arange(n, 0, -1)
    mostly = np.flatnonzero((share >= MOSTLY) & (smooth <= bar))
    return min(first, int(mostly[0])) if len(mostly) and first < n else first


def _is_measure(game: Game) -> bool:
    """Whether losses tell who wins: those of critics (Wasserstein) do not. They go below zero, as does a generator's
    against a hinge, whose discriminator's loss is exactly zero where it has won.
    """
    positive = float(game.generator[:OPENING].min()) > 0.0
    return float(game.discriminator.min()) >= 0.0 and (positive or bool(np.any(game.discriminator == 0.0)))
