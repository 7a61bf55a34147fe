"""Tables that lm-evaluation-harness prints (`|Tasks|Version|Filter|n-shot|Metric| |Value| |Stderr|`), as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from runlens.sources.eval_results.score import is_number

_HEADER = re.compile(rb"\|[ \t]*Tasks?[ \t]*\|[ \t]*Version[ \t]*\|(?:[^|\r\n]*\|){0,2}[ \t]*Metric[ \t]*\|")
_RULE = re.compile(r"[|:\- ]+")
_CALL = re.compile(r"^\W*(?P<engine>[\w-]+) \((?P<arguments>.*?)\),? *(?:gen_kwargs|limit|provide_description)\b")
_LIMIT = re.compile(r"\blimit: *(?:(?P<items>\d+(?:\.\d+)?)|None\b)")
_SHOTS = re.compile(r"\bnum_fewshot: *(\d+)")
_WAYS = {"↑": True, "↓": False}


class Differs(ValueError):
    """The file holds tables of several models."""


def has_table(head: bytes) -> bool:
    """Whether a text holds the first line of such a table."""
    return bool(_HEADER.search(head))


def tables(text: str) -> dict[str, Any]:
    """What all tables of a text say, in the form of a result file of the harness.

    The line that the harness prints before a table tells model, limit and shots. A table of groups only says again
    what the first has. A cell that is left empty is that of the row above, in the same task.

    Raises
    ------
    Differs
        A score stands there twice with two values, or two models are named.
    """
    out: dict[str, Any] = {"results": {}, "versions": {}, "n-shot": {}, "higher_is_better": {}, "config": {}}
    calls = {m["arguments"]: line for line in text.splitlines() if (m := _CALL.match(line))}
    if len(calls) > 1:
        raise Differs("two models or settings are named before its tables")
    for arguments, line in calls.items():
        out["config"]["model_args"] = arguments
        if found := _LIMIT.search(line):
            out["config"]["limit"] = float(found["items"]) if found["items"] else None
        if found := _SHOTS.search(line):
            out["config"]["num_fewshot"] = int(found[1])
    for row in _rows(text):
        _add(out, row)
    return out


def _rows(text: str) -> Iterator[dict[str, str]]:
    """Cells by column; the unnamed column after the metric holds the arrow, or nothing."""
    columns: list[str] = []
    before: dict[str, str] = {}
    for line in text.splitlines():
        begin = line.find("|")
        cells = [cell.strip() for cell in line[begin + 1 :].rstrip().rstrip("|").split("|")] if begin >= 0 else []
        if len(cells) < 4:
            columns = []
        elif _HEADER.search(line.encode("utf-8", "replace")):
            columns = ["Tasks" if c == "Task" else c or f"after {cells[i - 1]}" for i, c in enumerate(cells)]
            before = {}
        elif columns and not _RULE.fullmatch(line[begin:]):
            row = dict(zip(columns, cells, strict=False))
            if not row.get("Tasks"):
                row = {key: cell or before.get(key, "") for key, cell in row.items()}
            before = row
            yield row


def _add(out: dict[str, Any], row: dict[str, str]) -> None:
    task, metric = row.get("Tasks", "").lstrip("- "), row.get("Metric", "")
    value = _number(row.get("Value", ""))
    if not task or not metric or not is_number(value):
        return
    kind = f",{row['Filter']}" if row.get("Filter") else ""
    figures = out["results"].setdefault(task, {})
    if figures.setdefault(f"{metric}{kind}", value) != value:
        raise Differs(f"{task} has two values of {metric}")
    stderr = _number(row.get("Stderr", ""))
    if stderr is not None:
        figures[f"{metric}_stderr{kind}"] = stderr
    if row.get("Version"):
        out["versions"][task] = row["Version"]
    if row.get("n-shot", "").isdigit():
        out["n-shot"][task] = int(row["n-shot"])
    if (way := row.get("after Metric", "")) in _WAYS:
        out["higher_is_better"].setdefault(task, {})[metric] = _WAYS[way]


def _number(cell: str) -> float | None:
    try:
        return float(cell.lstrip("±+- ") if not re.match(r"-?\d", cell) else cell)
    except ValueError:
        return None
