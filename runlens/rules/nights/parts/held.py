"""One thing that was compared with the nights before, whatever came of it."""

from __future__ import annotations

from dataclasses import dataclass

from runlens.model import Severity
from runlens.rules.nights.parts.measures import Measure


@dataclass(frozen=True, slots=True)
class Held:
    """A measure of tonight beside that of the good nights."""

    measure: Measure
    name: str
    """What the user calls it: the measure's name, or the logged name of an eval."""
    metric: str
    """The series that shows it, or empty."""
    unit: str
    tonight: float
    usual: float
    shift: float
    """How far from usual: of the logarithm, or in its own unit where the measure is not logarithmic."""
    spread: float | None
    bar: float
    since: int | None = None
    """Step from which on it differs; None if it is about the whole run."""

    @property
    def beyond(self) -> bool:
        """Whether it is unlike the nights before."""
        return abs(self.shift) > self.bar

    @property
    def worse(self) -> bool:
        """Whether it went the way that is bad news."""
        return self.measure.is_worse(self.shift)

    @property
    def severity(self) -> Severity | None:
        """How bad it is; None if it is as usual, or better in a way that nobody needs to know."""
        if not self.beyond:
            return None
        if self.worse:
            return Severity.ERROR if abs(self.shift) > self.measure.error * self.bar else Severity.WARNING
        if self.measure.other:
            return Severity.WARNING
        return Severity.INFO if self.measure.better else None
