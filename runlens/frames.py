"""Histories and findings as pandas tables, for notebooks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from runlens.model import Report, Run, RunReport

if TYPE_CHECKING:
    import pandas as pd

Reports = Report | RunReport | Iterable[RunReport] | str | Path


def history(run: Run, *, every_write: bool = False) -> pd.DataFrame:
    """What a run logged, as one table.

    Parameters
    ----------
    run : Run
        As read; it need not be resolved.
    every_write : bool
        True for one row a point, in the order written, attempts before a restart included.

    Returns
    -------
    pandas.DataFrame
        One row a step (index `step`, int64, ascending) and one float64 column a series, in the unit logged: the last
        write of each step, NaN where a series has none. With `every_write` the columns are `metric` (category),
        `step`, `time` (s since the epoch) and `value`. A run without series gives an empty table.
    """
    import pandas as pd

    if not every_write:
        latest = {name: series.latest() for name, series in run.series.items()}
        columns = {name: pd.Series(s.value, index=s.step) for name, s in latest.items()}
        steps = np.unique(np.concatenate([s.step for s in latest.values()])) if latest else np.empty(0, np.int64)
        return pd.DataFrame(columns, index=pd.Index(steps, name="step"))
    series = list(run.series.values())
    codes = np.repeat(np.arange(len(series)), [len(s) for s in series])
    return pd.DataFrame(
        {
            "metric": pd.Categorical.from_codes(codes, categories=pd.Index([s.name for s in series], dtype=str)),
            "step": np.concatenate([s.step for s in series]) if series else np.empty(0, np.int64),
            "time": np.concatenate([s.time for s in series]) if series else np.empty(0),
            "value": np.concatenate([s.value for s in series]) if series else np.empty(0),
        }
    )


def reports(file: str | Path) -> Iterator[RunReport]:
    """The runs of a report that was written with `-f json` or `-f jsonl`; of JSON lines one at a time.

    Raises
    ------
    NotALog
        If the file is no such report.
    """
    from runlens.render import json, jsonl

    path = Path(file)
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        with path.open(encoding="utf-8") as lines:
            yield from jsonl.read(lines, str(path))
    else:
        yield from json.parse(path.read_bytes(), str(path)).runs


def runs(reports: Reports) -> pd.DataFrame:
    """How one run or many stand, a row a run.

    Parameters
    ----------
    reports : Report, RunReport, iterable of RunReport, str or Path
        A name is that of a report in a file, or of a folder that `runlens check -f parquet -o DIR` wrote.

    Returns
    -------
    pandas.DataFrame
        Columns `run`, `source`, `job`, `verdict`, `state`, `errors`, `warnings`, `notes` (findings that are not known
        ones, by severity), `first_step`, `last_step` (Int64), `points`, `tokens` (at the last step, NaN where not
        known), `gpus`, `action` and `failure` (why it could not be judged), both empty where there is none.
    """
    import pandas as pd

    if (folder := _tables(reports)) is not None:
        return pd.read_parquet(folder / "runs")
    rows = []
    for report in _runs(reports):
        counted = Counter(f.severity.value for f in report.findings if f.suppressed is None)
        rows.append(
            {
                "run": report.run,
                "source": report.source,
                "job": report.job,
                "verdict": report.verdict,
                "state": report.state,
                "errors": counted["error"],
                "warnings": counted["warning"],
                "notes": counted["info"],
                "first_step": report.steps[0] if report.steps else None,
                "last_step": report.steps[1] if report.steps else None,
                "points": report.points,
                "tokens": report.tokens[1] if report.tokens else np.nan,
                "gpus": report.gpus,
                "action": report.action.kind if report.action else "",
                "failure": "; ".join(failure.message for failure in report.failures),
            }
        )
    columns: dict[str, Any] = {
        "run": str, "source": str, "job": str, "verdict": str, "state": str, "errors": "int64", "warnings": "int64",
        "notes": "int64", "first_step": "Int64", "last_step": "Int64", "points": "int64", "tokens": "float64",
        "gpus": "int64", "action": str, "failure": str,
    }  # fmt: skip
    return pd.DataFrame(rows, columns=list(columns)).astype(columns)


def _runs(told: Reports) -> Iterable[RunReport]:
    if isinstance(told, str | Path):
        return reports(told)
    return told.runs if isinstance(told, Report) else [told] if isinstance(told, RunReport) else told


def _tables(told: Reports) -> Path | None:
    """The folder of tables that a name stands for, None if it stands for something else."""
    return Path(told) if isinstance(told, str | Path) and (Path(told) / "runs").is_dir() else None


def findings(reports: Reports) -> pd.DataFrame:
    """What was found in one run or in many, a row a finding.

    Parameters
    ----------
    reports : Report, RunReport, iterable of RunReport, str or Path
        As in `runs`.

    Returns
    -------
    pandas.DataFrame
        Columns `run`, `code`, `name`, `severity`, `metric`, `first_step`, `last_step` (Int64, missing where a finding
        has no place), `suppressed` and `message`. Reports without findings give no row.
    """
    import pandas as pd

    if (folder := _tables(reports)) is not None and (folder / "findings").is_dir():
        return pd.read_parquet(folder / "findings")
    rows = [
        {
            "run": report.run,
            "code": found.code,
            "name": found.name,
            "severity": found.severity.value,
            "metric": found.metric,
            "first_step": found.steps[0] if found.steps else None,
            "last_step": found.steps[1] if found.steps else None,
            "suppressed": found.suppressed is not None,
            "message": found.message,
        }
        for report in (_runs(reports) if folder is None else ())
        for found in report.findings
    ]
    columns = ["run", "code", "name", "severity", "metric", "first_step", "last_step", "suppressed", "message"]
    return pd.DataFrame(rows, columns=columns).astype({"first_step": "Int64", "last_step": "Int64", "suppressed": bool})
