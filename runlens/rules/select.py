"""Rule codes and prefixes, as users write them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from runlens.errors import ConfigError
from runlens.rules import RULES
from runlens.rules.base import AnyRule


def check_codes(codes: Iterable[str]) -> tuple[str, ...]:
    """The codes in capital letters.

    Raises
    ------
    ConfigError
        If one is neither a code nor a prefix of one; the nearest code is named.
    """
    known = [rule.code for rule in RULES]
    names = {rule.name: rule.code for rule in RULES}
    found = []
    for given in codes:
        code = names.get(given.strip().lower(), given.strip().upper())
        if not code or not any(k.startswith(code) for k in known):
            name = given.strip().lower()
            near = [names[n] for n in difflib.get_close_matches(name, names, 1, 0.8)]  # else LOSS-SPIK is near LOSS005
            near += difflib.get_close_matches(code, known, 1, 0.5)
            near += [names[n] for n in difflib.get_close_matches(name, names, 1, 0.5)]
            hint = f"did you mean {near[0]}?" if near else "`runlens rule` lists them all."
            raise ConfigError(f"{given!r} is no rule code or prefix of one; {hint}")
        found.append(code)
    return tuple(found)


def select(codes: Sequence[str] | None, ignored: Sequence[str] | None) -> tuple[type[AnyRule], ...]:
    """The rules to judge by: those selected (all, if None) less those ignored, the longer prefix winning.

    `--select LOSS --ignore LOSS002` leaves LOSS002 out, and `--ignore LOSS --select LOSS001` keeps LOSS001.
    """
    chosen = ("",) if codes is None else check_codes(codes)
    dropped = check_codes(ignored or ())

    def strength(code: str, prefixes: Iterable[str]) -> int:
        return max((len(p) for p in prefixes if code.startswith(p)), default=-1)

    return tuple(rule for rule in RULES if strength(rule.code, chosen) > strength(rule.code, dropped))
