"""The composite action, its steps executed as GitHub would."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))


PLACE = {"job-index": "0", "job-total": "1"}
"""In the matrix of a workflow; of a job without one."""


def expanded(text: str, inputs: dict[str, str], outputs: dict[str, str]) -> str:
    """`${{ … }}` replaced the way the runner does it."""
    for name, value in inputs.items():
        text = text.replace("${{ inputs." + name + " }}", value)
    for name, value in outputs.items():
        text = text.replace("${{ steps.check.outputs." + name + " }}", value)
    for name, value in PLACE.items():
        text = text.replace("${{ strategy." + name + " }}", value)
    for name, value in {"action_path": str(ROOT), "token": "t0ken", "event.pull_request.number": "7"}.items():
        text = text.replace("${{ github." + name + " }}", value)
    assert "${{" not in text, text
    return text


def wanted(condition: str, inputs: dict[str, str], event: str, code: int) -> bool:
    """Whether a runner takes a step: its `if`, of which the action uses a small part."""
    parts = [part.strip() for part in (condition or "success()").split("&&")]
    known = {f"inputs.{name}": value for name, value in inputs.items()} | {"github.event_name": event}
    for part in parts:
        if part in ("always()", "success()"):
            continue
        left, sign, right = part.split()
        if (known[left] == right.strip("'")) != (sign == "=="):
            return False
    return not code or "always()" in parts


def act(tmp_path: Path, event: str = "schedule", more: dict[str, str] | None = None, **given: str) -> dict[str, object]:
    """Run the `run:` steps but for the installation, which the tests' own environment stands for."""
    inputs = {name: str(spec.get("default", "")) for name, spec in ACTION["inputs"].items()} | given
    temp = tmp_path / "temp"
    (temp / "runlens" / "bin").mkdir(parents=True, exist_ok=True)
    command = temp / "runlens" / "bin" / "runlens"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m runlens "$@"\n')
    command.chmod(0o755)
    if not (command.parent / "python").exists():
        (command.parent / "python").symlink_to(sys.executable)
    files = {"GITHUB_OUTPUT": tmp_path / "output", "GITHUB_STEP_SUMMARY": tmp_path / "summary"}
    for file in files.values():
        file.touch()
    outputs: dict[str, str] = {}
    out = ""
    code = 0
    for step in ACTION["runs"]["steps"]:
        if "run" not in step or step["name"] == "Install" or not wanted(step.get("if", ""), inputs, event, code):
            continue
        env = {name: expanded(value, inputs, outputs) for name, value in step.get("env", {}).items()}
        assert "${{" not in step["run"], "an expression inside a script lets an input run commands"
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            env={
                **os.environ,
                **env,
                "RUNNER_TEMP": str(temp),
                "GITHUB_ACTIONS": "true",
                "GITHUB_ACTION_PATH": str(ROOT),
                "GITHUB_SERVER_URL": "https://github.example",
                "GITHUB_REPOSITORY": "team/repo",
                "GITHUB_RUN_ID": "42",
                **(more or {}),
                **{k: str(v) for k, v in files.items()},
            },
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        out += done.stdout + done.stderr
        code = code or done.returncode
        outputs |= dict(line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text().splitlines())
    return {
        "code": code,
        "out": out,
        "outputs": outputs,
        "summary": files["GITHUB_STEP_SUMMARY"].read_text(),
        "folder": tmp_path,
    }


def table(path: Path, last: float) -> Path:
    losses = [2 + 6 / (1 + i / 20) if i < 300 else last for i in range(400)]
    rows = [json.dumps({"step": i, "loss": loss, "lr": 0.001}) for i, loss in enumerate(losses)]
    path.write_text("\n".join(rows) + "\n")
    return path


def test_a_bad_run_fails_the_job_with_annotation_summary_and_reports(tmp_path):
    table(tmp_path / "bad.jsonl", float("nan"))
    done = act(tmp_path, runs="bad.jsonl")
    assert done["code"] == 1
    badge = "runlens-reports/runlens-badge.json"
    assert done["outputs"] == {"verdict": "fail", "exit-code": "1", "badge": badge, "artifact": "runlens"}
    assert "::error" in done["out"] and "LOSS003" in done["out"]
    assert "LOSS003" in done["summary"]
    assert "https://github.example/team/repo/actions/runs/42#artifacts" in done["summary"]
    assert json.loads((tmp_path / badge).read_text())["color"] == "red"
    reports = tmp_path / "runlens-reports"
    assert json.loads((reports / "runlens.json").read_text())["verdict"] == "fail"
    assert (reports / "runlens.xml").read_text().lstrip().startswith(("<?xml", "<testsuites"))
    assert "<html" in (reports / "runlens.html").read_text()


@pytest.mark.parametrize(
    ("given", "place", "name"),
    [
        ({}, ("0", "1"), "runlens"),
        ({}, ("2", "3"), "runlens-2"),
        ({"artifact": "mine/of us"}, ("2", "3"), "mine-of-us"),
        ({"nights": "nightly 3b"}, ("1", "2"), "runlens-nightly-3b"),
    ],
)
def test_no_two_jobs_of_a_matrix_name_their_artifact_alike(tmp_path, monkeypatch, given, place, name):
    table(tmp_path / "good.jsonl", 2.28)
    monkeypatch.setattr("tests.judging.test_action.PLACE", dict(zip(PLACE, place, strict=True)))
    done = act(tmp_path, runs="good.jsonl", **given)
    assert done["outputs"]["artifact"] == name
    (upload,) = [s for s in ACTION["runs"]["steps"] if s.get("uses", "").startswith("actions/upload-artifact")]
    assert upload["with"]["name"] == "${{ steps.check.outputs.artifact }}"


def test_what_pip_fetched_is_kept(tmp_path):
    steps = {s["name"]: s for s in ACTION["runs"]["steps"]}
    assert steps["Install"]["env"]["PIP_CACHE_DIR"] == steps["Keep what pip fetches"]["with"]["path"]


def test_a_good_run_is_green(tmp_path):
    table(tmp_path / "good.jsonl", 2.28)
    done = act(tmp_path, runs="good.jsonl", **{"fail-on": "warning"})
    assert (done["code"], done["outputs"]["verdict"]) == (0, "pass"), done["out"]


def test_a_run_that_cannot_be_judged_is_red_and_the_summary_says_why(tmp_path):
    (tmp_path / "odd.jsonl").write_text("".join(json.dumps({"step": i, "zorp": i}) + "\n" for i in range(50)))
    done = act(tmp_path, runs="odd.jsonl")
    assert (done["code"], done["outputs"]["verdict"], done["outputs"]["exit-code"]) == (3, "undecided", "3")
    assert "odd" in done["summary"]
    assert json.loads((tmp_path / "runlens-reports" / "runlens.json").read_text())["verdict"] == "undecided"


HOSTILE = (
    "; touch owned",
    "$(touch owned)",
    "`touch owned`",
    "' ; touch owned ; '",
    '"; touch owned; "',
    "| touch owned",
)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", ["runs", "fail-on", "args", "reports"])
def test_no_input_runs_a_command_and_nonsense_is_never_green(tmp_path, name, text):
    table(tmp_path / "good.jsonl", 2.28)
    done = act(tmp_path, **({"runs": "good.jsonl"} | {name: text}))
    assert not (tmp_path / "owned").exists()
    assert name == "reports" or done["code"] != 0  # a folder may be called anything
    assert done["outputs"].get("verdict") != "pass" or name == "reports"


def test_a_run_is_no_flag(tmp_path):
    table(tmp_path / "bad.jsonl", float("nan"))
    done = act(tmp_path, runs="bad.jsonl --ignore=LOSS,GRAD")
    assert done["code"] == 2 and "--ignore=LOSS,GRAD" in done["out"]


def test_flags_are_split_as_in_a_shell(tmp_path):
    table(tmp_path / "bad.jsonl", float("nan"))
    done = act(tmp_path, runs="bad.jsonl", args="""--ignore "LOSS,GRAD" --metric 'train_loss=loss'""")
    assert done["code"] == 3, done["out"]  # no fault is left to be found, and no rule that could clear the training


def test_several_runs_on_several_lines(tmp_path):
    table(tmp_path / "good.jsonl", 2.28)
    table(tmp_path / "bad.jsonl", float("nan"))
    done = act(tmp_path, runs="good.jsonl\nbad.jsonl\n")
    assert done["code"] == 1
    assert len(json.loads((tmp_path / "runlens-reports" / "runlens.json").read_text())["runs"]) == 2


def test_the_installation_is_from_the_action_itself_unless_named(tmp_path):
    install = next(step for step in ACTION["runs"]["steps"] if step["name"] == "Install")
    for package, said in (
        ("", f"--constraint {ROOT}/constraints.txt {ROOT}"),
        ("runlens-cli==1.2", "runlens-cli==1.2"),
    ):
        script = "python3() { :; }; RUNNER_TEMP=$PWD\n" + install["run"]
        (tmp_path / "runlens" / "bin").mkdir(parents=True, exist_ok=True)
        python = tmp_path / "runlens" / "bin" / "python"
        python.write_text('#!/bin/sh\necho "$@"\n')
        python.chmod(0o755)
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            env={**os.environ, "PACKAGE": package, "ACTION_PATH": str(ROOT)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip().endswith(said)


def test_the_example_workflows_name_inputs_that_exist():
    workflow = yaml.safe_load((ROOT / "docs/ci/github-nightly.yml").read_text(encoding="utf-8"))
    steps = workflow["jobs"]["gate"]["steps"]
    used = next(step for step in steps if step.get("uses", "").startswith("runlens/"))["with"]
    assert set(used) <= set(ACTION["inputs"])
    assert {name for name, spec in ACTION["inputs"].items() if spec.get("required")} <= set(used)
    assert used["args"].count("--require") == shlex.split(used["args"]).count("--require")
    assert yaml.safe_load((ROOT / "docs/ci/gitlab.yml").read_text(encoding="utf-8"))["runlens"]["script"]
    assert yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))[0]["entry"].startswith(
        "runlens check"
    )
