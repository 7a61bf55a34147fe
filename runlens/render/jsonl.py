"""One line of JSON a run, for log collectors: the run's part of the JSON report without its charts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator

from runlens.errors import NotALog
from runlens.model import Report, RunReport
from runlens.render.json import parse, text_of_run, to_dict


def render(report: Report) -> str:
    """The runs as lines of JSON, each with the report's schema, tool and time; empty if there is no run."""
    return "".join(parts(report))


def parts(report: Report) -> Iterator[str]:
    """What `render` gives, a run at a time."""
    return map(lines_for(report.version, report.created), report.runs)


def lines_for(version: str, created: str) -> Callable[[RunReport], str]:
    """What makes the line of each run of a report of this version and time, before its other runs are known."""
    whole = to_dict(Report(version, created, "pass", 0, ()))
    head = {key: whole[key] for key in ("schema", "tool", "created")}

    def line(run: RunReport) -> str:
        return text_of_run(run, head=head, without=("charts",)) + "\n"

    return line


def read(lines: Iterable[str], where: str = "the text") -> Iterator[RunReport]:
    """The runs of such lines, one after the other; what a report of many gigabytes needs is one of them in memory.

    Parameters
    ----------
    lines : iterable of str
        Lines of one report or of several, one behind the other; empty ones are passed over.
    where : str
        What to call the text in an error, such as its file.

    Raises
    ------
    NotALog
        If a line is not one that `render` makes.
    """
    for number, line in enumerate(lines, 1):
        if line.strip():
            place = f"line {number:,} of {where}"
            try:
                run = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise NotALog(f"{place} is no run of a report: it is not JSON ({error}).") from None
            if not isinstance(run, dict):
                raise NotALog(f"{place} is no run of a report: give what `runlens check RUN -f jsonl` writes.")
            head = {key: run.pop(key, None) for key in ("schema", "tool", "created")}
            whole = {**head, "verdict": run.get("verdict"), "exit_code": 0, "runs": [run]}
            yield from parse(json.dumps(whole), place).runs
