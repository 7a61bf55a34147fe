"""What RunLens itself left on a disk and comes back to: records of nights, a watch's state, kept verdicts, a cache."""

from __future__ import annotations

import json
import shutil
import tempfile
from functools import cache
from pathlib import Path
from random import Random

import numpy as np

import runlens
from runlens.judging.kept import NAME
from runlens.judging.nights import ledger, trend
from runlens.judging.nights.record import to_line
from runlens.sources.wandb_api.cache import Page, RunCache
from runlens.sources.wandb_api.rows.table import Table, from_rows
from tests.cli.command import within
from tests.fuzz.damage import damaged
from tests.fuzz.harness import Lost, Outcome
from tests.fuzz.targets.own_files import changed
from tests.synthetic.nights import Night
from tests.watching.world import Log, World

_TOKENS = (
    b"NaN",
    b"null",
    b"[",
    b"]",
    b"{",
    b'"',
    b"1e999",
    b"-1",
    b"\xff",
    b"\0",
    b"9" * 40,
    b"[[",
    b"\\ud800",
    b"\n",
)


def _of_night(one: Night, folder: Path) -> Path:
    path = folder / f"{one.name}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in one.rows()), encoding="utf-8")
    return path


@cache
def _nights() -> tuple[bytes, bytes]:
    """The record of four nights, and the log of a fifth."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        for number in range(1, 5):
            log = _of_night(Night(number, points=40, seed=2), folder)
            within("check", str(log), "--nights", "n.jsonl", "-f", "concise", cwd=folder)
        tonight = _of_night(Night(5, points=40, seed=2, speed=0.9), folder)
        return (folder / "n.jsonl").read_bytes(), tonight.read_bytes()


def of_nights(draw: Random, folder: Path) -> Outcome:
    """Records of nights: a line that is none is named, and the others are as they were."""
    record, tonight = _nights()
    lines = record.splitlines()
    at = draw.randrange(len(lines))
    lines[at] = changed(draw, lines[at]) if draw.random() < 0.7 else damaged(draw, lines[at], _TOKENS, 2)
    file = folder / "n.jsonl"
    file.write_bytes(b"\n".join(lines) + b"\n")
    if draw.random() < 0.3:
        (folder / "night-005.jsonl").write_bytes(tonight)
        form = draw.choice(("json", "terminal"))
        done = within("check", "night-005.jsonl", "--nights", "n.jsonl", "-f", form, cwd=folder)
        if done.code not in (0, 1, 2, 3) or "Traceback" in done.err:
            raise Lost(done.err)
        return "read" if done.code < 2 else "refused"
    records = ledger.read(file)
    before = ledger.read(_written(folder / "before.jsonl", record))
    now = {to_line(one) for one in records}
    if sum(to_line(one) in now for one in before) < len(before) - 1:
        raise Lost("a record beside the damaged one is not as it was")
    trend.rows(records)
    for format in ("terminal", "json"):
        done = within("nights", "list", "--nights", "n.jsonl", "--format", format, cwd=folder)
        if done.code:
            raise Lost(done.err)
    within("nights", "trend", "--nights", "n.jsonl", cwd=folder)
    return "read"


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@cache
def _watch() -> tuple[bytes, bytes]:
    """The state of a watch that has told of a NaN, and the log."""
    with tempfile.TemporaryDirectory() as made:
        world, folder = World(), Path(made)
        log = Log(folder / "a.jsonl", world)
        log.write(60)
        log.write(10, loss=float("nan"))
        told: list[object] = []
        world.watch(log.path, state=folder / "s.json", channels={"slack": told.append}, looks=2).run()
        return (folder / "s.json").read_bytes(), log.path.read_bytes()


def of_state(draw: Random, folder: Path) -> Outcome:
    """The state of a watch: it goes on, or begins anew and says so."""
    state, log = _watch()
    bad = changed(draw, state) if draw.random() < 0.7 else damaged(draw, state, _TOKENS, 2)
    (folder / "s.json").write_bytes(bad)
    (folder / "a.jsonl").write_bytes(log)
    world, told = World(), []
    world.watch(folder / "a.jsonl", state=folder / "s.json", channels={"slack": told.append}, looks=2).run()
    said = "\n".join(world.err)
    if "goes on where" not in said and "anew" not in said:
        raise Lost(f"nothing said of the state: {said}")
    if "anew" in said and not told:
        raise Lost(f"begun anew, and what is wrong was not told: {said}")
    return "read" if "goes on where" in said else "told"


@cache
def _judged() -> tuple[dict[str, bytes], runlens.Report]:
    """Three logs, and their report."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        for seed in range(3):
            loss = 2 + 4 * (np.arange(60) + 5.0) ** -0.4 + np.random.default_rng(seed).normal(0, 0.01, 60)
            rows = [json.dumps({"step": i, "loss": round(v, 4)}) for i, v in enumerate(loss.tolist())]
            (folder / f"r{seed}.jsonl").write_text("\n".join(rows) + "\n")
        return {f.name: f.read_bytes() for f in folder.iterdir()}, runlens.check(folder)


def of_kept(draw: Random, folder: Path) -> Outcome:
    """Kept verdicts: what is read again is what was judged, whatever became of the file."""
    logs, right = _judged()
    runs = folder / "logs"
    runs.mkdir()
    for name, content in logs.items():
        (runs / name).write_bytes(content)
    runlens.check(runs, keep=folder / "kept")
    file = folder / "kept" / NAME
    file.write_bytes(damaged(draw, file.read_bytes(), _TOKENS, 3))
    again = runlens.check(runs, keep=folder / "kept")
    if [(r.run, r.verdict, r.findings) for r in again.runs] != [(r.run, r.verdict, r.findings) for r in right.runs]:
        raise Lost("another verdict than before")
    return "read"


def of_cache(draw: Random, folder: Path) -> Outcome:
    """Pages of the W&B API on disk: each is as it was fetched, or fetched again."""
    kept = RunCache(folder / "cache")
    pages = [Page(10 * i, 10 * i + 10, _page(i)) for i in range(3)]
    for page in pages:
        kept.put_page(page)
    kept.put_record({"lines": 30, "state": "finished"})
    file = draw.choice([f for f in (folder / "cache").iterdir() if f.is_file()])
    before, after = (raw := file.read_bytes()), damaged(draw, raw, _TOKENS, 2)
    file.write_bytes(after)
    again = RunCache(folder / "cache")
    found = {page.first: page.table for page in again.pages()}
    for page in pages:
        if page.first in found and not _equal(found[page.first], page.table):
            raise Lost(f"page {page.first} is not as it was")
    if (before == after or file.name == "run.json") and len(found) < len(pages):
        raise Lost("a page that was not damaged is gone")
    if again.record() not in ({}, {"lines": 30, "state": "finished"}):
        raise Lost("another record")
    shutil.rmtree(folder / "cache")
    return "read" if len(found) == len(pages) else "told"


def _page(seed: int) -> Table:
    draw = np.random.default_rng(seed)
    return from_rows([{"_step": 10 * seed + i, "loss": float(v)} for i, v in enumerate(draw.random(10))])


def _equal(one: Table, other: Table) -> bool:
    return one.step.tolist() == other.step.tolist() and all(
        one.columns[name].value.tolist() == column.value.tolist() for name, column in other.columns.items()
    )


TARGETS = {"nights": of_nights, "watch-state": of_state, "kept": of_kept, "api-cache": of_cache}
