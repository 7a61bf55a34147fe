"""What every rule is: a frozen dataclass whose fields are its settings and whose docstring is its page."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar, cast

from runlens.model import Figure, Finding, Run, Severity, Skip, SkipKind, Symptom
from runlens.roles.vocabulary import ROLES
from runlens.rules.meaning import Advice, Part

E = TypeVar("E", bound=Mapping[str, object])
"""What the evidence of a rule's findings holds: a TypedDict, which mypy checks where the finding is made."""


@dataclass(frozen=True)
class Rule(ABC, Generic[E]):
    """Base of all rules; subclasses set the class variables and write `check`."""

    code: ClassVar[str]
    name: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    """Roles without which the rule cannot judge: `check.py` then skips it and says so. `a|b` means either."""
    symptom: ClassVar[Symptom] = Symptom.OTHER
    """The kind of trouble that its findings show: what causes and precedents go by."""
    part: ClassVar[Part] = Part()
    """Its part in incidents: the story, what it may cause and what may cause it."""
    figure: ClassVar[Figure] = Figure()
    """How its findings are drawn."""
    advice: ClassVar[Advice | None] = None
    """What to do about its findings; None if its symptom or its help says all."""
    headline: ClassVar[str] = ""
    """What a title calls its findings; empty for the name with gaps for hyphens."""
    settles: ClassVar[bool] = True
    """Whether its silence says something of the training. One finite point, healthy GPUs, a whole log, a rate on its
    schedule, a loss that is not dead, or no resume do not."""

    @property
    def asked(self) -> bool:
        """Whether the user asked for just this, so that not to be able to judge is no pass."""
        return False

    @abstractmethod
    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield the findings of one run, in order of first step; or one Skip if it cannot judge."""

    def finding(
        self,
        severity: Severity,
        metric: str,
        steps: tuple[int, int] | None,
        message: str,
        evidence: E,
        help: str = "",
    ) -> Finding:
        """A finding of this rule; message and help begin with a capital, as sentences do."""
        message, help = (begun(text, metric) for text in (message, help))
        return Finding(self.code, self.name, severity, metric, steps, message, evidence, help)

    def skip(self, reason: str, *, kind: SkipKind, lacking: Sequence[str] = ()) -> Skip:
        """A statement that this rule did not judge: why, in words and for machines, and what is lacking."""
        return Skip(self.code, reason, kind, tuple(lacking))

    @property
    def by_clock(self) -> bool:
        """Whether its word depends on when it is asked even where a run does not say that it is still going."""
        return False

    @classmethod
    def of_healthy(cls, run: Run) -> dict[str, object]:
        """Settings of this rule that a healthy run tells, for runs that should be like it; empty if it tells none."""
        return {}

    @classmethod
    def of_several(cls, told: Sequence[Mapping[str, Any]]) -> dict[str, object]:
        """The settings that several healthy runs tell together (`of_healthy` of each, at least one)."""
        return dict(told[-1])

    @classmethod
    def words(cls, finding: Finding) -> str:
        """What a title calls its finding: `loss spike`, `GPU overheating`; of a rule that is not known, by its name."""
        return re.sub(r"\b(gpu|lr|moe)\b", lambda m: m[0].upper(), cls.headline or finding.name.replace("-", " "))

    @classmethod
    def advised(cls, finding: Finding) -> Advice | None:
        """What to do about one of its findings, where that differs from what its others ask for."""
        return cls.advice

    @classmethod
    def evidence_of(cls, finding: Finding) -> E:
        """The evidence of a finding of this rule, as what it is. A report of another version may lack a key."""
        return cast("E", finding.evidence)

    @classmethod
    def last_good(cls, finding: Finding) -> int | None:
        """Last step at which what its finding is about was still as it should be, where it can tell.

        What made it worse happened after that step and not at the first step of the finding alone.
        """
        return None

    @classmethod
    def taken_back(cls, finding: Finding) -> bool:
        """Whether the run was rewound to before this finding, so that the run as it stands never had it."""
        return False

    @classmethod
    def shown(cls, finding: Finding, run: Run) -> tuple[str, ...]:
        """Logged names of the series that show its finding, the main one first: what a figure draws.

        The series that the finding names; where its evidence names `devices`, that of each of them.
        """
        devices = finding.evidence.get("devices")
        if not isinstance(devices, list | tuple):
            return (finding.metric,) if finding.metric else ()
        own = run.named(finding.metric)
        alike = run.every(own.role) if own is not None else ()
        wanted = dict.fromkeys(devices)
        others = (r.series.name for r in alike if own and r.metric_kind == own.metric_kind and r.device in wanted)
        return tuple(dict.fromkeys((finding.metric, *others)))

    @classmethod
    def tied_roles(cls, finding: Finding) -> frozenset[str]:
        """Roles that its finding names as having moved together with it."""
        return frozenset()


_SPOKEN = frozenset(word for role in ROLES for word in role.split("_")) | {
    *("training", "validation", "held"),
    *("rank", "node", "host", "device", "worker", "expert"),
}
"""Words of roles and devices: a sentence that begins with one begins with a word and not with a name."""


def begun(text: str, metric: str) -> str:
    """The text with a capital, unless it begins with a logged name, which is written as it was logged.

    Parameters
    ----------
    text : str
    metric : str
        The logged name of what it is about: a task of it, as in `textchoice acc`, is a name, too.
    """
    first = text.partition(" ")[0].rstrip(",;:")
    part = first.lower() in re.findall("[a-z0-9]+", metric.lower()) and first.lower() not in _SPOKEN
    return text if part or any(sign in first for sign in "/_.=") else text[:1].upper() + text[1:]


AnyRule = Rule[Any]
"""A rule, whatever its evidence."""
