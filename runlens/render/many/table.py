"""The table of many runs on a terminal, and its last line: the verdict and the counts."""

from __future__ import annotations

from rich.console import Group
from rich.table import Table
from rich.text import Text

from runlens.model import Report, RunReport
from runlens.render import words
from runlens.render.links import called
from runlens.render.many import skips
from runlens.render.many.rows import ROWS, alike, by_gravity, row, standing, summary
from runlens.render.sparkline import BLOCKS, RAMP
from runlens.render.text import plural, visible

EACH = 2
"""Rows of runs that need a look for the same reasons; those after them are named in one line."""
MOST = 30
"""Such groups; the rest is counted."""
_VERDICT = 12
"""Columns before the name of a run."""
WIDE = 100
"""Columns from which the curves are drawn."""
STYLE = {"pass": "bold green", "fail": "bold red", "undecided": "bold yellow", "warn": "bold bright_yellow"}
_QUIET = "bright_black"


def table(report: Report, width: int, unicode: bool) -> Group:
    """One line a run with its numbers, and under those that need a look what to do."""
    runs = by_gravity(report)
    clean = [run for run in runs if standing(run) == "pass"]
    grave = runs[: len(runs) - len(clean)]
    groups = [[run] for run in runs] if len(runs) <= ROWS else alike(grave)[:MOST]
    parts: list[Text | Table] = []
    if groups:
        parts.append(_grid(groups, width, BLOCKS if unicode else RAMP))
    if len(runs) > ROWS and (left := len(grave) - sum(map(len, groups))):
        parts.append(Text(f"and {left:,} more that need a look, all in the JSON report", _QUIET))
    if len(runs) > ROWS and clean:
        line = Text("PASS", STYLE["pass"]).append(f"  {plural(len(clean), 'run')}", "not bold default")
        said = " · ".join(part for part in (_all(clean), summary(clean)) if part)
        parts.append(line.append(f"  {said}", "not bold default"))
    return Group(*parts)


def _all(clean: list[RunReport]) -> str:
    silent = sum(not run.findings for run in clean)
    return "nothing found" if silent == len(clean) else f"nothing found in {silent:,}, notes in {len(clean) - silent:,}"


def _more(runs: list[RunReport], width: int) -> Text:
    """The runs of a group that have no row of their own, by name as far as a line goes."""
    names = ", ".join(visible(called(run), 40) for run in runs[:ROWS])
    line = Text(f"and {len(runs):,} more like it: {names}", style=_QUIET)
    line.truncate(width - _VERDICT, overflow="ellipsis")
    return line


def _grid(groups: list[list[RunReport]], width: int, blocks: str) -> Table:
    """Verdict, name and numbers side by side; what to do in a line of its own, under the name.

    Of runs that are alike `EACH` have a row, and those after them a line together.
    """
    rows = [row(run, blocks) for group in groups for run in group[:EACH]]
    last = {id(group[EACH - 1]): group[EACH:] for group in groups if len(group) > EACH}
    grid = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False, expand=False)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    curves = width >= WIDE and any(r.loss_line for r in rows)
    columns = [[r.loss for r in rows], [r.tokens for r in rows], [r.speed for r in rows]]
    wide = [max(map(len, column)) for column in columns]
    names = min(max(len(called(r.run)) for r in rows), 40)
    for r in rows:
        head = Text(f"{visible(called(r.run), names):<{names}}", style="bold" if r.standing != "pass" else "")
        for at, value in enumerate((r.loss, r.tokens, r.speed)):
            line = (r.loss_line, "", r.speed_line)[at]
            if curves and at != 1:
                head.append(f"  {line:<12}", style="not bold blue")
            if wide[at]:
                head.append(f"  {value:>{wide[at]}}", style="not bold default")
        said = Text(r.said, style=_QUIET if r.standing == "pass" else "")
        if r.standing == "pass":
            head.append(f"  {r.said}" if r.run.findings else "", style=f"not bold {_QUIET}")
            grid.add_row(Text("PASS", STYLE["pass"]), head)
        else:
            grid.add_row(Text(r.standing.upper(), STYLE[r.standing]), Group(head, said))
        if id(r.run) in last:
            grid.add_row(Text(), _more(last[id(r.run)], width))
    return grid


def left_out(report: Report) -> list[Text]:
    """What was not checked, a line for each reason."""
    text = "; ".join(f"{codes} ({why})" for codes, why in skips.not_checked(report.runs))
    return [Text(f"Not checked: {text}.", style=_QUIET)] if text else []


def last_line(report: Report) -> Text:
    """The verdict and the counts, as linters and test runners end."""
    return Text(f"{report.verdict.upper()}  {words.totals(report)}", style=STYLE[report.verdict])
