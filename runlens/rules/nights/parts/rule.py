"""What the rules on nights have in common: they judge a night by what is kept of it, with no log at hand."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runlens.model import Finding, Run, Skip
from runlens.model.twin import Twin
from runlens.rules.base import E, Rule
from runlens.rules.nights.parts.order import before, same
from runlens.rules.nights.parts.twin import twin_of

DAY = 86_400.0


@dataclass(frozen=True)
class NightRule(Rule[E]):
    """A rule that holds a run against nights before it; earlier nights are judged by it in their turn."""

    twins: tuple[Twin, ...] = ()
    last: int = 7
    max_age: float | None = None

    @property
    def floors(self) -> dict[str, float]:
        """Name of a measure to its floor, where a setting says it."""
        return {}

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Judge the run as a night."""
        if not self.twins:
            yield self.skip("no twin was named", kind="not-asked", lacking=("--baseline-runs", "twins"))
            return
        own = twin_of(run)
        nights = self.those_before(own)
        if not nights:
            newest = max(night.ended for night in self.twins)
            yield self.skip(
                f"the newest of {len(self.twins)} good nights is {(own.began - newest) / DAY:.1f} days old, and only "
                f"those of {self.max_age:g} days count (max_age)",
                kind="not-comparable",
            )
            return
        yield from self.beside(own, nights)

    def those_before(self, own: Twin) -> tuple[Twin, ...]:
        """The nights that this one is held against: those before it, all where the clock does not tell, none too old.

        A run that is among its own twins, since it is judged again, is not held against itself.

        A run that is older than all of its twins, such as one that is judged again beside a newer golden run, is held
        against all.
        """
        others = tuple(night for night in self.twins if not same(own, night)) or self.twins
        nights = before(own, others) or others
        if self.max_age is None:
            return tuple(nights)
        return tuple(night for night in nights if not own.began - night.ended > self.max_age * DAY)

    @abstractmethod
    def beside(self, own: Twin, nights: Sequence[Twin]) -> Iterator[Finding | Skip]:
        """Judge a night by what is known of it and of those before it, the oldest first; at least one."""
