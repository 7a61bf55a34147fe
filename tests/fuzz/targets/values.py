"""Values of JSON, some hundred in a file, in every form that holds rows of JSON: Python's own parser is the judge."""

from __future__ import annotations

import json
import math
import sqlite3
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from runlens import sources
from runlens.model import Run
from runlens.sources import table, wandb_file
from tests.fuzz.edit import edited, may_be, numbers
from tests.fuzz.harness import Lost, Outcome
from tests.sources import wandb_writer

_ROWS = 200
_NAMES = ("loss", "lr", "acc")
_LETTERS = '0123456789.eE+-,"nulNaIft {}[]:\\'
_WORDS = (
    "null", "true", "false", '"text"', '"NaN"', '"-Infinity"', "NaN", "-Infinity", "[1]", "{}", '""', "", "1e999",
    "-0", "[]", '{"_type":"image-file"}', '"1.5"', "1E5", "9" * 40, "1" * 400, "-", "+1", ".5", "1.", "01", "0x10",
    '"\\ud800"', "[[1,2],[3]]", '{"min":1,"max":2}', "1,2", '1}, {"step": 7', "\u0661", "1_0", "1e5000", "[" * 40,
    "\x00",
)  # fmt: skip


def texts(draw: Random, count: int) -> list[str]:
    """JSON values with a letter changed: some of them are none any more."""
    made = numbers(draw)
    return [edited(draw, made[draw.getrandbits(20) % len(made)], _LETTERS, _WORDS) for _ in range(count)]


def sound(draw: Random, count: int) -> list[str]:
    """The same, and each of them is one value of JSON, as in a document that can be read at all."""
    return [text if _parsed(text) is not _NONE else "null" for text in texts(draw, count)]


def _mostly_sound(draw: Random, count: int) -> list[str]:
    """The same, and one in thirty breaks the object that it stands in."""
    return [text if _parsed(text) is not _NONE or not draw.getrandbits(4) else "2.5" for text in texts(draw, count)]


def _pairs(made: list[str], row: int) -> str:
    return ", ".join(f'"{name}": {made[row * len(_NAMES) + i]}' for i, name in enumerate(_NAMES))


_NONE = object()


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return _NONE


def of_lines(draw: Random, folder: Path) -> Counter[Outcome]:
    """JSON lines; a line that is no object any more is counted."""
    made = _mostly_sound(draw, _ROWS * len(_NAMES))
    lines = [f'{{"step": {i}, {_pairs(made, i)}}}' for i in range(_ROWS)]
    lines.append(f'{{"step": {_ROWS}, "loss": 1.5}}')
    path = folder / "history.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", errors="surrogatepass")
    (ref,) = table.find(str(path))
    run = table.read(ref)
    found = [_parsed(line) for line in lines]
    broken = sum(not isinstance(row, dict) for row in found)
    if (told := sum(note.records for note in run.notes if note.kind == "damaged")) != broken:
        raise Lost(f"{told} of {broken} broken lines told: {run.notes}")
    kept = [row for row in found if isinstance(row, dict)]
    counts = _compared(run, [(row["step"], {n: row[n] for n in _NAMES if n in row}) for row in kept], in_text=True)
    counts["told"] += broken
    return counts


def of_trainer_state(draw: Random, folder: Path) -> Counter[Outcome]:
    """The Trainer's history."""
    made = sound(draw, _ROWS)
    rows = ",\n".join(f'{{"step": {i}, "epoch": {i / 10}, "loss": {text}}}' for i, text in enumerate(made))
    path = folder / "trainer_state.json"
    path.write_text(
        f'{{"global_step": 1, "max_steps": 900, "log_history": [{rows}, {{"step": {_ROWS}, "loss": 1.5}}]}}'
    )
    values = [(i, {"train/loss": _parsed(text)}) for i, text in enumerate([*made, "1.5"])]
    return _compared(_only(path), values, in_text=True)


def of_wandb(draw: Random, folder: Path) -> Counter[Outcome]:
    """Values of a W&B file, each a text of its own; `2.e1`, which is no JSON, may be 20."""
    made = texts(draw, _ROWS * len(_NAMES))
    rows = [dict(zip(_NAMES, made[i * 3 : i * 3 + 3], strict=True)) for i in range(_ROWS)]
    path = folder / "run-abc.wandb"
    path.write_bytes(wandb_writer.framed([wandb_writer.history({**r, "_step": str(i)}, i) for i, r in enumerate(rows)]))
    (ref,) = wandb_file.find(str(path))
    values = [(i, {n: t if (v := _parsed(t)) is _NONE else v for n, t in r.items()}) for i, r in enumerate(rows)]
    return _compared(wandb_file.read(ref), values, in_text=True, silent=True)


def of_trackio(draw: Random, folder: Path) -> Counter[Outcome]:
    """Rows of trackio's database; one that is no object is counted."""
    made = _mostly_sound(draw, _ROWS * len(_NAMES))
    rows = [f"{{{_pairs(made, i)}}}" for i in range(_ROWS)]
    rows.append('{"loss": 1.5}')
    path = folder / "project.db"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA journal_mode = OFF")
        db.execute(
            "CREATE TABLE metrics (id INTEGER PRIMARY KEY, timestamp TEXT, run_name TEXT, step INT, metrics TEXT)"
        )
        put = "INSERT INTO metrics (run_name, timestamp, step, metrics) VALUES ('one', '2026-01-01T00:00:00', ?, ?)"
        db.executemany(put, [(i, row.encode("utf-8", "surrogatepass")) for i, row in enumerate(rows)])
    db.close()
    run = _only(path)
    found = [_parsed(row) for row in rows]
    broken = sum(not isinstance(row, dict) for row in found)
    if (told := sum(note.records for note in run.notes if note.kind == "damaged")) != broken:
        raise Lost(f"{told} of {broken} broken rows told: {run.notes}")
    kept = [(i, {n: row[n] for n in _NAMES if n in row}) for i, row in enumerate(found) if isinstance(row, dict)]
    counts = _compared(run, kept, silent=True)
    counts["told"] += broken
    return counts


def of_comet(draw: Random, folder: Path) -> Counter[Outcome]:
    """Messages of Comet's archive; a line that is none is counted."""
    made = texts(draw, _ROWS)
    form = '{"type": "metric_msg", "payload": {"metric": {"metricName": "loss", "step": PLACE, "metricValue": VALUE}}}'
    lines = [form.replace("PLACE", str(i)).replace("VALUE", text) for i, text in enumerate([*made, "1.5"], 1)]
    path = folder / "abc.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("messages.json", "\n".join(lines).encode("utf-8", "surrogatepass"))
        archive.writestr("experiment.json", "{}")
    run = _only(path)
    found = [_parsed(line) for line in lines]
    broken = sum(not isinstance(row, dict) for row in found)
    if (told := sum(note.records for note in run.notes if note.kind == "damaged")) < broken:
        raise Lost(f"{told} of {broken} broken messages told: {run.notes}")
    metrics = [row["payload"]["metric"] for row in found if isinstance(row, dict)]
    counts = _compared(run, [(m["step"], {"loss": m.get("metricValue")}) for m in metrics], silent=True)
    counts["told"] += broken
    return counts


def of_sacred(draw: Random, folder: Path) -> Counter[Outcome]:
    """Curves in Sacred's `metrics.json` and in PyMARL's `info.json`."""
    own, other = sound(draw, _ROWS), sound(draw, _ROWS)
    steps = list(range(_ROWS))
    (folder / "run.json").write_text('{"experiment": {"name": "x"}, "status": "COMPLETED"}')
    (folder / "metrics.json").write_text(f'{{"loss": {{"steps": {steps}, "values": [{", ".join(own)}]}}}}')
    (folder / "info.json").write_text(f'{{"acc": [{", ".join(other)}], "acc_T": {steps}}}')
    run = _only(folder)
    values = [(i, {"loss": _parsed(a), "acc": _parsed(b)}) for i, (a, b) in enumerate(zip(own, other, strict=True))]
    lost = sum(_is_lost(value) for _, row in values for value in row.values())
    if (told := sum(note.records for note in run.notes if note.kind == "damaged")) < lost:
        raise Lost(f"{told} of {lost} points told: {run.notes}")
    return _compared(run, values, silent=True)


def _only(path: Path) -> Run:
    (ref,) = sources.discover(str(path))
    return sources.read(ref)


def _compared(
    run: Run, rows: Sequence[tuple[object, dict[str, object]]], in_text: bool = False, silent: bool = False
) -> Counter[Outcome]:
    """Hold a run against what Python reads of its rows: (step, value of each name).

    `in_text` says that texts may hold numbers; `silent`, that what is no number is what a logger may log beside them.
    """
    counts: Counter[Outcome] = Counter()
    expected: dict[str, list[tuple[object, object]]] = {}
    for step, row in rows:
        for name, value in row.items():
            expected.setdefault(name, []).append((step, value))
    for name, cells in expected.items():
        series = run.series.get(name)
        points = [] if series is None else list(zip(series.step.tolist(), series.value.tolist(), strict=True))
        at, lost = 0, 0
        for step, value in cells:
            here = points[at] if at < len(points) and points[at][0] == step else None
            sure = _number(value)
            if sure is not None and (here is None or not (here[1] == sure or repr(here[1]) == repr(sure) == "nan")):
                raise Lost(f"{name} at {step} is {value!r} and was read as {here}")
            may = in_text or (here is not None and not math.isfinite(here[1]))  # `"nan"` may be one, in any spelling
            if sure is None and here is not None and not (may and repr(here[1]) in may_be(_text(value))):
                raise Lost(f"{name} at {step} is {value!r}, and {here} was made of it")
            at += here is not None
            lost += here is None and _is_lost(value)
            counts["read" if here is not None or not _is_lost(value) else "told"] += 1
        if at < len(points):
            raise Lost(f"{name}: {points[at : at + 3]} stand nowhere")
        told = sum(note.records for note in run.notes if note.series == name)
        if not silent and points and told < lost:
            raise Lost(f"{told} told of {lost} odd values of {name}: {run.notes}")
    return counts


def _number(value: object) -> float | None:
    if isinstance(value, (int, float)):
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    if isinstance(value, str) and value in ("NaN", "-Infinity"):
        return math.nan if value == "NaN" else -math.inf
    return None


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _is_lost(value: object) -> bool:
    """Whether something stands there that says something and is no number."""
    return not (
        value is None or isinstance(value, (int, float, dict)) or (isinstance(value, str) and not value.strip())
    )


_ALL: dict[str, Callable[[Random, Path], Counter[Outcome]]] = {
    "values-jsonl": of_lines,
    "values-trainer-state": of_trainer_state,
    "values-wandb": of_wandb,
    "values-trackio": of_trackio,
    "values-comet": of_comet,
    "values-sacred": of_sacred,
}
TARGETS = _ALL
