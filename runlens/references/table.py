"""References from a table: `tokens|step, task, metric, value[, stderr, n, setting]`, one score a row."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from runlens.errors import NotALog
from runlens.model import Axis, Curve, Reference
from runlens.references.rows import SUFFIXES, columns_of, parts_of, rows_of
from runlens.references.store import curve_of
from runlens.roles.names.evals import parse_eval
from runlens.roles.names.metrics import FRACTIONS
from runlens.sources.eval_results.positions import position

NAMES = {
    "tokens": (
        "tokens",
        "n_tokens",
        "num_tokens",
        "consumed_tokens",
        "training_tokens",
        "train_tokens",
        "trained_tokens",
        "tokens_seen",
        "tokens_trained",
        "total_tokens",
        "token_count",
        "tokens_m",
        "tokens_b",
        "tokens_t",
    ),
    "step": (
        "step",
        "steps",
        "global_step",
        "iteration",
        "training_step",
        "train_step",
        "checkpoint_step",
        "ckpt_step",
    ),
    "place": ("checkpoint", "ckpt", "revision", "model_revision", "checkpoint_name", "model_name", "model"),
    "model": ("model", "model_name", "model_id"),
    "task": ("task", "task_name", "benchmark", "eval", "dataset", "dataset_name", "eval_name", "evaluation", "suite"),
    "metric": ("metric", "metric_name", "measure", "metric_type"),
    "value": ("value", "score", "result", "metric_value", "eval_score", "mean_score"),
    "stderr": ("stderr", "std_err", "standard_error", "se", "score_stderr", "value_stderr", "std_error"),
    "n": ("n", "n_items", "items", "num_samples", "num_examples", "n_samples"),
    "setting": (
        "setting",
        "num_fewshot",
        "n_shot",
        "n-shot",
        "fewshot",
        "few_shot",
        "num_few_shot",
        "shots",
        "num_shots",
    ),
}
"""Column to the headings that it may stand under, in any case, with spaces or underscores."""
UNITS = {"tokens_m": 1e6, "tokens_b": 1e9, "tokens_t": 1e12}
"""Headings that tell tokens in millions, billions or trillions."""


def is_score_table(path: Path) -> bool:
    """True if a file is a table of scores: it has a task, a value, and a step or tokens."""
    return path.suffix.lower() in SUFFIXES and _fits(_found(columns_of(path)))


def is_score_folder(path: Path) -> bool:
    """True if a folder is a dataset on disk (Hugging Face datasets, or parts of one table) of scores."""
    files = parts_of(path)
    return bool(files) and _fits(_found(columns_of(files[0])))


def _fits(have: Mapping[str, str]) -> bool:
    return {"task", "value"} <= set(have) and bool({"tokens", "step", "place"} & set(have))


def read_table(path: Path, tokens_per_step: float | None = None) -> Reference:
    """A reference from a table.

    Parameters
    ----------
    path : Path
        CSV, TSV, JSONL, Arrow or parquet; or a folder of parts of one table, such as a Hugging Face dataset that was
        saved or downloaded.
    tokens_per_step : float, optional
        Turns steps into tokens where the table has no tokens.

    Raises
    ------
    NotALog
        If a column is missing, or no row can be read.
    """
    rows = [row for part in (parts_of(path) if path.is_dir() else [path]) for row in rows_of(part)]
    have = _found(rows[0]) if rows else {}
    if not _fits(have):
        raise NotALog(
            f"{path} is no table of scores: it needs the columns tokens or step, task, metric and value; "
            f"it has {', '.join(map(str, rows[0])) if rows else 'no row'}"
        )
    models = sorted({str(row.get(have["model"])) for row in rows}) if "model" in have else []
    if len(models) > 1 and not {"tokens", "step"}.isdisjoint(have):
        some = ", ".join(models[:5]) + (" …" if len(models) > 5 else "")
        raise NotALog(f"{path} holds the scores of {len(models)} models ({some}); keep the rows of one of them")
    axis, placed = _placed(rows, have, tokens_per_step)
    points: dict[tuple[str, str, str], list[tuple[float, float, float, float, str]]] = {}
    for row, at in zip(rows, placed, strict=True):
        value = _number(row.get(have["value"]))
        if not (math.isfinite(at) and math.isfinite(value)):
            continue
        metric = str(row.get(have.get("metric", ""), "") or "")
        said = parse_eval(f"{row[have['task']]}/{metric}" if metric else str(row[have["task"]]))
        setting = _setting(row.get(have.get("setting", ""))) or said.setting
        key = (said.task, said.metric_kind, setting)
        stderr, n = _number(row.get(have.get("stderr", ""))), _number(row.get(have.get("n", "")))
        points.setdefault(key, []).append((at, value, stderr, n, said.direction or "up"))
    if not points:
        raise NotALog(f"{path} holds no row with a finite position and value")
    per_cent = any(k[1] in FRACTIONS and any(p[1] > 1.5 for p in group) for k, group in points.items())
    curves = tuple(_curve(key, group, per_cent) for key, group in points.items())
    return Reference(
        path.stem, axis, curves, tokens_per_step, source=path.name,
        settings={"figures": "per cent in the table, fractions here"} if per_cent else {},
    )  # fmt: skip


def as_csv(reference: Reference) -> str:
    """A reference as a table, one score a row, with the headings that `read_table` knows."""
    import csv
    import io

    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    position = "tokens" if reference.axis == "tokens" else "step"
    writer.writerow((position, "task", "metric", "setting", "value", "stderr", "n", "name"))
    for c in reference.curves:
        for at, value, stderr in zip(c.at.tolist(), c.value.tolist(), c.stderr.tolist(), strict=True):
            error = f"{stderr:.4g}" if math.isfinite(stderr) else ""
            items = c.n_items or ""
            writer.writerow((f"{at:.12g}", c.task, c.metric, c.setting, f"{value:.7g}", error, items, c.name))
    return stream.getvalue()


def _curve(key: tuple[str, str, str], group: list[tuple[float, float, float, float, str]], per_cent: bool) -> Curve:
    scale = 0.01 if per_cent and key[1] in FRACTIONS else 1.0
    at, value, stderr, n = (np.array([p[i] for p in group], dtype=np.float64) for i in range(4))
    items = int(np.nanmax(n)) if np.isfinite(n).any() else 0
    return curve_of(*key, group[0][4], at, value * scale, stderr * scale, items)


def _placed(
    rows: list[dict[str, Any]], have: Mapping[str, str], tokens_per_step: float | None
) -> tuple[Axis, list[float]]:
    """The axis of a table, and where each row stands on it; NaN where that is not told."""
    if "tokens" in have:
        factor = UNITS.get(_plain(have["tokens"]), 1.0)
        return "tokens", [_number(row.get(have["tokens"])) * factor for row in rows]
    if "step" in have:
        steps = [_number(row.get(have["step"])) for row in rows]
    else:
        told = {name: position([name]) for name in {str(row.get(have["place"])) for row in rows}}
        each = [told[str(row.get(have["place"]))] for row in rows]
        if all(tokens is not None for _, tokens in each):
            return "tokens", [tokens or math.nan for _, tokens in each]
        steps = [math.nan if step is None else step for step, _ in each]
    return ("tokens", [step * tokens_per_step for step in steps]) if tokens_per_step else ("steps", steps)


def _plain(heading: object) -> str:
    """A heading in small letters, with underscores for gaps and what stands in brackets: `Tokens (B)` as `tokens_b`."""
    return re.sub(r"[\s(\[]+", "_", str(heading).strip().lower()).strip(")]_")


def _found(headings: Iterable[str]) -> dict[str, str]:
    by_name = {_plain(h): h for h in headings}
    found = {}
    for column, names in NAMES.items():
        for name in names:
            if name in by_name:
                found[column] = by_name[name]
                break
    return found


def _number(value: object) -> float:
    try:
        return float(str(value)) if value not in (None, "") else math.nan
    except ValueError:
        return math.nan


def _setting(value: object) -> str:
    text = str(value).strip() if value is not None else ""
    if not text or text.lower() == "nan":
        return ""
    number = _number(text)
    return f"{number:.0f}-shot" if math.isfinite(number) else text
