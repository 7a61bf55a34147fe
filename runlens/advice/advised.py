"""An action, and the finding that calls for it."""

from __future__ import annotations

from dataclasses import dataclass

from runlens.model import Action, Finding


@dataclass(frozen=True, slots=True)
class Advised:
    """What one rule of advice says; of several the one about the worst finding is taken."""

    action: Action
    finding: Finding
    first: str = ""
    """What to do before all else, as an order without a capital; empty if the action says it."""
    complete: bool = False
    """`first` is the whole order."""

    @property
    def rank(self) -> int:
        """How bad what it is about is."""
        return self.finding.severity.rank
