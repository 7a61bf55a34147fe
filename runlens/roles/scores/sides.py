"""The losses of two networks that train against each other, as roles of their own: GAN001 judges both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from runlens.model import RoleSeries
from runlens.roles.names.adversaries import adversaries, is_of_a_side

SIDES = ("discriminator_loss", "generator_loss")


def with_sides(groups: Mapping[str, list[RoleSeries]], names: Iterable[str]) -> dict[str, list[RoleSeries]]:
    """The groups with the losses of discriminator and generator in their roles, and out of every other.

    A training loss of one side is none: a loss beside the two, such as a reconstruction, stays what it is; so does one
    that the user named.
    """
    out = {role: list(group) for role, group in groups.items()}
    pair = adversaries(names)
    if not pair:
        return out
    for role, name in zip(SIDES, pair, strict=True):
        for old in ("train_loss", "other"):
            group = out.get(old, [])
            found = [r for r in group if r.series.name == name and r.origin != "user"]
            if found:
                out[role] = [replace(found[0], role=role, why=f"{found[0].why}; one of two adversaries")]
                out[old] = [r for r in group if r is not found[0]]
    losses = out.get("train_loss", [])
    aside = [r for r in losses if is_of_a_side(r.series.name) and r.origin != "user" and not r.derived]
    if aside and len(aside) == len(losses):
        out["other"] = [*out.get("other", []), *(replace(r, role="other") for r in aside)]
        del out["train_loss"]
    return out
