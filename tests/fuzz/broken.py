"""Logs that are broken in twenty ways, for folders in which the others must be judged as if they were alone."""

from __future__ import annotations

import gzip
import io
import os
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.sources import tfevents_writer as w
from tests.sources import wandb_writer

Maker = Callable[[Path], None]


def good(path: Path, seed: int) -> None:
    """A small sound table; every third one diverges."""
    draw = np.random.default_rng(seed)
    step = np.arange(120)
    loss = (2 + 8 * (1 + step / 5) ** -0.6) * np.exp(0.01 * draw.standard_normal(120))
    if seed % 3 == 0:
        loss[70:] *= 1 + 0.08 * np.arange(50)
    rows = zip(step.tolist(), loss.tolist(), strict=True)
    path.write_text("step,loss\n" + "".join(f"{s},{v}\n" for s, v in rows))


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


def made(root: Path, runs: int, broken: int) -> None:
    """A folder of `runs` sound runs and `broken` others, each in a folder of its own."""
    for i in range(runs):
        folder = root / f"good{i:05}"
        folder.mkdir(parents=True)
        good(folder / "history.csv", i)
    for i, kind in zip(range(broken), list(KINDS) * broken, strict=False):
        folder = root / f"bad{i:03}"
        folder.mkdir(parents=True)
        KINDS[kind](folder)
