"""The report: what every output is made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from runlens.model.about import About, Symptom
from runlens.model.finding import Action, Failure, Finding, Incident, Severity, Skip
from runlens.model.latest import Lag, Latest
from runlens.model.nights import HeldAgainst
from runlens.model.run import Direction, Origin, State

Verdict = Literal["pass", "fail", "undecided"]


@dataclass(frozen=True, slots=True)
class RoleLine:
    """Which logged metric played a role."""

    metric: str
    confidence: float
    why: str
    unit: str = ""
    derived: bool = False
    origin: Origin = ""
    """By what the role was given; empty if an older version wrote the report."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A few hundred points of one series, decimated by minimum and maximum, for sparklines and figures."""

    role: str
    metric: str
    unit: str
    steps: tuple[int, ...]
    values: tuple[float, ...]
    """NaN and infinities kept; the extremes of every bucket are among them, so no spike is lost."""
    tokens: tuple[float, ...] = ()
    """Tokens at `steps`, empty if not known."""
    label: str = ""
    """Short text for people, such as `hellaswag (acc_norm)`."""
    direction: Direction | None = None
    reference: str = ""
    """Name of the reference that this curve belongs to (`metric` is then the run's series that it stands beside);
    empty for the run's own."""
    low: tuple[float, ...] = ()
    """Lower edge of the band around `values` (several references, or an interval); empty if none."""
    high: tuple[float, ...] = ()
    kind: str = ""
    """Which quantity of its role, such as `hbm` for the temperature of the memory; of a role without a unit of its own
    (`other`) the name that its series share. Series of two kinds share no panel."""
    ends: tuple[float, float] | None = None
    """Levels at which the whole series begins and ends (`runlens.render.ends`); None if an older version wrote it."""


@dataclass(frozen=True, slots=True)
class RunReport:
    """The judgement of one run: small, and free of series but for a few hundred points to draw."""

    run: str
    name: str
    source: str
    state: State
    verdict: Verdict
    steps: tuple[int, int] | None
    tokens: tuple[float, float] | None
    points: int
    roles: dict[str, RoleLine] = field(default_factory=dict)
    action: Action | None = None
    findings: tuple[Finding, ...] = ()
    incidents: tuple[Incident, ...] = ()
    skips: tuple[Skip, ...] = ()
    failures: tuple[Failure, ...] = ()
    checked: tuple[str, ...] = ()
    """Codes of the rules that did judge."""
    charts: tuple[Chart, ...] = ()
    framework: str = ""
    time: tuple[float, float] | None = None
    """Wall time of the first and last point, s since the epoch."""
    config: dict[str, object] = field(default_factory=dict)
    """Hyperparameters as logged, flat, with dots between levels; secrets hidden (`runlens.run_config.flat`)."""
    gpus: int = 0
    """Accelerators of the whole run; 0 if not known."""

    job: str = ""
    """The job that it is a night of: its id with `*` for what names the night; empty if an older version wrote it."""
    held_against: HeldAgainst | None = None
    """The good nights before it, and what was compared with them; None if there were none."""

    entity: str = ""
    """The team or user that its source files it under; empty where it has none."""
    project: str = ""
    latest: tuple[Latest, ...] = ()
    """Where its series stand now: main ones, each device, each eval; empty if an older version wrote it."""
    lags: tuple[Lag, ...] = ()
    """How far it stands behind each reference that it was compared with."""

    url: str = ""
    """The run's page at the tracker that holds it, such as W&B's; empty where the source tells none."""
    about: dict[str, About] = field(default_factory=dict)
    """What the rules with findings say about themselves, by code: renderers know no code."""

    def about_of(self, code: str) -> About:
        """What the rule of this code says about itself; of one that says nothing here, that it is like no other."""
        return self.about.get(code, About())

    def shows(self, code: str, *symptoms: Symptom) -> bool:
        """Whether the rule of this code shows one of these symptoms."""
        return self.about_of(code).symptom in symptoms

    def worst(self) -> Severity | None:
        """Severity of the worst finding that counts (not suppressed), or None."""
        counted = [f.severity for f in self.findings if f.suppressed is None]
        return max(counted, key=lambda s: s.rank) if counted else None


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that looked like a log and was not read."""

    path: str
    reason: str
    """A few words."""


@dataclass(frozen=True, slots=True)
class Report:
    """One invocation of `runlens check`: schema 1 of the JSON report."""

    version: str
    """Version of RunLens that made it."""
    created: str
    """UTC time, ISO 8601 with a trailing Z."""
    verdict: Verdict
    exit_code: int
    runs: tuple[RunReport, ...]
    fail_on: Severity = Severity.ERROR
    notes: tuple[str, ...] = ()
    """Said about the whole invocation: known findings that expired or were not used, files that were not read."""
    asked: tuple[str, ...] = ()
    """The names that the user gave, without secrets; empty if an older version wrote it."""
    unread: tuple[Unread, ...] = ()
    """Files of the folders named that looked like logs and are in no run."""

    @property
    def passed(self) -> bool:
        """Whether every run was judged, and none has a finding at or above `fail_on` that counts."""
        return self.verdict == "pass"

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found in all runs, in their order; known findings and notes are among them."""
        return tuple(finding for run in self.runs for finding in run.findings)

    @property
    def action(self) -> Action | None:
        """What to do now: of the only run, or of the first among several that failed, else of the first undecided."""
        for verdict in ("fail", "undecided", "pass"):
            for run in self.runs:
                if run.verdict == verdict and run.action is not None:
                    return run.action
        return None
