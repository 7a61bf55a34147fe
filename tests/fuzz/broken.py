"""Logs that are broken in twenty ways, for folders in which the others must be judged as if they were alone."""

from __future__ import annotations

import gzip
import io
import os
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import runlens
from tests.sources import tfevents_writer as w
from tests.sources import wandb_writer

Maker = Callable[[Path], None]


def good(folder: Path, seed: int) -> None:
    """A small sound log in one of four forms; every third one diverges, every fifth has a spike."""
    draw = np.random.default_rng(seed)
    step = np.arange(120)
    loss = (2 + 8 * (1 + step / 5) ** -0.6) * np.exp(0.01 * draw.standard_normal(120))
    if seed % 3 == 0:
        loss[70:] *= 1 + 0.08 * np.arange(50)
    if seed % 5 == 0:
        loss[40:44] *= 2.5
    rows = list(zip(step.tolist(), loss.tolist(), strict=True))
    form = seed % 4
    if form == 0:
        (folder / "history.csv").write_text("step,loss\n" + "".join(f"{s},{v}\n" for s, v in rows))
    elif form == 1:
        (folder / "history.jsonl").write_text("".join(f'{{"step": {s}, "loss": {v}}}\n' for s, v in rows))
    elif form == 2:
        w.write(folder, [w.version(), *[w.scalar("loss", s, v) for s, v in rows]])
    else:
        (folder / "train.log").write_text("".join(f"step {s} | loss: {v:.6f} | lr: 0.001\n" for s, v in rows))


def _text(name: str, text: str | bytes) -> Maker:
    def make(folder: Path) -> None:
        (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)

    return make


def _events(data: bytes) -> Maker:
    return _text("events.out.tfevents.1790000000.host.1.0", data)


def _huge_step(folder: Path) -> None:
    w.write(folder, [w.version(), *[w.scalar("loss", 2**62 + i * 2**50, 1.0) for i in range(40)]])


def _dangling(folder: Path) -> None:
    (folder / "history.csv").symlink_to(folder / "gone.csv")


def _circle(folder: Path) -> None:
    (folder / "again").symlink_to(folder)
    _text("history.csv", "step,loss\n")(folder)


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "history.csv")


def _database(folder: Path) -> None:
    with sqlite3.connect(folder / "mlflow.db") as db:
        db.execute("CREATE TABLE metrics (key TEXT, value REAL, run_uuid TEXT)")
    raw = (folder / "mlflow.db").read_bytes()
    (folder / "mlflow.db").write_bytes(raw[:4096] + b"\xff" * 100)


def _archive(folder: Path) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("messages.json", "{")
        archive.writestr("experiment.json", "[")
    (folder / "a.zip").write_bytes(held.getvalue())


ROWS = "".join(f'{{"step": {i}, "loss": 2.5}}\n' for i in range(40))
STILL_READ = ("a bomb",)
"""Nothing of it is lost: it holds a whole log before blank lines."""
KINDS: dict[str, Maker] = {
    "empty table": _text("history.csv", ""),
    "zeros": _text("history.csv", bytes(5000)),
    "noise": _text("history.csv", np.random.default_rng(0).bytes(5000)),
    "no numbers": _text("history.csv", "step,loss\n" + "a,b\n" * 40),
    "no axis at all": _text("history.jsonl", '{"loss": "x"}\n' * 40),
    "half a document": _text("history.json", '[{"step": 1, "loss": 2.5}, {"step": 2, "lo'),
    "nested too deep": _text("history.json", "[" * 100_000),
    "torn archive": _text("history.jsonl.gz", gzip.compress(ROWS.encode())[:30]),
    "a bomb": _text("history.jsonl.gz", gzip.compress(ROWS.encode() + b"\n" * (1 << 24))),
    "parquet without its end": _text("history.parquet", b"PAR1" + b"\x15\x04" * 400),
    "an event file of zeros": _events(bytes(4000)),
    "an event file of noise": _events(np.random.default_rng(1).bytes(4000)),
    "a varint without an end": _events(w.frame(b"\x10" + b"\xff" * 30)),
    "steps beyond all counting": _huge_step,
    "a W&B file of noise": _text("run-abc.wandb", wandb_writer.MAGIC + np.random.default_rng(2).bytes(40_000)),
    "a trainer state without history": _text("trainer_state.json", '{"log_history": 3}'),
    "a link that leads nowhere": _dangling,
    "a link in a circle": _circle,
    "a pipe": _pipe,
    "a damaged database": _database,
    "an archive of nothing": _archive,
}


def made(root: Path, runs: int, broken: int) -> tuple[list[str], dict[str, str]]:
    """A folder of `runs` sound runs and `broken` others among them, each in a folder of its own.

    Returns
    -------
    (list of str, dict of str to str)
        The folders of the sound ones, and of each broken one its kind.
    """
    sound = [f"run{i:05}" for i in range(runs)]
    for i, name in enumerate(sound):
        (root / name).mkdir(parents=True)
        good(root / name, i)
    kinds = list(KINDS)
    others = {f"run{i * runs // broken:05}x{i:03}": kinds[i % len(kinds)] for i in range(broken)}
    for name, kind in others.items():
        (root / name).mkdir(parents=True)
        KINDS[kind](root / name)
    return sound, others


def differences(root: Path, sound: list[str], others: dict[str, str], jobs: int = 1) -> list[str]:
    """Judge a folder, then each sound run of it alone; what is said otherwise, and which broken one nobody names."""
    report = runlens.check(root, jobs=jobs)
    together: dict[str, list[Any]] = {}
    for run in report.runs:
        together.setdefault(Path(run.source).relative_to(root).parts[0], []).append(run)
    out = []
    for name in sound:
        alone = list(map(_said, runlens.check(root / name).runs))
        if list(map(_said, together.get(name, []))) != alone:
            out.append(f"{name}: {list(map(_said, together.get(name, [])))} among others, {alone} alone")
    for name, kind in others.items():
        runs = together.get(name, [])
        sentences = [failure.message for run in runs for failure in run.failures]
        sentences += [f.message for run in runs for f in run.findings if f.code == "LOG001"]
        sentences += [one.reason for one in report.unread if name in Path(one.path).parts]
        sentences += [note for note in report.notes if f"{name}/" in note]
        if kind in STILL_READ:
            continue
        if not any(map(_is_sentence, sentences)):
            out.append(f"{name} ({kind}) is named nowhere: {[(run.run, run.verdict) for run in runs]}")
        if any(run.verdict == "pass" for run in runs):
            out.append(f"{name} ({kind}) passes")
    return out


def _said(run: Any) -> tuple[object, ...]:
    findings = [(f.code, f.severity.value, f.metric, f.steps, f.message) for f in run.findings]
    skips = [(skip.code, skip.reason) for skip in run.skips]
    return run.verdict, run.state, run.points, run.action.kind if run.action else None, findings, skips


def _is_sentence(text: str) -> bool:
    return len(text) > 10 and text.isprintable()
