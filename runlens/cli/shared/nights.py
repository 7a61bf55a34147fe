"""The pages of `runlens nights`: the list of nights, and their measures drawn."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from rich.table import Table
from rich.text import Text

from runlens.model.words import number
from runlens.render.console import Page
from runlens.render.sparkline import BLOCKS, RAMP
from runlens.render.text import clock, named, visible

if TYPE_CHECKING:
    from runlens.judging.nights.record import NightRecord
    from runlens.judging.nights.trend import Row

_STYLES = {"pass": "green", "fail": "bold red", "undecided": "bold yellow"}


def listed(records: Sequence[NightRecord], *, width: int | None, color: bool, unicode: bool) -> str:
    """A line a night."""
    page = Page(width, 100, 60, color, unicode)
    if not records:
        page.console.print(Text("No night is on record."))
        return page.text()
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bright_black")
    for head in ("night", "key", "ended (UTC)", "verdict", "found, or why it was accepted"):
        table.add_column(head, no_wrap=head != "found, or why it was accepted", overflow="fold")
    for record in records:
        table.add_row(
            Text(named(record.night)),
            Text(record.key, "bright_black"),
            Text(clock(record.twin.ended) if record.twin is not None and record.twin.ended > 0 else ""),
            Text(record.verdict, _STYLES[record.verdict]),
            Text(_said(record)),
        )
    page.console.print(table)
    good = sum(record.good for record in records)
    page.console.print(Text(f"\n{good} of {len(records)} nights count as good.", "bright_black"))
    return page.text()


def _said(record: NightRecord) -> str:
    found = ", ".join(record.found)
    unlike = f" ({', '.join(visible(what, 40) for what in record.unlike)})" if record.unlike else ""
    parts = [f"accepted: {visible(record.reason, 200)}"] if record.reason else []
    parts += [f"{visible(found, 100)}{unlike}"] if found else []
    parts += [visible(record.why, 200)] if record.why else []
    if record.verdict == "undecided" and record.not_compared:
        parts.append(f"not compared: {visible(record.not_compared[0], 120)}")
    if not record.held_against and record.verdict == "pass":
        parts.append("held against none")
    return "; ".join(parts)


def as_json(records: Sequence[NightRecord]) -> str:
    """The same for machines, without what was measured."""
    rows = [
        {
            "night": r.night,
            "key": r.key,
            "job": r.job,
            "judged": r.judged,
            "verdict": r.verdict,
            "good": r.good,
            "found": r.found,
            "unlike": r.unlike,
            "held_against": r.held_against,
            "compared": r.compared,
            "not_compared": r.not_compared,
            "why": r.why,
            "reason": r.reason,
            "accepted": r.accepted,
        }
        for r in records
    ]
    return json.dumps({"nights": rows}, indent=2)


def trends(jobs: Mapping[str, Sequence[Row]], *, width: int | None, color: bool, unicode: bool) -> str:
    """A line a measure, a sign a night; nights that do not count as good are marked below."""
    page = Page(width, 100, 60, color, unicode)
    room = page.width - 56
    for job, rows in jobs.items():
        page.console.print(Text(named(job), "bold").append("  each sign is a night, the oldest left", "bright_black"))
        for row in rows:
            first, last = number(float(row.values[0])), number(float(row.values[-1]))
            unit = f" {row.unit}" if row.unit else ""
            line = Text(f"{visible(row.words, 30):<30} ")
            line.append(_line(row, room, BLOCKS if unicode else RAMP), "blue").append(f"  {first} → {last}{unit}")
            if row.drift:
                line.append(f"  {visible(row.drift, 120)}", "yellow")
            page.console.print(line)
            marks = "".join(" " if good else "x" for good in row.good[-room:])
            if marks.strip():
                page.console.print(Text(f"{'':<30} {marks}", "red"))
    if not any(jobs.values()):
        page.console.print(Text("No night on record was measured."))
    return page.text()


def trends_as_json(jobs: Mapping[str, Sequence[Row]]) -> str:
    """The same for machines."""
    told = {
        job: [
            {
                "what": row.what,
                "unit": row.unit,
                "drift": row.drift,
                "nights": [
                    {"night": night, "good": good, "value": value if np.isfinite(value) else None}
                    for night, good, value in zip(row.nights, row.good, row.values.tolist(), strict=True)
                ],
            }
            for row in rows
        ]
        for job, rows in jobs.items()
    }
    return json.dumps({"jobs": told}, indent=2)


def _line(row: Row, room: int, blocks: str) -> str:
    """A sign a night, between the lowest and the highest; the newest where there are more than there is room for."""
    values = row.values[-room:]
    low, high = float(values.min()), float(values.max())
    share = (values - low) / (high - low) if high > low else np.full(len(values), 0.5)
    return "".join(blocks[round(float(x) * (len(blocks) - 1))] for x in share)
