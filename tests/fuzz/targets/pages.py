"""Pages of the W&B API: what is read side by side is what Python's own parser reads."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

from runlens.sources.wandb_api.rows import body, lines
from runlens.sources.wandb_api.rows.table import joined
from tests.fuzz.damage import any_number
from tests.fuzz.harness import Lost, Outcome
from tests.sources.test_wandb_api_table import points

_OTHER = (None, "text", True, [1], {"a": 1}, {"_type": "histogram"}, "NaN", 10**30)


def of_rows(draw: Random, folder: Path) -> Outcome:
    """Rows as the server sends them: any values, blanks anywhere, keys twice."""
    said = [_row(draw, i) for i in range(draw.choice((2, 20, 80)))]
    page = {"data": {"project": {"internalId": "1", "run": {"history": said}}}}
    old = body._FEW, body._PART
    body._FEW, body._PART = 0, draw.choice((1, 64, 1 << 20))
    try:
        found = body.loads(json.dumps(page).encode())["data"]["project"]["run"]["history"]
        quick, count = found.table()
    finally:
        body._FEW, body._PART = old
    slow = joined([lines._by_json(said)])
    mine, theirs = ({k: repr(v) for k, v in points(one).items()} for one in (joined([quick]), slow))
    if count != len(said) or mine != theirs:
        odd = {k: (mine.get(k), theirs.get(k)) for k in {*mine, *theirs} if mine.get(k) != theirs.get(k)}
        raise Lost(f"{count} of {len(said)} rows; {str(odd)[:1000]} of {said}")
    return "read"


def _row(draw: Random, i: int) -> str:
    row: dict[str, object] = {"_step": i, "_timestamp": 1e9 + i, "loss": any_number(draw)}
    if draw.random() < 0.2:
        row[draw.choice(("x", "a.b", "é"))] = draw.choice(_OTHER)
    text = json.dumps(row, separators=draw.choice(((", ", ": "), (",", ":"))))
    if draw.random() < 0.2:
        text = text.replace(":", draw.choice((": ", " : ", ":\t", ":  "))).replace("}", draw.choice(("}", " }", "\n}")))
    if draw.random() < 0.1:
        text = text.replace(",", draw.choice((" ,", ",\n", " , ")))
    return text[:-1] + ', "loss": 7.5}' if draw.random() < 0.05 else text


TARGETS = {"wandb-pages": of_rows}
