"""A look costs what is new, and says what a look at everything says."""

import datetime
import json
import math
import sqlite3
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runlens import sources
from runlens.judging import check as judging
from runlens.watching import unchanged
from runlens.watching.unchanged import GROWN
from tests.watching.world import START, Log, World


@pytest.fixture
def world():
    return World()


def counted(monkeypatch):
    calls = []
    real = unchanged.judge_and
    monkeypatch.setattr(unchanged, "judge_and", lambda ref, *rest: calls.append(ref.id) or real(ref, *rest))
    return calls


def test_a_run_that_is_as_it_was_is_not_read_again(world, tmp_path, monkeypatch):
    calls = counted(monkeypatch)
    a, b = (Log(tmp_path / "logs" / name / "run.jsonl", world) for name in "ab")
    a.upto(600)
    b.upto(600)
    world.at(130, lambda: a.upto(720))
    world.watch(tmp_path / "logs", looks=8).run()
    assert (calls.count("a/run"), calls.count("b/run")) == (2, 1)


def test_a_run_that_becomes_stale_is_told_though_nothing_was_read(world, tmp_path, monkeypatch):
    calls = counted(monkeypatch)
    log = Log(tmp_path / "run.jsonl", world)
    log.upto(600)
    watch = world.watch(log.path, looks=120)
    watch.run()
    assert len(world.lines("LOG004")) == 1
    assert 1 + math.log(120 / 11) / math.log(GROWN) / 2 < len(calls) < 30, "when it becomes stale, and much older"
    (stale,) = [f for f in watch.report.runs[0].findings if f.code == "LOG004"]
    (full,) = [f for f in full_look(watch, log.path) if f.code == "LOG004"]
    assert stale == full, "its age is that of the last look"


def test_settings_that_change_are_obeyed(world, tmp_path):
    log, config = Log(tmp_path / "run.jsonl", world), tmp_path / "runlens.toml"
    log.upto(6000)
    log.write(3, loss=float("nan"))
    config.write_text("")
    world.at(100, lambda: config.write_text("[rules.LOSS003]\nseverity = 'warning'\n"))
    watch = world.watch(log.path, looks=4, config=config)
    watch.run()
    (found,) = [f for f in watch.report.runs[0].findings if f.code == "LOSS003"]
    assert found.severity.value == "warning"


def test_a_store_that_writes_ahead_is_seen(world, tmp_path):
    """SQLite in WAL mode leaves the store itself alone until a checkpoint."""
    file = tmp_path / "proj.db"
    db = sqlite3.connect(file)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA wal_autocheckpoint=0")
    db.execute(
        "CREATE TABLE metrics (id INTEGER PRIMARY KEY, timestamp TEXT, run_name TEXT, step INTEGER, metrics TEXT)"
    )

    def put(first, last, loss=None):
        rows = [
            ("2027-01-15T08:00:00", "r", s, json.dumps({"train/loss": loss or 5 - s / 1000}))
            for s in range(first, last)
        ]
        db.executemany("INSERT INTO metrics (timestamp, run_name, step, metrics) VALUES (?, ?, ?, ?)", rows)
        db.commit()

    put(0, 600)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = file.stat()
    world.at(130, lambda: put(600, 620, "NaN"))
    world.watch(file, looks=5).run()
    after = file.stat()
    assert (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    assert world.lines("LOSS003")
    db.close()


def full_look(watch, path):
    """The findings of a look at everything at the same moment."""
    return full_look_report(watch).runs[0].findings


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    seed=st.integers(0, 2**31),
    cuts=st.lists(st.integers(0, 400), min_size=1, max_size=8),
    pauses=st.lists(st.integers(1, 90), min_size=8, max_size=8),
)
def test_at_random_cuts_the_findings_are_those_of_a_full_look(tmp_path_factory, seed, cuts, pauses):
    """Rows come in random pieces, or not at all, minutes apart; after each look everything is looked at anew."""
    world, rng = World(), np.random.default_rng(seed)
    log = Log(tmp_path_factory.mktemp("cuts") / "run.jsonl", world, seed=seed)
    log.upto(3000)
    watch = world.watch(log.path)
    watch.lives.alone = True
    for rows, minutes in zip(cuts, pauses, strict=False):
        log.write(rows, **({"loss": 9.0} if rng.random() < 0.2 else {}))
        for _ in range(3):
            report = watch.look()
            watch.lives.look(report.runs, world.now)
            full = replace(full_look_report(watch), created=report.created)
            for one, other in zip(report.runs, full.runs, strict=True):
                assert one.findings == other.findings
                assert (one.verdict, one.state, one.points, one.latest) == (
                    other.verdict,
                    other.state,
                    other.points,
                    other.latest,
                )
            world.now += 60.0 * minutes


def full_look_report(watch):
    """A look by one who knows nothing of those before."""
    look = watch.look
    known, look.unchanged = look.unchanged, unchanged.Unchanged(look.lives, look.clock)
    try:
        return look()
    finally:
        look.unchanged = known


def test_the_look_that_reuses_is_the_one_of_the_engine(world, tmp_path):
    """What a watch says of a log is what `check` says of it, but for its age."""
    log = Log(tmp_path / "run.jsonl", world)
    log.upto(6000)
    log.write(3, loss=float("nan"))
    watch = world.watch(log.path, looks=3)
    watch.run()
    ((ref, by),) = watch.look.plan.judged_by(sources.discover(str(log.path)), watch.look.request.learned, 400)
    plain = judging.judge(ref, by)
    assert [f for f in watch.report.runs[0].findings if f.code != "LOG004"] == [
        f for f in plain.findings if f.code != "LOG004"
    ]


def test_gpus_that_are_logged_beside_a_run_are_looked_at_though_the_run_is_as_it_was(world, tmp_path):
    log, smi = Log(tmp_path / "logs" / "run.jsonl", world), tmp_path / "smi.csv"
    world.now += 600
    log.upto(600)

    def sample(first, last, celsius):
        moments = [datetime.datetime.fromtimestamp(START + at, datetime.UTC) for at in range(first, last, 5)]
        with smi.open("a") as file:
            file.write("".join(f"{m:%Y/%m/%d %H:%M:%S}.000, 0, {celsius}\n" for m in moments))

    smi.write_text("timestamp, index, temperature.gpu\n")
    sample(0, 600, 60)
    world.at(700, lambda: sample(600, 900, 97))
    watch = world.watch(log.path, looks=6, hardware=smi, select=("HW001",))
    watch.run()
    assert world.lines("HW001")
    assert [one.value for one in watch.report.runs[0].latest if one.role == "gpu_temperature"] == [97]


@pytest.mark.parametrize("kind", ["references", "twins"])
def test_what_a_run_is_held_against_is_read_again_once_it_has_changed(world, tmp_path, kind, monkeypatch):
    calls = counted(monkeypatch)
    log, other = Log(tmp_path / "run.jsonl", world), tmp_path / "other" / "other.jsonl"
    log.upto(600)
    other.parent.mkdir()

    def held_against(score):
        rows = [{"step": s, "tokens": 1e6 * s, "loss": 3 - s / 100, "eval/piqa/acc": score} for s in range(1, 40)]
        other.write_text("\n".join(map(json.dumps, rows)) + "\n")

    held_against(0.5)
    config = tmp_path / "runlens.toml"
    config.write_text(f'{kind} = ["{other if kind == "twins" else other.parent}"]\n')
    world.at(130, lambda: held_against(0.75))
    watch = world.watch(log.path, looks=5, config=config, select=("LOSS", "EVAL001", "TREND002"))
    watch.run()
    assert len(calls) == 2
    ((_, by),) = watch.look.plan.judged_by(sources.discover(str(log.path)), watch.look.request.learned, 400)
    assert "0.75" in repr(by.rules) and "0.5," not in repr(by.rules).replace("0.50", "")


def test_what_a_run_is_held_against_is_read_once_while_it_is_as_it_was(world, tmp_path, monkeypatch):
    reads, real = [], sources.read
    log, other = Log(tmp_path / "run.jsonl", world), Log(tmp_path / "other.jsonl", world)
    log.upto(600)
    other.upto(600)
    monkeypatch.setattr(sources, "read", lambda ref, **more: reads.append(ref.id) or real(ref, **more))
    config = tmp_path / "runlens.toml"
    config.write_text('twins = ["other.jsonl"]\n')
    world.watch(log.path, looks=4, config=config, select=("LOSS", "TREND002")).run()
    assert reads.count("other") == 1
