"""Answers item by item, from what a harness keeps beside its result file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from runlens.model.measured import Answers
from runlens.sources.eval_results.score import Score, table
from runlens.sources.naming import is_file

MOST = 1 << 29
"""Bytes of answers that are read for one checkpoint; beyond that the rest is left out, with a note."""


class TooMuch(Exception):
    """The answers of a checkpoint are larger than what is read."""


class Kept:
    """The answers of the files of one checkpoint, each file read once."""

    def __init__(self) -> None:
        self._rows: dict[Path, list[tuple[int, Mapping[str, Any]]]] = {}
        self._left = MOST

    def of(self, file: Path, harness: str, score: Score) -> Answers | None:
        """How each item was answered, None where that was not kept or is no matter of right and wrong.

        Parameters
        ----------
        file : Path
            The result file.
        harness : str
        score : Score

        Raises
        ------
        TooMuch
            If there are more than `MOST` bytes of them.
        """
        task, metric, kind = score.answers_at
        beside = {"OLMES": _olmes, "lighteval": _lighteval}.get(harness, _lm_eval)(file, task)
        if beside is None:
            return None
        own = kind or "none"
        return answers([(i, cells.get(metric)) for i, cells in self._read(beside) if cells.get("filter", own) == own])

    def _read(self, file: Path) -> list[tuple[int, Mapping[str, Any]]]:
        if file not in self._rows:
            self._left -= file.stat().st_size
            if self._left < 0:
                raise TooMuch(f"more than {MOST >> 20} MiB of answers beside the result files; the rest was not read")
            rows = _of_parquet(file) if file.suffix == ".parquet" else _of_lines(file)
            self._rows[file] = [(identity(row), _cells(row)) for row in rows]
        return self._rows[file]


def answers(said: Sequence[tuple[int, object]]) -> Answers | None:
    """Answers from items and what was measured of each; None unless every value is 0 or 1.

    An item that stands there twice (a question that a benchmark holds twice) counts once, by its first answer.
    """
    known = [(i, v) for i, v in said if isinstance(v, bool | int | float)]
    if not known or len(known) < len(said) or any(v not in (0, 1) for _, v in known):
        return None
    item, first = np.unique(np.array([i for i, _ in known], dtype=np.uint64), return_index=True)
    right = np.array([v == 1 for _, v in known])[first]
    return Answers(item, right)


def identity(row: Mapping[str, Any]) -> int:
    """A number that stands for the item of a row, the same for every model: by its text, else by its place."""
    for key in ("doc_hash", "native_id", "doc", "__doc__", "example", "full_prompt", "doc_id"):
        value = row.get(key)
        if value not in (None, ""):
            if isinstance(value, Mapping):
                value = {k: v for k, v in value.items() if k in ("query", "choices", "gold_index")} or value
            text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
            return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
    return 0


def _cells(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """What was measured of one item, by metric; `filter` where the harness has several."""
    for key in ("metrics", "metric", "__metric__", "__metrics__"):
        if isinstance(row.get(key), Mapping):
            return table(row, key)
    return {k: v for k, v in row.items() if isinstance(v, bool | int | float) or k == "filter"}


def _of_lines(file: Path) -> Iterator[Mapping[str, Any]]:
    try:
        lines = file.open(encoding="utf-8", errors="replace")
    except OSError:  # answers that may not be opened are as none: the scores stand in another file
        return
    with lines:
        for line in lines:
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):  # a line that was cut: its item has no answer
                continue
            if isinstance(row, Mapping):
                yield row


def _of_parquet(file: Path) -> Iterator[Mapping[str, Any]]:
    import pyarrow
    from pyarrow import parquet

    try:
        yield from parquet.read_table(file).to_pylist()
    except (pyarrow.ArrowException, OSError):  # no parquet, such as a pointer to a large file: no answers
        return


def _lm_eval(file: Path, task: str) -> Path | None:
    """`samples_TASK_DATE.jsonl` beside `results_DATE.json`; `samples_TASK.jsonl` of older ones."""
    date = file.stem.removeprefix("results_")
    found = [file.parent / f"samples_{task}_{date}.jsonl", file.parent / f"samples_{task}.jsonl"]
    return next((path for path in found if is_file(path)), None)


def _lighteval(file: Path, task: str) -> Path | None:
    """`details/MODEL/DATE/details_TASK_DATE.parquet` for `results/MODEL/results_DATE.json`."""
    date = file.stem.removeprefix("results_")
    parts = file.parent.parts
    places = [file.parent, file.parent / date]
    if "results" in parts:
        at = len(parts) - 1 - parts[::-1].index("results")
        places.insert(0, Path(*parts[:at], "details", *parts[at + 1 :], date))
    names = [f"details_{name}_{date}.parquet" for name in (task, task.partition("|")[2], task.replace("|", "_"))]
    return next((p / name for p in places for name in names if is_file(p / name)), None)


def _olmes(file: Path, task: str) -> Path | None:
    """`task-000-NAME-predictions.jsonl` beside `task-000-NAME-metrics.json`."""
    if file.name.endswith("-metrics.json"):
        beside = file.with_name(f"{file.name.removesuffix('-metrics.json')}-predictions.jsonl")
        return beside if beside.is_file() else None
    if not task or "/" in task:
        return None
    found = sorted(file.parent.glob(f"task-*-{_quoted(task)}-predictions.jsonl"))
    return found[0] if found else None


def _quoted(text: str) -> str:
    """A name as a pattern that fits nothing else."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in text)
