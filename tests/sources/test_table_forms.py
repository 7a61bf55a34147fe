"""The forms in which tables are written: by which tool, in which dialect, packed how."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest

from runlens.sources import table
from runlens.sources.table.forms import arrow
from runlens.sources.table.head import form_of, is_log


def read(path):
    (ref,) = table.find(str(path))
    return table.read(ref)


def put(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def columns(run):
    return {name: (s.step.tolist(), s.value.tolist()) for name, s in run.series.items()}


LOSSES = [2.5, 2.25, 2.125]
EXPECTED = {"loss": ([1, 2, 3], LOSSES)}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", "".join(f'{{"step": {i}, "loss": {x}}}\n' for i, x in enumerate(LOSSES, 1))),
        ("metrics.json", "".join(f'{{"iteration": {i}, "loss": {x}}}\n' for i, x in enumerate(LOSSES, 1))),
        ("a.json", json.dumps([{"step": i, "loss": x} for i, x in enumerate(LOSSES, 1)])),
        ("b.json", json.dumps([{"step": i, "loss": x} for i, x in enumerate(LOSSES, 1)], indent=2)),
        (
            "c.json",
            json.dumps({"log_history": [{"step": i, "loss": x} for i, x in enumerate(LOSSES, 1)], "best": None}),
        ),
        ("d.json", json.dumps({"epoch": [1, 2, 3], "loss": LOSSES})),
        ("e.json", json.dumps({"loss": {"1": 2.5, "2": 2.25, "3": 2.125}})),
        ("f.json", json.dumps({"epoch_1": {"loss": 2.5}, "epoch_2": {"loss": 2.25}, "epoch_3": {"loss": 2.125}})),
        ("g.json", json.dumps({"columns": ["step", "loss"], "data": [[1, 2.5], [2, 2.25], [3, 2.125]]})),
        ("h.json", "\n".join(json.dumps({"step": i, "loss": x}, indent=1) for i, x in enumerate(LOSSES, 1))),
        ("i.json", json.dumps({"history": {"loss": LOSSES, "epoch": [1, 2, 3]}, "config": {"lr": 0.1}})),
        ("verl.jsonl", "".join(json.dumps({"step": i, "data": {"loss": x}}) + "\n" for i, x in enumerate(LOSSES, 1))),
        ("log.txt", "".join(f'{{"epoch": {i}, "loss": {x}}}\n' for i, x in enumerate(LOSSES, 1))),
        ("no_suffix", "step,loss\n1,2.5\n2,2.25\n3,2.125\n"),
        ("tab.txt", "step\tloss\n1\t2.5\n2\t2.25\n3\t2.125\n"),
        ("blanks.dat", "# step   loss\n1   2.5\n2   2.25\n3   2.125\n"),
        ("head_in_blanks.txt", "step  loss\n1  2.5\n2  2.25\n3  2.125\n"),
        ("pipe.csv", "step|loss\n1|2.5\n2|2.25\n3|2.125\n"),
        ("comments.csv", "# made by hand\n\n# second\nstep,loss\n1,2.5\n2,2.25\n3,2.125\n"),
        ("trailing.csv", "step,loss\n1,2.5,\n2,2.25,\n3,2.125,\n"),
        ("row_names.csv", 'step,loss\n"a",1,2.5\n"b",2,2.25\n"c",3,2.125\n'),
        ("bom.csv", "\ufeffstep;loss\r\n1;2,5\r\n2;2,25\r\n3;2,125\r\n"),
        ("mac.csv", "step,loss\r1,2.5\r2,2.25\r3,2.125\r"),
        ("powershell.csv", "step,loss\n1,2.5\n2,2.25\n3,2.125\n".encode("utf-16")),
        ("packed", gzip.compress(b"step,loss\n1,2.5\n2,2.25\n3,2.125\n", mtime=0)),  # the same test for each worker
        ("tensors.csv", "step,loss\n1,\"tensor(2.5, device='cuda:0')\"\n2,[2.25]\n3,np.float64(2.125)\n"),
        (
            "tensorflow.csv",
            'step,loss\n1,"tf.Tensor(2.5, shape=(), dtype=float32)"\n'
            '2,"<tf.Tensor: shape=(), dtype=float32, numpy=2.25>"\n3,"Array(2.125, dtype=float32)"\n',
        ),
        (
            "unquoted.csv",
            "step,loss\n1,tensor(2.5, device='cuda:0', grad_fn=<MeanBackward0>)\n2,tensor(2.25, device='cuda:0')\n"
            "3,tensor(2.1250, device='cuda:0')\n",
        ),
        ("twice.csv", "step,loss\n1,2.5\nstep,loss\n2,2.25\n3,2.125\n"),
    ],
)
def test_one_history_in_every_form(tmp_path, name, content):
    run = read(put(tmp_path, name, content))
    assert columns(run)["loss"] == EXPECTED["loss"]
    assert run.notes == ()


def test_zstandard(tmp_path):
    import pyarrow

    content = b"step,loss\n" + b"".join(b"%d,%d.5\n" % (i, i) for i in range(1000))
    path = put(tmp_path, "a.csv.zst", pyarrow.compress(content, "zstd", asbytes=True))
    run = read(path)
    assert run.id == "a"
    assert columns(run)["loss"] == (list(range(1000)), [i + 0.5 for i in range(1000)])


def test_a_document_keeps_what_stands_beside_the_history_as_configuration(tmp_path):
    run = read(put(tmp_path, "a.json", json.dumps({"history": {"loss": LOSSES}, "config": {"lr": 0.1}, "seed": 3})))
    assert run.config == {"lr": 0.1, "seed": 3}
    assert columns(run) == {"loss": ([0, 1, 2], LOSSES)}


def test_shorter_lists_stand_at_equal_distances(tmp_path):
    content = {"train_losses": [5.0, 4, 3, 2, 1.5, 1], "val_losses": [4.5, 2.5]}
    run = read(put(tmp_path, "a.json", json.dumps(content)))
    assert columns(run)["val_losses"] == ([2, 5], [4.5, 2.5])


def test_means_with_their_spread_keep_their_name(tmp_path):
    rows = [
        {"Progress/kimg": {"num": 1, "mean": k, "std": 0.0}, "Loss/G": {"num": 64, "mean": 2 - k / 100, "std": 0.5}}
        for k in (0, 4, 8)
    ]
    run = read(put(tmp_path, "stats.jsonl", "".join(json.dumps(row) + "\n" for row in rows)))
    assert columns(run)["Loss/G"] == ([0, 4, 8], [2.0, 1.96, 1.92])
    assert columns(run)["Loss/G/std"] == ([0, 4, 8], [0.5, 0.5, 0.5])


def test_a_loggers_lines_around_objects(tmp_path):
    lines = ["2026-01-05 10:00:00 | INFO | fairseq_cli.train | Namespace(a=[1])\n"]
    for i in range(1, 4):
        row = {"epoch": 1, "update": 0.1, "loss": f"{3 - i / 10}", "num_updates": f"{10 * i}"}
        lines.append(f"2026-01-05 10:00:0{i} | INFO | train_inner | {json.dumps(row)}\n")
    lines.append('2026-01-05 10:00:09 | INFO | valid | {"epoch": 1, "loss": "2.5", "num_updates": "30"}\n')
    run = read(put(tmp_path, "fairseq.log", "".join(lines)))
    assert columns(run)["loss"] == ([10, 20, 30], [2.9, 2.8, 2.7])
    assert columns(run)["valid/loss"] == ([30], [2.5])
    assert np.diff(run.series["loss"].time).tolist() == [1.0, 1.0]
    assert run.notes == ()


def test_monitor_of_stable_baselines(tmp_path):
    text = '#{"t_start": 1650000000.5, "env_id": "Ant-v3"}\nr,l,t\n1.5,200,0.5\n2.5,200,3.0\n3.5,200,5.5\n'
    run = read(put(tmp_path, "0.monitor.csv", text))
    ends = [200, 400, 600]  # steps of the environment
    assert columns(run) == {"episode_length": (ends, [200.0] * 3), "episode_reward": (ends, [1.5, 2.5, 3.5])}
    assert run.series["episode_reward"].time.tolist() == [1650000001.0, 1650000003.5, 1650000006.0]


def test_tensorboards_json_download(tmp_path):
    run = read(put(tmp_path, "run-a-tag-loss.json", json.dumps([[1.7e9 + i, i, x] for i, x in enumerate(LOSSES)])))
    assert columns(run) == {"loss": ([0, 1, 2], LOSSES)}
    assert run.series["loss"].time.tolist() == [1.7e9, 1.7e9 + 1, 1.7e9 + 2]


def test_a_table_without_a_head_is_named_by_its_file(tmp_path):
    run = read(put(tmp_path, "loss.txt", "0 2.5\n1 2.25\n2 2.125\n"))
    assert columns(run) == {"loss": ([0, 1, 2], LOSSES)}
    assert [note.kind for note in run.notes] == ["guessed"]


def test_two_columns_of_one_name_in_parquet(tmp_path):
    import pyarrow as pa
    from pyarrow import parquet

    content = pa.Table.from_arrays(
        [pa.array([1, 2]), pa.array([2.0, 1.0]), pa.array([5.0, 4.0])], ["step", "loss", "loss"]
    )
    parquet.write_table(content, tmp_path / "a.parquet")
    assert columns(read(tmp_path / "a.parquet")) == {"loss": ([1, 2], [2.0, 1.0]), "loss (2)": ([1, 2], [5.0, 4.0])}


@pytest.mark.parametrize(
    "content",
    [
        b'{"question": "?", "answer": "!"}\n',
        b"id,text\n1,hello\n",
        b'{"epoch": 3.0, "size": 7}\n',
        b"just words\n",
        b"",
        b"\0" * 100,
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
        b"sepal_length,sepal_width,species\n5.1,3.5,setosa\n4.9,3.0,setosa\n",
        b'{"vocab": {"a": 1, "b": 2}}',
        b'{"train_loss": 1.5, "eval_loss": 2.0}\n',
    ],
)
def test_what_is_no_log_is_not_claimed(tmp_path, content):
    assert not is_log(content)


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (b'{"step": 1, "loss": 2}\n', "lines"),
        (b'[{"step": 1, "loss": 2}]', "document"),
        (b'{"loss": [2, 1], "val_loss": [3, 2]}', "document"),
        (b"epoch,loss\n1,2\n", "delimited"),
        (b'a | {"step": 1, "loss": 2}\nb | {"step": 2, "loss": 2}\n', "logged"),
        (gzip.compress(b"epoch,loss\n1,2\n", mtime=0), "delimited"),
    ],
)
def test_what_is_a_log_is_claimed_by_its_first_bytes(content, form):
    assert form_of(content) == form
    assert is_log(content)


@pytest.mark.parametrize("odd", ["", "nan", "oops", "1e400", "-inf", "short", "long", "quoted", "blank line"])
@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_the_fast_way_reads_as_the_slow_one(tmp_path, monkeypatch, odd, form):
    values = np.random.default_rng(3).normal(size=(3000, 3))
    values[5] = [1e-320, -0.0, 2.0**63]
    rows = [f"{i},{','.join(map(repr, row))},ok" for i, row in enumerate(values.tolist())]
    keys = ["step", "loss", "lr", "grad", "note"]
    if form == "csv":
        odd_row = {"short": "1500,1.0", "long": "1500,1,2,3,4,5", "quoted": '1500,1,"2",3,ok', "blank line": ""}
        rows[1500] = odd_row.get(odd, f"1500,{odd},2,3,ok")
        text = "\n".join([",".join(keys), *rows]) + "\n"
    else:
        cells = [dict(zip(keys, [i, *row, "ok"], strict=True)) for i, row in enumerate(values.tolist())]
        lines = [json.dumps(row) for row in cells]
        said = {"nan": "NaN", "-inf": "-Infinity", "1e400": "1e400", "": "null", "oops": '"oops"', "quoted": '"2.5"'}
        lines[1500] = {"short": '{"step": 1500}', "long": "null", "blank line": ""}.get(
            odd, f'{{"step": 1500, "loss": {said.get(odd)}, "extra": [1, 2]}}'
        )
        text = "\n".join(lines) + "\n"
    path = put(tmp_path, f"a.{form}", text)
    slow = read(path)
    monkeypatch.setattr(f"runlens.sources.table.forms.{'delimited' if form == 'csv' else 'jsonl'}.LEAST", 1)
    fast = read(path)
    assert list(fast.series) == list(slow.series)
    for name, series in slow.series.items():
        assert np.array_equal(series.step, fast.series[name].step)
        assert np.array_equal(series.value.view(np.int64), fast.series[name].value.view(np.int64))
    assert fast.notes == slow.notes


def test_the_fast_way_is_taken(tmp_path, monkeypatch):
    taken = []
    for name in ("add_cells", "add_lines"):
        plain = getattr(arrow, name)
        place = "delimited" if name == "add_cells" else "jsonl"
        monkeypatch.setattr(
            f"runlens.sources.table.forms.{place}.{name}", lambda *a, plain=plain: taken.append(plain(*a)) or taken[-1]
        )
        monkeypatch.setattr(f"runlens.sources.table.forms.{place}.LEAST", 1)
    read(put(tmp_path, "a.csv", "step,loss,note\n" + "".join(f"{i},{i}.5,ok\n" for i in range(100))))
    read(put(tmp_path, "a.jsonl", "".join(f'{{"step": {i}, "loss": {i}.5, "note": "ok"}}\n' for i in range(300))))
    assert taken == [True, True]
