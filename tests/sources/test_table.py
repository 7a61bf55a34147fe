from __future__ import annotations

import bz2
import gzip
import json
import lzma
import math
import subprocess
import sys

import numpy as np
import pytest

from runlens.errors import AccessRefused, NotALog
from runlens.sources import table


def read(path):
    (ref,) = table.find(str(path))
    return table.read(ref)


def put(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def columns(run):
    return {name: (s.step.tolist(), s.value.tolist()) for name, s in run.series.items()}


@pytest.mark.parametrize("name", ["step", "_step", "global_step", "iteration", "iter", "Step", "train/global_step"])
def test_the_step_has_many_names(tmp_path, name):
    run = read(put(tmp_path, "a.jsonl", lines({name: 1, "loss": 2.5}, {name: 2, "loss": 2.25})))
    assert columns(run) == {"loss": ([1, 2], [2.5, 2.25])}


def test_of_two_steps_the_first_known_one_is_the_axis_and_the_other_a_series(tmp_path):
    run = read(put(tmp_path, "a.jsonl", lines({"global_step": 10, "_step": 1, "loss": 2.5})))
    assert columns(run) == {"global_step": ([1], [10.0]), "loss": ([1], [2.5])}


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        (1.7e9, 1.7e9),
        (1700000000123, 1700000000.123),
        (1700000000123456, 1700000000.123456),
        ("2023-11-14T22:13:20Z", 1.7e9),
        ("2023-11-14 22:13:20", 1.7e9),
        ("2023-11-14T23:13:20+01:00", 1.7e9),
        ("1700000000", 1.7e9),
    ],
)
@pytest.mark.parametrize("name", ["time", "timestamp", "_timestamp", "wall_time", "Wall time"])
def test_wall_times_in_every_form(tmp_path, name, written, seconds):
    run = read(put(tmp_path, "a.jsonl", lines({"step": 1, name: written, "loss": 2})))
    assert list(run.series) == ["loss"]
    assert run.series["loss"].time[0] == pytest.approx(seconds, abs=1e-5)


def test_a_time_that_is_a_duration_is_a_metric_and_the_wall_time_is_looked_for_elsewhere(tmp_path):
    run = read(put(tmp_path, "a.jsonl", lines(*({"step": i, "time": 0.3, "timestamp": 1.7e9 + i} for i in range(5)))))
    assert list(run.series) == ["time"]
    assert run.series["time"].time.tolist() == [1.7e9 + i for i in range(5)]


def test_no_wall_time_is_nan(tmp_path):
    assert np.isnan(read(put(tmp_path, "a.jsonl", lines({"step": 1, "loss": 2}))).series["loss"].time).all()


def test_non_finite_values_ragged_rows_flags_text_and_nesting(tmp_path):
    text = (
        '{"step": 0, "loss": NaN, "train": {"acc": 0.5, "deep": {"er": 1}}, "name": "x", "list": [1, 2]}\n'
        '{"step": 1, "loss": "NaN", "ok": true, "none": null}\n'
        '{"step": 2, "loss": -Infinity, "ok": false}\n'
        '{"step": 3, "loss": "Infinity", "lr": "1e-4"}\n'
    )
    run = read(put(tmp_path, "a.jsonl", text))
    assert set(run.series) == {"loss", "train/acc", "train/deep/er", "ok", "lr"}
    assert np.array_equal(run.series["loss"].value, [math.nan, math.nan, -math.inf, math.inf], equal_nan=True)
    assert columns(run)["ok"] == ([1, 2], [1.0, 0.0])
    assert columns(run)["lr"] == ([3], [1e-4])
    assert run.notes == ()


def test_steps_that_repeat_or_go_back_are_kept(tmp_path):
    run = read(put(tmp_path, "a.jsonl", lines(*({"step": s, "loss": i} for i, s in enumerate([0, 1, 2, 2, 1, 2])))))
    assert columns(run)["loss"][0] == [0, 1, 2, 2, 1, 2]


def test_rows_without_a_step_are_configuration_summary_or_stand_at_the_step_before(tmp_path):
    run = read(
        put(
            tmp_path,
            "a.jsonl",
            lines(
                {"config": {"lr": 0.1, "name": "x"}},
                {"step": 1, "loss": 2},
                {"eval_loss": 3},
                {"step": 2, "loss": 1},
                {"train_runtime": 99},
            ),
        )
    )
    assert run.config == {"lr": 0.1, "name": "x"}
    assert run.summary == {"train_runtime": 99}
    assert columns(run) == {"eval_loss": ([1], [3.0]), "loss": ([1, 2], [2.0, 1.0])}


def test_damaged_lines_are_counted_named_and_the_rest_is_read(tmp_path):
    good = [json.dumps({"step": i, "loss": i}) for i in range(100)]
    bad = dict.fromkeys((3, 50, 51, 70, 71, 72), '{"step": 3, "lo')
    run = read(put(tmp_path, "a.jsonl", "\n".join(bad.get(i, line) for i, line in enumerate(good)) + "\n"))
    (note,) = run.notes
    assert (note.kind, note.records, note.bytes_unread) == ("damaged", 6, 6 * 16)
    assert "lines 4, 51, 52, 71, 72, …" in note.message
    assert columns(run)["loss"][0] == [i for i in range(100) if i not in bad]


@pytest.mark.parametrize("line", ["[1, 2]", "7", "null", '"x"', "[" * 100000, "1" * 5000, '{"a":1}{"b":2}'])
def test_lines_that_are_no_objects_are_damage(tmp_path, line):
    run = read(put(tmp_path, "a.jsonl", f'{{"step":1,"loss":1}}\n{line}\n{{"step":2,"loss":1}}\n'))
    assert run.notes[0].records == 1
    assert len(run.series["loss"]) == 2


def test_a_torn_last_line_is_no_damage(tmp_path):
    whole = lines({"step": 1, "loss": 1.5}, {"step": 2, "loss": 2.5})
    for end in range(len(whole) // 2, len(whole) - 2):
        run = read(put(tmp_path, "a.jsonl", whole[:end]))
        assert run.notes == ()
        assert columns(run)["loss"] == ([1], [1.5])


def test_blank_lines_and_windows_line_ends(tmp_path):
    run = read(put(tmp_path, "a.jsonl", '{"step":1,"loss":1}\r\n\r\n   \r\n{"step":2,"loss":2}\r\n'))
    assert (columns(run)["loss"], run.notes) == (([1, 2], [1.0, 2.0]), ())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings(tmp_path, encoding):
    run = read(put(tmp_path, "a.jsonl", '{"step":1,"verlust/größe":1}\n'.encode(encoding)))
    assert list(run.series) == ["verlust/größe"]


def test_bytes_in_no_encoding_do_not_hide_the_rest(tmp_path):
    run = read(put(tmp_path, "a.jsonl", b'{"step":1,"caf\xe9":1,"loss":2}\n'))
    assert set(run.series) == {"caf\ufffd", "loss"}


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)])
def test_packed_tables(tmp_path, suffix, pack):
    content = lines(*({"step": i, "loss": i} for i in range(1000)))
    run = read(put(tmp_path, f"a.jsonl{suffix}", pack(content.encode())))
    assert run.id == "a"
    assert len(run.series["loss"]) == 1000


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.csv.gz"])
def test_a_packed_table_that_breaks_off_is_read_so_far_and_told(tmp_path, name):
    values = np.random.default_rng(0).random(20000).tolist()
    rows = lines(*({"step": i, "loss": x} for i, x in enumerate(values)))
    text = rows if "json" in name else "step,loss\n" + "".join(f"{i},{x}\n" for i, x in enumerate(values))
    packed = gzip.compress(text.encode())
    run = read(put(tmp_path, name, packed[: len(packed) // 2]))
    (note,) = run.notes
    assert (note.kind, "breaks off" in note.message) == ("truncated", True)
    assert 9000 < len(run.series["loss"]) < 11000
    assert run.series["loss"].value.tolist() == values[: len(run.series["loss"])]


def test_csv_in_three_dialects(tmp_path):
    expected = {"loss": ([1, 2], [2.5, 2.25]), "lr": ([2], [0.125])}
    assert columns(read(put(tmp_path, "a.csv", "step,loss,lr\n1,2.5,\n2,2.25,0.125\n"))) == expected
    assert columns(read(put(tmp_path, "a.tsv", "step\tloss\tlr\n1\t2.5\t\n2\t2.25\t0.125\n"))) == expected
    assert columns(read(put(tmp_path, "b.csv", 'step;"loss";lr\r\n1;2,5;\r\n2;2,25;0,125\r\n'))) == expected


@pytest.mark.parametrize(
    ("content", "values"),
    [
        ('step,loss\n"1,000","2,345.5"\n"1,020",7\n', [2345.5, 7.0]),
        ("step;loss\n1000;2.345,5\n1020;7\n", [2345.5, 7.0]),
        ("step,loss\n1 000,2'345.5\n1\u00a0020,7\n", [2345.5, 7.0]),
    ],
)
def test_thousands_that_are_set_apart(tmp_path, content, values):
    run = read(put(tmp_path, "a.csv", content))
    assert columns(run) == {"loss": ([1000, 1020], values)}
    assert run.notes == ()


def test_columns_of_one_name_are_kept_apart(tmp_path):
    run = read(put(tmp_path, "a.csv", "step,loss,loss\n1,2,3\n2,1,4\n"))
    assert columns(run) == {"loss": ([1, 2], [2.0, 1.0]), "loss (2)": ([1, 2], [3.0, 4.0])}


def test_words_among_numbers_are_told_and_words_of_a_text_are_not(tmp_path):
    rows = "".join(f"{i},{i},ok,{'none' if i % 2 else 1}\n" for i in range(20))
    run = read(put(tmp_path, "a.csv", f"step,loss,status,lr\n{rows}20,oops,ok,n/a\n"))
    (note,) = run.notes
    assert (note.kind, note.records, note.series, note.share) == ("unsupported", 1, "loss", 1 / 21)
    assert note.message.startswith("1 cell of 'loss' in ") and note.message.endswith(
        "(4.8 %) is no number among numbers and was left out"
    )
    assert len(run.series["lr"]) == 10


def test_csv_cells_that_are_nan_empty_or_text(tmp_path):
    run = read(put(tmp_path, "a.csv", "step,loss,note\n1,nan,x\n2,,y\n3,-inf,\n4,N/A,1\n5,True,\n"))
    assert np.array_equal(run.series["loss"].value, [math.nan, -math.inf], equal_nan=True)
    assert run.series["loss"].step.tolist() == [1, 3]
    assert columns(run)["note"] == ([4], [1.0])


def test_ragged_csv_rows(tmp_path):
    run = read(put(tmp_path, "a.csv", "step,loss,lr\n1,2\n2,1,0.5,9,9\n\n3,1,0.25\n4,"))
    damaged, short = run.notes
    assert (damaged.records, "line 3" in damaged.message) == (1, True)
    assert (short.records, short.series, short.share) == (1, "lr", 0.5)
    assert columns(run) == {"loss": ([1, 3], [2.0, 1.0]), "lr": ([3], [0.25])}


def test_the_last_cell_of_a_csv_that_is_being_written_is_not_trusted(tmp_path):
    whole = "step,loss,lr\n1,2.75,0.125\n2,2.25,0.25\n"
    for end in range(whole.index("\n2,") + 2, len(whole)):
        run = read(put(tmp_path, "a.csv", whole[:end]))
        assert run.notes == ()
        for name, values in {"loss": [2.75, 2.25], "lr": [0.125, 0.25]}.items():
            found = run.series[name].value.tolist()
            assert found == values[: len(found)], whole[:end]


def test_tensorboard_and_wandb_exports(tmp_path):
    board = put(tmp_path, "run-exp1-tag-train_loss.csv", "Wall time,Step,Value\n1700000000.5,10,2.5\n")
    run = read(board)
    assert columns(run) == {"train_loss": ([10], [2.5])}
    assert run.series["train_loss"].time.tolist() == [1700000000.5]
    wandb = put(tmp_path, "export.csv", '"Step","exp - loss","exp - loss__MIN"\n"1","2.5","2.5"\n')
    assert columns(read(wandb)) == {"loss": ([1], [2.5])}


def test_parquet_with_nulls_records_flags_and_times(tmp_path):
    import pyarrow as pa
    from pyarrow import parquet

    content = pa.table(
        {
            "step": pa.array([1, 2, 3], pa.int32()),
            "loss": pa.array([1.5, None, math.nan], pa.float32()),
            "train": pa.array([{"acc": 0.5}, None, {"acc": 0.25}]),
            "ok": pa.array([True, False, None]),
            "timestamp": pa.array([1700000000, 1700000001, 1700000002], pa.timestamp("s")),
            "text": pa.array(["NaN", "x", "2"]),
            "media": pa.array([[1], [2], [3]]),
        }
    )
    path = tmp_path / "a.parquet"
    parquet.write_table(content, path, row_group_size=2)
    run = read(path)
    assert set(run.series) == {"loss", "train/acc", "ok", "text"}
    assert run.series["loss"].step.tolist() == [1, 3]
    assert run.series["loss"].time.tolist() == [1.7e9, 1.7e9 + 2]
    assert columns(run)["train/acc"] == ([1, 3], [0.5, 0.25])
    assert columns(run)["ok"] == ([1, 2], [1.0, 0.0])
    assert run.series["text"].step.tolist() == [1, 3]


@pytest.mark.parametrize("end", [0, 3, 100, 200])
def test_a_cut_parquet_file_is_said_to_be_one(tmp_path, end):
    import pyarrow as pa
    from pyarrow import parquet

    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"step": list(range(100))}), path)
    path.write_bytes(path.read_bytes()[:end])
    with pytest.raises(NotALog, match="parquet"):
        read(path)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl", "", "empty"),
        ("a.csv", "", "empty"),
        ("a.csv", "step,loss\n", "empty"),
        ("a.csv", "step,loss\nx,y\n", "no number"),
        ("a.jsonl", "\0" * 100_000, "begins with zeros"),
        ("a.jsonl", '{"size": 1}\n{"size": 2}\n', "no column that is known to be a step"),
        ("a.csv", "length,width,kind\n1,2,a\n2,3,b\n", "name the column of the steps with --x COLUMN"),
        ("a.jsonl", "not json\nat all\n", "no JSON object"),
        ("a.csv", "some words\nand no table\n", "is no table"),
    ],
)
def test_what_is_no_table_of_a_run_is_said(tmp_path, name, content, said):
    with pytest.raises(NotALog, match=said):
        read(put(tmp_path, name, content))


def test_steps_that_are_no_whole_numbers_are_rounded_down_and_told(tmp_path):
    run = read(put(tmp_path, "a.jsonl", lines({"step": 1.5, "loss": 1}, {"step": 2.0, "loss": 1})))
    assert run.series["loss"].step.tolist() == [1, 2]
    assert run.notes[0].kind == "unsupported"


def test_no_permission_is_said(tmp_path, monkeypatch):
    (ref,) = table.find(str(put(tmp_path, "a.jsonl", lines({"step": 1, "loss": 1}))))

    def refuse(self, *args, **kwargs):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr("pathlib.Path.open", refuse)
    with pytest.raises(AccessRefused, match="no permission"):
        table.read(ref)


def test_names_are_paths_below_the_root(tmp_path):
    (tmp_path / "exp1").mkdir()
    put(tmp_path / "exp1", "metrics.jsonl", lines({"step": 1, "loss": 1}))
    put(tmp_path, "history.csv", "step,loss\n1,1\n")
    put(tmp_path, "questions.jsonl", lines({"question": "?", "answer": "!"}))
    assert [r.id for r in table.find(str(tmp_path))] == ["exp1/metrics", "history"]


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.parquet"])
def test_pandas_is_not_needed(tmp_path, name):
    path = tmp_path / name
    if name.endswith("parquet"):
        import pyarrow as pa
        from pyarrow import parquet

        parquet.write_table(pa.table({"step": [1, 2], "loss": [1.5, None]}), path)
    else:
        path.write_text("step,loss\n1,1.5\n" if name.endswith("csv") else lines({"step": 1, "loss": 1.5}))
    code = (
        "import sys; from runlens.sources import discover, read; "
        f"read(discover({str(path)!r})[0]); print('pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
