import json

import pytest

from runlens.errors import NotALog
from runlens.references import load
from runlens.references.table import as_csv

ROWS = [
    {"tokens": 1e9, "task": "HellaSwag", "metric": "acc_norm", "value": 0.31, "stderr": 0.004, "n": 10042},
    {"tokens": 3e9, "task": "HellaSwag", "metric": "acc_norm", "value": 0.35, "stderr": 0.004, "n": 10042},
    {"tokens": 2e9, "task": "HellaSwag", "metric": "acc_norm", "value": 0.33, "stderr": 0.004, "n": 10042},
    {"tokens": 1e9, "task": "val", "metric": "loss", "value": 3.1, "stderr": None, "n": None},
]


def table(folder, form, rows=ROWS):
    path = folder / f"scores.{form}"
    if form == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif form == "parquet":
        pyarrow = pytest.importorskip("pyarrow")
        from pyarrow import parquet

        parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    else:
        sep = "\t" if form == "tsv" else ","
        lines = [sep.join(rows[0]), *(sep.join("" if v is None else str(v) for v in r.values()) for r in rows)]
        path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl", "parquet"])
def test_every_form_of_a_table_gives_the_same_curves(tmp_path, form):
    reference = load(str(table(tmp_path, form)))
    score, loss = reference.curves
    assert (reference.name, reference.axis) == ("scores", "tokens")
    assert (score.task, score.metric, score.n_items) == ("hellaswag", "acc_norm", 10042)
    assert (score.at.tolist(), score.value.tolist()) == ([1e9, 2e9, 3e9], [0.31, 0.33, 0.35])
    assert (loss.task, loss.metric, loss.direction) == ("", "loss", "down")


def test_a_reference_written_as_a_table_reads_back(tmp_path):
    known = load(str(table(tmp_path, "csv")))
    (tmp_path / "again.csv").write_text(as_csv(known))
    again = load(str(tmp_path / "again.csv"))
    assert as_csv(again).splitlines()[1:] == as_csv(known).splitlines()[1:]


def test_per_cent_and_shots_are_understood(tmp_path):
    rows = [{"step": s, "benchmark": "piqa", "score": v, "num_fewshot": 5} for s, v in ((100, 61.0), (200, 65.5))]
    (curve,) = load(str(table(tmp_path, "jsonl", rows))).curves
    assert curve.setting == "5-shot"


def test_rows_without_numbers_are_left_out(tmp_path):
    rows = [*ROWS, {**ROWS[0], "tokens": "soon"}, {**ROWS[0], "value": "nan", "tokens": 9e9}]
    assert len(load(str(table(tmp_path, "csv", rows))).curves[0].at) == 3


def test_a_table_that_holds_no_score_says_so(tmp_path):
    with pytest.raises(NotALog, match="no row with a finite position and value"):
        load(str(table(tmp_path, "csv", [{**ROWS[0], "value": "x"}])))
