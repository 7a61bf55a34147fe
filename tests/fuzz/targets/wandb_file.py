"""W&B's local files: what the writer put in is what comes out, or is told."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from random import Random

from runlens.sources import wandb_file
from tests.fuzz.damage import any_number, damaged
from tests.fuzz.harness import Lost, Outcome
from tests.sources import wandb_writer as w

_TOKENS = (w.MAGIC, bytes(7), b"\xff" * 9, w.framed([w.exit_record()])[7:], b"\x0a\xff\xff\xff\xff\x0f", b"\x12\x00")
_WORDS = ("null", "true", "false", '"text"', '"NaN"', '"-Infinity"', "[1]", "{}", '{"_type":"image-file"}', '""', "")


def of_bytes(draw: Random, folder: Path) -> Outcome:
    """Damage to the file: what is read was written, and what is missing is told or is the torn end."""
    count = draw.choice((3, 40, 400))
    records = [w.run_record(), *w.rows(count, pad=draw.choice((0, 0, 90, 3000))), w.exit_record()]
    run = _read(damaged(draw, w.framed(records), _TOKENS), folder)
    found = run.series.get("loss")
    points = list(zip(found.step.tolist(), found.value.tolist(), strict=True)) if found is not None else []
    wrong = [p for p in points if not 0 <= p[0] < count or p[1] != 1.0 + p[0] / 1024]
    if wrong:
        raise Lost(f"read what nobody wrote: {wrong[:3]}")
    missing = sorted(set(range(count)).difference(step for step, _ in points))
    if missing and missing[-1] != count - 1 and not run.notes:
        raise Lost(f"{len(missing)} rows missing without a word, from {missing[:3]}")
    return "told" if run.notes else "read"


def of_messages(draw: Random, folder: Path) -> Outcome:
    """Messages of any content under a right checksum: a sentence or a run, and nothing else."""
    records = [
        w.run_record(),
        w.config({"lr": "0.1"}),
        *w.rows(12),
        w.stats(5, 0, {"gpu.0.temp": "50"}),
        w.exit_record(),
    ]
    for _ in range(draw.randint(1, 6)):
        at = draw.randrange(len(records))
        records[at] = damaged(draw, records[at], _TOKENS, 2)
    return "told" if _read(w.framed(records), folder).notes else "read"


def of_values(draw: Random, folder: Path) -> Outcome:
    """JSON texts of any form in sound rows: each number is that of Python's own parser."""
    names = draw.sample(("loss", "a.b", "é", "train/loss"), 3)
    rows = [
        {name: text for name, text in ((n, _text(draw)) for n in names) if text is not None}
        for _ in range(draw.choice((1, 9, 60)))
    ]
    run = _read(w.framed([w.history({**row, "_step": str(i)}, i) for i, row in enumerate(rows)]), folder)
    expected: dict[str, list[tuple[int, str]]] = {}
    for i, row in enumerate(rows):
        for name, text in row.items():
            for key, value in _numbers(name, text):
                expected.setdefault(key, []).append((i, repr(value)))
    found = {
        n: [(s, repr(v)) for s, v in zip(one.step.tolist(), one.value.tolist(), strict=True)]
        for n, one in run.series.items()
    }
    if found != expected:
        name = next(n for n in {*found, *expected} if found.get(n) != expected.get(n))
        odd = set(expected.get(name, [])) ^ set(found.get(name, []))
        raise Lost(f"{name!r}: {sorted(odd)[:4]} of {rows}")
    return "read"


def _text(draw: Random) -> str | None:
    """A JSON text, sometimes between blanks."""
    kind = draw.randrange(8)
    if kind == 0:
        text = draw.choice(_WORDS)
    elif kind == 1:
        text = json.dumps({"x": any_number(draw), "y": {"z": 1}})
    elif kind == 2:
        text = str(draw.choice((0, -0, 7, 10**20, 2**63, -(2**63))))
    else:
        text = json.dumps(any_number(draw))
    if text and draw.random() < 0.2:
        text = draw.choice(("", " ", "\n", "\t ")) + text + draw.choice(("", " ", "\r\n", "   "))
    return text if draw.random() < 0.9 else None


def _numbers(name: str, text: str) -> Iterator[tuple[str, float]]:
    try:
        value = json.loads(text)
    except ValueError:
        return
    yield from _flat(name, value)


def _flat(name: str, value: object) -> Iterator[tuple[str, float]]:
    if isinstance(value, dict):
        for key, inner in value.items() if "_type" not in value else ():
            yield from _flat(f"{name}.{key}", inner)
    elif isinstance(value, (int, float)):
        yield name, float(value)
    elif value in ("NaN", "-Infinity"):
        yield name, math.nan if value == "NaN" else -math.inf


def _read(data: bytes, folder: Path):  # type: ignore[no-untyped-def]
    (folder / "run-abc.wandb").write_bytes(data)
    (ref,) = wandb_file.find(str(folder / "run-abc.wandb"))
    return wandb_file.read(ref)


TARGETS = {"wandb-bytes": of_bytes, "wandb-messages": of_messages, "wandb-values": of_values}
