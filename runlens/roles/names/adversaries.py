"""Two networks that train against each other, by the names of their losses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_LOSS = re.compile(r"loss|(^|[^a-z])err")
DISCRIMINATOR = ("d", "disc", "discr", "discriminator", "critic")
GENERATOR = ("g", "gen", "generator")
"""What each of the two is called in the names of its losses."""
_SIDES = tuple(
    re.compile(rf"(^|[^a-z])({'|'.join(called)}|net_?{called[0]})([^a-z]|$)") for called in (DISCRIMINATOR, GENERATOR)
)
_ENCODER = re.compile(r"(^|[^a-z])(e|enc|encoder|net_?e)([^a-z]|$)")
"""What trains against a discriminator of codes where there is no generator (adversarial autoencoders)."""
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


def is_of_a_side(name: str) -> bool:
    """Whether a loss is called after one of two adversaries, such as `loss/D` or `generator_loss`."""
    return any(side.search(_plain(name)) for side in _SIDES)


def adversaries(names: Iterable[str]) -> tuple[str, ...]:
    """The losses of a discriminator and a generator among logged names, the shortest of each; empty unless both are."""
    return _adversaries(tuple(names))


@lru_cache(maxsize=8)  # the runs of a fleet log the same names
def _adversaries(names: tuple[str, ...]) -> tuple[str, ...]:
    losses = sorted((name for name in names if _LOSS.search(_plain(name))), key=lambda name: (len(name), name))
    sides = [next((name for name in losses if side.search(_plain(name))), "") for side in _SIDES]
    if sides[0] and not sides[1]:
        sides[1] = next((name for name in losses if _ENCODER.search(_plain(name))), "")
    return tuple(sides) if all(sides) and sides[0] != sides[1] else ()


def _plain(name: str) -> str:
    return _HUMP.sub("_", name).lower()
