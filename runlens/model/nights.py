"""What a run was held against: the good nights before it, what was compared with them and what was not."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Compared:
    """One measure of tonight beside that of the good nights."""

    what: str
    """Its name, or the logged name of an eval."""
    words: str
    unit: str
    tonight: float
    usual: float
    spread: float | None
    """Standard deviation among the nights, in the unit of the value; None for a single night."""
    unlike: bool
    """Whether tonight stands beyond its bar."""


@dataclass(frozen=True, slots=True)
class Change:
    """One setting that is not what it was on the last good night."""

    setting: str
    before: str
    tonight: str


@dataclass(frozen=True, slots=True)
class HeldAgainst:
    """The good nights that a run was held against."""

    nights: tuple[str, ...]
    """Their names, the oldest first: those that say what is usual."""
    first: float | None
    """When the first of them ended, s since the epoch; None if not known."""
    last: float | None
    known: int
    """How many good nights tell the spread and the trend, these among them."""
    compared: tuple[Compared, ...]
    not_compared: tuple[str, ...]
    """Sentences on what was not."""
    changed: tuple[Change, ...] = ()
    """Settings that differ from those of the last good night."""
