"""Reports of many runs are written as they come: what was judged is there, whatever ends the sweep."""

import json
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from runlens import frames
from runlens.cli.shared.streams import BATCH, Streams, Tables
from runlens.errors import NotWritten
from runlens.model import Failure, Finding, RunReport, Severity
from runlens.render import json as whole
from runlens.render import jsonl
from tests.cli.command import runlens

CREATED = "2026-11-30T00:00:00Z"


def run(name, *findings, missing=False):
    failures = (Failure("read", f"{name} is not there", missing=True),) if missing else ()
    return RunReport(
        name, name, f"logs/{name}", "finished", "pass", (0, 9), None, 10, findings=findings, failures=failures
    )


SPIKED = run("b", Finding("LOSS001", "loss-spike", Severity.WARNING, "loss", (3, 4), "It spikes.", {"peak": 9.0}))


@pytest.fixture
def logs(tmp_path):
    for i in range(4):
        folder = tmp_path / "logs" / f"run{i}"
        folder.mkdir(parents=True)
        rows = (f"{s},{2 + 1 / (1 + s) + 3 * (i == 2 and 100 <= s < 103)}\n" for s in range(200))
        (folder / "history.csv").write_text("step,loss\n" + "".join(rows))
    (tmp_path / "logs" / "run3" / "history.csv").write_text("step,loss\n\0\0\0\n")
    return tmp_path / "logs"


def test_the_outputs_are_those_of_the_whole_report(logs, tmp_path):
    out = tmp_path / "out"
    more = ("--report", f"parquet={out / 't'}", "--report", f"json={out / 'a.json'}")
    done = runlens("check", str(logs), "-f", "jsonl", "-o", str(out / "a.jsonl"), *more)
    assert (done.code, done.out, done.err) == (3, "", "")
    report = whole.parse((out / "a.json").read_bytes())
    assert (out / "a.jsonl").read_text() == jsonl.render(report)
    assert sorted(file.name for file in out.iterdir()) == ["a.json", "a.jsonl", "t"]
    assert_frame_equal(frames.runs(out / "t"), frames.runs(report))
    assert_frame_equal(frames.findings(out / "t"), frames.findings(report))
    assert frames.runs(out / "a.jsonl")["run"].tolist() == [f"run{i}/history" for i in range(4)]


def test_lines_come_on_standard_output(logs):
    done = runlens("check", str(logs), "-f", "jsonl")
    assert [json.loads(line)["run"] for line in done.out.splitlines()] == [f"run{i}/history" for i in range(4)]


def test_what_comes_from_nights_is_written_when_all_is_known(logs, tmp_path):
    nights = tmp_path / "nights.jsonl"
    done = runlens("check", str(logs / "run0"), "--nights", str(nights), "-f", "jsonl", "-o", str(tmp_path / "a.jsonl"))
    assert done.code == 0 and len((tmp_path / "a.jsonl").read_text().splitlines()) == 1


@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGKILL", -9)])
def test_a_sweep_that_is_broken_off_leaves_what_it_judged(logs, tmp_path, name, code):
    out = tmp_path / "a.jsonl"
    slow = (
        "import sys, time\n"
        "from runlens import sources\n"
        "from runlens.judging import check\n"
        "check._SMALL = 0\n"  # small runs are judged together, and what is in hand when it ends is not written
        "read = sources.read\n"
        "def held(ref, **how):\n"
        "    time.sleep(60 * (ref.id == 'run2/history'))\n"
        "    return read(ref, **how)\n"
        "sources.read = held\n"
        "from runlens.cli import main\n"
        f"sys.argv = ['runlens', 'check', {str(logs)!r}, '-f', 'jsonl', '-o', {str(out)!r}, '--quiet']\n"
        "main()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", slow], stderr=subprocess.PIPE, text=True)
    part = tmp_path / "a.jsonl.part"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (part.exists() and part.read_text().count("\n") == 2):
        time.sleep(0.05)
    process.send_signal(getattr(signal, name))
    said = process.communicate(timeout=60)[1]
    assert process.returncode == code
    assert [r.run for r in jsonl.read(part.read_text().splitlines())] == ["run0/history", "run1/history"]
    assert not out.exists()
    assert ("a.jsonl.part holds the 2 runs that were judged" in said) is (name == "SIGTERM")


def broken_off(wanted, *runs):
    with pytest.raises(KeyboardInterrupt), Streams(wanted, CREATED) as streams:
        for one in runs:
            streams.add(one)
        raise KeyboardInterrupt


def test_tables_that_are_broken_off_hold_what_was_judged(tmp_path, capsys):
    broken_off([("parquet", tmp_path / "t")], run("a"), SPIKED)
    assert frames.runs(tmp_path / "t")["run"].tolist() == ["a", "b"]
    assert frames.findings(tmp_path / "t")["code"].tolist() == ["LOSS001"]
    assert f"{tmp_path / 't'} holds the 2 runs that were judged" in capsys.readouterr().err


def test_a_disk_that_is_full_leaves_what_was_written(tmp_path, capsys):
    resource = pytest.importorskip("resource")
    part, limits = tmp_path / "a.jsonl.part", resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with pytest.raises(NotWritten), Streams([("jsonl", tmp_path / "a.jsonl")], CREATED) as streams:
            streams.add(run("a"))
            streams.add(run("b"))
            resource.setrlimit(resource.RLIMIT_FSIZE, (part.stat().st_size, limits[1]))
            streams.add(run("c"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [r.run for r in frames.reports(part.rename(tmp_path / "b.jsonl"))] == ["a", "b"]
    assert "a.jsonl.part holds the 2 runs that were judged" in capsys.readouterr().err


def test_of_nothing_there_is_nothing(tmp_path, capsys):
    broken_off([("parquet", tmp_path / "t"), ("jsonl", tmp_path / "a.jsonl")])
    broken_off([("parquet", tmp_path / "t"), ("jsonl", tmp_path / "a.jsonl")], run("a", missing=True))
    assert not list(tmp_path.iterdir()) and capsys.readouterr().err == ""


def test_runs_that_are_not_there_come_before_one_that_is(tmp_path):
    with Streams([("jsonl", tmp_path / "a.jsonl")], CREATED) as streams:
        streams.add(run("a", missing=True))
        assert not list(tmp_path.iterdir())
        streams.add(run("b"))
        assert (tmp_path / "a.jsonl.part").read_text().count("\n") == 2
    assert [r.run for r in frames.reports(tmp_path / "a.jsonl")] == ["a", "b"]


def test_a_part_is_written_every_so_many_runs(tmp_path):
    tables = Tables(tmp_path / "t")
    for i in range(BATCH - 1):
        tables.add(run(f"r{i}"))
    assert not tmp_path.joinpath("t").exists()
    tables.add(SPIKED)
    assert len(pd.read_parquet(tmp_path / "t" / "runs")) == BATCH  # before the end
    tables.add(run("last"))
    assert tables.close(True) == ""
    assert len(frames.runs(tmp_path / "t")) == BATCH + 1 and len(frames.findings(tmp_path / "t")) == 1


def test_tables_take_the_place_of_those_before(tmp_path):
    """Fewer parts and no findings: nothing of the old ones is left."""
    with Streams([("parquet", tmp_path / "t")], CREATED) as streams:
        streams.add(SPIKED)
    other = tmp_path / "t" / "runs" / "notes.txt"
    other.write_text("mine")
    with Streams([("parquet", tmp_path / "t")], CREATED) as streams:
        streams.add(run("c"))
    other.rename(tmp_path / "notes.txt")
    assert frames.runs(tmp_path / "t")["run"].tolist() == ["c"]
    assert frames.findings(tmp_path / "t").empty


def test_a_sweep_without_runs_has_empty_tables(tmp_path):
    with Streams([("parquet", tmp_path / "t"), ("jsonl", tmp_path / "a.jsonl")], CREATED):
        pass
    assert frames.runs(tmp_path / "t").empty and (tmp_path / "a.jsonl").read_text() == ""


def test_tables_need_a_folder(logs, tmp_path):
    done = runlens("check", str(logs), "-f", "parquet")
    assert (done.code, "-o DIR" in done.err) == (2, True)
    (tmp_path / "t").write_text("")
    done = runlens("check", str(logs), "-f", "parquet", "-o", str(tmp_path / "t"))
    assert (done.code, "is a file" in done.err) == (2, True)


def test_tables_take_the_place_of_no_log(logs):
    """A folder of parts that another tool wrote is judged, and named for the tables too."""
    (logs / "runs").mkdir()
    part = logs / "runs" / "part-00000.parquet"
    pd.read_csv(logs / "run0" / "history.csv").to_parquet(part)
    before = part.read_bytes()
    done = runlens("check", str(logs), "-f", "parquet", "-o", str(logs))
    assert (done.code, "would be written over" in done.err) == (2, True)
    assert part.read_bytes() == before and not (logs / "findings").exists()


def test_a_saved_report_becomes_tables(logs, tmp_path):
    runlens("check", str(logs), "-f", "json", "-o", str(tmp_path / "a.json"))
    assert runlens("render", str(tmp_path / "a.json"), "-f", "parquet", "-o", str(tmp_path / "t")).code == 0
    assert_frame_equal(frames.runs(tmp_path / "t"), frames.runs(tmp_path / "a.json"))
