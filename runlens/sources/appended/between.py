"""What stands between two trainings of one log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Between:
    """What stands between two trainings."""

    ended: bool = False
    """Whether it says that the first came to its end."""
    crashed: bool = False
    """Whether it says that the first broke off."""
    names_another: bool = False
    """Whether it says that the second is another: another fold, seed, model or setting."""
    launched: bool = False
    """Whether the program says again what it says once, as it begins: its arguments, or that training starts."""
    title: str = ""
    """The line that says so."""
    above: int = 0
    """How many lines above the first row of the second that stands; 0 where none says so."""
    config: Mapping[str, object] = field(default_factory=dict)
    """The settings that it states."""
    text: bytes = b""
