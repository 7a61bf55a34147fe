"""Hugging Face's `trainer_state.json`: the history that the Trainer keeps in each checkpoint.

Names are those that the Trainer sends to TensorBoard and W&B (`loss` becomes `train/loss`, `eval_loss` becomes
`eval/loss`). There are no wall times. The Trainer replaces a NaN or infinite loss by the mean of the steps around
it unless `logging_nan_inf_filter=False`, so a loss without NaN is no proof that there was none; `grad_norm` is logged
as it was.
"""

from __future__ import annotations

import json
import math
import re
import time as clock
from collections.abc import Sequence
from pathlib import Path

from runlens.errors import AccessRefused, NotALog, ReadError
from runlens.model import AS_FOUND, Run, RunRef, State
from runlens.sources.contract import Look
from runlens.sources.naming import in_words, printable
from runlens.sources.table.build import built
from runlens.sources.table.forms.packed import text_of
from runlens.sources.table.store import Columns

_CHECKPOINT = re.compile(r"checkpoint-(\d+)")
_STEP_FIELD = re.compile(r'"global_step"\s*:\s*(\d+)')
_HEAD = 1 << 16
_FULLER = ("tensorboard", "wandb_file")
"""Sources that hold the same history with wall times."""


def find(name: str) -> list[RunRef]:
    """The run of a `trainer_state.json`, or of the newest one of each output folder below a folder."""
    path = Path(name)
    if path.is_file():
        return [_ref(path, path.parent)]
    return refs(sorted(path.rglob("trainer_state.json")), Look(path, AS_FOUND))


def claims(head: bytes, path: Path) -> bool:
    """Whether a file begins as a JSON object with the Trainer's history in it."""
    return b'"log_history"' in head and head.lstrip()[:1] == b"{"


def refs(files: Sequence[Path], look: Look) -> list[RunRef]:
    """One run for each output folder: the file of its newest checkpoint, which holds all that went before.

    An output folder below which event files or W&B's lie is left to them: they hold the same history, with wall times.
    """
    groups: dict[Path, list[Path]] = {}
    for file in files:
        groups.setdefault(_output_folder(file), []).append(file)
    others = [file.parent.resolve() for kind in _FULLER for file in look.beside.get(kind, ())]
    kept = {f: g for f, g in groups.items() if not any(o.is_relative_to(f.resolve()) for o in others)}
    return [_ref(max(group, key=_global_step), look.root) for group in kept.values()]


def _ref(path: Path, root: Path) -> RunRef:
    """The run of one file, named by its output folder below `root`."""
    folder = _output_folder(path)
    inside = folder != root and folder.is_relative_to(root)
    name = folder.relative_to(root).as_posix() if inside else folder.resolve().name
    return RunRef("trainer_state", str(path), name or "trainer_state", (str(path),))


def read(ref: RunRef) -> Run:
    """Read one file.

    Raises
    ------
    NotALog
        It is no `trainer_state.json`, or is cut.
    AccessRefused, ReadError
        It cannot be opened or read.
    """
    where = printable(ref.location)
    read_at = clock.time()
    try:
        state = json.loads(text_of(Path(ref.location).read_bytes()))
    except PermissionError as error:
        raise AccessRefused(f"no permission to read {where}; ask its owner for read access") from error
    except OSError as error:
        raise ReadError(f"{where} cannot be read ({error.strerror}); look at the disk") from error
    except (ValueError, RecursionError) as error:
        raise NotALog(
            f"{where} is no whole JSON file ({in_words(error)}); take the file of an earlier checkpoint"
        ) from error
    history = state.get("log_history") if isinstance(state, dict) else None
    if not isinstance(history, list):
        raise NotALog(f"{where} holds no log_history; name a trainer_state.json that the Hugging Face Trainer wrote")
    rows = [{_sent(str(k)): v for k, v in row.items()} for row in history if isinstance(row, dict)]
    config = {k: v for k, v in state.items() if k not in ("log_history", "stateful_callbacks")}
    if not any(isinstance(row.get("step"), int) for row in rows):
        raise NotALog(f"the log_history of {where} is empty; nothing was logged before this checkpoint")
    columns = Columns()
    columns.add_objects(rows)
    columns.settle()
    found = built(columns, where)
    return Run(
        id=ref.id,
        name=ref.id,
        source=ref.location,
        state=_state(config, rows),
        config=config,
        summary={k: v for k, v in rows[-1].items() if k.startswith("train/train_")},
        series=found.series,
        notes=found.notes,
        read_at=read_at,
    )


def _sent(key: str) -> str:
    """The name under which the Trainer's own callbacks send a logged key (`rewrite_logs` in transformers)."""
    for prefix in ("eval_", "test_"):
        if key.startswith(prefix):
            return f"{prefix[:-1]}/{key.removeprefix(prefix)}"
    return key if key == "step" else f"train/{key}"


def _state(config: dict[str, object], rows: list[dict[str, object]]) -> State:
    """Finished if the Trainer wrote its last row (`train_runtime`) or all steps are done; a checkpoint says no more."""
    done, planned = config.get("global_step"), config.get("max_steps")
    all_done = isinstance(done, int) and isinstance(planned, int) and 0 < planned <= done
    return "finished" if all_done or any("train/train_runtime" in row for row in rows[-2:]) else "unknown"


def _output_folder(path: Path) -> Path:
    folder = path.parent
    return folder.parent if _CHECKPOINT.fullmatch(folder.name) else folder


def _global_step(path: Path) -> float:
    """Step of a checkpoint, from its folder's name or the head of the file: `log_history` comes later in it."""
    named = _CHECKPOINT.fullmatch(path.parent.name)
    if named:
        return float(named[1])
    try:
        with path.open("rb") as file:
            found = _STEP_FIELD.search(text_of(file.read(_HEAD)))
    except OSError:  # `read` says so, if this is the only one
        return -math.inf
    return float(found[1]) if found else -math.inf
