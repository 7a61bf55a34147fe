"""The postmortem as data, from which Markdown and HTML are written alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from runlens.model import Finding, Incident, RunReport, Suspect, Symptom
from runlens.render import words
from runlens.render.postmortem.box import Box, box, lead
from runlens.render.postmortem.cost import Cost, costs
from runlens.render.postmortem.precedents import Precedent, precedents
from runlens.render.text import amount, clock, duration, gpu_time, number, steps, tokens, visible

EVIDENCE = 24
"""Lines of evidence of a finding; more are in the JSON report."""
ROWS, COLUMNS = 12, 12
"""Of a table within the evidence; the JSON report has the rest."""
IN_FULL, PARTS, MOMENTS = 8, 6, 40
"""Incidents told in full, findings of one of them with all their evidence, and lines of the timeline: of more the
gravest are taken, and the others told in a line each."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the timeline."""

    when: str
    steps: str
    tokens: str
    length: str
    what: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class Sheet:
    """Evidence that is a list of like things, such as the evals that fell together: one row each."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """Cells in words, the empty ones empty."""
    left: int
    """Rows that are in the JSON report only."""


@dataclass(frozen=True, slots=True)
class Told:
    """One finding of an incident, with its evidence in words."""

    finding: Finding
    evidence: tuple[tuple[str, str], ...]
    sheets: tuple[Sheet, ...] = ()


@dataclass(frozen=True, slots=True)
class IncidentStory:
    """Everything about one incident."""

    incident: Incident
    outcome: str
    findings: tuple[Told, ...]
    suspects: tuple[Suspect, ...]
    precedents: tuple[Precedent, ...]
    costs: tuple[Cost, ...]
    further: tuple[Moment, ...] = ()
    """Its findings that are told in a line."""


@dataclass(frozen=True, slots=True)
class Story:
    """The postmortem of one run."""

    run: RunReport
    box: Box | None
    """What a manager reads; None where nothing above a note was found."""
    timeline: tuple[Moment, ...]
    left: int
    """Findings that the timeline leaves out."""
    incidents: tuple[IncidentStory, ...]
    further: tuple[Moment, ...]
    """Findings of the incidents that are told in a line: notes, and those beyond `IN_FULL`."""
    rewind: tuple[tuple[str, str], ...]
    """The exact rewind point and window, name and value; empty if nothing is to be rewound."""
    not_checked: tuple[tuple[str, str], ...]
    config: tuple[tuple[str, str], ...]


def story(run: RunReport, incident: int | None = None) -> Story:
    """The postmortem of a run, or of one of its incidents.

    Parameters
    ----------
    run : RunReport
    incident : int, optional
        Number of the only incident to tell of; all if None.
    """
    told = [i for i in run.incidents if (i.severity.rank >= 1 if incident is None else i.number == incident)]
    told.sort(key=lambda i: (-i.severity.rank, i.number))
    counted = [f for f in run.findings if f.suppressed is None and incident in (None, f.incident)]
    full = {i.number for i in told[:IN_FULL]}
    drawn = sorted(counted, key=lambda f: -f.severity.rank)[:MOMENTS]
    return Story(
        run=run,
        box=box(run, lead(run) if incident is None else next(iter(told), None)),
        timeline=tuple(_moment(f) for f in _in_order(run, drawn)),
        left=len(counted) - len(drawn),
        incidents=tuple(_incident(run, i) for i in told[:IN_FULL]),
        further=tuple(_moment(f) for f in _in_order(run, [f for f in counted if f.incident not in full])),
        rewind=tuple(_rewind(run)),
        not_checked=tuple(words.not_checked(run.skips)),
        config=tuple((visible(k, 120), plain(v)) for k, v in run.config.items()),
    )


def plain(value: object) -> str:
    """A value of evidence or configuration in words: numbers short, lists joined, nothing hidden but depth."""
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        whole = isinstance(value, int) or (value.is_integer() and abs(value) < 2**53)  # JSON knows no other difference
        return f"{int(value):,}" if whole else number(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{visible(str(k), 40)}: {plain(v)}" for k, v in list(value.items())[:12])
    if isinstance(value, list | tuple):
        more = f" and {len(value) - 12} more" if len(value) > 12 else ""
        return "; ".join(plain(v) for v in value[:12]) + more if value else "none"
    return visible(str(value), 400)


def _incident(run: RunReport, incident: Incident) -> IncidentStory:
    outcome = _outcome(run, incident)
    symptoms = {run.about_of(code).symptom for code in incident.codes}
    parts = _parts(run, incident)
    gravest = {id(f) for f in sorted(parts, key=lambda f: -f.severity.rank)[:PARTS]}
    return IncidentStory(
        incident=incident,
        outcome=visible(outcome).replace("-", " "),
        findings=tuple(_told(f) for f in parts if id(f) in gravest),
        further=tuple(_moment(f) for f in parts if id(f) not in gravest),
        suspects=incident.suspects,
        precedents=tuple(precedents(symptoms, outcome)),
        costs=tuple(costs(run, incident)),
    )


def _outcome(run: RunReport, incident: Incident) -> str:
    """Outcome of the incident's first loss spike that counts, empty if it has none."""
    mine = (f for f in run.findings if f.incident == incident.number and f.suppressed is None)
    return next((f.outcome for f in mine if run.shows(f.code, Symptom.SPIKE)), "")


def _parts(run: RunReport, incident: Incident) -> list[Finding]:
    """The incident's findings, the first cause first."""
    order = words.causal(incident)
    parts = [f for f in run.findings if f.incident == incident.number and f.suppressed is None]
    return sorted(parts, key=lambda f: (order.get(f.code, len(order)), f.steps or (-1, -1)))


def _in_order(run: RunReport, findings: Sequence[Finding]) -> list[Finding]:
    """By first step, and at one step the first cause first; what has no step comes last."""
    causes = {i.number: words.causal(i) for i in run.incidents}

    def place(finding: Finding) -> tuple[bool, int, int]:
        cause = causes.get(finding.incident or 0, {}).get(finding.code, 99)
        return finding.steps is None, finding.steps[0] if finding.steps else 0, cause

    return sorted(findings, key=place)


def _told(finding: Finding) -> Told:
    entries = [(_key(k), v) for k, v in finding.evidence.items() if _tells(k, v)]
    sheets = tuple(_sheet(k, v) for k, v in entries if _alike(v))
    pairs = tuple((k, _worded(k, v)) for k, v in entries if not _alike(v))
    return Told(finding, pairs[:EVIDENCE], sheets)


def _tells(key: str, value: object) -> bool:
    """Whether a page shows it: what is not so or not known, a lead of no steps and seconds of GPUs are for machines."""
    lead = key.startswith(("steps_before", "gradient_first"))
    petty = key.startswith("gpu_hours") and isinstance(value, int | float) and value * 60 < 1
    return value is not None and value is not False and not (lead and not value) and not petty


def _alike(value: object) -> TypeGuard[Sequence[Mapping[str, object]]]:
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(v, Mapping) for v in value)


def _sheet(title: str, rows: Sequence[Mapping[str, object]]) -> Sheet:
    """A table with a column for each key whose values tell the rows apart, the first `COLUMNS` of them."""
    keys = dict.fromkeys(k for row in rows for k in row)
    telling = [k for k in keys if len(rows) == 1 or len({str(row.get(k)) for row in rows}) > 1][:COLUMNS]
    cells = [tuple("" if row.get(k) is None else _worded(_key(k), row[k]) for k in telling) for row in rows[:ROWS]]
    return Sheet(title, tuple(map(_key, telling)), tuple(cells), max(len(rows) - ROWS, 0))


def _key(key: object) -> str:
    return visible(str(key), 60).replace("_", " ")


def _worded(key: str, value: object) -> str:
    """A value of evidence in words: hours as a length of time, everything else as `plain` has it."""
    if "hours" in key.split() and isinstance(value, int | float) and not isinstance(value, bool):
        return gpu_time(value) if "gpu" in key.split() else duration(value * 3600)
    return plain(value)


def _moment(finding: Finding) -> Moment:
    length = ""
    if finding.time is not None and finding.time[1] > finding.time[0]:
        length = duration(finding.time[1] - finding.time[0])
    elif finding.steps is not None:
        count = finding.steps[1] - finding.steps[0] + 1
        length = f"{count:,} step{'s' if count > 1 else ''}"
    return Moment(
        when=clock(finding.time[0]) if finding.time is not None else "",
        steps=steps(finding.steps) if finding.steps is not None else "",
        tokens=tokens(finding.tokens).removesuffix(" tokens") if finding.tokens is not None else "",
        length=length,
        what=visible(finding.message),
        finding=finding,
    )


def _rewind(run: RunReport) -> list[tuple[str, str]]:
    action = run.action
    if action is None or (action.rewind_to_step is None and action.skip_steps is None):
        return []
    lines = []
    if action.rewind_to_step is not None:
        known = (
            "a checkpoint that the log shows" if action.checkpoint_known else "take the last checkpoint at or before it"
        )
        lines.append(("Rewind to step", f"{action.rewind_to_step:,} ({known})"))
    if action.skip_steps is not None:
        first, last = action.skip_steps
        lines.append(("Skip the batches of steps", f"{steps(action.skip_steps)} ({last - first + 1:,} steps)"))
    if action.skip_tokens is not None:
        lines.append(("Skip tokens", f"{action.skip_tokens:,} ({amount(action.skip_tokens)})"))
    return lines
