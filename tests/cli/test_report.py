"""`runlens report`: the files of a postmortem, and what they say."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from fixtures.make.examples import EXAMPLES, LARGEST
from fixtures.make.examples import RUNS as RUNS_OF_EXAMPLES
from tests.cli.command import within as runlens

ROOT = Path(__file__).parent.parent.parent
RUNS = ROOT / "fixtures" / "runs"


@pytest.fixture(scope="module")
def postmortem(tmp_path_factory):
    folder = tmp_path_factory.mktemp("postmortem")
    done = runlens("report", "fixtures/runs/lr_bump", "-o", str(folder), cwd=ROOT)
    assert done.code == 0, done.err
    assert sorted(Path(line).name for line in done.out.splitlines()) == sorted(p.name for p in folder.iterdir())
    return folder


def test_every_file_is_there(postmortem):
    names = {p.name for p in postmortem.iterdir()}
    assert {"report.md", "report.html", "report.json", "timeline.png", "incident-1.png"} <= names
    for png in postmortem.glob("*.png"):
        assert png.read_bytes().startswith(b"\x89PNG")


def test_the_markdown_links_figures_that_exist_and_answers_the_questions(postmortem):
    text = (postmortem / "report.md").read_text(encoding="utf-8")
    for figure in re.findall(r"!\[.*?\]\((.*?)\)", text):
        assert (postmortem / figure).exists()
    for heading in (
        "## Timeline",
        "## Incident 1",
        "### Evidence",
        "### Likely causes",
        "### What others did",
        "### Cost",
    ):
        assert heading in text
    assert "rewind" in text.lower() and "PaLM" in text and "not checked" in text
    assert str(ROOT) not in text


def test_the_json_can_be_rendered_again(postmortem):
    report = json.loads((postmortem / "report.json").read_text())
    assert report["schema"] == 1
    html = runlens("render", str(postmortem / "report.json"), "-f", "html").out
    assert html.encode() == (postmortem / "report.html").read_bytes()


def test_one_incident_alone(tmp_path):
    assert runlens("report", str(RUNS / "lr_bump"), "--incident", "1", "-o", str(tmp_path)).code == 0
    assert "## Incident 1" in (tmp_path / "report.md").read_text(encoding="utf-8")
    done = runlens("report", str(RUNS / "lr_bump"), "--incident", "99", "-o", str(tmp_path))
    assert done.code == 2 and "no incident 99" in done.err


def test_a_folder_of_many_runs_is_refused(tmp_path):
    done = runlens("report", str(RUNS), "-o", str(tmp_path), "--select", "LOSS003")
    assert done.code == 2 and "name one" in done.err


def test_a_run_that_cannot_be_judged_is_said(tmp_path):
    table = tmp_path / "odd.jsonl"
    table.write_text("".join(f'{{"step": {i}, "zorp": 1}}\n' for i in range(20)))
    done = runlens("report", str(table), "-o", str(tmp_path / "out"), "--select", "LOSS")
    assert done.code == 3
    assert (tmp_path / "out" / "report.md").exists()


@pytest.mark.parametrize("run", RUNS_OF_EXAMPLES)
def test_the_examples_of_the_documentation_are_whole_small_and_of_no_machine(run):
    folder = EXAMPLES / run
    text = (folder / "report.md").read_text(encoding="utf-8")
    assert f"Source: `{run}`" in text
    figures = re.findall(r"!\[.*?\]\((.*?)\)", text)
    assert "timeline.png" in figures and sorted(figures) == sorted(p.name for p in folder.glob("*.png"))
    assert all((folder / name).stat().st_size <= LARGEST for name in figures)
    index = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert f"({run}/report.md)" in index
    assert " ".join(("runlens report", run, *RUNS_OF_EXAMPLES[run])) in index
