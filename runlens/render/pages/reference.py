"""References as pages: a list of several, or the curves of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from rich.box import ASCII2, SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from runlens.model import Curve, Reference
from runlens.render.console import Page
from runlens.render.sparkline import BLOCKS, RAMP
from runlens.render.text import amount, named, number, plural, visible

WIDTH = 120
_NARROWEST = 60
_CELLS = 16


def listed(
    references: Sequence[Reference], *, width: int | None = None, color: bool = False, unicode: bool = True
) -> str:
    """One line a reference: name, range, checkpoints, number of tasks, few-shot settings.

    Parameters
    ----------
    references : sequence of Reference
    width : int, optional
        Columns, kept between 60 and 160; 120 if None.
    color : bool
        Whether to write ANSI colours.
    unicode : bool
        False for an output that is not UTF-8.

    Returns
    -------
    str
        Ends in a newline.
    """
    table = _table(unicode)
    heads = ("name", "range", "points", "tasks", "settings")
    rows = [_summary(reference) for reference in references]
    for i, head in enumerate(heads):
        widest = max(len(cell) for cell in (head, *(row[i] for row in rows)))
        table.add_column(
            head, justify="right" if head in ("points", "tasks") else "left", overflow="ellipsis",
            min_width=min(widest, 40) if head != "settings" else None,
        )  # fmt: skip
    for row in rows:
        table.add_row(Text(row[0], style="bold"), *(Text(c, no_wrap=True, overflow="ellipsis") for c in row[1:]))
    return _printed([table], width, color, unicode)


def covered(
    references: Sequence[Reference], *, width: int | None = None, color: bool = False, unicode: bool = True
) -> str:
    """Which tasks the references cover, and over which range: one paragraph for all that cover the same.

    Parameters
    ----------
    references : sequence of Reference
    width, color, unicode
        As in `listed`.

    Returns
    -------
    str
        Ends in a newline; empty for no reference.
    """
    alike: dict[tuple[str, str], list[str]] = {}
    for reference in references:
        tasks = ", ".join(sorted({c.task or "validation loss" for c in reference.curves}))
        alike.setdefault((f"{_range(reference.curves)} {reference.axis}", tasks), []).append(reference.name)
    lines = []
    for (span, tasks), names in alike.items():
        who = names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
        lines.append(Text(f"{named(who)}, {span}: ", style="bold").append(visible(tasks), style="not bold"))
    return _printed(lines, width, color, unicode)


def shown(reference: Reference, *, width: int | None = None, color: bool = False, unicode: bool = True) -> str:
    """One reference: where it comes from, and every curve with its range, first and last value and its course.

    Parameters
    ----------
    reference : Reference
    width, color, unicode
        As in `listed`.

    Returns
    -------
    str
        Ends in a newline.
    """
    count = plural(len(reference.curves), "curve")
    head = Text(named(reference.name), style="bold").append(f"  {count} over {reference.axis}", style="not bold")
    if reference.tokens_per_step:
        head.append(f" · {reference.tokens_per_step:,.0f} tokens a step", style="not bold")
    page: list[Text | Table] = [head]
    about = " · ".join(visible(part) for part in (reference.source, reference.licence, reference.citation) if part)
    page += [Text(about, style="bright_black")] if about else []
    page += [Text(f"{visible(str(k), 60)}: {_value(v)}", style="bright_black") for k, v in reference.settings.items()]
    page += [Text(), _curves(reference, _CELLS if (width or WIDTH) >= 100 else _CELLS // 2, unicode)]
    return _printed(page, width, color, unicode)


def _summary(reference: Reference) -> tuple[str, ...]:
    """The cells of one reference in a list."""
    return (
        named(reference.name),
        f"{_range(reference.curves)} {reference.axis}",
        f"{max((len(c.at) for c in reference.curves), default=0)}",
        f"{len({c.task for c in reference.curves})}",
        ", ".join(visible(s, 40) for s in sorted({c.setting for c in reference.curves if c.setting})) or "not said",
    )


def _curves(reference: Reference, cells: int, unicode: bool) -> Table:
    table = _table(unicode)
    members = "members" in reference.settings
    table.add_column("eval", overflow="fold")
    if members:
        table.add_column("member", overflow="fold")
    for head in ("items", "points", reference.axis, "first → last"):
        table.add_column(head, justify="right" if head in ("items", "points") else "left", no_wrap=True)
    table.add_column("course", no_wrap=True, min_width=cells)
    for c in reference.curves:
        first, last = (number(float(c.value[i]), 4) if len(c.value) else "" for i in (0, -1))
        setting = f", {c.setting}" if c.setting else ""
        table.add_row(
            Text(visible(f"{c.task or 'validation'} {c.metric}{setting}", 120)),
            *((Text(named(c.name)),) if members else ()),
            f"{c.n_items:,}" if c.n_items else "",
            f"{len(c.at)}",
            _range((c,)),
            f"{first} → {last}",
            Text(course(c, cells, BLOCKS if unicode else RAMP), style="blue"),
        )
    return table


def course(curve: Curve, cells: int, blocks: str) -> str:
    """The curve as a line of at most `cells` signs, one a checkpoint, the last one among them; empty for none."""
    if not len(curve.value):
        return ""
    value = curve.value[np.unique(np.rint(np.linspace(0, len(curve.value) - 1, cells)).astype(int))]
    low, high = float(value.min()), float(value.max())
    height = (value - low) / (high - low) if high > low else np.zeros(len(value))
    return "".join(blocks[min(int(h * len(blocks)), len(blocks) - 1)] for h in height.tolist())


def _range(curves: Sequence[Curve]) -> str:
    ends = [(float(c.at[0]), float(c.at[-1])) for c in curves if len(c.at)]
    if not ends:
        return "empty"
    low, high = amount(min(a for a, _ in ends)), amount(max(b for _, b in ends))
    return low if low == high else f"{low} – {high}"


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return visible(", ".join(f"{k} {v}" for k, v in value.items()))
    return visible(", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value))


def _table(unicode: bool) -> Table:
    return Table(box=SIMPLE_HEAD if unicode else ASCII2, pad_edge=False, padding=(0, 1), show_edge=False)


def _printed(parts: Sequence[Text | Table], width: int | None, color: bool, unicode: bool) -> str:
    page = Page(width, WIDTH, _NARROWEST, color, unicode)
    for part in parts:
        page.console.print(part)
    return page.text()
