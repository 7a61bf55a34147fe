"""The user's word: `--metric role=name`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runlens.errors import ConfigError
from runlens.model import RoleSeries, Series
from runlens.roles.vocabulary import ROLES


def apply_overrides(
    groups: Mapping[str, list[RoleSeries]], overrides: Mapping[str, str], series: Mapping[str, Series]
) -> dict[str, list[RoleSeries]]:
    """Put each named series first in its role.

    Raises
    ------
    ConfigError
        Unknown role, no series of that name in the run (the message names what is near), or one series for two roles.
    """
    out = {role: list(group) for role, group in groups.items()}
    for role, name in overrides.items():
        if role not in ROLES:
            raise ConfigError(
                f"there is no role {role!r}{_near(role, ROLES)}; `runlens show RUN` lists the roles of a run"
            )
        if name not in series:
            raise ConfigError(f"the run logs no metric {name!r} for the role {role}{_near(name, series)}")
        if also := next((other for other, same in overrides.items() if other != role and same == name), ""):
            raise ConfigError(f"the metric {name!r} was named for two roles, {role} and {also}: it can play one")
        group = out.get(role, [])
        group.sort(key=lambda r: r.series.name != name)
        out[role] = group
    return out


def _near(word: str, known: Iterable[str]) -> str:
    """`: did you mean …?` with up to three near names, or nothing."""
    from difflib import get_close_matches

    near = get_close_matches(word, list(known), n=3, cutoff=0.5)
    near = near or [k for k in known if word.lower() in k.lower()][:3]
    return f": did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
