"""The summary at the head of the quality page: single cells of the tables below it, beside what was asked for."""

from __future__ import annotations

from benchmarks.tables import table


def cell(text: str, title: str, row: str | tuple[str, ...], column: str) -> str:
    """What stands in a table of a page.

    Parameters
    ----------
    text : str
        Markdown, each table below a line with its title in bold.
    title : str
        The beginning of the table's title; empty for the first table that has such a row.
    row : str or tuple of str
        The beginning of each of its first cells.
    column : str
        The beginning of its head.

    Returns
    -------
    str
        The cell; empty if there is no such table, row or column, as where no folder of curves was given.
    """
    first = (row,) if isinstance(row, str) else row
    heads: list[str] = []
    inside = not title
    for line in text.splitlines():
        if line.startswith("**"):
            inside, heads = line.startswith(f"**{title}"), []
        if not line.startswith("| ") or not inside:
            continue
        cells = [c.strip() for c in line.strip().strip("|").split("|")]
        if not heads:
            heads = cells
        elif all(c.startswith(begin) for c, begin in zip(cells, first, strict=False)):
            at = next((i for i, head in enumerate(heads) if head.startswith(column)), None)
            return cells[at] if at is not None and at < len(cells) else ""
    return ""


def summary(text: dict[str, str]) -> str:
    """What was measured beside what was asked for, from the tables below."""
    loss, speed, evals, habits, planted = (text[k] for k in ("loss", "throughput", "evals", "habits", "planted"))
    by_length, beside, real = "LOSS001 on synthetic runs", "Beside the rules", "Real training runs"
    labelled, blind = "Public curves with", ("AlgoPerf, labelled blind", "RunLens")
    quiet = "Public curves without labels"
    twice = "2 x found, from 6 checkpoints, everything"
    asked = [
        ("loss spikes found, synthetic, from 1,000 points", "0.99", cell(loss, beside, "RunLens", "recall, from")),
        ("loss spikes found, synthetic, 50 to 300 points", "0.9", cell(loss, beside, "RunLens", "recall, 50-300")),
        ("precision there, 300 points", "0.9", cell(loss, by_length, "300", "precision")),
        ("false incidents per million clean points", "at most 0.5", cell(loss, beside, "RunLens", "false incidents")),
        ("real runs with known faults: incidents found", "all", cell(loss, real, "loss incidents", "result")),
        ("... outcome right", "all", cell(loss, real, "outcomes right", "result")),
        ("... false at warning or above", "0", cell(loss, real, "false at", "result")),
        ("public curves, labelled blind: events found", "52 of 62", cell(loss, labelled, blind, "events found")),
        ("... findings on its quiet runs", "at most 2", cell(loss, labelled, blind, "findings on")),
        ("18 nanoGPT runs, quiet by eye: warnings", "0", cell(loss, quiet, ("RunLens", "nanoGPT"), "at warning")),
        ("throughput 4 % lower: found, %", "98", cell(speed, "Drops found", "4 %", "RunLens")),
        ("... false per million steady steps", "at most 1", cell(speed, "False alarms", "steady, 300,000", "RunLens")),
        ("evals 2 x behind the reference, found", "90 %", cell(evals, "Summary", twice, "answer")),
        ("... healthy pairs flagged", "at most 5 %", cell(evals, "Summary", "null pairs flagged, all", "answer")),
        ("schedule breaks found", "-", cell(habits, "Habits", ("LR001", "a bump"), "found")),
        ("... false on schedules of nine kinds", "0", cell(habits, "Habits", ("LR001", "look-alike"), "false")),
        ("throughput 4 % lower, planted into real logs: found", "98 %", cell(planted, "", "throughput 4 %", "found")),
    ]  # fmt: skip
    lines = [(what, bar, got or "not measured here") for what, bar, got in asked]
    return table("Summary", lines, ("question", "asked for", "measured"))
