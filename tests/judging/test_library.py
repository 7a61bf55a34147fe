"""`runlens.check`: the report that the command prints, made by the library, and how it shows itself."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import runlens
from runlens import model
from runlens.errors import ConfigError, NoRunFound
from runlens.judging.report import Report
from runlens.render import json as report_json
from runlens.render.brief import SHORT
from tests.cli.command import runlens as command
from tests.render.reports import HOSTILE, fixed, hostile

ROOT = Path(__file__).parents[2]
LR_BUMP = ROOT / "fixtures" / "runs" / "lr_bump"


def shown(report: model.Report) -> Report:
    return Report(**{name: getattr(report, name) for name in model.Report.__dataclass_fields__})


def log(path: Path, *, rate: float = 1000.0, steps: int = 400, nan_from: int | None = None) -> Path:
    rng = np.random.default_rng(0)
    rows = [
        {
            "step": i,
            "timestamp": 1.76e9 + i,
            "train/loss": float("nan")
            if nan_from is not None and i >= nan_from
            else 4.0 - 0.004 * i + 0.01 * rng.normal(),
            "tokens_per_second": rate * (1 + 0.002 * rng.normal()),
        }
        for i in range(steps)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def readings(monkeypatch):
    """Each run that is read, by its location."""
    from runlens import sources
    from runlens.sources import discovery

    seen: list[str] = []

    def counted(ref, **more):
        seen.append(Path(ref.location).name)
        return discovery.read(ref, **more)

    monkeypatch.setattr(sources, "read", counted, raising=False)
    return seen


def test_the_library_and_the_command_give_the_same_report(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runlens.toml").write_text('ignore = ["GRAD002"]\n')
    mine = report_json.to_dict(runlens.check(LR_BUMP, fail_on="error", select="LOSS,LR001,GRAD"))
    flags = ("--fail-on", "error", "--select", "LOSS,LR001,GRAD", "-f", "json")
    theirs = command("check", str(LR_BUMP), *flags, cwd=tmp_path).json
    for one in (mine, theirs):
        one.pop("created")
    assert json.loads(json.dumps(mine)) == theirs
    codes = {finding["code"] for finding in theirs["runs"][0]["findings"]}
    assert "LOSS001" in codes
    assert "GRAD002" not in codes


def test_settings_come_as_one_or_as_many_and_paths_as_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    one = runlens.check(LR_BUMP, select="LOSS001", fail_on=model.Severity.INFO)
    many = runlens.check(str(LR_BUMP), select=["LOSS001"], fail_on="info")
    assert one.runs == many.runs
    assert {f.code for f in one.findings} == {"LOSS001"}
    (tmp_path / "own.toml").write_text('select = ["LR001"]\n')
    assert {f.code for f in runlens.check(LR_BUMP, config=tmp_path / "own.toml").findings} == {"LR001"}
    with pytest.raises(ConfigError, match="there is no role"):
        runlens.check(LR_BUMP, metrics={"los": "x"})
    with pytest.raises(NoRunFound):
        runlens.check()
    with pytest.raises(NoRunFound, match="nothing is at"):
        runlens.check(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="filters"):
        runlens.check(LR_BUMP, tags=["x"])


def test_each_run_is_read_once_however_many_parts_it_plays(tmp_path, readings, caplog):
    nights = tmp_path / "nights"
    nights.mkdir()
    for i in range(3):
        log(nights / f"night-{i}.jsonl", rate=1000.0 + i)
    log(nights / "broken.jsonl", nan_from=300)
    tonight = log(tmp_path / "tonight.jsonl", rate=900.0)
    with caplog.at_level(logging.INFO, "runlens"):
        report = runlens.check(tonight, baseline_runs=nights, fail_on="warning")
    assert sorted(readings) == ["broken.jsonl", "night-0.jsonl", "night-1.jsonl", "night-2.jsonl", "tonight.jsonl"]
    assert "TPUT003" in {f.code for f in report.findings}
    assert "baseline run broken is left out: its verdict is fail" in caplog.text
    assert "held against" in caplog.text
    with pytest.raises(ConfigError, match="--last must be 1 or more"):
        runlens.check(tonight, baseline_runs=nights, last=0)


def test_nights_judged_by_workers_say_the_same(tmp_path):
    for i in range(2):
        log(tmp_path / f"night-{i}.jsonl", rate=1000.0 + i)
    tonight = log(tmp_path / "tonight.jsonl", rate=900.0)
    nights = [tmp_path / "night-0.jsonl", tmp_path / "night-1.jsonl"]
    alone, together = (runlens.check(tonight, baseline_runs=nights, jobs=jobs).runs for jobs in (1, 2))
    assert alone == together


def test_a_name_at_wandb_is_parsed_once_to_find_and_once_to_read(tmp_path, monkeypatch):
    from runlens.sources import discover, wandb_api

    monkeypatch.chdir(tmp_path)
    parsed: list[str] = []
    parse = wandb_api.parse
    monkeypatch.setattr(wandb_api, "parse", lambda text: parsed.append(text) or parse(text))
    monkeypatch.setattr(wandb_api, "_login_for", lambda address: None)
    (ref,) = discover("team/project/run1")
    assert (parsed, ref.location) == (["team/project/run1"], "wandb://team/project/run1")


def test_what_passed_was_found_and_is_to_be_done():
    report = shown(fixed())
    assert not report.passed
    assert report.findings == tuple(f for run in report.runs for f in run.findings)
    failed = next(run for run in report.runs if run.verdict == "fail")
    assert report.action == failed.action
    good = replace(report, verdict="pass", runs=tuple(r for r in report.runs if r.verdict == "pass"))
    assert good.passed
    assert isinstance(good, Report)
    assert replace(report, runs=()).action is None
    assert list(report.to_frame()["code"]) == [f.code for f in report.findings]


def test_the_text_is_about_ten_lines_with_the_worst_first_and_what_was_not_checked():
    text = str(shown(fixed()))
    assert 4 <= len(text.splitlines()) <= 10
    assert text.startswith("FAIL 4 runs: 1 failed, 1 undecided, 2 passed\n  exp7/lr-3e-3 error ")
    assert "then rewind to the checkpoint at step 1,400" in text
    assert "Not checked: " in text
    one = replace(shown(fixed()), runs=fixed().runs[1:2], verdict="pass")
    assert "not checked" in repr(one)


@pytest.mark.parametrize("report", [fixed(), *map(hostile, HOSTILE.values())])
def test_pytest_shows_the_short_form_whole(report):
    for runs in (report.runs, report.runs[:1], (), report.runs * 100):
        short = repr(replace(shown(report), runs=runs))
        assert len(short) <= SHORT
        assert all(line.isprintable() for line in short.splitlines())
        assert all(line.isprintable() for line in str(replace(shown(report), runs=runs)).splitlines())


def test_a_failed_assertion_says_in_a_few_lines_what_is_wrong(tmp_path):
    (tmp_path / "test_nightly.py").write_text(
        f"import runlens\n\ndef test_night():\n    report = runlens.check({str(LR_BUMP)!r})\n"
        "    assert report.passed, report\n"
    )
    call = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")} | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(call, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)
    said = [line for line in done.stdout.splitlines() if line.startswith("E ")]
    assert done.returncode == 1, done.stdout + done.stderr
    assert 6 <= len(said) <= 12
    assert "FAIL lr_bump: 2 errors" in said[0]
    assert any("error LOSS001 loss-spike" in line for line in said)
    assert any("Mend the learning rate, then rewind to the" in line for line in said)


def test_a_notebook_shows_the_page_in_a_frame():
    report = shown(fixed())
    frame = report._repr_html_()
    assert frame.startswith('<iframe srcdoc="&lt;!DOCTYPE html&gt;')
    assert frame.count("<") == 2
    assert report.to_html() == report.render("html")


def test_the_package_lists_its_names():
    assert dir(runlens) == sorted(runlens.__all__)
    assert "check" in dir(runlens)


def test_a_second_look_of_the_same_request_finds_what_the_first_one_found(tmp_path):
    from runlens.judging.library import report_of
    from runlens.judging.request import Request

    log(tmp_path / "run.jsonl")
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "train.log").write_text("starting up\nno step at all\n" * 20)
    request = Request([str(tmp_path)])
    first, second = report_of(request), report_of(request)
    assert [Path(one.path).name for one in first.unread] == ["train.log"]
    assert (second.unread, second.notes) == (first.unread, first.notes)


def test_what_is_excluded_is_no_baseline_run_either(tmp_path):
    (tmp_path / "nights").mkdir()
    for name, rate in (("good", 1000.0), ("old", 999.0)):
        log(tmp_path / "nights" / f"{name}.jsonl", rate=rate)
    tonight = log(tmp_path / "run.jsonl", rate=1001.0)
    report = runlens.check(tonight, baseline_runs=tmp_path / "nights", exclude="old*")
    assert report.runs[0].held_against.nights == ("good",)


def test_of_many_runs_those_with_nothing_to_see_are_sketched(tmp_path, monkeypatch):
    from runlens.judging import request

    names = ("lr_bump", "ref_small_s0")
    for name in names:
        shutil.copytree(Path(__file__).parents[2] / "fixtures" / "runs" / name, tmp_path / name)
    alone = {run.run: run for run in runlens.check(tmp_path).runs}
    monkeypatch.setattr(request, "MANY", 1)
    among = {run.run: run for run in runlens.check(tmp_path).runs}
    assert [run.findings for run in alone.values()] == [run.findings for run in among.values()]
    points = {name: (len(alone[name].charts[0].steps), len(among[name].charts[0].steps)) for name in names}
    assert points["lr_bump"][0] == points["lr_bump"][1] > 2 * request.SKETCH
    assert request.SKETCH / 2 <= points["ref_small_s0"][1] <= 2 * request.SKETCH < points["ref_small_s0"][0]
    monkeypatch.setattr(request, "UNDRAWN", 1)
    vast = {run.run: run for run in runlens.check(tmp_path).runs}
    assert [run.findings for run in alone.values()] == [run.findings for run in vast.values()]
    assert (vast["lr_bump"].charts, vast["ref_small_s0"].charts) == (alone["lr_bump"].charts, ())
