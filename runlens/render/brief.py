"""The report in a few lines: what a Python prompt, a failed assertion and a log show of it."""

from __future__ import annotations

from runlens.model import Action, Finding, Report, RunReport
from runlens.render import words
from runlens.render.links import called
from runlens.render.text import plural, steps, visible

SHORT = 240
"""Characters that pytest shows of the repr of what an assertion failed with; it cuts the middle out of a longer one
(`_pytest._io.saferepr.DEFAULT_REPR_MAX_SIZE`)."""
_FINDINGS = 6
"""With the head, the count of the rest, the advice and what was not checked, ten lines."""
_WIDE = 160


def in_brief(report: Report) -> str:
    """About ten lines: the verdict, the worst findings in words, and what to do."""
    rows = [f"  {_head(report, run, f)}: {visible(f.message, _WIDE)}" for run, f in _worst(report)]
    rows += [f"  {called(run)}: {words.why(run)}" for run in _unclear(report)]
    more = [f"  and {len(rows) - _FINDINGS} more"] if len(rows) > _FINDINGS else []
    codes = _not_checked(report)
    left = [f"Not checked: {', '.join(codes)}"] if codes else []
    order = [words.headline(action)] if (action := _asked(report)) is not None else []
    return "\n".join([_verdict(report), *rows[:_FINDINGS], *more, *order, *left])


def in_short(report: Report) -> str:
    """The same without the sentences, in at most `SHORT` characters: as many findings as fit."""
    codes = _not_checked(report)
    left = f"; {plural(len(codes), 'rule')} not checked" if codes and report.passed else ""
    head = visible(_verdict(report), 90) + left
    order = [visible(words.order(action), 90)] if (action := _asked(report)) is not None else []
    rows = [f"  {visible(_head(report, run, f), 60)}" for run, f in _worst(report)]
    rows += [f"  {visible(called(run), 50)}: not judged" for run in _unclear(report)]
    for kept in range(len(rows), -1, -1):
        more = [f"  and {len(rows) - kept} more"] if kept < len(rows) else []
        text = "\n".join([f"<Report {head}", *rows[:kept], *more, *order]) + ">"
        if len(text) <= SHORT:
            return text
    return f"<Report {head}>"


def _verdict(report: Report) -> str:
    if len(report.runs) == 1:
        (run,) = report.runs
        return f"{report.verdict.upper()} {called(run)}: {words.why(run)}"
    return f"{report.verdict.upper()} {words.totals(report)}"


def _head(report: Report, run: RunReport, finding: Finding) -> str:
    where = f" at {steps(finding.steps)}" if finding.steps else ""
    whose = f"{called(run)} " if len(report.runs) > 1 else ""
    return f"{whose}{finding.severity.value} {finding.code} {finding.name}{where}"


def _worst(report: Report) -> list[tuple[RunReport, Finding]]:
    """What counts, the worst first."""
    counted = [(run, f) for run in words.worst_first(report) for f in run.findings if f.suppressed is None]
    return sorted(counted, key=lambda pair: -pair[1].severity.rank)


def _unclear(report: Report) -> list[RunReport]:
    """Runs of several that could not be judged; of one, the head says so."""
    return [run for run in report.runs if run.verdict == "undecided"] if len(report.runs) > 1 else []


def _not_checked(report: Report) -> list[str]:
    """Codes of the rules that did not judge some run."""
    return sorted({skip.code for run in report.runs for skip in run.skips})


def _asked(report: Report) -> Action | None:
    """The action, where there is something to do."""
    action = report.action
    return action if action is not None and action.kind != "continue" else None
