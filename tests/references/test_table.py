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


LONG = [
    {"training_tokens": t * 10**9, "dataset": "hellaswag", "metric_name": "acc_norm", "num_fewshot": 10, "score": v}
    for t, v in ((100, 0.5), (200, 0.55), (300, 0.58))
]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_the_columns_may_have_the_names_that_others_give_them(tmp_path, form):
    (curve,) = load(str(table(tmp_path, form, LONG))).curves
    assert (curve.task, curve.metric, curve.setting) == ("hellaswag", "acc_norm", "10-shot")
    assert (curve.at.tolist(), curve.value.tolist()) == ([1e11, 2e11, 3e11], [0.5, 0.55, 0.58])


@pytest.mark.parametrize(
    ("heading", "cells", "axis", "at"),
    [
        ("Tokens (B)", (100, 200), "tokens", [1e11, 2e11]),
        ("tokens_T", (0.1, 0.2), "tokens", [1e11, 2e11]),
        ("Training Step", (1000, 2000), "steps", [1000, 2000]),
        ("revision", ("step1000-tokens5B", "step2000-tokens10B"), "tokens", [5e9, 1e10]),
        ("checkpoint", ("step-1000", "step-2000"), "steps", [1000, 2000]),
        ("model", ("me/m-step1000", "me/m-step2000"), "steps", [1000, 2000]),
    ],
)
def test_where_a_row_stands_is_told_in_many_ways(tmp_path, heading, cells, axis, at):
    rows = [{heading: cell, "benchmark": "piqa", "metric": "acc", "score": 0.6} for cell in cells]
    reference = load(str(table(tmp_path, "csv", rows)))
    assert reference.axis == axis and reference.curves[0].at.tolist() == pytest.approx(at)


def test_a_table_of_many_models_says_so(tmp_path):
    rows = [{**row, "model": name} for name in ("a", "b") for row in LONG]
    with pytest.raises(NotALog, match="the scores of 2 models"):
        load(str(table(tmp_path, "csv", rows)))


def test_a_dataset_on_disk_is_read_as_its_library_writes_it(tmp_path):
    """`datasets.Dataset.save_to_disk` writes Arrow streams and two JSON files beside them."""
    import pyarrow
    from pyarrow import ipc

    saved = tmp_path / "saved"
    saved.mkdir()
    for i, part in enumerate((LONG[:2], LONG[2:])):
        made = pyarrow.Table.from_pylist(part)
        with ipc.new_stream(saved / f"data-{i:05d}-of-00002.arrow", made.schema) as writer:
            writer.write_table(made)
    (saved / "state.json").write_text("{}")
    (saved / "dataset_info.json").write_text("{}")
    (curve,) = load(str(saved)).curves
    assert curve.value.tolist() == [0.5, 0.55, 0.58]


def test_a_dataset_as_it_was_downloaded_is_read_and_an_arrow_file_by_itself(tmp_path):
    import pyarrow
    from pyarrow import ipc, parquet

    made = pyarrow.Table.from_pylist(LONG)
    (tmp_path / "hub" / "data").mkdir(parents=True)
    parquet.write_table(made, tmp_path / "hub" / "data" / "train-00000-of-00001.parquet")
    (tmp_path / "hub" / "README.md").write_text("scores")
    with ipc.new_file(tmp_path / "one.arrow", made.schema) as writer:
        writer.write_table(made)
    for spec in ("hub", "one.arrow"):
        (curve,) = load(str(tmp_path / spec)).curves
        assert curve.value.tolist() == [0.5, 0.55, 0.58]
    (tmp_path / "torn.arrow").write_bytes(b"ARROW1\0\0torn")
    with pytest.raises(Exception, match="torn"):
        load(str(tmp_path / "torn.arrow"))


@pytest.mark.parametrize("before", ["", json.dumps({"step": 1, "task": "piqa", "value": 0.5}) + "\n"])
def test_lines_that_are_nested_too_deep_are_no_table(tmp_path, before):
    (tmp_path / "scores.jsonl").write_text(before + "[" * 200_000)
    with pytest.raises(NotALog, match=r"scores\.jsonl"):
        load(str(tmp_path / "scores.jsonl"))
