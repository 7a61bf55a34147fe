"""Which needs of a rule a run does not meet: asked of every rule and run, and the runs of a fleet log the same."""

from __future__ import annotations

from functools import lru_cache

from runlens.model import Run
from runlens.model.words import role_words


def roles_there(run: Run) -> frozenset[str]:
    """The roles that some series plays."""
    return run.once("roles that are there", lambda: frozenset(role for role, group in run.roles.items() if group))


@lru_cache(maxsize=1024)
def unmet(needs: tuple[str, ...], there: frozenset[str]) -> tuple[str, ...]:
    """The needs of which no role is there; `a|b` is met by either."""
    return tuple(need for need in needs if there.isdisjoint(need.split("|")))


@lru_cache(maxsize=256)
def not_logged(missing: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """That needs are not met, in words, and the roles that they name."""
    needs = [need.split("|") for need in missing]
    words = ", ".join(" or ".join(map(role_words, need)) for need in needs)
    return f"not in the log: {words}", tuple(role for need in needs for role in need)
