"""One run in many tables: what is damaged in one file takes nothing from the others."""

from __future__ import annotations

import gzip
from pathlib import Path
from random import Random

from runlens.errors import NotALog
from runlens.model import Run
from runlens.sources import table
from tests.fuzz.damage import damaged
from tests.fuzz.harness import Lost, Outcome

_METRICS = ("Train_Samples_train_loss", "Train_Samples_lr", "Train_Samples_loss_scale")
_BYTES = 5
"""Damage of which nothing may be left to see: a digit that is another one, lines that are gone."""


def _values(draw: Random, count: int) -> list[float]:
    return [round(2 + draw.random(), 5) for _ in range(count)]


def _of_metrics(draw: Random, folder: Path) -> dict[Path, list[float]]:
    """DeepSpeed's csv_monitor: a file a metric."""
    made = {}
    for name in _METRICS:
        path = folder / f"{name}.csv"
        made[path] = _values(draw, 40)
        rows = "".join(f"{i},{v}\n" for i, v in enumerate(made[path]))
        path.write_text(f"step,{name.removeprefix('Train_Samples_')}\n{rows}")
    return made


def _of_splits(draw: Random, folder: Path) -> dict[Path, list[float]]:
    """A log of training and one of held-out data."""
    made = {}
    for name in ("train", "val"):
        path = folder / name / "log.csv"
        path.parent.mkdir()
        made[path] = _values(draw, 40)
        path.write_text("step,loss\n" + "".join(f"{i},{v}\n" for i, v in enumerate(made[path])))
    return made


def _of_versions(draw: Random, folder: Path) -> dict[Path, list[float]]:
    """Lightning's versions, of which one goes on where the one before was left."""
    made = {}
    for version in range(2):
        path = folder / f"version_{version}" / "metrics.csv"
        path.parent.mkdir()
        made[path] = _values(draw, 40)
        rows = "".join(f"{0},{i + 40 * version},{v}\n" for i, v in enumerate(made[path]))
        path.write_text("epoch,step,train_loss\n" + rows)
    return made


def of_files(draw: Random, folder: Path) -> Outcome:
    """Damage to one file of a run: every value of the others is read, and what is lost of that one is said."""
    root = folder / "run"
    root.mkdir()
    made = draw.choice((_of_metrics, _of_splits, _of_versions))(draw, root)
    bad = draw.choice(list(made))
    raw, kind = bad.read_bytes(), draw.randrange(6)
    bad.write_bytes(_broken(draw, raw, kind))
    runs: list[Run] = []
    refused = False
    for ref in table.find(str(root)):
        try:
            runs.append(table.read(ref))
        except NotALog:  # the damaged one by itself
            refused = True
    read = {v for run in runs for series in run.series.values() for v in series.value.tolist()}
    for path, values in made.items():
        missing = [v for v in values if v not in read]
        if path != bad and missing:
            raise Lost(f"{len(missing)} values of {path.name}, which is sound: {[r.notes for r in runs]}")
    lost = sum(v not in read for v in made[bad])
    told = refused or any(run.notes for run in runs)
    if lost and kind < _BYTES and not told and not _is_left_out(bad, root):
        raise Lost(f"{lost} values of {bad.name} are gone, and nothing is said\n{bad.read_bytes()[:1500]!r}")
    return "told" if told else "read"


def _broken(draw: Random, raw: bytes, kind: int) -> bytes:
    """A file that is empty, zeros, a torn archive, without its head or some signs; and bytes damaged anywhere."""
    lines = raw.splitlines(keepends=True)
    if kind == 0:
        return b""
    if kind == 1:
        return bytes(len(raw))
    if kind == 2:
        return gzip.compress(raw)[: len(raw) // 4]
    if kind == 3:
        at = draw.randrange(1, len(lines))
        return b"".join([*lines[:at], *(line.replace(b",", b"") for line in lines[at:])])
    if kind == 4:
        return b"".join(lines[1:])
    assert kind == _BYTES
    return damaged(draw, raw, most=2)


def _is_left_out(path: Path, root: Path) -> bool:
    """Whether a file of the folder is told to be none of a run."""
    from runlens.model import AS_FOUND
    from runlens.sources.contract import Look

    return bool(table.left_out(path, Look(root, AS_FOUND)))


TARGETS = {"tables-joined": of_files}
