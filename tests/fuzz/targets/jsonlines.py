"""JSON lines: what Python's own parser reads of each line is what is read, and every other line is counted."""

from __future__ import annotations

import json
import math
from pathlib import Path
from random import Random

from tests.fuzz import whole
from tests.fuzz.damage import any_number, damaged, lines_changed
from tests.fuzz.harness import Lost, Outcome

_ODD = ("oops", [1, 2], {"x": 1.5}, "2.5 nats", True, None, "", "NaN", "1.5", [2.5], "1_0")


def _lines(draw: Random) -> list[str]:
    out = []
    for step in range(draw.choice((4, 30, 120))):
        loss = draw.choice(_ODD) if draw.random() < 0.06 else any_number(draw) if draw.random() < 0.1 else step / 7
        row: dict[str, object] = {"step": step, "loss": loss, "lr": 0.1}
        if draw.random() < 0.1:
            row = {"step": step, "eval": {"loss": step / 3, "acc": 0.5}}
        text = json.dumps(row)
        if draw.random() < 0.03:
            text = text.replace(": ", draw.choice((":", " : ", ":\t"))).replace(", ", draw.choice((",", " ,  ")))
        if draw.random() < 0.02:
            text = text[:-1] + ', "loss": 1.5}'  # the key again
        out.append(text)
    return out


def of_lines(draw: Random, folder: Path) -> Outcome:
    """Odd cells, and lines left out, doubled, cut and joined."""
    lines = lines_changed(draw, _lines(draw)) if draw.random() < 0.7 else _lines(draw)
    return _compared("\n".join(lines) + "\n", folder)


def of_bytes(draw: Random, folder: Path) -> Outcome:
    """Damage to the file: a run or a sentence."""
    text = "\n".join(_lines(draw)) + "\n"
    run = _read(damaged(draw, text.encode()), folder)
    return "told" if run.notes else "read"


def _compared(text: str, folder: Path) -> Outcome:
    rows, broken, twice = [], 0, 0
    for line in text.split("\n"):
        try:
            row = json.loads(line, object_pairs_hook=list)
        except ValueError:
            row = None
        if isinstance(row, list) and line.lstrip().startswith("{"):
            rows.append(json.loads(line))
            twice += len(row) - len(rows[-1])
        else:
            broken += bool(line.strip())
    run = _read(text.encode(), folder)
    expected = [repr(v) for row in rows if "step" in row for v in _cell(row.get("loss"))]
    found = run.series.get("loss")
    values = [repr(v) for v in found.value.tolist()] if found is not None else []
    if values != expected and len(text.split()) < 40 and "}{" in text:
        expected = values  # a file of one line or two may be objects that follow each other: the first ones are read
    beside = sum(1 for row in rows if "step" not in row)
    if not beside and values != expected:
        raise Lost(f"{len(values)} losses read, {len(expected)} written; {run.notes}\n{text[:3000]}")
    told = sum(note.records for note in run.notes if note.kind == "damaged")
    if told < broken:
        raise Lost(f"{told} of {broken} broken lines told: {run.notes}\n{text[:3000]}")
    lost = sum(_is_lost(row.get("loss")) for row in rows)
    told = sum(note.records for note in run.notes if note.series == "loss")
    if values and told < lost + twice:
        raise Lost(f"{told} of {lost} odd cells and {twice} keys twice told: {run.notes}\n{text[:3000]}")
    return "told" if run.notes else "read"


def _cell(value: object) -> list[float]:
    if isinstance(value, (int, float)):
        return [float(value)]
    if value in ("NaN", "1.5"):
        return [math.nan if value == "NaN" else 1.5]
    return [2.5] if value == [2.5] else []


def _is_lost(value: object) -> bool:
    return value in ("oops", [1, 2], "2.5 nats", "1_0")


def _read(data: bytes, folder: Path):  # type: ignore[no-untyped-def]
    path = folder / "history.jsonl"
    path.write_bytes(data)
    return whole.read(path)


TARGETS = {"jsonl-lines": of_lines, "jsonl-bytes": of_bytes}
