"""Two networks that train against each other, by the names of their losses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from runlens.roles.names.take_apart import normalise

_LOSS = re.compile(r"loss|(^|[^a-z])err")
DISCRIMINATOR = ("d", "disc", "discr", "discriminator", "critic")
GENERATOR = ("g", "gen", "generator")
"""What each of the two is called in the names of its losses."""
_SIDES = tuple(
    re.compile(rf"(^|[^a-z])({'|'.join(called)}|net_?{called[0]})([^a-z]|$)") for called in (DISCRIMINATOR, GENERATOR)
)
_ENCODER = re.compile(r"(^|[^a-z])(e|enc|encoder|net_?e)([^a-z]|$)")
"""What trains against a discriminator of codes where there is no generator (adversarial autoencoders)."""
_ACCURACY = re.compile(
    r"((train|training|val|valid|validation|test|eval|dev|epoch|mean|avg)[/_])*"
    r"(acc(uracy)?[/_])?(?P<side>domain|discriminator|discr|disc|d|adversary|adversarial|adv)"
    r"([/_](classifier|discriminator|cls|clf|real|fake|agent|demo|expert|policy))*([/_]acc(uracy)?)?"
    r"([/_](real|fake|mean|avg|epoch|step))*"
)
_OPPOSED = {
    "domain": re.compile(r"(^|[/_])(adv|adversarial|adversary|grl|dann|disc|discr|discriminator|reversal)([/_]|$)"),
    "adv": re.compile(
        r"(^|[/_])(grl|dann|domain|disc|discr|discriminator|reversal)([/_]|$)|(^|[/_])(g|gen|generator)_loss"
    ),
    "d": re.compile(
        r"(^|[/_])((disc|discr|discriminator|d|g|gen|generator|adv|amp|gail)[/_](.*[/_])?loss|loss[/_](disc|d|g|gen))([/_]|$)"
    ),
}
"""What stands beside the accuracy of an adversary that is opposed. A domain may be what is to be told (of a dialogue),
and `adv_acc` alone is the accuracy on adversarial examples, which is a score."""
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


def is_accuracy_of_adversary(name: str, siblings: Iterable[str]) -> bool:
    """Whether a name says the accuracy of a discriminator or of a classifier of domains that training works against.

    It is meant to fall to chance: `val/domain_acc` beside `lambda_adv`, `disc_acc` beside `gen_loss`.

    Parameters
    ----------
    name : str
        As logged.
    siblings : iterable of str
        All names of the run.
    """
    plain = normalise(name)
    found = _ACCURACY.fullmatch(plain) if "acc" in plain else None
    if found is None:
        return False
    side = found["side"]
    if side == "discriminator":
        return True
    opposed = _OPPOSED["adv" if side.startswith("adv") else side if side == "domain" else "d"]
    return any(opposed.search(other) for other in map(normalise, siblings) if other != plain and "acc" not in other)


def _plain(name: str) -> str:
    return _HUMP.sub("_", name).lower()
