"""Known findings: matched by code, run, metric and overlapping steps; they stay in the report, marked."""

from __future__ import annotations

import datetime
import fnmatch
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace

from runlens.errors import ConfigError, did_you_mean
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

    def of(self, run: str) -> bool:
        """Whether it is about the run of that id."""
        return run == self.run or fnmatch.fnmatchcase(run, self.run)

    def fits(self, finding: Finding, run: str) -> bool:
        """Whether a finding is this one: the same code, run and metric, and steps that overlap."""
        if self.code != finding.code or not self.of(run):
            return False
        if self.metric and self.metric != finding.metric:
            return False
        if self.steps is None or finding.steps is None:
            return True
        return self.steps[0] <= finding.steps[1] and finding.steps[0] <= self.steps[1]

    def expired(self, today: datetime.date) -> bool:
        """Whether its last day lies before `today`."""
        return self.until is not None and datetime.date.fromisoformat(self.until) < today

    def named(self) -> str:
        """What a sentence about it begins with."""
        return f"the known finding {self.code} of {self.run} ({self.reason})"


SLACK = 0.02
"""Share of the run by which a finding may lie elsewhere on another night of the job."""


def known_from(
    runs: Sequence[RunReport], reason: str, until: str | None, floor: Severity, by_job: bool = False
) -> tuple[Known, ...]:
    """The findings of a report that count and are at or above `floor`, as known ones.

    With `by_job` they are known of every night of the run's job (`RunReport.job`), with some slack in their steps.
    """
    _check_day(until, "the command line")
    return tuple(
        Known(f.code, _of_job(run), f.metric, _with_slack(f, run), reason, until)
        if by_job and _of_job(run) != run.run
        else Known(f.code, run.run, f.metric, f.steps, reason, until)
        for run in runs
        for f in run.findings
        if f.suppressed is None and f.severity.rank >= floor.rank
    )


def _of_job(run: RunReport) -> str:
    return run.job or run.run


def _with_slack(finding: Finding, run: RunReport) -> tuple[int, int] | None:
    if finding.steps is None or run.steps is None:
        return finding.steps
    first, last = finding.steps
    slack = max(last - first, round(SLACK * (run.steps[1] - run.steps[0])))
    return max(first - slack, 0), last + slack


def mark(findings: Sequence[Finding], run: str, known: Sequence[Known]) -> tuple[Finding, ...]:
    """The findings of a run; those that are known carry the reason in `suppressed` and no longer count."""
    marked = []
    for finding in findings:
        reason = next((k.reason for k in known if k.fits(finding, run)), finding.suppressed)
        marked.append(replace(finding, suppressed=reason))
    return tuple(marked)


def notes(runs: Sequence[RunReport], known: Sequence[Known], today: datetime.date) -> tuple[str, ...]:
    """One sentence for each known finding that has expired, or that its rule did not find again in these runs.

    Nothing is said of one whose run is not among these, or whose rule did not judge it.
    """
    said = []
    for k in known:
        mine = [run for run in runs if k.of(run.run)]
        again = any(k.fits(finding, run.run) for run in mine for finding in run.findings)
        if again and k.expired(today):
            said.append(f"{k.named()} expired on {k.until}: fix it, or give it a new date")
        elif not again and mine and all(k.code in run.checked for run in mine):
            said.append(f"{k.named()} was not found again: remove it from the baseline")
    return tuple(said)


def renewed(before: Sequence[Known], new: Sequence[Known], today: datetime.date) -> tuple[Known, ...]:
    """Old and new entries, without the expired ones that a new one takes the place of."""

    def replaced(old: Known) -> bool:
        return old.expired(today) and any(
            (old.code, old.run, old.metric, old.steps) == (k.code, k.run, k.metric, k.steps) for k in new
        )

    return (*(old for old in before if not replaced(old)), *new)


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
        If it is none, or an entry lacks something or holds something that is not known: the entry is named.
    """
    try:
        table = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{where} is no JSON: {error}; write a baseline with `runlens baseline RUN`") from error
    if not isinstance(table, dict) or "runlens_baseline" not in table or not isinstance(table.get("known"), list):
        raise ConfigError(f"{where} is no baseline file; write one with `runlens baseline RUN -o FILE`")
    if table["runlens_baseline"] != FORMAT:
        version = table["runlens_baseline"]
        raise ConfigError(f"{where} is a baseline of version {version!r:.60}, this RunLens reads version {FORMAT}")
    return tuple(_entry(row, f"{where}, entry {i}") for i, row in enumerate(table["known"], 1))


def _entry(row: object, where: str) -> Known:
    if not isinstance(row, dict):
        raise ConfigError(f"{where} is no table, but {row!r:.60}")
    names = [f.name for f in fields(Known)]
    for key in row:
        if key not in names:
            raise ConfigError(f"{where}: unknown key {key!r:.60}; {did_you_mean(str(key), names)}")
    for key in ("code", "run", "reason"):
        if not isinstance(row.get(key), str) or not row[key].strip():
            raise ConfigError(f"{where}: {key!r} must be given, as text that is not empty")
    metric = row.get("metric", "")
    if not isinstance(metric, str):
        raise ConfigError(f"{where}: 'metric' is {metric!r:.60}; it must be text, empty for any metric")
    steps = row.get("steps")
    if steps is not None and not (
        isinstance(steps, list) and [type(s) for s in steps] == [int, int] and steps[0] <= steps[1]
    ):
        raise ConfigError(f"{where}: 'steps' is {steps!r:.60}; it must be [first, last] or null")
    _check_day(row.get("until"), where)
    return Known(row["code"], row["run"], metric, tuple(steps) if steps else None, row["reason"], row.get("until"))


def _check_day(until: object, where: str) -> None:
    if until is None:
        return
    try:
        day = datetime.datetime.strptime(str(until), "%Y-%m-%d").date()
    except ValueError as error:
        raise ConfigError(f"{where}: the day {until!r} must be written as YYYY-MM-DD") from error
    if day.isoformat() != until:
        raise ConfigError(f"{where}: the day {until!r} must be written as {day.isoformat()}")
