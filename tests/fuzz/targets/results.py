"""Result files of evaluation harnesses: a score that is read is the one that stands there."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from random import Random

from runlens import sources
from runlens.model import Run
from tests.fuzz.damage import damaged
from tests.fuzz.harness import Lost, Outcome
from tests.fuzz.targets.values import sound

_TASKS = 80
_TOKENS = (
    b"NaN",
    b"null",
    b"{",
    b"}",
    b'"',
    b"[",
    b"results",
    b"\xff",
    b"1e999",
    b'"acc"',
    b"9" * 400,
    b'"task_config":',
)


def _lm_eval(values: list[str]) -> dict[str, str]:
    rows = ", ".join(
        f'"task{i}": {{"acc,none": {v}, "acc_stderr,none": 0.01, "alias": "x"}}' for i, v in enumerate(values)
    )
    return {
        "step100/results_2026-01-01T00-00-00.json": f'{{"results": {{{rows}}}, "versions": {{}}, "model_name": "m"}}'
    }


def _lighteval(values: list[str]) -> dict[str, str]:
    rows = ", ".join(f'"leaderboard|task{i}|0": {{"acc": {v}, "acc_stderr": 0.01}}' for i, v in enumerate(values))
    general = '"config_general": {"model_name": "m", "lighteval_sha": "x"}'
    return {"step100/results_2026-01-01T00-00-00.json": f'{{{general}, "results": {{{rows}}}}}'}


def _olmes(values: list[str]) -> dict[str, str]:
    form = (
        '{"task_name": "NAME", "task_hash": "NAME", "model_config": {"model": "m"}, "num_instances": 100, '
        '"task_config": {"task_name": "NAME", "primary_metric": "acc_raw", "metadata": {"alias": "NAME"}}, '
        '"metrics": {"acc_raw": 1.5}}'
    )
    return {
        f"step100/task-{i:03}-task{i}-metrics.json": form.replace("NAME", f"task{i}").replace("1.5", value)
        for i, value in enumerate(values[:12])
    }


def of_scores(draw: Random, folder: Path) -> Counter[Outcome]:
    """Each score another value of JSON: numbers are read as they are, everything else is no score."""
    form = draw.choice((_lm_eval, _lighteval, _olmes))
    values = ["0.5", *sound(draw, _TASKS - 1)]
    files = form(values)
    count = len(files) if form is _olmes else _TASKS
    run = _read(folder, {name: text.encode() for name, text in files.items()})
    counts: Counter[Outcome] = Counter()
    for i, text in enumerate(values[:count]):
        value = json.loads(text)
        series = [
            s for name, s in run.series.items() if f"task{i}" in name.replace("|", "/").replace(",", "/").split("/")
        ]
        found = [v for s in series for v in s.value.tolist() if "stderr" not in s.name]
        number = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
        wanted = [float(value)] if number else []
        if found != wanted:
            raise Lost(f"task{i} says {text} and was read as {found} by {form.__name__}: {sorted(run.series)[:5]}")
        counts["read" if found else "told"] += 1
    return counts


def of_bytes(draw: Random, folder: Path) -> Outcome:
    """Damage to a file: a run or a sentence."""
    values = [f"0.{draw.randrange(999):03}" for _ in range(4)]
    files = draw.choice((_lm_eval, _lighteval, _olmes))(values)
    name = draw.choice(sorted(files))
    raw = {one: text.encode() for one, text in files.items()}
    raw[name] = damaged(draw, raw[name], _TOKENS, 2)
    return "told" if _read(folder, raw).notes else "read"


def _read(folder: Path, files: dict[str, bytes]) -> Run:
    for name, data in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
    return sources.read(sources.discover(str(folder))[0])


TARGETS = {"results-scores": of_scores, "results-bytes": of_bytes}
