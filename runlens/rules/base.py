"""What every rule is: a frozen dataclass whose fields are its settings and whose docstring is its page."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from runlens.model import Evidence, Finding, Run, Severity, Skip

_NONE: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True)
class Rule(ABC):
    """Base of all rules; subclasses set the class variables and write `check`."""

    code: ClassVar[str]
    name: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    """Roles without which the rule cannot judge: `check.py` then skips it and says so. `a|b` means either."""

    @abstractmethod
    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield the findings of one run, in order of first step; or one Skip if it cannot judge."""

    def finding(
        self,
        severity: Severity,
        metric: str,
        steps: tuple[int, int] | None,
        message: str,
        evidence: Evidence = _NONE,
        help: str = "",
    ) -> Finding:
        """A finding of this rule; message and help begin with a capital, as sentences do."""
        message, help = (text[:1].upper() + text[1:] for text in (message, help))
        return Finding(self.code, self.name, severity, metric, steps, message, evidence, help)

    def skip(self, reason: str) -> Skip:
        """A statement that this rule did not judge."""
        return Skip(self.code, reason)
