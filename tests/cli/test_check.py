"""The main command on real runs, end to end."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.command import within as runlens

RUNS = Path(__file__).parent.parent.parent / "fixtures" / "runs"


def findings(done, at_least=("warning", "error")):
    return [(f["code"], f["severity"]) for f in done.json["runs"][0]["findings"] if f["severity"] in at_least]


def test_a_spike_that_never_came_back_fails_the_gate():
    done = runlens("check", str(RUNS / "lr_bump"), "--format", "json")
    assert done.code == 1
    run = done.json["runs"][0]
    (spike,) = [f for f in run["findings"] if f["code"] == "LOSS001"]
    assert spike["evidence"]["outcome"] == "plateaued"
    assert abs(spike["steps"][0] - 1500) <= 8
    assert run["action"]["kind"] == "rewind-and-skip"
    assert run["action"]["rewind_to_step"] < 1500
    assert spike["incident"] == next(f["incident"] for f in run["findings"] if f["code"] == "LR001")


def test_a_healthy_run_passes_and_says_what_was_not_checked():
    done = runlens("check", str(RUNS / "ref_small_s0"))
    assert done.code == 0
    assert done.out.startswith("PASS")
    assert "Not checked" in done.out and "EVAL001" in done.out


def test_a_resume_is_normal():
    done = runlens("check", str(RUNS / "restart_clean"), "--format", "json")
    assert done.code == 0
    assert findings(done) == []
    (resume,) = [f for f in done.json["runs"][0]["findings"] if f["code"] == "LOG002"]
    assert resume["severity"] == "info" and resume["steps"][0] == 1400


@pytest.mark.parametrize("form", ["gpu_drop6", "wandb/gpu_drop6"])
def test_a_drop_of_less_than_five_percent_is_found_in_both_forms(form):
    done = runlens("check", str(RUNS / form), "--format", "json")
    (drop,) = [f for f in done.json["runs"][0]["findings"] if f["code"] == "TPUT001"]
    assert abs(drop["steps"][0] - 360) <= 15
    assert drop["severity"] == "warning" and done.code == 0
    assert runlens("check", str(RUNS / form), "--fail-on", "warning").code == 1


def test_the_lag_that_hid_behind_a_healthy_loss():
    reference = str(RUNS / "ref_small_s0")
    done = runlens("check", str(RUNS / "tp_bug_small"), "--reference", reference, "--format", "json")
    (lag,) = [f for f in done.json["runs"][0]["findings"] if f["code"] == "EVAL001"]
    assert lag["severity"] in ("warning", "error")
    assert findings(runlens("check", str(RUNS / "tp_bug_small"), "--format", "json")) == []


def test_both_forms_of_one_run_give_the_same_findings():
    board = runlens("check", str(RUNS / "lr_bump"), "--format", "json").json["runs"][0]["findings"]
    bias = runlens("check", str(RUNS / "wandb" / "lr_bump"), "--format", "json").json["runs"][0]["findings"]
    seen = [[(f["code"], f["severity"], f["metric"], f["steps"]) for f in form] for form in (board, bias)]
    assert seen[0] == seen[1]


def test_a_folder_of_many_runs_is_judged_run_by_run(tmp_path):
    done = runlens("check", str(RUNS), "--format", "json", "--jobs", "2", "--select", "LOSS001,LOSS003")
    ids = [run["run"] for run in done.json["runs"]]
    assert len(ids) == len(set(ids)) >= 7
    assert done.code == 1
    assert done.json["verdict"] == "fail"


def test_select_and_ignore():
    done = runlens("check", str(RUNS / "lr_bump"), "--ignore", "LOSS", "--ignore", "LR,GRAD,EVAL", "--format", "json")
    assert not any(f["code"].startswith(("LOSS", "LR", "GRAD", "EVAL")) for f in done.json["runs"][0]["findings"])
    assert done.code == 0


def test_what_is_rendered_later_is_what_is_rendered_at_once(tmp_path):
    report = tmp_path / "r.json"
    first = runlens(
        "check",
        str(RUNS / "lr_bump"),
        "-f",
        "markdown",
        "--report",
        f"json={report}",
        "--report",
        f"html={tmp_path / 'r.html'}",
    )
    assert runlens("render", str(report), "-f", "markdown").out == first.out
    assert runlens("render", str(report), "-f", "html").out.encode() == (tmp_path / "r.html").read_bytes()
    assert json.loads(report.read_text()) == json.loads(runlens("render", str(report), "-f", "json").out)


def test_the_png_is_drawn(tmp_path):
    done = runlens("check", str(RUNS / "lr_bump"), "--png", str(tmp_path / "run.png"))
    assert done.code == 1
    assert (tmp_path / "run.png").read_bytes().startswith(b"\x89PNG")


def test_an_override_names_the_loss(tmp_path):
    table = tmp_path / "odd.jsonl"
    table.write_text("".join(f'{{"step": {i}, "zorp": {3 - i / 400}}}\n' for i in range(400)))
    assert "train_loss" not in runlens("check", str(table), "--format", "json").json["runs"][0]["roles"]
    named = runlens("check", str(table), "--metric", "train_loss=zorp", "--format", "json").json["runs"][0]
    assert named["roles"]["train_loss"]["metric"] == "zorp"


def test_the_side_of_two_adversaries_that_the_user_names_is_judged(tmp_path):
    noise = np.random.default_rng(7).standard_normal((2, 1000))
    one, other = np.exp(0.05 * noise) * [[0.6], [1.0]]
    other[500:] *= 2.5
    rows = [{"step": i, "train/global_step": 10 * i, "loss/D": one[i], "loss/G": other[i]} for i in range(1000)]
    log = tmp_path / "gan.jsonl"
    log.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

    silent = runlens("check", str(log), "--format", "json").json["runs"][0]
    (skip,) = [s for s in silent["skips"] if s["code"] == "LOSS001"]
    assert skip["kind"] == "not-applicable" and "loss/D and loss/G" in skip["reason"]

    done = runlens("check", str(log), "--metric", "train_loss=loss/G", "--format", "json")
    run = done.json["runs"][0]
    assert run["roles"]["train_loss"]["metric"] == "loss/G" and run["roles"]["train_loss"]["origin"] == "user"
    assert ("LOSS001", "error") in findings(done) and done.code == 1
    assert not [s for s in run["skips"] if s["code"].startswith("LOSS")]
    shown = runlens("show", str(log), "--metric", "train_loss=loss/G", "--format", "json").json
    assert shown["roles"]["train_loss"][0]["origin"] == "user"
