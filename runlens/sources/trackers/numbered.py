"""Runs that write a file for each epoch or iteration: AllenNLP's `metrics_epoch_3.json`, Kaldi's diagnostics.

AllenNLP's serialization folder holds an object of single values for each epoch. Kaldi's `steps/nnet3` leave
`compute_prob_train.12.log` and `compute_prob_valid.12.log` for each iteration, with an objective that training raises:
its negative is the loss. Both are one run a folder.
"""

from __future__ import annotations

import json
import math
import re
import time as clock
from collections.abc import Sequence
from pathlib import Path

from runlens.errors import NotALog
from runlens.model import Note, Run, RunRef
from runlens.sources.contract import Look
from runlens.sources.naming import printable
from runlens.sources.trackers.points import Points

_EPOCH = re.compile(r"metrics_epoch_(?P<number>\d+)\.json")
_PROB = re.compile(r"compute_prob_(?P<split>train|valid)\.(?P<number>\d+)\.log")
_SAID = re.compile(
    rb"Overall (?P<what>log-likelihood|average objective function|accuracy) for 'output' is (?P<value>[-+\d.eE]+)"
)
_BEGINS = {"allennlp": (_EPOCH, (b"{",)), "kaldi": (_PROB, (b"#", b"LOG", b"nnet3-"))}
_ONCE_MORE = re.compile(r"best_|peak_|.*(?:_MB|_start_epoch)$")
"""Values of AllenNLP that say again what an earlier file said, or nothing of the training."""


def owns(head: bytes, path: Path) -> bool:
    """Whether a file is one of such a series, by its name and its first signs."""
    return any(name.fullmatch(path.name) and head.lstrip().startswith(signs) for name, signs in _BEGINS.values())


def runs(files: Sequence[Path], look: Look) -> list[RunRef]:
    """One run for each folder; none for one of AllenNLP whose event files stand below it, which say the same."""
    out = []
    for folder in dict.fromkeys(file.parent for file in files):
        below = folder.relative_to(look.root).as_posix()
        if any((folder / "log").glob("*/*tfevents*")):
            continue
        kind = next(k for k, (name, _) in _BEGINS.items() if any(name.fullmatch(f.name) for f in folder.iterdir()))
        own = tuple(str(path) for _, path in _series(folder, kind))
        named = folder.parent.name if folder.name == "log" and kind == "kaldi" else folder.name
        out.append(RunRef("trackers", str(folder), named if below == "." else below, own, f"numbered:{kind}"))
    return out


def read_run(ref: RunRef, key: str) -> Run:
    """Read all files of the folder; one that cannot be read is named in a note, and hides nothing of the others."""
    read_at, folder, points = clock.time(), Path(ref.location), Points()
    broken: list[Path] = []
    held = _series(folder, key)
    for number, path in held:
        try:
            if key == "kaldi":
                _add_diagnostics(points, number, path)
            else:
                row = json.loads(path.read_bytes())
                points.add_row({k: v for k, v in row.items() if not _ONCE_MORE.match(k)}, number, math.nan)
        except (ValueError, AttributeError, OSError):
            broken.append(path)
    if len(held) - len(broken) < 2:
        raise NotALog(f"{printable(str(folder))} holds fewer than two files of an epoch or iteration that can be read")
    said = f"{len(broken)} of {len(held)} files in {printable(str(folder))} could not be read"
    notes = [Note("damaged", f"{said}, such as {path.name}", len(broken)) for path in broken[:1]]
    series = points.series()
    return Run(
        id=ref.id,
        name=ref.id,
        source=ref.location,
        series=series,
        notes=(*notes, *points.notes(printable(str(folder)))),
        axis_name="epoch" if key == "allennlp" else "iteration",
        read_at=read_at,
    )


def _series(folder: Path, kind: str) -> list[tuple[int, Path]]:
    """The files of a folder in the order of their numbers."""
    name = _BEGINS[kind][0]
    found = ((name.fullmatch(path.name), path) for path in folder.iterdir())
    return sorted((int(one["number"]), path) for one, path in found if one is not None)


def _add_diagnostics(points: Points, number: int, path: Path) -> None:
    split = "val" if "valid" in path.name else "train"
    said = {one["what"]: float(one["value"]) for one in _SAID.finditer(path.read_bytes())}
    row = {"accuracy" if what == b"accuracy" else "loss": v if what == b"accuracy" else -v for what, v in said.items()}
    points.add_row({f"{split}/{name}": value for name, value in row.items()}, number, math.nan)
