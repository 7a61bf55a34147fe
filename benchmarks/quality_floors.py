"""What the quality must not fall below, whatever part of the runs was measured.

The floors lie a little under what the small part of the runs gives (`--quick`) and what the page says of all, so that
one run more that is missed does not fail, and a rule that got worse does. A table or a column that is gone fails as
well: a floor that nothing is held against would be none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Floor:
    """A bound for every cell of a column, in the rows that begin with some text."""

    family: str
    """Key of `benchmarks.quality.HEADINGS`."""
    title: str
    """The beginning of the title of a table."""
    row: str
    """The beginning of the first cell; empty for all rows."""
    column: str
    """The beginning of the head of the column."""
    least: float | None = None
    most: float | None = None

    @property
    def name(self) -> str:
        """For people: table, rows and column."""
        return " / ".join(part for part in (self.title, self.row, self.column) if part)


FLOORS = (
    Floor("loss", "Beside the rules", "RunLens", "recall, 50-300", least=0.93),
    Floor("loss", "Beside the rules", "RunLens", "recall, from 1,000", least=0.96),
    Floor("loss", "Beside the rules", "RunLens", "precision", least=0.97),
    Floor("loss", "Beside the rules", "RunLens", "false incidents", most=0.5),
    Floor("loss", "LOSS001 on synthetic runs", "", "outcome right", least=0.93),
    Floor("loss", "By kind of event", "", "found, 50-300", least=0.8),
    Floor("loss", "By kind of event", "", "found, from 1,000", least=0.96),
    Floor("loss", "Changes of level", "", "NaN found", least=1.0),
    Floor("loss", "Changes of level", "from 1,000", "data stages found", least=0.83),
    Floor("loss", "Changes of level", "", "LOSS005 in runs", most=0.01),
    Floor("loss", "Real training runs", "loss incidents found", "result", least=1.0),
    Floor("loss", "Real training runs", "outcomes right", "result", least=1.0),
    Floor("loss", "Real training runs", "false at warning", "result", most=0),
    Floor("wild", "Smoothed losses", "", "healthy runs", most=5),
    Floor("wild", "Smoothed losses", "", "faults found", least=60),
    Floor("wild", "Short stationary losses", "", "runs with a warning", most=12),
    Floor("wild", "Petty", "", "runs with a warning", most=5),
    Floor("wild", "Resumes", "healthy", "runs with a finding", most=2),
    Floor("wild", "Resumes", "weights", "named rightly", least=95),
    Floor("wild", "Resumes", "r", "named rightly", least=95),
    Floor("kinds", "Collapse and blow-ups: faults", "", "found", least=80),
    Floor("kinds", "Collapse and blow-ups: faults", "all", "found", least=95),
    Floor("kinds", "Collapse and blow-ups: healthy", "all", "runs with a warning", most=2),
    Floor("kinds", "Few points: faults", "", "found", least=75),
    Floor("kinds", "Few points: faults", "all", "found", least=94),
    Floor("kinds", "Few points: healthy", "all", "runs with a warning", most=2),
    *(
        floor
        for title in ("Clocks", "Odd clocks", "Experts", "Shared machines", "Adversaries", "Gradient norms")
        for floor in (
            Floor("kinds", f"{title}: faults", "all", "found", least=95),
            Floor("kinds", f"{title}: healthy", "all", "runs with a warning", most=2),
        )
    ),
    Floor("kinds", "Reinforcement learning, healthy", "all", "runs with a warning", most=1),
    Floor("kinds", "Reinforcement learning, collapses", "all", "found", least=95),
    Floor("kinds", "Reinforcement learning, collapses", "", "found", least=85),
    Floor("kinds", "Reports rebuilt", "all", "troubles told", least=88),
    Floor("kinds", "Reports rebuilt", "all", "with a false warning", most=2),
    Floor("kinds", "Reports rebuilt", "all", "healthy runs", most=2),
    Floor("kinds", "Rewards of 12 to 29 points", "healthy", "runs with a warning", most=1),
    Floor("kinds", "Rewards of 12 to 29 points", "unlearns", "found", least=70),
    Floor("kinds", "Updates of a policy: faults", "all", "found", least=95),
    Floor("kinds", "Updates of a policy: faults", "", "found", least=60),
    Floor("kinds", "Updates of a policy: healthy", "all", "runs with a warning", most=1),
    Floor("habits", "Habits", "", "found", least=85),
    Floor("habits", "Habits", "", "false findings", most=0.05),
    Floor("throughput", "Drops found", "2 %", "RunLens", most=10),
    *(Floor("throughput", "Drops found", f"{drop} %", "RunLens", least=98) for drop in (4, 5, 6, 10, 15, 30)),
    Floor("throughput", "Drops of 4 % by noise", "", "found", least=90),
    Floor("throughput", "Drops of 5 % by log", "", "found", least=92),
    Floor("throughput", "Drops that end", "", "found", least=95),
    Floor("throughput", "Ramps", "", "found", least=95),
    Floor("throughput", "Recurring dips", "", "found", least=88),
    Floor("throughput", "Stalls", "", "found", least=95),
    Floor("throughput", "Runs of 4 to 64 ranks", "healthy", "RunLens", most=0),
    Floor("throughput", "Runs of 4 to 64 ranks", "6 %", "RunLens", least=95),
    Floor("throughput", "False alarms", "steady", "RunLens", most=1.0),
    Floor("evals", "Summary", "2 x found, from 6 checkpoints, everything", "answer", least=90),
    Floor("evals", "Summary", "null pairs flagged, all", "answer", most=5),
    Floor("nights", "Red on the first night", "all", "spread 0.3 %", least=90),
    Floor("nights", "Red on the first night", "all", "spread 1 %", least=60),
    Floor("nights", "Healthy nights", "0.3 %", "red", most=2),
    Floor("nights", "Healthy nights", "1 %", "red", most=6),
    Floor("nights", "Steady faults", "speed 5 %", "by night 7", least=90),
    Floor("nights", "Creep", "speed 1 %", "by night 10", least=90),
    Floor("planted", "", "throughput 4 %", "found", least=98),
)


def shortfalls(text: dict[str, str]) -> list[str]:
    """What lies below its floor, a sentence each; empty if nothing does.

    Parameters
    ----------
    text : dict
        Family to its tables.
    """
    out = []
    for floor in FLOORS:
        measured = [
            (row, value) for row, cell in _cells(text[floor.family], floor) if (value := number(cell)) is not None
        ]
        if not measured:
            out.append(f"{floor.name}: no figure to hold the floor against")
        for row, value in measured:
            if floor.least is not None and value < floor.least:
                out.append(f"{floor.name} ({row}): {value:g}, and the floor is {floor.least:g}")
            if floor.most is not None and value > floor.most:
                out.append(f"{floor.name} ({row}): {value:g}, and at most {floor.most:g} is allowed")
    return out


def number(cell: str) -> float | None:
    """The figure of a cell: the first number, `19 of 20` and `1 in 20` as shares; None if it holds none."""
    share = re.match(r"\s*([\d,]+) (?:of|in) ([\d,]+)", cell)
    if share:
        found, known = (float(part.replace(",", "")) for part in share.groups())
        return found / known if known else None
    first = re.match(r"\s*(\d[\d,]*(\.\d+)?)", cell)
    return float(first[1].replace(",", "")) if first else None


def _cells(text: str, floor: Floor) -> list[tuple[str, str]]:
    """The first cells and the one of the column, of each row of the tables with that title."""
    out: list[tuple[str, str]] = []
    columns: list[int] = []
    inside, head = not floor.title, True
    for line in text.splitlines():
        if line.startswith("**"):
            inside, head = line.startswith(f"**{floor.title}"), True
        if not line.startswith("| ") or not inside:
            continue
        cells = [c.strip() for c in line.strip().strip("|").split("|")]
        if head:
            columns, head = [i for i, c in enumerate(cells) if i and c.startswith(floor.column)], False
        elif not cells[0].startswith("---") and cells[0].startswith(floor.row):
            out += [
                (", ".join(cells[:2]) if cells[0].isupper() else cells[0], cells[i]) for i in columns if i < len(cells)
            ]
    return out
