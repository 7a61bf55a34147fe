"""Markdown for a pull request, an issue or a step summary (GitHub's and GitLab's dialect)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape

from runlens.model import Finding, Report, RunReport, Skip
from runlens.render import words
from runlens.render.links import called, docs, page, pages, spoke
from runlens.render.many import skips
from runlens.render.many.rows import by_gravity, standing
from runlens.render.text import NAME_LIMIT, TEXT_LIMIT, visible

LIMIT = 1_000_000
"""Bytes at most: GitHub refuses a step summary above 1 MiB (docs.github.com, "Workflow commands", step isolation and
limits), and a pull request's comment is read by nobody long before that."""
SIGNS = {"pass": "🟢", "fail": "🔴", "undecided": "⚪", "warn": "🟡"}
SEVERITIES = {"error": "🔴 error", "warning": "🟠 warning", "info": "🔵 info"}

_ESCAPES = {c: "\\" + c for c in "\\`*_[]|~$"} | {
    "<": "&lt;",
    ">": "&gt;",
    "&": "&amp;",
    "@": "@&#8203;",  # no mention: the entity is a space of no width, as Dependabot writes it
    "#": "#&#8203;",  # no link to an issue
}
_LINK = re.compile(r"(?i)\b(https?|ftp|mailto|xmpp)(:)|\b(www)(\.)")


def render(report: Report, *, limit: int = LIMIT) -> str:
    """The report as Markdown of at most `limit` bytes: what does not fit is counted, the worst comes first."""
    parts: list[str] = []
    left = limit - 200
    pieces = list(_pieces(report))
    for at, piece in enumerate(pieces):
        left -= len(piece.encode())
        if left < 0:
            parts.append(f"\n*Cut here: {len(pieces) - at} more parts are in the JSON report.*\n")
            break
        parts.append(piece)
    return "".join(parts)


def text(raw: str, limit: int = TEXT_LIMIT) -> str:
    """Text from a log as Markdown that shows it and does nothing else: no link, no mention, no HTML, no markup."""
    escaped = "".join(_ESCAPES.get(c, c) for c in visible(raw, limit))
    return _LINK.sub(lambda m: f"{m[1] or m[3]}&#8203;{m[2] or m[4]}", escaped)


def code(raw: str, limit: int = NAME_LIMIT) -> str:
    """A name as a code span, safe in a table cell."""
    shown = (visible(raw, limit) or "(no name)").replace("|", "\\|")
    fence = "`" * (max((len(m) for m in re.findall("`+", shown)), default=0) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def title(run: RunReport) -> str:
    """The run's name and id as a code span, with a link to its page where it has one; safe in a table cell."""
    shown, where = code(called(run)), page(run)
    return f"[{shown}](<{where}>)" if where else shown


def _pieces(report: Report) -> Iterator[str]:
    """The document in parts that may be cut between, the most important first."""
    yield f"## {SIGNS[report.verdict]} RunLens: {report.verdict.upper()}\n\n{words.totals(report)}\n\n"
    runs = by_gravity(report)
    if len(runs) > 1:
        yield "| | run | found | what to do |\n|---|---|---|---|\n"
        for run in runs:
            stands = standing(run)
            todo = words.headline(run.action) if run.action and stands != "pass" else ""
            yield f"| {SIGNS[stands]} {stands} | {title(run)} | {text(words.why(run))} | {text(todo)} |\n"
        yield "\n"
    common = skips.in_common(runs)
    for run in runs:
        if len(runs) == 1:
            yield _run(run, run.skips)
        elif run.findings or run.failures:
            part = _run(run, [skip for skip in run.skips if skip not in common])
            yield part if standing(run) != "pass" else _folded(run, part)
    if len(runs) > 1 and (left := skips.not_checked(runs)):
        yield "Not checked in these runs:\n\n" + "".join(f"- {text(codes)}: {why}\n" for codes, why in left) + "\n"
    for note in report.notes:
        yield f"> {text(note)}\n"
    yield f"\n<sub>RunLens {text(report.version)}, {text(report.created)}</sub>\n"


def _folded(run: RunReport, part: str) -> str:
    """The part of a run that needs no look, to be unfolded."""
    shown = escape(f"{called(run)}: {words.why(run)}").replace("@", "@&#8203;").replace("#", "#&#8203;")
    head = f"{SIGNS['pass']} {shown}"  # HTML: no markup is read in it, and a backslash would be shown
    return f"<details><summary>{head}</summary>\n\n{part.rstrip()}\n\n</details>\n\n"


def _run(run: RunReport, left: Sequence[Skip]) -> str:
    lines = [f"### {SIGNS[run.verdict]} {title(run)}: {text(words.why(run))}", "", text(words.facts(run)), ""]
    if guess := words.guess(run):
        lines += [text(guess), ""]
    if run.action is not None and (run.verdict != "undecided" or run.findings):
        lines.append(f"**{text(words.headline(run.action))}.** {text(words.sentence(run.action.reason))}")
        lines += ["", *(f"- {text(measure)}" for measure in run.action.measures), ""]
    lines += [f"- **{failure.stage} failure**: {text(failure.message)}" for failure in run.failures]
    if run.findings:
        lines += ["", "| finding | where (UTC) | what, and what to do |", "|---|---|---|"]
        for group in words.groups(run):
            if group.incident is not None and len(group.findings) > 1:
                lines.append(f"| **incident {group.incident.number}** | | **{text(group.incident.title)}** |")
            lines += [row(f) for f in group.findings]
    lines += ["", f"Checked: {words.checked(run)}.", "", *_rules(run)]
    lines += [line for told in (words.held(run), words.not_held(run)) if told for line in (f"{text(told)}.", "")]
    if changed := words.changed(run):
        lines += ["Changed since the last good night:", "", *(f"- {text(line)}" for line in changed), ""]
    lines += [_not_checked(left)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


def _rules(run: RunReport) -> list[str]:
    """What the codes mean, and where that is said at length."""
    where = pages([f for f in run.findings if not docs(f)])
    paths = f", {code(where, TEXT_LIMIT)} is its page" if where else ""
    told = f"What the codes mean: `runlens rule CODE` prints it{paths}."
    return [told, ""] if spoke(run.findings) else []


def _linked(finding: Finding) -> str:
    """The code, with a link to its page where that has an address."""
    where = docs(finding)
    return f"[{text(finding.code)}](<{where}>)" if where else text(finding.code)


def row(finding: Finding) -> str:
    """A finding as a row of three cells."""
    what = text(finding.message)
    if finding.suppressed is not None:
        what = f"<del>{what}</del><br>Known: {text(finding.suppressed) or 'no reason was given'}"
    elif finding.help:
        what += f"<br>*{text(finding.help)}*"
    severity = "known" if finding.suppressed is not None else SEVERITIES[finding.severity.value]
    place = "<br>".join(text(line) for line in words.where(finding))
    return f"| **{_linked(finding)}**<br>{severity} | {place} | {what} |"


def _not_checked(left: Sequence[Skip]) -> str:
    lines = [f"- {codes}: {text(reason)}" for codes, reason in words.not_checked_in_short(left)]
    return "\n".join(["Not checked:", "", *lines]) + "\n\n" if lines else ""
