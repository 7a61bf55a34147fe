"""GitHub workflow commands: one annotation a run that did not pass, the worst first, and one for those that did, since
GitHub shows ten of a kind in a step.
"""

from __future__ import annotations

from runlens.model import Report, RunReport
from runlens.render import words
from runlens.render.links import called, page, pages
from runlens.render.many import skips
from runlens.render.text import plural, visible

LEVELS = {"fail": "error", "undecided": "warning", "pass": "notice"}
_FINDINGS, _NOTED = 5, 10


def render(report: Report) -> str:
    """The annotations, one a line; a note about the whole report is a warning."""
    runs = words.worst_first(report)
    passed = [run for run in runs if run.verdict == "pass"]
    alone = [run for run in runs if run.verdict != "pass" or len(passed) == 1]
    lines = [
        f"::{LEVELS[run.verdict]} title={_property(f'RunLens {run.verdict.upper()}: {called(run)}')}::{_data(run)}"
        for run in alone
    ]
    if len(passed) > 1:
        title = f"RunLens PASS: {plural(len(passed), 'run')}"
        lines.append(f"::notice title={_property(title)}::{_together(passed)}")
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


def _together(passed: list[RunReport]) -> str:
    """Runs that passed, in one annotation: those with findings by name, the others by number."""
    noted = [run for run in passed if any(f.suppressed is None for f in run.findings)]
    lines = [f"{called(run)}: {words.why(run)}" for run in noted[:_NOTED]]
    if len(noted) > _NOTED:
        lines.append(f"and {len(noted) - _NOTED} more with findings")
    clean = [called(run) for run in passed if run not in noted]
    if clean:
        more = f" and {len(clean) - _NOTED} more" if len(clean) > _NOTED else ""
        lines.append(f"Nothing found in {', '.join(clean[:_NOTED])}{more}")
    return escaped("\n".join([*lines, *(f"Not checked: {codes} ({why})" for codes, why in skips.not_checked(passed))]))


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
