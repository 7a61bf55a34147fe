"""What a rule says about a run: a finding, or that it could not judge, or that it failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from runlens.model.about import Suspect


class Severity(StrEnum):
    """How bad; compare by `rank`, since StrEnum compares as text."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """0 for info, 1 for warning, 2 for error."""
        return ("info", "warning", "error").index(self.value)


Evidence = Mapping[str, object]
"""Numbers, strings, booleans, None, and lists or dicts of them; keys carry the unit where there is one."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One incident, said in one sentence with numbers and units."""

    code: str
    """Permanent code such as `LOSS001`."""
    name: str
    """The rule's name such as `loss-spike`."""
    severity: Severity
    metric: str
    """The logged name of the series that shows it; empty if it is about the whole run."""
    steps: tuple[int, int] | None
    """First and last training step of the incident, inclusive."""
    message: str
    """One sentence with numbers and units."""
    evidence: Evidence = field(default_factory=lambda: MappingProxyType({}))
    """What the sentence says, for machines."""
    help: str = ""
    """What to look at or do next."""
    tokens: tuple[float, float] | None = None
    """Tokens consumed at `steps`; filled in by `check` where the run has tokens."""
    time: tuple[float, float] | None = None
    """Wall time at `steps`, s since the epoch; filled in by `check` where known."""
    incident: int | None = None
    """Number of the incident that this finding belongs to (from 1), filled in by `runlens.judging.incidents`."""
    suppressed: str | None = None
    """Why it does not count (baseline), or None."""
    series: tuple[str, ...] = ()
    """Logged names of the series that show it, the main one first: each is among the charts of its run, and is what the
    figure draws. Filled in by `runlens.judging.charts`; empty where no figure was asked for."""
    docs_url: str = ""
    """The page of its rule: an address, or the path and heading in this project's repository. Filled in by
    `runlens.judging.about`; empty for a code that has no rule any more."""

    @property
    def outcome(self) -> str:
        """How it ended, such as `plateaued`; empty where its rule tells no outcome."""
        outcome = self.evidence.get("outcome")
        return outcome if isinstance(outcome, str) else ""


SkipKind = Literal[
    "missing-role",
    "too-few-points",
    "not-asked",
    "not-applicable",
    "not-comparable",
    "not-due",
    "ended",
    "other",
]
"""Why a rule did not judge, for machines.

- `missing-role`: the log holds no series of a kind that the rule needs.
- `too-few-points`: it holds too few points, checkpoints, devices or wall times of it.
- `not-asked`: nobody gave what the rule judges by: a band, a reference, a requirement.
- `not-applicable`: what the rule looks for means nothing in this run, or with these settings.
- `not-comparable`: a reference was given, and the run cannot be compared with it.
- `not-due`: what was asked for lies ahead of the run.
- `ended`: the rule is about runs that go on, and this one has ended, or does not say that it goes on.
- `other`: reports of versions that wrote no kind.
"""


@dataclass(frozen=True, slots=True)
class Skip:
    """A rule that did not judge, and why: never shown as a pass."""

    code: str
    reason: str
    """For people."""
    kind: SkipKind = "other"
    lacking: tuple[str, ...] = ()
    """What would make the rule judge: roles for `missing-role`, options or settings for `not-asked`."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that should have worked and did not: unreadable run, crashed rule."""

    stage: Literal["read", "rule"]
    message: str
    missing: bool = False
    """True if there is no such run at all, which is wrong use and not a failure to read."""


@dataclass(frozen=True, slots=True)
class Incident:
    """Findings that belong together, the first cause first."""

    number: int
    """From 1, in order of first step."""
    title: str
    """A few words, such as `loss spike after a gradient surge`."""
    severity: Severity
    """The worst of its parts."""
    steps: tuple[int, int] | None
    codes: tuple[str, ...]
    """Codes of its parts, first cause first."""
    suspects: tuple[Suspect, ...] = ()
    """Its likely causes, the likeliest first; empty where nothing in the log speaks for one."""


ActionKind = Literal["continue", "fix-on-the-fly", "rewind-and-skip", "restart", "investigate"]


@dataclass(frozen=True, slots=True)
class Action:
    """What to do with the run now."""

    kind: ActionKind
    reason: str
    """Why, in one or two sentences with numbers."""
    rewind_to_step: int | None = None
    """Checkpoint (if `checkpoint_known`) or step to go back to."""
    skip_steps: tuple[int, int] | None = None
    """First and last step whose batches to leave out."""
    skip_tokens: int | None = None
    checkpoint_known: bool = False
    """True if `rewind_to_step` is a checkpoint that the log shows."""
    measures: tuple[str, ...] = ()
    """What to change besides, most useful first, each one sentence."""
    sources: tuple[str, ...] = ()
    """Where the advice comes from, such as `PaLM (arXiv 2204.02311), section 5.1`."""
    cause: str = ""
    """What it comes from, in a few words: a finding, or the likeliest suspect; empty where neither is known."""
    headline: str = ""
    """Cause, outcome and order in one line; empty if an older version wrote it."""
    order: str = ""
    """The order alone, as it stands in the headline; empty if an older version wrote it."""
    incident: int | None = None
    """Number of the incident that it answers; None where it answers none, or an older version wrote it."""
