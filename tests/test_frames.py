import math

import numpy as np
import pandas as pd
import pytest

from runlens import Run, Series
from runlens.errors import NotALog
from runlens.frames import findings, history, reports, runs
from runlens.model import Finding, RunReport, Severity
from runlens.render import json, jsonl
from tests.render.reports import fixed


def series(name, steps, values):
    return Series(name, np.array(steps), np.arange(len(steps), dtype=float), np.array(values, dtype=float))


RUN = Run(
    "r",
    "r",
    "here",
    series={
        "loss": series("loss", [0, 1, 2, 1, 2], [3.0, 2.5, math.nan, 2.4, 2.3]),
        "eval": series("eval", [2], [0.5]),
    },
)


def test_a_row_a_step_holds_the_last_write_of_each_series():
    table = history(RUN)
    assert table.index.tolist() == [0, 1, 2] and table.index.name == "step"
    assert table["loss"].tolist() == [3.0, 2.4, 2.3]
    assert table["eval"].isna().tolist() == [True, True, False]


def test_every_write_is_there_in_order_when_asked_for():
    table = history(RUN, every_write=True)
    assert len(table) == RUN.points
    loss = table[table["metric"] == "loss"]
    assert loss["step"].tolist() == [0, 1, 2, 1, 2] and math.isnan(loss["value"].iloc[2])


def test_a_run_without_series_gives_empty_tables():
    empty = Run("r", "r", "here")
    assert history(empty).empty
    assert list(history(empty, every_write=True).columns) == ["metric", "step", "time", "value"]


def test_a_row_a_finding_of_one_run_or_of_many():
    found = Finding("LOSS001", "loss-spike", Severity.ERROR, "loss", (5, 9), "up")
    whole = Finding("LOG004", "stale-run", Severity.WARNING, "", None, "nothing new")
    report = RunReport("r", "r", "here", "unknown", "fail", (0, 9), None, 10, findings=(found, whole))
    table = findings([report, report])
    assert len(table) == 4 and len(findings(report)) == 2
    assert table.loc[0, "first_step"] == 5 and table.loc[1, "first_step"] is pd.NA
    assert findings([]).empty


@pytest.mark.parametrize(("name", "render"), [("r.json", json.render), ("r.jsonl", jsonl.render)])
def test_what_was_written_gives_the_tables_that_the_report_gives(tmp_path, name, render):
    report = fixed()
    (tmp_path / name).write_text(render(report), encoding="utf-8")
    pd.testing.assert_frame_equal(runs(reports(tmp_path / name)), runs(report))
    pd.testing.assert_frame_equal(findings(reports(str(tmp_path / name))), findings(report))
    table = runs(report)
    assert table["run"].tolist() == [run.run for run in report.runs]
    counted = [f for run in report.runs for f in run.findings if f.suppressed is None]
    assert table[["errors", "warnings", "notes"]].to_numpy().sum() == len(counted) > 0


def test_a_run_without_steps_has_its_row_and_no_run_gives_the_columns():
    table = runs(RunReport("r", "r", "here", "unknown", "undecided", None, None, 0))
    assert table["first_step"].isna().tolist() == [True] and math.isnan(table["tokens"][0])
    assert list(runs([]).columns) == list(table.columns) and len(runs([])) == 0


@pytest.mark.parametrize("line", ["{", "[1]", '{"schema": 1}', '{"schema": 99, "run": "x"}'])
def test_a_line_that_is_no_run_is_named(tmp_path, line):
    whole = jsonl.render(fixed())
    (tmp_path / "r.jsonl").write_text(whole + "\n" + line + "\n", encoding="utf-8")
    with pytest.raises(NotALog, match=f"line {len(whole.splitlines()) + 2} of"):
        list(reports(tmp_path / "r.jsonl"))
