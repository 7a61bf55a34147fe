"""Kept verdicts: the same report, made once; whatever it depends on makes it anew."""

from __future__ import annotations

import datetime
import json
import os
import shutil
import sqlite3
from pathlib import Path

import pytest

import runlens
from runlens import sources
from runlens.errors import ConfigError
from runlens.judging import check as judging
from runlens.judging.kept import NAME, Kept

RUNS = Path(__file__).parents[2] / "fixtures" / "runs"


@pytest.fixture
def logs(tmp_path) -> Path:
    for name in ("restart_clean", "lr_bump"):
        shutil.copytree(RUNS / name, tmp_path / "logs" / name)
    return tmp_path / "logs"


@pytest.fixture
def read(monkeypatch) -> list[str]:
    """Ids of the runs that were read."""
    seen: list[str] = []
    judge = judging._in_steps

    def watched(ref, *rest):
        seen.append(ref.id)
        return judge(ref, *rest)

    monkeypatch.setattr(judging, "_in_steps", watched)
    return seen


def check(logs: Path, **more) -> tuple:
    return runlens.check(logs, keep=logs.parent / "kept", **more).runs


def test_an_unchanged_run_is_judged_once_and_its_report_is_the_same(logs, read):
    first, again = check(logs), check(logs)
    assert first == again == runlens.check(logs).runs
    assert read == ["lr_bump", "restart_clean"] * 2  # with the folder, and without


def test_a_shipped_reference_is_among_what_a_verdict_depends_on(logs, read):
    check(logs, references=["pythia-1b"])
    check(logs, references=["pythia-1b"])
    assert read == ["lr_bump", "restart_clean"]
    check(logs)
    assert len(read) == 4


@pytest.mark.parametrize("change", ["grown", "touched", "rules", "version", "metrics"])
def test_whatever_a_verdict_depends_on_makes_it_anew(logs, read, change, monkeypatch):
    check(logs)
    read.clear()
    more = {}
    (file,) = (logs / "lr_bump").glob("*")
    if change == "grown":
        with file.open("ab") as opened:
            opened.write(b'{"step": 99999, "train/loss": 2.0}\n')
    elif change == "touched":
        os.utime(file, ns=(1, 1))
    elif change == "rules":
        more = {"select": "LOSS"}
    elif change == "version":
        monkeypatch.setattr(runlens, "__version__", "99.0")
    else:
        more = {"metrics": {"train_loss": "train/loss"}}
    check(logs, **more)
    assert read == (["lr_bump"] if change in ("grown", "touched") else ["lr_bump", "restart_clean"])


def test_a_store_that_writes_ahead_makes_it_anew(tmp_path, read):
    """SQLite in WAL mode leaves the store itself alone until a checkpoint."""
    db = sqlite3.connect(tmp_path / "proj.db")
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA wal_autocheckpoint=0")
    db.execute(
        "CREATE TABLE metrics (id INTEGER PRIMARY KEY, timestamp TEXT, run_name TEXT, step INTEGER, metrics TEXT)"
    )

    def put(first, last):
        rows = [("2027-01-15T08:00:00", "r", s, json.dumps({"train/loss": 5 - s / 1000})) for s in range(first, last)]
        db.executemany("INSERT INTO metrics (timestamp, run_name, step, metrics) VALUES (?, ?, ?, ?)", rows)
        db.commit()

    put(0, 600)
    assert [check(tmp_path / "proj.db")[0].points for _ in range(2)] == [600, 600] and read == ["proj/r"]
    put(600, 620)
    assert check(tmp_path / "proj.db")[0].points == 620
    db.close()


def test_a_log_of_gpus_beside_the_run_makes_it_anew(logs, read):
    smi = logs.parent / "smi.csv"
    began = min(one.time[0] for one in sources.read(sources.discover(str(logs / "lr_bump"))[0]).series.values())
    moment = datetime.datetime.fromtimestamp(began, datetime.UTC)
    smi.write_text(f"timestamp, index, temperature.gpu\n{moment:%Y/%m/%d %H:%M:%S}.000, 0, 60\n")

    def degrees():
        return [one.value for one in check(logs / "lr_bump", hardware=smi)[0].latest if one.role == "gpu_temperature"]

    assert [degrees(), degrees()] == [[60.0], [60.0]] and read == ["lr_bump"]
    smi.write_text(smi.read_text().replace(", 60", ", 61"))
    assert degrees() == [61.0]


def test_a_run_that_goes_on_is_judged_each_time(logs, read):
    (logs.parent / "runlens.toml").write_text("[rules.LOG004]\nlive = true\n")
    for _ in range(2):
        check(logs, config=logs.parent / "runlens.toml")
    assert len(read) == 4


def test_a_sweep_that_was_broken_off_goes_on(logs, read, monkeypatch):
    judge = judging.judged_in_steps

    def interrupted(run, settings):
        if run.id == "restart_clean":
            raise KeyboardInterrupt
        return judge(run, settings)

    with monkeypatch.context() as m:
        m.setattr(judging, "judged_in_steps", interrupted)
        with pytest.raises(KeyboardInterrupt):
            check(logs)
    read.clear()
    assert [r.run for r in check(logs)] == ["lr_bump", "restart_clean"]
    assert read == ["restart_clean"]


def test_a_run_that_could_not_be_read_is_tried_again(logs, read):
    (logs / "broken").mkdir()
    (logs / "broken" / "run-1.wandb").write_bytes(b"\0" * 100)
    for _ in range(2):
        assert [r.verdict for r in check(logs) if r.run == "1"] == ["undecided"]
    assert read.count("1") == 2


def test_a_damaged_report_is_made_again(logs, read):
    check(logs)
    with sqlite3.connect(logs.parent / "kept" / NAME) as db:
        db.execute("UPDATE judged SET report = ?", (b"no report",))
    db.close()
    read.clear()
    check(logs)
    assert read == ["lr_bump", "restart_clean"]


def test_a_folder_that_cannot_be_used_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="give another folder to --keep"):
        Kept(tmp_path / "file", "1").known([])


def test_a_file_that_is_no_database_is_said(tmp_path):
    (tmp_path / NAME).write_bytes(b"no database" * 1000)
    with pytest.raises(ConfigError, match="give another folder to --keep"):
        Kept(tmp_path, "1").known([])


def test_a_verdict_over_nights_is_not_kept(logs):
    with pytest.raises(ConfigError, match="leave --keep"):
        check(logs, baseline_runs=RUNS / "lr_bump")


def test_nor_where_the_settings_name_the_record_of_nights(logs):
    (logs.parent / "runlens.toml").write_text('nights = "nights.jsonl"\n')
    with pytest.raises(ConfigError, match="leave --keep"):
        check(logs, config=logs.parent / "runlens.toml")
