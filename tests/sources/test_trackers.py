"""Trackers' stores: each run with its name, state, settings and times; NaN and infinity as each store writes them."""

from __future__ import annotations

import json
import shutil
import sqlite3
import zipfile
from pathlib import Path

import numpy as np
import pytest

from runlens.errors import NoRunFound, NotALog, ReadError
from runlens.model import Run
from runlens.roles import resolve
from runlens.sources import discover, read

VALUES = np.array([3.0, 2.5, np.nan, np.inf, -np.inf, 1.0])
STEPS = 10 * np.arange(6)
TIMES = 1_700_000_000.0 + np.arange(6)


def runs(path: Path) -> list[Run]:
    return [read(ref) for ref in discover(str(path))]


def holds_the_curve(run: Run, name: str = "train/loss") -> None:
    np.testing.assert_array_equal(run.series[name].value, VALUES)
    np.testing.assert_array_equal(run.series[name].step, STEPS)
    np.testing.assert_allclose(run.series[name].time, TIMES)


# MLflow's files


def mlflow_run(
    folder: Path, name: str = "good one", *, stage: str = "active", status: int = 3, meta: bool = True
) -> Path:
    (folder / "metrics" / "train").mkdir(parents=True)
    rows = zip((TIMES * 1e3).astype(np.int64), VALUES, STEPS, strict=True)
    (folder / "metrics" / "train" / "loss").write_text("".join(f"{t} {v} {s}\n" for t, v, s in rows))
    for kind in ("params", "tags", "artifacts"):
        (folder / kind).mkdir()
    (folder / "params" / "lr").write_text("0.1")
    (folder / "params" / "global_batch_size").write_text("64")
    (folder / "params" / "net").write_text("a word")
    (folder / "artifacts" / "history.csv").write_text("step,loss\n1,2\n2,1\n")
    if meta:
        (folder / "meta.yaml").write_text(
            f"end_time: 1700000009000\nlifecycle_stage: {stage}\nrun_id: {folder.name}\nrun_name: '{name}'\n"
            f"start_time: 1700000000000\nstatus: {status}\ntags: []\n"
        )
    return folder


def test_mlflow_files_are_read(tmp_path):
    mlflow_run(tmp_path / "mlruns" / "7" / "abc")
    mlflow_run(tmp_path / "mlruns" / "7" / "def", "it's two", status=4)
    mlflow_run(tmp_path / "mlruns" / "7" / "old", stage="deleted")
    (tmp_path / "mlruns" / "7" / "meta.yaml").write_text("experiment_id: '7'\nname: exp a\n")
    one, two = runs(tmp_path)
    assert (one.id, one.name, one.state) == ("exp a/good one", "good one", "finished")
    assert (two.id, two.state) == ("exp a/it's two", "crashed")
    assert dict(one.config) == {"lr": 0.1, "global_batch_size": 64, "net": "a word"}
    assert one.starts == (1_700_000_000.0,)
    holds_the_curve(one)
    assert resolve(one).role("train_loss").series.name == "train/loss"
    for named in ("mlruns", "mlruns/7/abc", "mlruns/7/abc/metrics/train/loss"):
        holds_the_curve(runs(tmp_path / named)[0])


def test_mlflow_files_without_their_meta_are_found_by_their_lines(tmp_path):
    shutil.rmtree(mlflow_run(tmp_path / "0" / "abc", meta=False) / "artifacts")
    (run,) = runs(tmp_path)
    assert (run.name, run.state) == ("abc", "unknown")
    holds_the_curve(run)


def test_a_metric_may_be_called_as_the_folder_is(tmp_path):
    folder = mlflow_run(tmp_path / "metrics" / "mlruns" / "0" / "abc")
    (folder / "metrics" / "metrics").mkdir()
    shutil.copy(folder / "metrics" / "train" / "loss", folder / "metrics" / "metrics" / "loss")
    (run,) = runs(tmp_path)
    assert set(run.series) == {"train/loss", "metrics/loss"}


def test_damage_and_a_torn_end_of_mlflow_files(tmp_path):
    folder = mlflow_run(tmp_path / "abc")
    with (folder / "metrics" / "train" / "loss").open("a") as file:
        file.write("what is this\n1700000006000 0.5 60\n17000000")
    (run,) = runs(tmp_path)
    assert len(run.series["train/loss"]) == 7
    assert run.series["train/loss"].value[-1] == 0.5
    (note,) = run.notes
    assert note.kind == "damaged"
    assert note.records == 1


def test_points_without_a_step_are_counted_and_it_is_said(tmp_path):
    folder = mlflow_run(tmp_path / "abc")
    (folder / "metrics" / "acc").write_text("".join(f"{1700000000000 + i} {i / 10} 0\n" for i in range(5)))
    (run,) = runs(tmp_path)
    np.testing.assert_array_equal(run.series["acc"].step, range(5))
    assert "1 metric in" in run.notes[0].message
    assert "acc" in run.notes[0].message


def test_measurements_of_the_machine_stand_where_training_was(tmp_path):
    folder = mlflow_run(tmp_path / "abc")
    (folder / "metrics" / "system").mkdir()
    (folder / "metrics" / "system" / "gpu_0_power_usage_watts").write_text(
        "".join(f"{1700000000500 + 2000 * i} 300 {i}\n" for i in range(3))
    )
    (run,) = runs(tmp_path)
    np.testing.assert_array_equal(run.series["system/gpu_0_power_usage_watts"].step, [0, 20, 40])


# MLflow's database


def mlflow_db(path: Path, *, old: bool = False) -> Path:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE experiments (experiment_id INTEGER PRIMARY KEY, name TEXT, lifecycle_stage TEXT)")
        db.execute(
            "CREATE TABLE runs (run_uuid TEXT PRIMARY KEY, name TEXT, status TEXT, start_time BIGINT, end_time BIGINT, "
            "lifecycle_stage TEXT, experiment_id INTEGER)"
        )
        more = "" if old else ", step BIGINT, is_nan BOOLEAN"
        db.execute(f"CREATE TABLE metrics (key TEXT, value REAL, timestamp BIGINT, run_uuid TEXT{more})")
        db.execute("CREATE TABLE params (key TEXT, value TEXT, run_uuid TEXT)")
        db.execute("CREATE TABLE tags (key TEXT, value TEXT, run_uuid TEXT)")
        db.execute("INSERT INTO experiments VALUES (1, 'exp a', 'active')")
        for key, name, status, stage in (
            ("abc", "good one", "FINISHED", "active"),
            ("def", "", "FAILED", "active"),
            ("old", "x", "FINISHED", "deleted"),
            ("empty", "y", "RUNNING", "active"),
        ):
            db.execute("INSERT INTO runs VALUES (?, ?, ?, 1700000000000, NULL, ?, 1)", (key, name, status, stage))
            for t, v, s in zip(TIMES, VALUES, STEPS, strict=True):
                top = 1.7976931348623157e308
                stored = 0.0 if np.isnan(v) else float(np.clip(v, -top, top))
                row = ("train/loss", stored, int(t * 1e3), key) + (() if old else (int(s), int(np.isnan(v))))
                if key != "empty":
                    db.execute(f"INSERT INTO metrics VALUES ({', '.join('?' * len(row))})", row)
            db.execute("INSERT INTO params VALUES ('lr', '0.1', ?)", (key,))
        db.execute("INSERT INTO tags VALUES ('mlflow.runName', 'named by a tag', 'def')")
    db.close()
    return path


def test_mlflow_database_is_read_and_a_nan_is_no_zero(tmp_path):
    one, two = runs(mlflow_db(tmp_path / "mlflow.db"))
    assert (one.id, one.name, one.state, dict(one.config)) == ("exp a/good one", "good one", "finished", {"lr": 0.1})
    assert (two.id, two.state) == ("exp a/named by a tag", "crashed")
    holds_the_curve(one)
    holds_the_curve(two)
    assert len(runs(tmp_path)) == 2, "a folder finds it"


def test_an_old_database_knows_no_steps(tmp_path):
    one, _ = runs(mlflow_db(tmp_path / "mlflow.db", old=True))
    np.testing.assert_array_equal(one.series["train/loss"].step, range(6))
    assert "without a step" in one.notes[0].message


def test_a_database_is_opened_to_read_alone(tmp_path):
    path = mlflow_db(tmp_path / "mlflow.db")
    before = path.read_bytes()
    path.chmod(0o444)
    tmp_path.chmod(0o555)
    try:
        assert len(runs(path)) == 2
    finally:
        tmp_path.chmod(0o755)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["mlflow.db"]


def test_a_damaged_database_is_said(tmp_path):
    path = mlflow_db(tmp_path / "mlflow.db")
    (ref, _) = discover(str(path))
    raw = bytearray(path.read_bytes())
    raw[4096:] = b"\x5a" * (len(raw) - 4096)
    path.write_bytes(bytes(raw))
    with pytest.raises(ReadError, match=r"the database .* cannot be read .*copy it while nobody writes"):
        read(ref)


def test_other_databases_and_archives_are_none(tmp_path):
    with sqlite3.connect(tmp_path / "app.db") as db:
        db.execute("CREATE TABLE metrics (id INTEGER, payload TEXT)")
    db.close()
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        archive.writestr("a.txt", "b")
    with pytest.raises(NoRunFound):
        discover(str(tmp_path))
    for name in ("app.db", "data.zip"):
        with pytest.raises(NotALog):
            discover(str(tmp_path / name))


# trackio


def trackio_db(path: Path, *, old: bool = False) -> Path:
    own = "" if old else "run_id TEXT NOT NULL, "
    with sqlite3.connect(path) as db:
        db.execute(
            f"CREATE TABLE metrics (id INTEGER PRIMARY KEY, {own}timestamp TEXT, run_name TEXT, step INT, metrics TEXT)"
        )
        if not old:
            db.execute("CREATE TABLE configs (id INTEGER PRIMARY KEY, run_id TEXT, run_name TEXT, config TEXT)")
            db.execute(
                "CREATE TABLE system_metrics (id INTEGER, run_id TEXT, timestamp TEXT, run_name TEXT, metrics TEXT)"
            )
            db.execute("INSERT INTO configs VALUES (1, 'r1', 'my run', ?)", (b'{"lr": 0.1, "_Username": "someone"}',))
            db.execute(
                "INSERT INTO system_metrics VALUES (1, 'r1', '2023-11-14T22:13:22.5+00:00', 'my run', ?)",
                ('{"gpu": {"0": {"power": 300}}}',),
            )
        words = {np.inf: "Infinity", -np.inf: "-Infinity"}
        for run in ("r1", "r2"):
            for i, (v, s) in enumerate(zip(VALUES, STEPS, strict=True)):
                said = "NaN" if np.isnan(v) else words.get(float(v), float(v))
                row = json.dumps(
                    {"train": {"loss": said}, "note": "text", "image": {"_type": "trackio.image", "file_path": "x.png"}}
                )
                cells = (
                    *(() if old else (run,)),
                    f"2023-11-14T22:13:{20 + i}+00:00",
                    "my run" if not old else run,
                    int(s),
                    row.encode(),
                )
                names = f"{'' if old else 'run_id, '}timestamp, run_name, step, metrics"
                db.execute(f"INSERT INTO metrics ({names}) VALUES ({', '.join('?' * len(cells))})", cells)
    db.close()
    return path


@pytest.mark.parametrize("old", [False, True])
def test_trackio_is_read(old, tmp_path):
    one, two = runs(trackio_db(tmp_path / "proj.db", old=old))
    holds_the_curve(one)
    holds_the_curve(two)
    assert one.starts == (TIMES[0],)
    if not old:
        assert one.name == two.name == "my run"
        assert one.id != two.id
        assert dict(one.config) == {"lr": 0.1}
        np.testing.assert_array_equal(one.series["system/gpu/0/power"].step, [20])
        assert set(one.series) == {"train/loss", "system/gpu/0/power"}


def test_rows_of_trackio_that_are_no_json_are_counted(tmp_path):
    path = trackio_db(tmp_path / "proj.db")
    with sqlite3.connect(path) as db:
        db.execute("UPDATE metrics SET metrics = '{' WHERE id = 2")
    db.close()
    one, _ = runs(path)
    assert len(one.series["train/loss"]) == 5
    assert one.notes[0].kind == "damaged"


# Comet


def test_comets_offline_archive_is_read(tmp_path):
    lines = [
        {"payload": {"key": "Name", "value": "my run"}, "type": "log_other"},
        {"payload": {"param": {"paramName": "lr", "paramValue": 0.1}}, "type": "parameter_msg"},
    ]
    for t, v, s in zip(TIMES, VALUES, STEPS, strict=True):
        said = "NaN" if np.isnan(v) else "Infinity" if v == np.inf else "-Infinity" if v == -np.inf else float(v)
        metric = {"epoch": 0, "metricName": "train/loss", "metricValue": said, "step": int(s)}
        lines.append({"payload": {"local_timestamp": int(t * 1e3), "metric": metric}, "type": "metric_msg"})
    with zipfile.ZipFile(tmp_path / "3055.zip", "w") as archive:
        archive.writestr(
            "experiment.json", json.dumps({"start_time": 1_700_000_000_000, "stop_time": 1_700_000_009_000})
        )
        archive.writestr("messages.json", "\n".join(map(json.dumps, lines)) + "\nno json\n")
    (run,) = runs(tmp_path)
    assert (run.id, run.name, run.state, dict(run.config)) == ("3055", "my run", "finished", {"lr": 0.1})
    holds_the_curve(run)
    assert run.notes[0].records == 1


def test_a_run_without_metrics_is_said(tmp_path):
    with zipfile.ZipFile(tmp_path / "3055.zip", "w") as archive:
        archive.writestr("experiment.json", "{}")
        archive.writestr("messages.json", "")
    (ref,) = discover(str(tmp_path))
    with pytest.raises(NotALog, match="has no metrics; nothing was logged to it yet"):
        read(ref)


def test_a_comet_archive_with_odd_messages_is_read(tmp_path):
    good = [{"payload": {"metric": {"metricName": "loss", "metricValue": i / 7, "step": i}}} for i in range(9)]
    odd = [
        {"payload": 3},
        {"payload": {"metric": "x"}},
        {"payload": {"metric": {"metricName": "loss", "step": "y"}}},
        7,
    ]
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("messages.json", "\n".join(map(json.dumps, good + odd)))
        archive.writestr("experiment.json", "{broken")
    (run,) = runs(tmp_path / "a.zip")
    assert len(run.series["loss"]) == 9
    assert [(note.kind, note.records) for note in run.notes] == [("damaged", 4)]


def test_an_archive_of_a_newer_zip_is_no_log(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("messages.json", "{}")
        archive.writestr("experiment.json", "{}")
    raw = bytearray((tmp_path / "a.zip").read_bytes())
    raw[raw.index(b"PK\x01\x02") + 6] = 99  # the version that is needed to take it out
    (tmp_path / "a.zip").write_bytes(raw)
    with pytest.raises(NotImplementedError):
        zipfile.ZipFile(tmp_path / "a.zip")
    with pytest.raises(NotALog):
        discover(str(tmp_path / "a.zip"))


def test_a_comet_archive_that_breaks_off_is_told(tmp_path):
    message = {"payload": {"metric": {"metricName": "loss", "metricValue": 2.5, "step": 1}}}
    draw = np.random.default_rng(0)
    lines = "\n".join(json.dumps(message | {"id": str(draw.random())}) for _ in range(9000))
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("messages.json", lines)
        archive.writestr("experiment.json", "{}")
    raw = bytearray((tmp_path / "a.zip").read_bytes())
    middle = len(raw) // 2
    raw[middle : middle + 64] = bytes(64)
    (tmp_path / "a.zip").write_bytes(raw)
    (run,) = runs(tmp_path / "a.zip")
    assert 0 < len(run.series["loss"]) < 9000
    assert "truncated" in [note.kind for note in run.notes]


def test_steps_of_a_database_that_are_no_numbers_are_told(tmp_path):
    with sqlite3.connect(tmp_path / "a.db") as db:
        db.execute(
            "CREATE TABLE metrics (id INTEGER PRIMARY KEY, timestamp TEXT, run_name TEXT, step INT, metrics TEXT)"
        )
        for i in range(8):
            db.execute(
                "INSERT INTO metrics (run_name, step, metrics) VALUES ('one', ?, '{\"loss\": 2.5}')",
                ("0:3" if i == 5 else i,),
            )
    (run,) = runs(tmp_path / "a.db")
    assert run.series["loss"].step.tolist() == [0, 1, 2, 3, 4, 0, 6, 7]
    assert [(note.series, note.records, note.share) for note in run.notes] == [("loss", 1, 0.125)]
