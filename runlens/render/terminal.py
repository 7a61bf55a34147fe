"""The page that a tired engineer reads in ten seconds: verdict and action first, then the findings, then the rest."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

from rich.box import ASCII2, SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from runlens.model import Finding, Report, RunReport, Severity
from runlens.render import links, words
from runlens.render.console import Page
from runlens.render.links import called
from runlens.render.many.rows import ROWS, alike, by_gravity, standing
from runlens.render.many.table import STYLE, last_line, left_out, table
from runlens.render.sparkline import ASCII_MARKS, BLOCKS, LABEL, MARKS, RAMP, sparklines
from runlens.render.text import ascii_only, plural, visible

WIDTH = 100
_NARROWEST = 60
DETAILS = 20
"""Runs shown with their findings, of a report of many; the table below them names more. Of very many only the first of
those that are alike is shown so."""

_SEVERITY = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
_ACTION = {"continue": "green", "investigate": "bold yellow", "fix-on-the-fly": "bold yellow"}


def render(report: Report, *, width: int | None = None, color: bool = False, unicode: bool = True) -> str:
    """The terminal page as text.

    Parameters
    ----------
    report : Report
    width : int, optional
        Columns; kept between 60 and 160, because longer lines are not read. 100 if None.
    color : bool
        Whether to write ANSI colours (the terminal's own sixteen).
    unicode : bool
        False for an output that is not UTF-8: only ASCII is written.

    Returns
    -------
    str
        Ends in a newline. No line ends in spaces.
    """
    report = report if unicode else _spelt(report)
    page = Page(width, WIDTH, _NARROWEST, color, unicode)
    for part in _page(report, page.width, unicode):
        page.console.print(part)
    return page.text()


def _spelt(value: Any) -> Any:
    """`value` with every text in it in ASCII: before the lines are broken, because an escape is wider than its sign."""
    if isinstance(value, str):
        return value if value.isascii() else ascii_only(value)
    if isinstance(value, tuple):
        return tuple(_spelt(v) for v in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: _spelt(getattr(value, f.name)) for f in fields(value)})
    return value


def _page(report: Report, width: int, unicode: bool) -> list[Group | Table | Text]:
    """One run in full; of many, those that need a look in full, then the table of all, the count last."""
    notes = [Text(f"Note: {visible(note)}", style="yellow") for note in report.notes]
    if len(report.runs) == 1:
        return [*_run(report.runs[0], width, unicode), Text(), *notes]
    page: list[Group | Table | Text] = []
    worth = [run for run in by_gravity(report) if words.worth_reading(run)]
    shown = worth if len(report.runs) <= ROWS else [group[0] for group in alike(worth)]
    for run in shown[:DETAILS]:
        page += [*_run(run, width, unicode, alone=False), Text()]
    if (left := len(worth) - len(shown[:DETAILS])) > 0:
        more = plural(left, "more run")
        page += [Text(f"{more} with findings in the JSON report (--format json)."), Text()]
    if report.runs:
        page += [table(report, width, unicode), *left_out(report), *notes, Text()]
    return [*page, *(notes if not report.runs else ()), last_line(report)]


def _run(run: RunReport, width: int, unicode: bool, alone: bool = True) -> list[Group | Table | Text]:
    head = Text(called(run), style="bold").append(f"  {words.why(run)}", style="not bold")
    verdict = run.verdict if alone else standing(run)
    page: list[Group | Table | Text] = [_hanging(Text(verdict.upper(), style=STYLE[verdict]), head)]
    if facts := words.facts(run):
        page.append(Text(facts, style="bright_black"))
    if where := links.page(run):
        page.append(Text(where, style="bright_black", no_wrap=True))
    if guess := words.guess(run):
        page.append(Text(guess, style="yellow"))
    if run.action is not None and (run.verdict != "undecided" or run.findings):
        page.append(_action(run))
    if len(run.failures) > 1 or (run.failures and run.verdict != "undecided"):
        page += [Text(f"{f.stage} failure: {visible(f.message)}", style="red") for f in run.failures]
    if lines := _sparklines(run, width, unicode):
        page += [Text(), *lines]
    if run.findings:
        page += [Text(), _findings(run, width, unicode)]
    if not alone:
        return [*page, *_held(run)]
    page += [Text(), Text(f"Checked: {words.checked(run)}.{_codes(run)}", style="bright_black"), *_held(run)]
    page += [_not_checked(words.not_checked_in_short(run.skips))] if run.skips else []
    return page


def _codes(run: RunReport) -> str:
    """How to learn what a code means; empty where the page shows none that has a page."""
    told = [f for group in words.groups(run) for f in group.findings if f.docs_url]
    return f" What a code means: runlens rule {visible(told[0].code, 20)}." if told else ""


def _held(run: RunReport) -> list[Group | Table | Text]:
    """The good nights that it was held against, what was not compared, and what changed since the last of them."""
    quiet = "bright_black"
    lines: list[Group | Table | Text] = [Text(f"{told}.", quiet) for told in (words.held(run),) if told]
    lines += [Text(f"{told}.", "yellow") for told in (words.not_held(run),) if told]
    if changed := words.changed(run):
        rows = (_hanging(Text("•", quiet), Text(line)) for line in changed)
        lines.append(Group(Text("Changed since the last good night:", quiet), *rows))
    return lines


def _hanging(first: Text, rest: Text) -> Table:
    """A sign and the text beside it, whose further lines hang under the text."""
    table = Table.grid(padding=(0, 2 if len(first) > 1 else 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row(first, rest)
    return table


def _action(run: RunReport) -> Group:
    action = run.action
    assert action is not None
    line = Text(words.headline(action), style=_ACTION.get(action.kind, "bold red"))
    line.append(f". {words.sentence(action.reason)}", style="not bold default")
    measures = (_hanging(Text("•"), Text(visible(measure))) for measure in action.measures)
    return Group(_hanging(Text("→"), line), *measures)


def _sparklines(run: RunReport, width: int, unicode: bool) -> list[Text]:
    """Drawn series with their figures, and a line of marks under each that has findings."""
    lines: list[Text] = []
    drawn = sparklines(run, width, BLOCKS if unicode else RAMP)
    signs = MARKS if unicode else ASCII_MARKS
    wide = max((len(spark.label) for spark in drawn), default=0)
    wide = max(wide, LABEL) + 1
    for spark in drawn:
        lines.append(Text(f"{spark.label:<{wide}}").append(spark.line, style="blue").append(f"  {spark.figures}"))
        if spark.marks:
            under = Text(" " * wide)
            for cell, severity in spark.marks:
                under.append(" " * (wide + cell - len(under))).append(signs[severity], style=_SEVERITY[severity])
            lines.append(under)
    return lines


def _findings(run: RunReport, width: int, unicode: bool) -> Table:
    """The table of findings: incident by incident, the worst first and in it the first cause first."""
    table = Table(
        box=SIMPLE_HEAD if unicode else ASCII2, show_edge=False, padding=(0, 1), pad_edge=False, expand=False,
        header_style="bright_black", border_style="bright_black",
    )  # fmt: skip
    table.add_column("finding", no_wrap=True)
    table.add_column("where (times in UTC)", min_width=20, max_width=28, overflow="fold")
    table.add_column("what, and what to do", overflow="fold")
    before = 0
    for group in words.groups(run):
        if before and max(before, len(group.findings)) > 1:
            table.add_row()
        before = len(group.findings)
        if group.incident is not None and len(group.findings) > 1:
            title = Text(visible(group.incident.title, 200), style="bold")
            table.add_row(Text(f"incident {group.incident.number}", style="bold"), Text(), title)
        for finding in group.findings:
            table.add_row(*_row(finding))
    return table


def _row(finding: Finding) -> tuple[Text, Text, Group]:
    known = finding.suppressed is not None
    code = Text(finding.code, style="bright_black" if known else _SEVERITY[finding.severity])
    code.append(f"\n{'known' if known else finding.severity.value}", style="not bold")
    what: list[Text] = [Text(visible(finding.message), style="bright_black" if known else "")]
    if finding.suppressed is not None:
        what.append(Text(f"Known: {visible(finding.suppressed) or 'no reason was given'}", style="bright_black"))
    elif finding.help:
        what.append(Text(visible(finding.help), style="italic"))
    return code, Text("\n".join(words.where(finding))), Group(*what)


def _not_checked(lines: list[tuple[str, str]]) -> Group:
    quiet = "bright_black"
    rows = (_hanging(Text("•", quiet), Text(f"{codes}: {reason}", quiet)) for codes, reason in lines)
    return Group(Text("Not checked:", quiet), *rows)
