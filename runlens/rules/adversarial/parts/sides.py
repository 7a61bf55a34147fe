"""The losses of a discriminator and of the generator that trains against it, by what logs call them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from runlens.model import Run
from runlens.roles.names.adversaries import DISCRIMINATOR, GENERATOR
from runlens.roles.names.take_apart import normalise
from runlens.stats.robust import Floats

_SIDES: dict[str, Literal["D", "G"]] = {
    **dict.fromkeys((*DISCRIMINATOR, "netd", "lossd", "errd", "dloss"), "D"),
    **dict.fromkeys((*GENERATOR, "netg", "lossg", "errg", "gloss"), "G"),
}  # fmt: skip
_LOSS = frozenset({"loss", "losses", "err", "l", "lossd", "lossg", "errd", "errg", "dloss", "gloss"})
_PLAIN = frozenset({"train", "training", "epoch", "step", "batch", "iter", "iteration", "mean", "avg", "average", "net",
                    "running", "total", "all", "model", "scalars", "the"})  # fmt: skip
_PARTS = frozenset({"real", "fake"})
"""The two halves of a discriminator's loss, such as pix2pix's `D_real` and `D_fake`."""
_AGAINST = frozenset({"gan", "adv", "adversarial"})
"""What a generator gains by fooling the other, where a reconstruction is another part of its loss."""
_DOMAINS = frozenset({"a", "b"})
"""CycleGAN's two, each of which has its own pair."""


class _Named(NamedTuple):
    side: Literal["D", "G"]
    parts: frozenset[str]
    domain: frozenset[str]


class Pair(NamedTuple):
    """The logged names of two adversaries."""

    discriminator: tuple[str, ...]
    """Of its loss, or of the two halves of it."""
    generator: str


@dataclass(frozen=True, slots=True)
class Game:
    """Two losses at the steps that both were logged at."""

    names: tuple[str, ...]
    """The discriminator's, one or two, and the generator's."""
    step: npt.NDArray[np.int64]
    """(n,) int64, strictly increasing."""
    discriminator: Floats
    """(n,) float64, finite: the sum of its halves where no whole was logged."""
    generator: Floats
    """(n,) float64, finite."""


def games(run: Run) -> list[Game]:
    """The losses of all pairs of adversaries that a run logs, in the order of their names."""
    out = []
    for pair in pairs(run.placed):
        names = (*pair.discriminator, pair.generator)
        known = []
        for name in names:
            latest = run.placed[name].latest()
            known.append(latest.where(np.isfinite(latest.value)))
        step = known[0].step
        for one in known[1:]:
            step = np.intersect1d(step, one.step, assume_unique=True)
        value = [one.value[np.searchsorted(one.step, step)] for one in known]
        out.append(Game(names, step, np.sum(value[:-1], axis=0), value[-1]))
    return out


def pairs(names: Iterable[str]) -> tuple[Pair, ...]:
    """The pairs of adversaries among logged names; empty unless a discriminator and a generator are logged.

    A generator's loss that is called adversarial is taken before a whole one, which may hold a reconstruction. `D(x)`
    and `D(G(z))` are no losses, nor are accuracies, norms, rates and penalties.
    """
    return _pairs(tuple(names))


@lru_cache(maxsize=8)  # the runs of a fleet log the same names
def _pairs(names: tuple[str, ...]) -> tuple[Pair, ...]:
    known = {name: named for name in sorted(names, key=lambda name: (len(name), name)) if (named := _named(name))}
    out = []
    for domain in sorted({named.domain for named in known.values()}, key=sorted):
        mine = {name: named for name, named in known.items() if named.domain == domain}
        whole = [name for name, named in mine.items() if named.side == "D" and not named.parts & _PARTS]
        halves = [
            next((name for name, named in mine.items() if named.side == "D" and named.parts == {half}), "")
            for half in sorted(_PARTS)
        ]
        against = [name for name, named in mine.items() if named.side == "G" and named.parts & _AGAINST]
        against += [name for name, named in mine.items() if named.side == "G" and not named.parts]
        first = tuple(whole[:1]) if whole else tuple(halves)
        if all(first) and against:
            out.append(Pair(first, against[0]))
    return tuple(out)


def _named(name: str) -> _Named | None:
    plain = normalise(name)
    words = [word for part in plain.split("/") for word in part.split("_") if word]
    sides = {_SIDES[word] for word in words if word in _SIDES}
    rest = frozenset(words) - frozenset(_SIDES) - _LOSS - _PLAIN
    if len(sides) > 1 or not rest <= _PARTS | _AGAINST | _DOMAINS:
        return None
    is_loss = not _LOSS.isdisjoint(words)
    if not sides:  # `real_loss` and `fake_loss` beside the loss of a generator
        return _Named("D", rest, frozenset()) if is_loss and len(rest) == 1 and rest <= _PARTS else None
    if not is_loss and not rest:  # a bare D or G may be anything
        return None
    return _Named(sides.pop(), rest - _DOMAINS, rest & _DOMAINS)
