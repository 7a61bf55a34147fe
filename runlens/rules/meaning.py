"""What a rule says about itself beside its page: its part in an incident, and in the advice.

Each rule declares it in its own file; `judging.incidents` and `advice` read it there and know no code.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum, auto

from runlens.model import ActionKind


class Story(Enum):
    """What the findings of one incident tell of together."""

    OPTIMISATION = auto()
    """Schedule, gradient, loss and evals."""
    SPEED = auto()
    """Hardware and throughput."""


class Stage(IntEnum):
    """Place in the chain of causes: of two findings of one moment, the one at the lower stage may cause the other."""

    RESUME = auto()
    SCHEDULE = auto()
    HARDWARE = auto()
    INSIDE = auto()
    """Norms and other inner measures of the model, which move before its loss does."""
    LOSS = auto()
    NOT_FINITE = auto()
    SPEED = auto()
    WAITING = auto()
    """Devices that wait because something else is slow."""
    EVALS = auto()
    LAST = auto()
    """Causes nothing that is judged."""


class Extent(Enum):
    """The steps at which another finding may set in because of this one."""

    WHOLE = auto()
    """From its first to its last step."""
    ONSET = auto()
    """Its first step alone: a resume is a moment, though it redid a stretch."""
    WHOLE_ABOVE_INFO = auto()
    """Its first step alone while it is `info`: pauses on schedule explain nothing that begins between them."""


@dataclass(frozen=True, slots=True)
class Part:
    """A rule's part in incidents."""

    stories: tuple[Story, ...] = ()
    """Stories that it belongs to; in none, each of its findings is an incident by itself."""
    opens: bool = False
    """Each of its findings opens an incident; otherwise it joins the one that it touches."""
    stage: Stage = Stage.LAST
    """What it may cause, and what may cause it."""
    place: int = 0
    """Order within the stage, the first cause first."""
    extent: Extent = Extent.WHOLE
    spans: bool = False
    """A short one is the single cause of all that happens while it lasts: two spikes within it are one incident. A
    rewind goes back to before it."""
    takes_back: bool = False
    """It may be the answer to a spike that it took back, and then no cause of it."""
    shown_by: tuple[str, ...] = ()
    """Roles that it judges: a finding which names one of these as tied to it belongs to it where they overlap."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do about a finding at warning or above; None of its own where `Rule.advice` is None."""

    kind: ActionKind = "investigate"
    measures: tuple[str, ...] = ()
    """Each one sentence, the most useful first."""
    sources: tuple[str, ...] = ()
    """Where they come from."""
    with_loader: str = ""
    """The first measure where steps may wait for a data loader (`rules.shared.loader`)."""
    without_loader: str = ""
    """The first measure where they do not."""

    def first_and_others(self, loader: bool) -> tuple[str, ...]:
        """All measures for a run of which is known whether it may wait for a data loader."""
        first = self.with_loader if loader else self.without_loader
        return (first, *self.measures) if first else self.measures
