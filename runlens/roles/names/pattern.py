"""One generic rule on names: a regular expression over the normalised name and the role that it gives."""

from __future__ import annotations

import re
from dataclasses import dataclass

EVAL = r"~(eval|evals|evaluation|evaluator|valid\d*|validation|vali|val|test|dev|heldout|held_out|holdout)~"
"""A word that says that something was measured on held-out data."""


def compiled(pattern: str) -> re.Pattern[str]:
    """`~` stands for the edge of a word, where a word is letters and digits (`_` and `/` part words)."""
    return re.compile(pattern.replace("~", r"(?:(?<![a-z0-9])|(?![a-z0-9]))"))


@dataclass(frozen=True, slots=True)
class Pattern:
    """One rule: a name that fits plays the role."""

    id: str
    role: str
    regex: re.Pattern[str]
    unless: re.Pattern[str] | None = None
    flags: frozenset[str] = frozenset()
    confidence: float = 0.7

    def fits(self, shape: str) -> bool:
        """Whether a normalised name fits."""
        return bool(self.regex.search(shape)) and not (self.unless and self.unless.search(shape))


def P(  # noqa: N802 - one letter keeps the table readable
    role: str, regex: str, unless: str = "", flags: str = "", confidence: float = 0.7, id: str = ""
) -> Pattern:
    """A pattern; `role` may carry a suffix after `:` that names the rule."""
    role, _, name = role.partition(":")
    return Pattern(
        id or name or role,
        role,
        compiled(regex),
        compiled(unless) if unless else None,
        frozenset(flags.split(",") if flags else ()),
        confidence,
    )
