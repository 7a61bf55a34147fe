"""References from the result files of lm-evaluation-harness and lighteval, one file (or more) a checkpoint."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from runlens.errors import ConfigError, NotALog
from runlens.model import Reference
from runlens.references.positions import position
from runlens.references.store import curve_of
from runlens.roles.names.evals import parse_eval
from runlens.roles.names.metrics import FRACTIONS

_SHOTS = re.compile(r"\d+-shot")


@dataclass(frozen=True, slots=True)
class Score:
    """One number of one result file."""

    task: str
    metric: str
    setting: str
    direction: str
    value: float
    stderr: float
    n_items: int


def result_files(folder: Path) -> list[Path]:
    """The result files below a folder: `results*.json`, in order of their names (lm-eval and lighteval date them)."""
    return sorted(folder.rglob("results*.json"), key=lambda p: (p.name, str(p)))


def read_results(path: Path, tokens_per_step: float | None = None) -> Reference:
    """A reference from a folder of result files (or one file).

    Parameters
    ----------
    path : Path
        Step or tokens of each file are taken from the folders between it and `path`, then from the model's revision
        and name. Two files at one position: the later one counts, task by task.
    tokens_per_step : float, optional
        Turns steps into tokens.

    Raises
    ------
    ConfigError
        If a file's step or tokens cannot be told.
    NotALog
        If a file is no result file, or none holds a score.
    """
    files = [path] if path.is_file() else result_files(path)
    points: dict[tuple[str, str, str], dict[float, Score]] = {}
    placed = []
    harness = ""
    for file in files:
        data = _json(file)
        harness = "lighteval" if "config_general" in data else "lm-evaluation-harness"
        names = [p.name for p in (file, *file.parents)][: len(file.relative_to(path).parts) + 1] if file != path else [
            file.stem, file.parent.name, file.parent.parent.name
        ]  # fmt: skip
        placed.append((file, data, *position([*names, *_model_names(data)])))
    axis, factor = _axis(placed, tokens_per_step)
    for _, data, step, tokens in placed:
        at = tokens if axis == "tokens" and tokens is not None else (step or 0.0) * factor
        for score in _lighteval(data) if "config_general" in data else _lm_eval(data):
            points.setdefault((score.task, score.metric, score.setting), {})[at] = score
    if not points:
        raise NotALog(f"no result file in {path} holds a score")
    curves = []
    for key, group in points.items():
        scores = list(group.values())
        scale = 0.01 if key[1] in FRACTIONS and max(s.value for s in scores) > 1.5 else 1.0
        curves.append(
            curve_of(
                *key,
                scores[0].direction,
                np.array(list(group), dtype=np.float64),
                np.array([s.value * scale for s in scores]),
                np.array([s.stderr * scale for s in scores]),
                max(s.n_items for s in scores),
            )
        )
    name = path.stem if path.is_file() else path.resolve().name
    return Reference(name, "tokens" if axis == "tokens" else "steps", tuple(curves), tokens_per_step, source=harness)


def _axis(
    placed: list[tuple[Path, Mapping[str, Any], float | None, float | None]], tokens_per_step: float | None
) -> tuple[str, float]:
    """Tokens if every file tells them (or its step, with tokens per step), else steps."""
    if all(tokens is not None or (step is not None and tokens_per_step) for _, _, step, tokens in placed):
        return "tokens", tokens_per_step or 1.0
    for file, _, step, _ in placed:
        if step is None:
            raise ConfigError(
                f"{file}: no step or tokens in the names of its folders or its model; "
                "give each checkpoint a folder such as step_1000 or 5B-tokens"
            )
    return "steps", 1.0


def _json(file: Path) -> Mapping[str, Any]:
    try:
        data = json.loads(file.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise NotALog(f"{file} is no JSON: {error}") from error
    if not isinstance(data, Mapping) or not isinstance(data.get("results"), Mapping):
        raise NotALog(f"{file} is no result file of lm-evaluation-harness or lighteval: it has no table 'results'")
    return data


def _model_names(data: Mapping[str, Any]) -> Iterator[str]:
    """Revision first: `revision=step3000` tells the checkpoint, the model's name often only its size."""
    config = data.get("config") or {}
    arguments = config.get("model_args") if isinstance(config, Mapping) else None
    if isinstance(arguments, str):
        arguments = dict(part.split("=", 1) for part in arguments.split(",") if "=" in part)
    general = data.get("config_general") or {}
    model = general.get("model_config") if isinstance(general, Mapping) else None
    for table in (arguments, model, general, data):
        if isinstance(table, Mapping):
            for key in ("revision", "pretrained", "model_name"):
                value = table.get(key)
                if isinstance(value, str):
                    yield from reversed(value.split("/"))


def _lm_eval(data: Mapping[str, Any]) -> Iterator[Score]:
    """`results[task]["acc,none"]` beside `acc_stderr,none` (0.4), or `acc` beside `acc_stderr` (0.3 and before)."""
    shots, samples = data.get("n-shot") or {}, data.get("n-samples") or {}
    better, config = data.get("higher_is_better") or {}, data.get("config") or {}
    for task, figures in data["results"].items():
        if not isinstance(figures, Mapping):
            continue
        few = shots.get(task, config.get("num_fewshot") if isinstance(config, Mapping) else None)
        counted = samples.get(task) or {}
        for key, value in figures.items():
            metric, comma, kind = key.partition(",")
            if metric.endswith("_stderr") or not _is_number(value) or metric in ("sample_len", "sample_count"):
                continue
            up = (better.get(task) or {}).get(metric)
            said = parse_eval(f"{task}/{key}")
            yield Score(
                said.task,
                said.metric_kind,
                _setting(said.setting, few),
                _better(up) or said.direction or "up",
                float(value),
                _stderr(figures.get(f"{metric}_stderr{comma}{kind}")),
                _items(counted, figures),
            )


def _items(counted: object, figures: Mapping[str, Any]) -> int:
    """Test items: the file's count, else (for groups, which have none) the length of the sample."""
    found = counted.get("effective") if isinstance(counted, Mapping) else None
    found = found or figures.get("sample_len")
    return int(found) if isinstance(found, int | float) and found > 0 else 0


def _lighteval(data: Mapping[str, Any]) -> Iterator[Score]:
    """`results["hellaswag|0"]["em"]` beside `em_stderr`; `all` is a mean over tasks and no task, and what lighteval
    calls `mmlu:_average` is the task `mmlu`.
    """
    configs = data.get("config_tasks") or {}
    for task, figures in data["results"].items():
        if task == "all" or not isinstance(figures, Mapping):
            continue
        config = configs.get(task) or {}
        better = {}
        for metric in config.get("metrics") or () if isinstance(config, Mapping) else ():
            if isinstance(metric, Mapping) and isinstance(metric.get("metric_name"), str):
                better[metric["metric_name"]] = metric.get("higher_is_better")
        items = config.get("effective_num_docs") if isinstance(config, Mapping) else 0
        for metric, value in figures.items():
            if metric.endswith("_stderr") or not _is_number(value):
                continue
            said = parse_eval(f"{task}/{metric}")
            yield Score(
                said.task.removesuffix("_average").rstrip("_/"),
                said.metric_kind,
                said.setting,
                _better(better.get(metric)) or said.direction or "up",
                float(value),
                _stderr(figures.get(f"{metric}_stderr")),
                max(int(items or 0), 0),
            )


def _setting(said: str, few: object) -> str:
    """The few-shot number from the file, after the filter that the metric's name tells."""
    if not isinstance(few, int) or isinstance(few, bool) or _SHOTS.search(said):
        return said
    return f"{said}, {few}-shot" if said else f"{few}-shot"


def _better(higher: object) -> str:
    """The file's own word on which way is better; empty if it says nothing."""
    return "up" if higher is True else "down" if higher is False else ""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _stderr(value: object) -> float:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else math.nan
