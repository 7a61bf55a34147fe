"""Stores of trackers: files of metrics line by line, databases and archives with damage in them."""

from __future__ import annotations

import io
import json
import sqlite3
import zipfile
from functools import cache
from pathlib import Path
from random import Random

from runlens import sources
from tests.fuzz.damage import any_number, damaged, lines_changed
from tests.fuzz.harness import Lost, Outcome

_TOKENS = (b"SQLite format 3\0", b"PK\x03\x04", b"\xff" * 9, bytes(64), b"{", b"NaN", b'"payload": 3', b"step")


def of_mlflow_files(draw: Random, folder: Path) -> Outcome:
    """`time value step`: each such line is a point, every other one is counted."""
    made = [
        f"{1_700_000_000_000 + i} {any_number(draw) if draw.random() < 0.1 else i / 7!r} {i}"
        for i in range(draw.choice((2, 30)))
    ]
    lines = lines_changed(draw, made) if draw.random() < 0.6 else made
    metric = folder / "mlruns" / "0" / "abc" / "metrics" / "loss"
    metric.parent.mkdir(parents=True)
    metric.write_text("\n".join(lines) + "\n")
    (metric.parents[1] / "meta.yaml").write_text("run_id: abc\nstatus: 3\n")
    (ref,) = sources.discover(str(folder))
    run = sources.read(ref)
    read = len(run.series["loss"]) if "loss" in run.series else 0
    whole, other = (
        sum(_is_point(line) for line in lines),
        sum(bool(line.strip()) and not _is_point(line) for line in lines),
    )
    told = sum(note.records for note in run.notes)
    if read + told < whole + other or read < whole:
        raise Lost(f"{read} read, {told} told of {whole} points and {other} other lines: {lines}")
    return "told" if run.notes else "read"


def _is_point(line: str) -> bool:
    cells = line.split()
    try:
        return len([float(cell) for cell in cells]) == 3
    except ValueError:
        return False


def of_database(draw: Random, folder: Path) -> Outcome:
    """Damaged databases of MLflow and trackio."""
    name = draw.choice(("mlflow.db", "trackio.db"))
    return _all_of(folder, name, damaged(draw, _mlflow() if name == "mlflow.db" else _trackio(), _TOKENS))


def of_archive(draw: Random, folder: Path) -> Outcome:
    """Comet's archives: damage in the file, or in what it holds."""
    messages = [
        {
            "type": "metric_msg",
            "payload": {"metric": {"metricName": "loss", "metricValue": i / 7, "step": i, "timestamp": 1.7e12}},
        }
        for i in range(20)
    ]
    lines = "\n".join(map(json.dumps, messages)).encode()
    about = json.dumps({"start_time": 1.7e12, "stop_time": 1.7e12}).encode()
    inside = draw.random() < 0.5
    if inside:
        lines, about = damaged(draw, lines, most=3), about if draw.random() < 0.7 else damaged(draw, about)
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", draw.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        archive.writestr("messages.json", lines)
        archive.writestr("experiment.json", about)
    return _all_of(folder, "abc.zip", held.getvalue() if inside else damaged(draw, held.getvalue(), _TOKENS))


def _all_of(folder: Path, name: str, data: bytes) -> Outcome:
    (folder / name).write_bytes(data)
    told = False
    for ref in sources.discover(str(folder / name)):
        told |= bool(sources.read(ref).notes)
    return "told" if told else "read"


@cache
def _mlflow() -> bytes:
    return _made(
        """CREATE TABLE runs (run_uuid TEXT, name TEXT, status TEXT, start_time INT, experiment_id INT,
            lifecycle_stage TEXT);
        CREATE TABLE experiments (experiment_id INT, name TEXT);
        CREATE TABLE tags (key TEXT, value TEXT, run_uuid TEXT);
        CREATE TABLE metrics (key TEXT, value REAL, timestamp INT, step INT, run_uuid TEXT, is_nan INT);
        CREATE TABLE params (key TEXT, value TEXT, run_uuid TEXT);
        INSERT INTO runs VALUES ('abc', 'one', 'FINISHED', 1700000000000, 0, 'active');
        INSERT INTO experiments VALUES (0, 'Default'); INSERT INTO params VALUES ('lr', '0.1', 'abc');""",
        "INSERT INTO metrics VALUES ('loss', ?, ?, ?, 'abc', 0)",
        [(i / 7, 1_700_000_000_000 + i, i) for i in range(60)],
    )


@cache
def _trackio() -> bytes:
    return _made(
        """CREATE TABLE metrics (id INTEGER PRIMARY KEY, timestamp TEXT, run_name TEXT, step INT, metrics TEXT);
        CREATE TABLE configs (id INTEGER PRIMARY KEY, run_name TEXT, config TEXT);
        INSERT INTO configs VALUES (1, 'one', '{"lr": 0.1}');""",
        "INSERT INTO metrics (run_name, timestamp, step, metrics) VALUES ('one', ?, ?, ?)",
        [(f"2026-01-01T00:{i:02d}:00", i, json.dumps({"loss": i / 7})) for i in range(60)],
    )


def _made(script: str, insert: str, rows: list[tuple[object, ...]]) -> bytes:
    with sqlite3.connect(":memory:") as db:
        db.executescript(script)
        db.executemany(insert, rows)
        db.commit()
        return bytes(db.serialize())


TARGETS = {"mlflow-files": of_mlflow_files, "databases": of_database, "archives": of_archive}
