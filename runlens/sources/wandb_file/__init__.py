"""W&B's local run files (`run-<id>.wandb`), read without wandb: every row, whatever the file's state.

Runs that were resumed offline have one file for each attempt, with one run id: they are one run here. Where `_step`
merely counts calls it begins at 0 again in each file; it is then carried on, so that every row keeps its own place.
"""

from __future__ import annotations

import math
import time as clock
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from runlens.errors import AccessRefused, ReadError
from runlens.model import Run, RunRef, Series
from runlens.sources.contract import Look
from runlens.sources.naming import printable
from runlens.sources.wandb_file.attempt import Attempt, read_attempt
from runlens.sources.wandb_file.history import joined
from runlens.sources.wandb_shape import step_metric_of
from runlens.sources.worded import one_numbering, renumbered


def find(name: str) -> list[RunRef]:
    """The runs of a `.wandb` file, or of all such files below a folder."""
    path = Path(name)
    return _runs([path] if path.is_file() else sorted(path.rglob("*.wandb")))


def claims(head: bytes, path: Path) -> bool:
    """Whether a file begins as W&B's do."""
    return head.startswith(b":W&B")


def refs(files: Sequence[Path], look: Look) -> list[RunRef]:
    """The runs of some files, named by their run ids."""
    return _runs(files)


def _runs(files: Sequence[Path]) -> list[RunRef]:
    """Runs of the given files: those with one run id in one `wandb` folder are attempts of one run, oldest first.

    W&B names the folder of an attempt `offline-run-<date>_<time>-<id>` (or `run-…`), so names order the attempts.
    """
    attempts: dict[tuple[Path, str], list[Path]] = {}
    for file in files:
        run_id = file.name.removesuffix(".wandb").removeprefix("run-")
        in_own_folder = file.parent.name.endswith(f"-{run_id}")
        attempts.setdefault((file.parent.parent if in_own_folder else file.parent, run_id), []).append(file)
    out = []
    for (_, run_id), group in attempts.items():
        group.sort(key=lambda f: (f.parent.name.removeprefix("offline-"), f.name))
        location = group[0].parent if group[0].parent.name.endswith(f"-{run_id}") else group[0]
        out.append(RunRef("wandb_file", str(location), run_id, tuple(map(str, group))))
    return out


def read(ref: RunRef, attempt: Callable[[Path, int | None], Attempt] = read_attempt) -> Run:
    """Read one run: history over `_step`, system metrics joined by time, configuration, summary and state.

    Series are raw: where `_step` is no training step, `Run.step_metric` names the series that is, if W&B was told.

    Raises
    ------
    NotALog
        A file is no `.wandb` file.
    AccessRefused, ReadError
        A file cannot be opened or read.
    """
    read_at = clock.time()
    files = [Path(f) for f in ref.files or (ref.location,)]
    attempts: list[Attempt] = []
    for file in files:
        try:
            attempts.append(attempt(file, attempts[-1].last_step if attempts else None))
        except PermissionError as error:
            raise AccessRefused(f"no permission to read {printable(str(file))}; ask its owner for it") from error
        except OSError as error:
            raise ReadError(f"{printable(str(file))} cannot be read ({error.strerror}); look at the disk") from error
    last = attempts[-1].meta
    config: dict[str, object] = {}
    summary: dict[str, object] = {}
    for one in attempts:
        config |= one.meta.config
        summary |= one.meta.summary
    texts = one_numbering([a.texts for a in attempts])
    series = joined([_with_words(a, texts) for a in attempts])
    defined = [d for a in attempts for d in a.meta.defined]
    config.pop("_wandb", None)
    return Run(
        id=ref.id,
        name=last.name or last.run_id or ref.id,
        source=ref.location,
        state=last.state,
        entity=last.entity,
        project=last.project,
        config=config,
        summary=summary,
        series=series,
        texts=texts,
        notes=tuple(note for a in attempts for note in a.notes),
        starts=tuple(a.start for a in attempts if math.isfinite(a.start)),
        step_metric=step_metric_of(defined, {name: len(s) for name, s in series.items() if name not in texts}),
        read_at=read_at,
    )


def _with_words(attempt: Attempt, texts: Mapping[str, tuple[str, ...]]) -> dict[str, Series]:
    """The series of an attempt, its words numbered as in all attempts; one that is of words in another is so here."""
    return {
        name: renumbered(s, attempt.texts[name], texts[name]) if name in attempt.texts else s
        for name, s in attempt.series.items()
        if name in attempt.texts or name not in texts
    }
