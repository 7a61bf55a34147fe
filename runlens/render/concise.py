"""One line a finding, made for grep and for editors: `RUN:CODE severity steps message`, the worst runs first.

The last line of a run is its verdict, with `verdict` in the place of the severity; a failure has `failure` there. Steps
are written `1500-1511` or `1500`, and `-` where there are none. Known findings are left out, and counted at the end.
"""

from __future__ import annotations

from runlens.model import Report, RunReport
from runlens.render import words
from runlens.render.links import called
from runlens.render.text import named, visible


def render(report: Report) -> str:
    """The lines of every run, then the notes on the whole invocation."""
    lines = [line for run in words.worst_first(report) for line in _lines(run)]
    if not report.runs:
        lines.append(_line("", report.verdict.upper(), "verdict", None, words.totals(report)))
    lines += [_line("", "NOTE", "note", None, visible(note)) for note in report.notes]
    return "\n".join(lines) + "\n"


def _lines(run: RunReport) -> list[str]:
    name = named(run.run)
    counted = [f for group in words.groups(run) for f in group.findings if f.suppressed is None]
    codes = ", ".join(dict.fromkeys(skip.code for skip in run.skips))
    title = called(run)
    verdict = (f"{title}: " if title != name else "") + words.why(run) + (f"; not checked: {codes}" if codes else "")
    return [
        *(_line(name, f.code, f.severity.value, f.steps, visible(f.message)) for f in counted),
        *(_line(name, failure.stage.upper(), "failure", None, visible(failure.message)) for failure in run.failures),
        _line(name, run.verdict.upper(), "verdict", run.steps, verdict),
    ]


def _line(run: str, code: str, kind: str, steps: tuple[int, int] | None, message: str) -> str:
    where = "-" if steps is None else f"{steps[0]}-{steps[1]}" if steps[0] != steps[1] else str(steps[0])
    return f"{run}:{code} {kind} {where} {message}"
