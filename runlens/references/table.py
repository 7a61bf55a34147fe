"""References from a table: `tokens|step, task, metric, value[, stderr, n, setting]`, one score a row."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from runlens.errors import NotALog
from runlens.model import Curve, Reference
from runlens.references.store import curve_of
from runlens.roles.names.evals import parse_eval
from runlens.roles.names.metrics import FRACTIONS

NAMES = {
    "tokens": ("tokens", "n_tokens", "num_tokens", "consumed_tokens"),
    "step": ("step", "steps", "global_step", "iteration"),
    "task": ("task", "benchmark", "eval", "dataset"),
    "metric": ("metric", "metric_name"),
    "value": ("value", "score", "result"),
    "stderr": ("stderr", "std_err", "standard_error", "se"),
    "n": ("n", "n_items", "items", "num_samples"),
    "setting": ("setting", "num_fewshot", "n_shot", "fewshot", "shots"),
}
"""Column to the headings that it may stand under."""
SUFFIXES = (".csv", ".tsv", ".jsonl", ".parquet")


def columns_of(path: Path) -> tuple[str, ...]:
    """The headings of a table; empty if it has none that can be read."""
    if path.suffix == ".parquet":
        from pyarrow import ArrowInvalid, parquet

        try:
            return tuple(parquet.read_schema(path).names)
        except ArrowInvalid:
            return ()
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        first = file.readline(1_000_000)
    if path.suffix == ".jsonl":
        try:
            row = json.loads(first)
        except json.JSONDecodeError:
            return ()
        return tuple(row) if isinstance(row, dict) else ()
    return tuple(part.strip().strip('"') for part in first.replace("\t", ",").split(","))


def is_score_table(path: Path) -> bool:
    """True if a file is a table of scores: it has a task, a value, and a step or tokens."""
    if path.suffix.lower() not in SUFFIXES:
        return False
    have = _found(columns_of(path))
    return {"task", "value"} <= set(have) and bool({"tokens", "step"} & set(have))


def read_table(path: Path, tokens_per_step: float | None = None) -> Reference:
    """A reference from a table.

    Parameters
    ----------
    path : Path
        CSV, TSV, JSONL or parquet.
    tokens_per_step : float, optional
        Turns steps into tokens where the table has no tokens.

    Raises
    ------
    NotALog
        If a column is missing, or no row can be read.
    """
    rows = _rows(path)
    have = _found(rows[0]) if rows else {}
    if not {"task", "value"} <= set(have) or not {"tokens", "step"} & set(have):
        raise NotALog(
            f"{path} is no table of scores: it needs the columns tokens or step, task, metric and value; "
            f"it has {', '.join(map(str, rows[0])) if rows else 'no row'}"
        )
    axis, factor = ("tokens", 1.0) if "tokens" in have else ("steps", 1.0)
    if axis == "steps" and tokens_per_step:
        axis, factor = "tokens", tokens_per_step
    position = have["tokens"] if "tokens" in have else have["step"]
    points: dict[tuple[str, str, str], list[tuple[float, float, float, float, str]]] = {}
    for row in rows:
        at, value = _number(row.get(position)) * factor, _number(row.get(have["value"]))
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
        path.stem, "tokens" if axis == "tokens" else "steps", curves, tokens_per_step, source=path.name,
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


def _found(headings: Iterable[str]) -> dict[str, str]:
    by_name = {str(h).strip().lower(): h for h in headings}
    found = {}
    for column, names in NAMES.items():
        for name in names:
            if name in by_name:
                found[column] = by_name[name]
                break
    return found


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        if path.suffix == ".parquet":
            from pyarrow import parquet

            rows: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
            return rows
        if path.suffix == ".jsonl":
            lines = path.read_text("utf-8-sig").splitlines()
            return [row for line in lines if line.strip() and isinstance(row := json.loads(line), dict)]
        import csv

        with path.open(newline="", encoding="utf-8-sig") as file:
            return list(csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ","))
    except (ValueError, OSError, csv_error()) as error:
        raise NotALog(f"{path} could not be read as a table: {type(error).__name__}: {error}") from error


def csv_error() -> type[Exception]:
    """The error of the csv module, which is no ValueError."""
    import csv

    return csv.Error


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
