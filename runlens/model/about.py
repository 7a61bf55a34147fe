"""What a rule says about its findings to those who show and weigh them: the kind of trouble, and how it is drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal


class Symptom(StrEnum):
    """The kind of trouble that a finding shows: what causes, precedents and advice go by, whatever the rule."""

    SPIKE = "spike"
    """The loss left its level at once."""
    HABIT = "habit"
    """It spikes again and again."""
    NOT_FINITE = "not-finite"
    """A loss or norm is NaN or infinite."""
    STALL = "stall"
    """The loss no longer comes down."""
    SHIFT = "shift"
    """The loss moved to another level and goes on from there."""
    SURGE = "surge"
    """The gradient norm left its level."""
    SCHEDULE = "schedule"
    """The learning rate left its schedule."""
    RESUME = "resume"
    """The run was resumed."""
    SLOW = "slow"
    """Fewer tokens a second."""
    MACHINE = "machine"
    """A GPU or node ails."""
    BEHIND = "behind"
    """Evals trail a reference."""
    WORSE = "worse"
    """Evals trail the run's own earlier level."""
    OVERFIT = "overfit"
    """Held-out loss rises while the training loss falls."""
    OTHER = "other"
    """None of these: it is told with its rule's own words and weighed by its severity alone."""

    @classmethod
    def _missing_(cls, value: object) -> Symptom:
        """One that a newer version knows, in a report that it saved, is like no other here."""
        return cls.OTHER


Mark = Literal["span", "peak", "line"]


@dataclass(frozen=True, slots=True)
class Figure:
    """How the findings of a rule are drawn."""

    mark: Mark = "span"
    """`span`: its steps are shaded; `peak`: the height of the peak stands beside it too; `line`: it is a moment, and a
    line runs through all panels."""
    panels: tuple[str, ...] = ()
    """Roles whose panel shows it where its own metric is not drawn, the best first."""
    beside: tuple[str, ...] = ()
    """Roles that an engineer looks at together with it."""
    sudden: bool = False
    """It comes on within a few steps: a page zooms in on its beginning, also where it lasts to the end of the run."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A likely cause of an incident, with what the run itself says for and against it."""

    title: str
    check: str
    """How to find out, in one sentence."""
    speaks_for: tuple[str, ...]
    speaks_against: tuple[str, ...]
    score: int
    """Sum of the clues' weights; it only sets the order."""
    short: str = ""
    """The title for a headline."""
    mend: str = ""
    """What to do about it before the run goes on, as an order without a capital; empty where leaving out batches is."""
    skips: bool = False
    """Whether it lies in the batches, so that leaving them out takes it away."""


@dataclass(frozen=True, slots=True)
class About:
    """One rule, as far as a report tells of it."""

    symptom: Symptom = Symptom.OTHER
    figure: Figure = field(default_factory=Figure)
    summary: str = ""
    """What it says, in one sentence; empty if an older version wrote the report."""
