"""Every format is valid by its own rules, says what could not be judged, and is harmless whatever the names are."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
import xmlschema
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families as prometheus_families

from runlens.errors import ConfigError
from runlens.model import Report, Severity
from runlens.render import FORMATS, github, markdown, render
from runlens.render import json as report_json
from runlens.render.openmetrics import FAMILIES
from tests.render.reports import HOSTILE, fixed, hostile

XSD = Path(__file__).parent / "schemas" / "junit.xsd"
DASHBOARD = Path(__file__).parents[2] / "docs" / "grafana-dashboard.json"
EMPTY = Report("0.1.0", "2025-11-24T01:15:00Z", "undecided", 3, ())


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    "report", [fixed(), hostile("a\x1b[1m|`\u202e<b>\udcff"), EMPTY], ids=["fixed", "hostile", "empty"]
)
def test_a_saved_report_gives_the_same_bytes(name: str, report: Report) -> None:
    """Also with the numpy numbers and tuples that rules put into evidence."""
    import numpy as np

    if report.runs:
        first = report.runs[0]
        found = replace(
            first.findings[0], evidence={"a": np.float64(2), "b": (1, np.int64(2)), "c": float("nan"), "d": 3.0}
        )
        report = replace(report, runs=(replace(first, findings=(found, *first.findings[1:])), *report.runs[1:]))
    text = render(report, name)
    assert render(report_json.parse(report_json.render(report)), name) == text
    assert text.endswith("\n") or not report.runs
    text.encode("utf-8")


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_format_lets_a_control_character_or_a_direction_mark_through(name: str, text: str) -> None:
    page = render(hostile(text), name)
    bad = re.findall(
        r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\u200e\u200f\ud800-\udfff]", page
    )
    assert not bad
    assert len(page) < 3_000_000


def test_an_unknown_format_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'junit'"):
        render(fixed(), "junti")
    with pytest.raises(ConfigError, match="there are terminal, json"):
        render(fixed(), "xyzzy")


def test_heavy_libraries_are_imported_only_by_the_format_that_needs_them() -> None:
    code = """
import sys
from runlens.render import FORMATS, json, terminal
heavy = {"matplotlib", "jinja2", "junitparser", "prometheus_client", "pydantic", "pandas", "scipy"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


# JUnit


@pytest.mark.parametrize("report", [fixed(), EMPTY, *map(hostile, HOSTILE.values())])
def test_junit_is_valid_by_its_schema(report: Report) -> None:
    xmlschema.XMLSchema(str(XSD)).validate(render(report, "junit"))


def test_the_junit_schema_refuses_what_is_wrong() -> None:
    schema = xmlschema.XMLSchema(str(XSD))
    good = render(fixed(), "junit")
    for old, new in (
        ('name="LOSS003"', 'name="LOSS002"'),
        ("skipped message=", "skipped reason="),
        ('tests="13"', 'tests="x"'),
    ):
        assert old in good
        with pytest.raises(xmlschema.XMLSchemaValidationError):
            schema.validate(good.replace(old, new, 1))


def test_junit_counts_rules_as_cases() -> None:
    root = ET.fromstring(render(fixed(), "junit"))
    suites = {suite.get("name"): suite for suite in root}
    assert list(suites) == ["exp7/lr-3e-3", "exp7/lr-1e-3", "exp7/broken", "exp8"]
    cases = {case.get("name"): [child.tag for child in case] for case in suites["exp7/lr-3e-3"].findall("testcase")}
    assert cases["LOSS001"] == ["failure"]
    assert cases["TPUT001"] == ["system-out"], "a warning, with fail_on error, passes and is said"
    assert cases["HW001"] == ["skipped"]
    assert cases["LOSS003"] == []
    assert [c.tag for c in suites["exp8"].findall("testcase/*")] == ["system-out"], "a known finding does not fail"
    assert [e.get("type") for e in suites["exp7/broken"].iter("error")] == ["read failure"]
    assert (root.get("failures"), root.get("errors"), root.get("skipped")) == ("1", "1", "6")


def test_junit_fails_at_the_severity_asked_for() -> None:
    root = ET.fromstring(render(replace(fixed(), fail_on=Severity.WARNING), "junit"))
    assert root.get("failures") == "5"


def test_junit_is_never_green_for_a_run_that_nothing_could_judge() -> None:
    run = replace(fixed().runs[1], verdict="undecided", checked=())
    root = ET.fromstring(render(replace(fixed(), runs=(run,)), "junit"))
    assert root.get("errors") == "1"


# GitHub


@pytest.mark.parametrize("report", [fixed(), EMPTY, *map(hostile, HOSTILE.values())])
def test_github_gives_one_command_a_line_and_no_more(report: Report) -> None:
    lines = render(report, "github").splitlines()
    passed = sum(run.verdict == "pass" for run in report.runs)
    expected = max(len(report.runs) - max(passed - 1, 0), 1) + len(report.notes)
    assert len(lines) == expected
    command = re.compile(r"::(error|warning|notice) title=[^:,\r\n]+::[^\r\n]*\Z")
    for line in lines:
        assert command.match(line)
        assert re.fullmatch(r"(?:[^%]|%25|%0D|%0A|%3A|%2C)*", line)


def test_github_levels_and_order() -> None:
    lines = render(fixed(), "github").splitlines()
    assert [line.split(" ")[0] for line in lines] == ["::error", "::warning", "::notice", "::warning"]
    assert "then rewind to the checkpoint at step 1,400. " in lines[0]
    assert github.escaped("100%\r\n") == "100%25%0D%0A"


def test_github_tells_of_all_runs_that_passed_at_once() -> None:
    clean = fixed().runs[1]
    noted = replace(
        clean, run="noted", name="", findings=(replace(fixed().runs[0].findings[0], severity=Severity.INFO),)
    )
    runs = (noted, *(replace(clean, run=f"r{i}", name="", skips=()) for i in range(12)))
    (line,) = render(replace(fixed(), runs=runs, notes=()), "github").splitlines()
    assert line.startswith("::notice title=RunLens PASS%3A 13 runs::noted: 1 note%0ANothing found in r0, r1, ")
    assert "r9 and 2 more" in line and "Not checked: HW001 (1 of 13)" in line
    (alone,) = render(replace(fixed(), runs=(clean,), notes=()), "github").splitlines()
    assert alone.startswith("::notice title=RunLens PASS%3A exp7/lr-1e-3::nothing found")


def test_gitlab_paths_have_no_root_and_no_scheme() -> None:
    def path(source: str) -> str:
        run = replace(fixed().runs[0], source=source)
        return str(json.loads(render(replace(fixed(), runs=(run,)), "gitlab"))[0]["location"]["path"])

    assert path("/builds/team/logs/exp7") == "builds/team/logs/exp7"
    assert path("wandb://team/proj/run") == "wandb/team/proj/run"
    assert path("../logs/./exp7") == "logs/exp7"


# Markdown


def test_markdown_stays_within_its_limit_and_says_what_was_cut() -> None:
    runs = tuple(replace(fixed().runs[0], run=f"r{i}") for i in range(300))
    whole = replace(fixed(), runs=runs)
    page = markdown.render(whole, limit=100_000)
    assert len(page.encode()) <= 100_000
    assert re.search(r"Cut here: \d+ more parts are in the JSON report", page)
    assert len(render(replace(fixed(), runs=runs * 10), "markdown").encode()) <= 1024 * 1024


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_markdown_has_no_live_markup_from_names(text: str) -> None:
    page = markdown.render(hostile(text))
    outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", page)
    assert not re.search(r"<(?!/?(?:br|del|sub|b|details|summary)>)", outside)
    assert not re.search(r"(?<!\\)\]\(", outside)
    assert not re.search(r"@\w", outside)
    assert not re.search(r"(?i)https?://|www\.\w", outside)
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert rows
    for row in rows:
        cells = len(re.findall(r"(?<!\\)\|", row)) - 1
        assert cells in (3, 4)


def test_markdown_shows_the_text_itself() -> None:
    assert markdown.text("a_b *c* <d> @e #f") == r"a\_b \*c\* &lt;d&gt; @&#8203;e #&#8203;f"
    assert markdown.code("a`b|c") == r"``a`b\|c``"
    assert markdown.code("") == "`(no name)`"


# GitLab


@pytest.mark.parametrize("report", [fixed(), EMPTY, *map(hostile, HOSTILE.values())])
def test_gitlab_entries_have_what_gitlab_requires(report: Report) -> None:
    entries = json.loads(render(report, "gitlab"))
    assert isinstance(entries, list)
    for entry in entries:
        needed = {"description", "check_name", "fingerprint", "severity", "location"}
        assert needed <= set(entry) <= needed | {"content"}
        assert entry["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert re.fullmatch("[0-9a-f]{64}", entry["fingerprint"])
        assert entry["location"]["path"]
        assert entry["location"]["lines"]["begin"] == 1


def test_gitlab_leaves_out_known_findings_and_keeps_fingerprints() -> None:
    entries = json.loads(render(fixed(), "gitlab"))
    assert len(entries) == 7
    assert not any("exp8" in e["description"] for e in entries)
    worse = replace(fixed().runs[0].findings[4], message="another figure", severity=Severity.WARNING)
    again = json.loads(render(replace(fixed(), runs=(replace(fixed().runs[0], findings=(worse,)),)), "gitlab"))
    assert again[0]["fingerprint"] in {e["fingerprint"] for e in entries}


# OpenMetrics


@pytest.mark.parametrize("report", [fixed(), EMPTY, *map(hostile, HOSTILE.values())])
def test_openmetrics_parses_in_both_of_prometheus_formats(report: Report) -> None:
    text = render(report, "openmetrics")
    new = {f.name: f for f in openmetrics_families(text)}
    old = {f.name: f for f in prometheus_families(text)}
    assert set(new) == set(old) == set(FAMILIES)
    for name, family in new.items():
        assert len({tuple(sorted(s.labels.items())) for s in family.samples}) == len(family.samples), name
        assert all(set(s.labels) == set(FAMILIES[name][1]) for s in family.samples)


def test_openmetrics_values() -> None:
    samples = [s for f in openmetrics_families(render(fixed(), "openmetrics")) for s in f.samples]
    own = ("run", "verdict", "severity")
    value = {(s.name, *(v for k, v in s.labels.items() if k in own)): s.value for s in samples}
    assert value["runlens_exit_code",] == 1
    assert value["runlens_run_verdict", "exp7/broken", "undecided"] == 1
    assert value["runlens_run_findings", "exp7/lr-3e-3", "warning"] == 4
    assert value["runlens_run_findings_known", "exp8"] == 1
    assert value["runlens_run_rewind_to_step", "exp7/lr-3e-3"] == 1400


def test_every_metric_of_the_dashboard_exists() -> None:
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    expressions = [t["expr"] for p in dashboard["panels"] for t in p["targets"]]
    expressions += [v["query"]["query"] for v in dashboard["templating"]["list"] if isinstance(v["query"], dict)]
    used = {name for e in expressions for name in re.findall(r"runlens_\w+", e)}
    assert used
    assert used <= set(FAMILIES)
    labels = {(name, label) for e in expressions for name, body in re.findall(r"(runlens_\w+)\{(.*?)\}", e)
              for label in re.findall(r"(\w+)=", body)}  # fmt: skip
    assert all(label in FAMILIES[name][1] for name, label in labels)
    ids = [p["id"] for p in dashboard["panels"]]
    assert len(set(ids)) == len(ids)
    boxes = [p["gridPos"] for p in dashboard["panels"]]
    for i, a in enumerate(boxes):
        for b in boxes[i + 1 :]:
            apart = (
                a["x"] + a["w"] <= b["x"]
                or b["x"] + b["w"] <= a["x"]
                or a["y"] + a["h"] <= b["y"]
                or b["y"] + b["h"] <= a["y"]
            )
            assert apart


# JSON lines


def test_jsonl_lines_are_the_runs_of_the_report_without_charts() -> None:
    lines = [json.loads(line) for line in render(fixed(), "jsonl").splitlines()]
    whole = report_json.to_dict(fixed())
    for line, run in zip(lines, whole["runs"], strict=True):
        assert {k: v for k, v in run.items() if k != "charts"}.items() <= line.items()
        assert "charts" not in line
        assert line["schema"] == 1
