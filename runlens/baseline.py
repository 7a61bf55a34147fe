"""Known findings: matched by code, run, metric and overlapping steps; they stay in the report, marked."""

from __future__ import annotations

import datetime
import fnmatch
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from runlens.errors import ConfigError
from runlens.gate import run_verdict
from runlens.model import Finding, RunReport, Severity

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Known:
    """One finding that somebody has looked at and accepted."""

    code: str
    run: str
    """The run's id, or a shell-style pattern."""
    metric: str
    steps: tuple[int, int] | None
    """First and last step; None fits any."""
    reason: str
    """Why it is accepted; never empty."""
    until: str | None = None
    """Last day on which it counts as known, YYYY-MM-DD; None is for ever."""

    def fits(self, finding: Finding, run: str) -> bool:
        """Whether a finding is this one: the same code, run and metric, and steps that overlap."""
        if self.code != finding.code or not fnmatch.fnmatchcase(run, self.run):
            return False
        if self.metric and self.metric != finding.metric:
            return False
        if self.steps is None or finding.steps is None:
            return self.steps is None or finding.steps is None
        return self.steps[0] <= finding.steps[1] and finding.steps[0] <= self.steps[1]

    def expired(self, today: datetime.date) -> bool:
        """Whether its last day lies before `today`."""
        return self.until is not None and datetime.date.fromisoformat(self.until) < today


def known_from(runs: Sequence[RunReport], reason: str, until: str | None, floor: Severity) -> tuple[Known, ...]:
    """The findings of a report that count and are at or above `floor`, as known ones."""
    _check_day(until, "the command line")
    return tuple(
        Known(f.code, run.run, f.metric, f.steps, reason, until)
        for run in runs
        for f in run.findings
        if f.suppressed is None and f.severity.rank >= floor.rank
    )


def apply(
    runs: Sequence[RunReport], known: Sequence[Known], today: datetime.date, fail_on: Sequence[Severity]
) -> tuple[tuple[RunReport, ...], tuple[str, ...]]:
    """Mark known findings and judge again without them.

    Parameters
    ----------
    runs : sequence of RunReport
    known : sequence of Known
    today : datetime.date
        Known findings whose last day has passed no longer count.
    fail_on : sequence of Severity
        For each run, the severity that fails it.

    Returns
    -------
    runs : tuple of RunReport
        The findings that are known carry the reason in `suppressed`; the verdict leaves them out.
    notes : tuple of str
        One sentence for each known finding that has expired, or that fits nothing in these runs.
    """
    live = [k for k in known if not k.expired(today)]
    used: set[int] = set()
    judged = []
    for run, floor in zip(runs, fail_on, strict=True):
        findings = []
        for finding in run.findings:
            hit = next((i for i, k in enumerate(live) if k.fits(finding, run.run)), None)
            if hit is not None:
                used.add(hit)
                finding = replace(finding, suppressed=live[hit].reason)
            findings.append(finding)
        marked = replace(run, findings=tuple(findings))
        judged.append(replace(marked, verdict=run_verdict(marked, floor)))
    ids = [run.run for run in runs]
    notes = [
        f"the known finding {k.code} of {k.run} ({k.reason}) expired on {k.until}: fix it, or give it a new date"
        for k in known
        if k.expired(today)
    ]
    notes += [
        f"the known finding {k.code} of {k.run} ({k.reason}) was not found again: remove it from the baseline"
        for i, k in enumerate(live)
        if i not in used and any(fnmatch.fnmatchcase(run, k.run) for run in ids)
    ]
    return tuple(judged), tuple(notes)


def dumps(known: Sequence[Known]) -> str:
    """The text of a baseline file: JSON, one known finding a line, sorted, made for review in a pull request."""
    order = sorted(known, key=lambda k: (k.run, k.code, k.metric, k.steps or (-1, -1)))
    rows = ",\n".join("  " + json.dumps(asdict(k)) for k in order)
    return f'{{"runlens_baseline": {FORMAT}, "known": [\n{rows}\n]}}\n'


def loads(text: str, where: str) -> tuple[Known, ...]:
    """Read a baseline file.

    Raises
    ------
    ConfigError
        If it is none, or an entry lacks something: the entry is named.
    """
    try:
        table = json.loads(text)
        version, rows = table["runlens_baseline"], table["known"]
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{where} is no baseline file; write one with `runlens baseline RUN -o {where}`") from error
    if version != FORMAT:
        raise ConfigError(f"{where} is a baseline of version {version}, this RunLens reads version {FORMAT}")
    return tuple(_entry(row, f"{where}, entry {i}") for i, row in enumerate(rows, 1))


def _entry(row: object, where: str) -> Known:
    if not isinstance(row, dict):
        raise ConfigError(f"{where} is no table")
    missing = [key for key in ("code", "run", "reason") if not isinstance(row.get(key), str) or not row[key].strip()]
    if missing:
        raise ConfigError(f"{where}: {missing[0]!r} must be given, as text that is not empty")
    steps = row.get("steps")
    if steps is not None and not (
        isinstance(steps, list) and len(steps) == 2 and all(isinstance(s, int) for s in steps) and steps[0] <= steps[1]
    ):
        raise ConfigError(f"{where}: 'steps' is {steps!r}; it must be [first, last] or null")
    _check_day(row.get("until"), where)
    return Known(
        row["code"],
        row["run"],
        str(row.get("metric") or ""),
        tuple(steps) if steps else None,
        row["reason"],
        row.get("until"),
    )


def _check_day(until: object, where: str) -> None:
    try:
        if until is not None:
            datetime.date.fromisoformat(str(until))
    except ValueError as error:
        raise ConfigError(f"{where}: the day {until!r} must be written as YYYY-MM-DD") from error
