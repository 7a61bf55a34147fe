"""The gate over nights in CI: the record between runs, comments updated in place, the example repository."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from runlens.config import load
from runlens.judging.baseline import loads
from tests.judging.test_action import ACTION, ROOT, act
from tests.synthetic.nights import Night

CI = ROOT / "docs" / "ci"
GH = """#!/usr/bin/env python3
# gh, as far as the comment needs it: comments in a file, each call on record.
import json, os, sys
store = os.environ["GH_STORE"]
calls = json.load(open(store)) if os.path.exists(store) else {"calls": [], "comments": []}
arguments = sys.argv[1:]
calls["calls"].append(arguments)
if os.environ.get("GH_FAILS") and "--method" in arguments:
    json.dump(calls, open(store, "w"))
    sys.exit("HTTP 403")
if "--jq" in arguments:
    mark = arguments[arguments.index("--jq") + 1].split('"')[1]
    for one in calls["comments"]:
        if one["body"].startswith(mark):
            print(one["id"])
else:
    body = json.load(open(arguments[arguments.index("--input") + 1]))["body"]
    if "PATCH" in arguments:
        wanted = int(arguments[-3].rsplit("/", 1)[1])
        next(c for c in calls["comments"] if c["id"] == wanted)["body"] = body
    else:
        calls["comments"].append({"id": 100 + len(calls["comments"]), "body": body})
json.dump(calls, open(store, "w"))
"""
CURL = """#!/usr/bin/env python3
# curl, as far as the note needs it.
import json, os, sys
store = os.environ["CURL_STORE"]
calls = json.load(open(store)) if os.path.exists(store) else {"calls": [], "notes": []}
arguments = sys.argv[1:]
secret = open(arguments[arguments.index("--config") + 1]).read()
calls["calls"].append([arguments, "PRIVATE-TOKEN: s3cret" in secret])
if "--request" not in arguments:
    print(json.dumps(calls["notes"]))
else:
    body = json.load(open(arguments[arguments.index("--data") + 1][1:]))["body"]
    address = arguments[arguments.index("--request") + 2]
    if arguments[arguments.index("--request") + 1] == "PUT":
        next(n for n in calls["notes"] if n["id"] == int(address.rsplit("/", 1)[1]))["body"] = body
    else:
        calls["notes"].append({"id": 5 + len(calls["notes"]), "body": body})
json.dump(calls, open(store, "w"))
"""


def tool(folder: Path, name: str, text: str) -> dict[str, str]:
    """A stand-in on the path."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def write(path: Path, one: Night) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in one.rows()))


def night(number: int, **faults: object) -> Night:
    return Night(number, points=80, seed=11, **faults)  # type: ignore[arg-type]


def test_the_record_is_kept_and_a_slow_night_is_red(tmp_path):
    for number in range(1, 6):
        write(tmp_path / "run.jsonl", night(number))
        done = act(tmp_path, runs="run.jsonl", nights="job", artifact="a")
        assert done["code"] == 0, done["out"]
    write(tmp_path / "run.jsonl", night(6, speed=0.93))
    done = act(tmp_path, runs="run.jsonl", nights="job", artifact="a")
    assert done["code"] == 1 and "TREND002" in done["summary"] and "Held against 5 good nights" in done["summary"]
    kept = (tmp_path / "runlens-reports" / "runlens-nights.jsonl").read_text().splitlines()
    assert [json.loads(line)["verdict"] for line in kept] == ["pass"] * 5 + ["fail"]
    assert "5 good nights" in (tmp_path / "runlens-reports" / "runlens-badge.json").read_text()


def test_the_record_goes_between_runs_through_the_cache_under_a_new_key_each_time():
    steps = {step["name"]: step for step in ACTION["runs"]["steps"]}
    fetch, keep = steps["Fetch the record of nights"], steps["Keep the record of nights"]
    assert fetch["with"]["key"] == keep["with"]["key"] and "github.run_id" in keep["with"]["key"]
    assert keep["with"]["key"].startswith(fetch["with"]["restore-keys"])
    assert fetch["with"]["path"] == keep["with"]["path"] and keep["if"].startswith("always()")


def test_a_comment_is_written_once_and_then_updated_in_place(tmp_path):
    more = tool(tmp_path / "tools", "gh", GH) | {"GH_STORE": str(tmp_path / "gh.json")}
    for number, speed in ((1, 1.0), (2, 0.5)):
        write(tmp_path / "run.jsonl", night(number, speed=speed))
        done = act(tmp_path, "pull_request", more, runs="run.jsonl", nights="job", artifact="job")
        assert done["code"] == (0 if number == 1 else 1), done["out"]
    told = json.loads((tmp_path / "gh.json").read_text())
    (comment,) = told["comments"]
    assert "FAIL" in comment["body"] and comment["body"].startswith("<!-- runlens:job -->")
    assert "actions/runs/42#artifacts" in comment["body"]
    assert [("PATCH" in call, "POST" in call) for call in told["calls"] if "--method" in call] == [
        (False, True), (True, False)
    ]  # fmt: skip
    act(tmp_path, "pull_request", more, runs="run.jsonl", artifact="other")
    assert len(json.loads((tmp_path / "gh.json").read_text())["comments"]) == 2


def test_no_comment_is_written_elsewhere_or_where_it_is_not_wanted(tmp_path):
    more = tool(tmp_path / "tools", "gh", GH) | {"GH_STORE": str(tmp_path / "gh.json")}
    write(tmp_path / "run.jsonl", night(1))
    act(tmp_path, "schedule", more, runs="run.jsonl")
    act(tmp_path, "pull_request", more, runs="run.jsonl", comment="false")
    assert not (tmp_path / "gh.json").exists()


def test_a_comment_that_cannot_be_written_is_a_warning_and_no_verdict(tmp_path):
    more = tool(tmp_path / "tools", "gh", GH) | {"GH_STORE": str(tmp_path / "gh.json"), "GH_FAILS": "1"}
    write(tmp_path / "run.jsonl", night(1))
    done = act(tmp_path, "pull_request", more, runs="run.jsonl")
    assert done["code"] == 0 and "::warning title=RunLens::the comment could not be written" in done["out"]


@pytest.mark.parametrize("name", ['"; touch owned; "', "$(touch owned)", "--> <b>"])
def test_the_name_of_a_comment_runs_nothing(tmp_path, name):
    more = tool(tmp_path / "tools", "gh", GH) | {"GH_STORE": str(tmp_path / "gh.json")}
    write(tmp_path / "run.jsonl", night(1))
    act(tmp_path, "pull_request", more, runs="run.jsonl", artifact=name)
    assert not (tmp_path / "owned").exists()
    (comment,) = json.loads((tmp_path / "gh.json").read_text())["comments"]
    assert re.match(r"<!-- runlens:[A-Za-z0-9._-]+ -->\n", comment["body"])


def test_a_note_on_gitlab_is_written_once_and_then_updated(tmp_path):
    more = tool(tmp_path / "tools", "curl", CURL) | {"CURL_STORE": str(tmp_path / "curl.json")}
    env = {
        **os.environ, **more, "CI_MERGE_REQUEST_IID": "3", "CI_API_V4_URL": "https://gitlab.example/api/v4",
        "CI_PROJECT_ID": "9", "CI_JOB_URL": "https://gitlab.example/job/1", "RUNLENS_GITLAB_TOKEN": "s3cret",
    }  # fmt: skip
    for text in ("first", "second"):
        (tmp_path / "r.md").write_text(text)
        subprocess.run(["bash", str(CI / "comment-gitlab.sh"), "r.md", "job"], env=env, cwd=tmp_path, check=True)
    told = json.loads((tmp_path / "curl.json").read_text())
    (note,) = told["notes"]
    assert "second" in note["body"] and note["body"].startswith("<!-- runlens:job -->")
    assert all(secret and "s3cret" not in " ".join(arguments) for arguments, secret in told["calls"])


def test_the_example_repository_runs_as_its_matrix_says(tmp_path):
    repo = Path(shutil.copytree(CI / "example", tmp_path / "repo"))
    workflow = yaml.safe_load((repo / ".github/workflows/nightly.yml").read_text())
    gate = workflow["jobs"]["gate"]
    asked = next(s for s in gate["steps"] if s.get("uses", "").startswith("runlens/"))["with"]
    assert set(asked) <= set(ACTION["inputs"])
    for job in gate["strategy"]["matrix"]["include"]:
        given = {k: re.sub(r"\$\{\{ matrix\.(\w+) \}\}", lambda m, job=job: job[m[1]], v) for k, v in asked.items()}
        for number in (1, 2, 3):
            lacking = ("gpu/temperature",) if number == 3 else ()
            write(repo / given["runs"], night(number, lacking=lacking))
            done = act(repo, **given)
        assert done["code"] == (3 if job["job"] == "nightly-3b" else 0), done["out"]
        record = (repo / ".runlens-nights" / "nights.jsonl").read_text()
        assert record.count(f'"night": "{job["job"]}"') == 3
        shutil.rmtree(repo / ".runlens-nights")


def test_the_files_of_the_examples_are_valid():
    assert load(CI / "example" / "runlens.toml").runs[0]["match"] == "nightly-7b*"
    text = (CI / "example" / "runlens-baseline.json").read_text()
    assert loads(text, "example")[0].run == "nightly-3b*"
    script = yaml.safe_load((CI / "example" / ".gitlab-ci.yml").read_text())["gate"]
    assert script["parallel"]["matrix"] == [{"JOB": ["nightly-3b", "nightly-7b"]}]
    for job in (script, yaml.safe_load((CI / "gitlab.yml").read_text())["runlens"]):
        assert [one["paths"] for one in job["cache"]] == [[".runlens-nights"], [".cache/pip"]]
        assert ".runlens-nights" in job["artifacts"]["paths"]
        assert any("--nights .runlens-nights/nights.jsonl" in line for line in job["script"])
