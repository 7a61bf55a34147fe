"""GitHub workflow commands: one annotation a run, the worst first, since GitHub shows ten of a kind in a step."""

from __future__ import annotations

from runlens.model import Report, RunReport
from runlens.render import words
from runlens.render.links import called, page, pages
from runlens.render.text import visible

LEVELS = {"fail": "error", "undecided": "warning", "pass": "notice"}
_FINDINGS = 5


def render(report: Report) -> str:
    """The annotations, one a line; a note about the whole report is a warning."""
    runs = words.worst_first(report)
    lines = [
        f"::{LEVELS[run.verdict]} title={_property(f'RunLens {run.verdict.upper()}: {called(run)}')}::{_data(run)}"
        for run in runs
    ]
    if not runs:
        lines = [f"::warning title=RunLens::{escaped(words.totals(report))}"]
    lines += [f"::warning title=RunLens::{escaped(visible(note))}" for note in report.notes]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Text as the data of a workflow command (actions/toolkit, `escapeData`)."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Text as a property of a workflow command (actions/toolkit, `escapeProperty`)."""
    return escaped(text).replace(":", "%3A").replace(",", "%2C")


def _data(run: RunReport) -> str:
    lines = [words.why(run)]
    if run.action is not None and run.verdict == "fail":
        lines.append(f"{words.headline(run.action)}. {visible(run.action.reason)}")
    told = [f for g in words.groups(run) for f in g.findings if f.suppressed is None and f.severity.rank > 0]
    lines += [f"{f.code} {visible(f.message, 400)}" for f in told[:_FINDINGS]]
    if len(told) > _FINDINGS:
        lines.append(f"and {len(told) - _FINDINGS} more")
    if where := pages(told):
        lines.append(f"What the codes mean: runlens rule CODE, or {where}")
    if where := page(run):
        lines.append(where)
    if run.skips:
        lines.append(f"Not checked: {', '.join(dict.fromkeys(s.code for s in run.skips))}")
    return escaped("\n".join(lines))
