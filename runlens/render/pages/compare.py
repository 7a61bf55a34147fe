"""A run beside its references, for the terminal: verdict first, then task by task, then what was not compared."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.box import ASCII2, SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from runlens.model import Comparison, Point, TaskLag
from runlens.render.console import Page
from runlens.render.pages.training import head_of, show
from runlens.render.text import amount, named, visible

WIDTH = 120
_NARROWEST = 72
_UNBOUNDED = 1000
"""Columns in which a table is measured that has all the room it wants."""
UNMATCHED = 12
"""Evals without a partner that are listed; the rest is counted (the JSON has all)."""
_STYLE = {"behind": "bold red", "level": "bold green", "ahead": "bold green", "cannot tell": "bold yellow"}
_SIGN = {"behind": "✖", "level": "✔", "ahead": "✔", "cannot tell": "?", "not compared": "?"}
_TREND = {"widening": "↗ widening", "closing": "↘ closing", "steady": "→ steady"}


def render(
    comparisons: Sequence[Comparison],
    advice: Sequence[str] = (),
    *,
    width: int | None = None,
    color: bool = False,
    unicode: bool = True,
) -> str:
    """The comparisons of one run as text.

    Parameters
    ----------
    comparisons : sequence of Comparison
    advice : sequence of str
        Sentences that follow the verdicts, such as whether a restart would finish earlier.
    width : int, optional
        Columns, kept between 72 and 160; 120 if None.
    color : bool
        Whether to write ANSI colours.
    unicode : bool
        False for an output that is not UTF-8.

    Returns
    -------
    str
        Ends in a newline.
    """
    page = Page(width, WIDTH, _NARROWEST, color, unicode)
    for comparison in comparisons:
        _page(page.console, comparison, unicode)
    for sentence in advice:
        page.console.print(Padding(Text(visible(_capital(sentence)), style="bold"), (0, 0, 1, 0)))
    return page.text()


def _page(console: Console, found: Comparison, unicode: bool) -> None:
    if found.training and found.why_not:
        level = all(gap.severity is None for gap in found.training)
        head = Text("? EVALS NOT COMPARED", style="bold yellow") if found.evals_missing and level else None
        head = (head or head_of(found.training)).append(f"  {named(found.run)} beside {named(found.reference)}", "bold")
        console.print(head)
        show(console, found.training, found.not_training)
        style = "bold yellow" if found.evals_missing else "dim"
        console.print(Padding(Text(visible(f"Evals: {found.sentence}."), style=style), (0, 0, 1, 2)))
        return
    head = Text(f"{_SIGN[found.verdict]} {found.verdict.upper()}", style=_STYLE.get(found.verdict, "bold yellow"))
    head.append(f"  {named(found.run)} beside {named(found.reference)}", style="bold")
    console.print(head)
    console.print(Padding(Text(visible(_capital(found.sentence)) + "."), (0, 0, 1, 2)))
    show(console, found.training, found.not_training)
    if found.tasks:
        in_one_line = _table(found, narrow=False, unicode=unicode)
        needed = Measurement.get(console, console.options.update(max_width=_UNBOUNDED), in_one_line).maximum
        console.print(in_one_line if needed <= console.width else _table(found, narrow=True, unicode=unicode))
    for group in found.at_one:
        for point in group.points:
            console.print(Padding(Text(visible(_point(point)), style="red" if group.behind else ""), (0, 0, 0, 2)))
    for note in _notes(found):
        console.print(Padding(Text(visible(note), style="dim"), (0, 0, 0, 2)))
    if found.unmatched:
        console.print(Padding(Text("Not compared:", style="dim"), (0, 0, 0, 2)))
        for name, why in found.unmatched[:UNMATCHED]:
            console.print(Padding(Text(f"{named(name)}: {visible(why)}", style="dim"), (0, 0, 0, 4)))
        if len(found.unmatched) > UNMATCHED:
            more = len(found.unmatched) - UNMATCHED
            console.print(Padding(Text(f"and {more} more, in --format json", style="dim"), (0, 0, 0, 4)))
    console.print()


def _point(point: Point) -> str:
    """`HellaSwag acc_norm  0.552 against 0.573, 0.021 worse (0.012 to 0.030), on the same 10,042 items, p = 1e-05`."""
    low, high = sorted(point.interval if point.worse >= 0 else (-v for v in point.interval))
    side = "worse" if point.worse > 0 else "better" if point.worse < 0 else "apart"
    p = f", p = {point.p:.2g}" if math.isfinite(point.p) else ""
    return (
        f"{point.label}  {point.value:.4g} against {point.reference:.4g}, {abs(point.worse):.3g} {side} "
        f"({low:.3g} to {high:.3g}), by {point.yardstick}{p}"
    )


def _table(found: Comparison, narrow: bool, unicode: bool) -> Table:
    """One row a task; on a narrow page every cell takes two lines, the interval in the second."""
    gaps = (0, 1, 0, 0) if narrow else (0, 1)
    table = Table(box=SIMPLE_HEAD if unicode else ASCII2, pad_edge=False, padding=gaps, show_edge=False)
    table.add_column("task", overflow="fold", min_width=8)
    behind = f"{found.axis} behind"
    heads: tuple[str, ...] = ("run", "reference", "gap (95 %)", behind, "lag (95 %)", "trend")
    if narrow:
        heads = ("run\nreference", "gap\n95 %", f"{behind}\ntrend", "lag\n95 %")
    for head in heads:
        table.add_column(head, justify="left" if head == "trend" else "right", no_wrap=True)
    for task in found.tasks:
        name, run, reference, gap, between, trailing, lag, lags, trend = _cells(task, found.axis)
        row: tuple[str, ...] = (name, run, reference, f"{gap} ({between})", trailing, f"{lag} ({lags})", trend)
        if narrow:
            row = (name, f"{run}\n{reference}", f"{gap}\n{between}", f"{trailing}\n{trend}", f"{lag}\n{lags}")
        table.add_row(*(Text(cell, style="red" if task.behind else "") for cell in row))
    return table


def _cells(task: TaskLag, axis: str) -> tuple[str, str, str, str, str, str, str, str, str]:
    """Name, run, reference, gap and its interval, tokens behind, lag and its interval, trend."""
    low, high = task.gap_interval
    digits = 3 if abs(task.run_value) < 100 else 1
    behind = _amount(task.trailing, axis) if abs(task.factor - 1) > 0.005 else "0"
    if task.factor <= 0.13:
        behind = "ahead"
    lead = "≥ " if task.beyond and task.factor > 1 else ""
    setting = f", {task.run.setting}" if task.run.setting else ""
    return (
        visible(f"{task.label}{setting}"),
        f"{task.run_value:.{digits}f}",
        f"{task.reference_value:.{digits}f}",
        f"{task.gap:+.{digits}f}",
        f"{low:+.{digits}f} to {high:+.{digits}f}",
        f"{lead}{behind}",
        f"{lead}{times(task.factor)}",
        f"{times(task.interval[0]).removesuffix(' x')} – {times(task.interval[1])}",
        _TREND[task.trend] if task.behind or task.trend == "widening" else "",
    )


def times(factor: float) -> str:
    """A lag as people read it; bounds at the ends of what is tried."""
    if factor >= 63:
        return "> 60 x"
    if factor <= 0.13:
        return "< 0.13 x"
    return f"{factor:.2f} x" if factor < 9.95 else f"{factor:.0f} x"


def _amount(number: float, axis: str) -> str:
    """Tokens with three digits and their factor; steps in full."""
    return f"{number:,.0f}" if axis == "steps" else amount(number)


def _notes(found: Comparison) -> list[str]:
    """What the figures rest on, and what was assumed."""
    last = max((t.checkpoints for t in found.tasks), default=0)
    lines = []
    if found.tasks:
        where = f"Run, reference and gap are means over the run's last {last} checkpoints at the same {found.axis}"
        lines.append(f"{where}; red rows are proven by themselves.")
    if found.tokens_from:
        lines.append(f"Tokens of the run: {found.tokens_from}.")
    by_note: dict[str, list[str]] = {}
    for task in found.tasks:
        for note in task.notes:
            by_note.setdefault(note, []).append(task.label)
    lines += [f"{_capital(', '.join(names))}: {note}." for note, names in by_note.items()]
    source = " · ".join(part for part in (found.source, found.licence, found.citation) if part)
    if found.citation:
        lines.append(f"Reference: {source}.")
    return lines


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
