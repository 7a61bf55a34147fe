import math

import numpy as np
import pandas as pd

from runlens import Run, Series
from runlens.frames import findings, history
from runlens.model import Finding, RunReport, Severity


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
