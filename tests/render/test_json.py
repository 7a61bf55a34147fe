"""The JSON report: schema 1, loss-free, ASCII, and clear about what is no report."""

from __future__ import annotations

import dataclasses
import json as stdlib_json
import math
from dataclasses import replace

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runlens.errors import NotALog
from runlens.model import (
    About,
    Action,
    Chart,
    Failure,
    Figure,
    Finding,
    Incident,
    Report,
    RoleLine,
    RunReport,
    Severity,
    Skip,
    Suspect,
    Symptom,
)
from runlens.render import json
from tests.render.reports import HOSTILE, REPORTS, fixed, hostile

EMPTY = Report("0.1.0", "2025-11-24T01:15:00Z", "undecided", 3, ())


def with_evidence(evidence: dict[str, object]) -> Report:
    finding = Finding("LOSS001", "loss-spike", Severity.INFO, "loss", (1, 2), "m", evidence)
    return replace(EMPTY, runs=(RunReport("r", "r", "r", "unknown", "pass", None, None, 0, findings=(finding,)),))


def test_the_fixed_report_is_what_its_script_makes() -> None:
    from fixtures.make.report import fixed_report

    assert fixed() == fixed_report()


def test_reading_and_writing_gives_the_same_bytes() -> None:
    text = (REPORTS / "report.json").read_text(encoding="utf-8")
    assert json.render(json.parse(text)) == text


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_survives_and_is_ascii(text: str) -> None:
    report = hostile(text)
    written = json.render(report)
    assert json.parse(written) == report
    assert written.isascii()
    assert not set(written) - {chr(c) for c in range(32, 127)} - {"\n"}
    jsonschema.validate(stdlib_json.loads(written), json.json_schema())


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
).filter(lambda v: v not in ("NaN", "Infinity", "-Infinity"))


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.text(), plain))
def test_any_evidence_survives(evidence: dict[str, object]) -> None:
    report = with_evidence(evidence)
    assert json.render(json.parse(json.render(report))) == json.render(report)


def test_numpy_values_and_non_finite_numbers() -> None:
    report = with_evidence({"a": np.float64("nan"), "b": np.int64(3), "c": [math.inf, -math.inf], "d": np.arange(2.0)})
    written = stdlib_json.loads(json.render(report))["runs"][0]["findings"][0]["evidence"]
    assert written == {"a": "NaN", "b": 3, "c": ["Infinity", "-Infinity"], "d": [0, 1]}
    read = json.parse(json.render(report)).runs[0].findings[0].evidence
    assert math.isnan(read["a"])  # type: ignore[arg-type]
    assert read["c"] == [math.inf, -math.inf]


def test_charts_keep_non_finite_values() -> None:
    chart = Chart("train_loss", "loss", "nats", (1, 2, 3), (1.5, math.inf, math.nan))
    run = RunReport("r", "r", "r", "unknown", "pass", None, None, 0, charts=(chart,))
    values = json.parse(json.render(replace(EMPTY, runs=(run,)))).runs[0].charts[0].values
    assert values[:2] == (1.5, math.inf)
    assert math.isnan(values[2])


def test_the_schema_accepts_the_fixed_report_and_refuses_broken_ones() -> None:
    schema = json.json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    good = json.to_dict(fixed())
    jsonschema.validate(good, schema)
    for path, value in (
        (("schema",), 2),
        (("verdict",), "maybe"),
        (("exit_code",), 7),
        (("created",), "yesterday"),
        (("runs", 0, "steps"), [1]),
        (("runs", 0, "findings", 0, "code"), "loss"),
        (("runs", 0, "findings", 0, "severity"), "fatal"),
        (("runs", 0, "action", "kind"), "pray"),
        (("runs", 0, "charts", 0, "values"), ["nan"]),
    ):
        bad = stdlib_json.loads(json.render(fixed()))
        spot = bad
        for part in path[:-1]:
            spot = spot[part]
        spot[path[-1]] = value
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(bad, schema)


def test_the_schema_names_every_field_of_the_model() -> None:
    schema = json.json_schema()
    classes = {
        "run": RunReport, "role": RoleLine, "action": Action, "finding": Finding, "incident": Incident, "skip": Skip,
        "failure": Failure, "chart": Chart, "about": About, "figure": Figure, "suspect": Suspect,
    }  # fmt: skip
    said = {"run": {"guess"}}  # told of the roles that stand beside it
    for name, cls in classes.items():
        fields = {f.name for f in dataclasses.fields(cls)} | said.get(name, set())
        assert set(schema["$defs"][name]["properties"]) == fields, name
    assert set(schema["properties"]) == {f.name for f in dataclasses.fields(Report)} - {"version"} | {"schema", "tool"}


def test_unknown_fields_are_passed_over_and_missing_additions_default() -> None:
    raw = json.to_dict(fixed())
    raw["new"] = raw["runs"][0]["new"] = raw["runs"][0]["findings"][0]["new"] = [1]
    del raw["runs"][0]["charts"], raw["fail_on"]
    report = json.parse(stdlib_json.dumps(raw))
    assert report == replace(fixed(), runs=(replace(fixed().runs[0], charts=()), *fixed().runs[1:]))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "output of `runlens check"),
        ('{"schema": 1}', "output of `runlens check"),
        ('{"schema": 2, "runs": []}', "report schema 2"),
        ('{"schema": 1, "runs": [3], "tool": 3}', "tool.version"),
        ('{"schema": 1, "runs": [{"findings": [{"evidence": 3}]}], "tool": {"version": "1"}}', "created"),
    ],
)
def test_what_is_no_report_gets_a_sentence(text: str, says: str) -> None:
    with pytest.raises(NotALog, match=r"^r\.json (is no RunLens report|has report schema)") as caught:
        json.parse(text, "r.json")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"steps": (1, 2), "values": (1.0,)}, "charts.0.values: 1 numbers for 2 steps"),
        ({"steps": (1, 2), "low": (1.0,)}, "charts.0.low: 1 numbers for 2 steps"),
        ({"steps": (2, 1)}, "charts.0.steps: they must not fall"),
        ({"steps": (1, 10**30)}, "a step is beyond 64 bits"),
    ],
)
def test_charts_that_cannot_be_drawn_are_told_apart_from_faults_of_the_program(
    fields: dict[str, object], says: str
) -> None:
    chart = replace(Chart("train_loss", "loss", "nats", (1, 2), (3.0, 4.0)), **fields)
    run = RunReport("r", "r", "r", "unknown", "pass", None, None, 0, charts=(chart,))
    with pytest.raises(NotALog, match=f"runs.0.*{says}"):
        json.parse(json.render(replace(EMPTY, runs=(run,))))


def test_a_symptom_of_a_newer_version_is_one_like_no_other() -> None:
    text = (REPORTS / "report.json").read_text(encoding="utf-8").replace('"symptom": "spike"', '"symptom": "new"')
    assert '"new"' in text
    assert json.parse(text).runs[0].about_of("LOSS001").symptom is Symptom.OTHER


def test_the_pieces_are_the_whole_as_it_is_indented_at_once() -> None:
    report = fixed()
    for runs in (report.runs, (), report.runs * 2):
        several = replace(report, runs=runs)
        assert "".join(json.parts(several)) == json._text(json.to_dict(several), "") + "\n"
        assert len(list(json.parts(several))) == len(runs) + 2


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.text(), plain))
def test_a_run_is_written_as_its_dict_would_be(evidence: dict[str, object]) -> None:
    skip = Skip("LOSS002", "few", "too-few-points", ("a", "b"))
    for run in (*with_evidence(evidence).runs, replace(fixed().runs[0], skips=(skip, skip), points=2)):
        told = json.run_dict(run)
        assert json.text_of_run(run) == stdlib_json.dumps(told, allow_nan=False)
        assert json.text_of_run(run, "  ") == json._text(told, "  ")
        assert stdlib_json.loads(json.text_of_run(run, "")) == told
        rest = {"schema": 1, **{name: cell for name, cell in told.items() if name != "charts"}}
        assert json.text_of_run(run, head={"schema": 1}, without=("charts",)) == stdlib_json.dumps(rest)
