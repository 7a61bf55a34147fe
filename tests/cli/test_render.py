"""`check --report FORMAT=FILE` and `render REPORT.json -f FORMAT` write the same bytes in each format, of real runs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from runlens.cli.shared.page import look
from runlens.render import FORMATS, render, terminal
from runlens.render.json import json_schema, parse
from tests.cli.command import within as runlens

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """The file of every format, of one check of all runs in fixtures/."""
    folder = tmp_path_factory.mktemp("outputs")
    reports = [f"--report={name}={folder / name}" for name in FORMATS]
    done = runlens("check", "fixtures/runs", "fixtures/rules", "-f", "jsonl", *reports, cwd=ROOT)
    assert done.code == 1, done.err
    assert done.out.encode() == (folder / "jsonl").read_bytes()
    return folder


def test_the_report_of_every_fixture_run_fits_the_published_schema(outputs):
    report = json.loads((outputs / "json").read_text())
    assert len(report["runs"]) > 50
    for chart in (chart for run in report["runs"] for chart in run["charts"]):
        for column in ("steps", "values", "tokens", "low", "high"):
            chart[column] = chart[column][:3]  # hundreds of numbers of one kind take the validator a minute
    jsonschema.validate(report, json_schema())


@pytest.mark.parametrize("name", FORMATS)
def test_a_saved_report_gives_the_same_bytes(outputs, name, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)  # pytest-xdist sets it
    report = parse((outputs / "json").read_bytes())
    text = terminal.render(report, **look(outputs / name)) if name == "terminal" else render(report, name)
    assert text.encode() == (outputs / name).read_bytes()


def test_the_command_renders_into_a_file_and_to_standard_output(outputs, tmp_path):
    saved = str(outputs / "json")
    assert runlens("render", saved, "-f", "markdown", "-o", str(tmp_path / "r.md")).code == 0
    assert (tmp_path / "r.md").read_bytes() == (outputs / "markdown").read_bytes()
    done = runlens("render", saved)
    assert (done.code, done.err) == (0, "")
    assert done.out.encode() == (outputs / "terminal").read_bytes()


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (b"\x89PNG\r\n\x1a\n\x00", 3, "not JSON"),
        (b'{"schema": 1, "runs": [', 3, "not JSON"),
        (b'{"loss": 2.0, "_step": 3}', 3, "give the output of `runlens check RUN --format json`"),
        (b'{"schema": 9, "runs": []}', 3, "report schema 9"),
        (None, 2, "there is no file"),
    ],
)
def test_what_is_no_report_is_a_sentence_and_no_pass(tmp_path, content, code, says):
    file = tmp_path / "odd.json"
    if content is not None:
        file.write_bytes(content)
    done = runlens("render", str(file), "-f", "html", "-o", str(tmp_path / "page.html"))
    assert done.code == code
    assert says in done.err and done.err.count("\n") == 1 and "Traceback" not in done.err
    assert not (tmp_path / "page.html").exists()


@pytest.mark.parametrize("there", [0, 999_000])
def test_a_step_summary_stays_within_what_github_takes_with_what_is_there_already(tmp_path, monkeypatch, there):
    from runlens.cli.shared import after

    summary = tmp_path / "summary.md"
    summary.write_text("x" * there)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    one = parse((ROOT / "fixtures" / "reports" / "report.json").read_bytes())
    many = replace(one, runs=tuple(replace(one.runs[0], run=f"r{i}") for i in range(600)))
    after.check(many, wandb_summary=False, wandb_alert=False, slack=False, step_summary=True)
    written = summary.read_text(encoding="utf-8")
    assert len(written.encode()) <= 1_000_000
    assert written.startswith("x" * there)
    assert "Cut here" in written[there:]
