"""What the postmortem concludes from a report: causes with evidence for and against, precedents, costs, evidence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from runlens.advice.causes.table import CAUSES
from runlens.judging.about import described
from runlens.model import Action, Chart, Finding, Incident, RunReport, Severity
from runlens.render.postmortem import Story
from runlens.render.postmortem import story as told_by
from runlens.render.postmortem.story import plain
from tests.render.reports import fixed


def run(*findings: Finding, **fields: object) -> RunReport:
    """A run of 1,000 steps, 1,000 s and 1 M tokens on 8 GPUs, with one incident of these findings."""
    first = min(f.steps[0] for f in findings if f.steps)
    incident = Incident(1, "t", Severity.ERROR, (first, 999), tuple(dict.fromkeys(f.code for f in findings)))
    made = RunReport("r", "r", "r", "unknown", "fail", (0, 1000), (0.0, 1e6), 10, time=(0.0, 1000.0), gpus=8)
    return replace(made, findings=tuple(replace(f, incident=1) for f in findings), incidents=(incident,), **fields)


def story(report: RunReport, incident: int | None = None) -> Story:
    """The postmortem of a report as judging leaves it."""
    return told_by(described(report), incident)


def finding(code: str, steps: tuple[int, int] = (500, 999), **evidence: object) -> Finding:
    return Finding(code, code.lower(), Severity.ERROR, "m", steps, f"{code} says so.", evidence)


def gradient(values: np.ndarray) -> Chart:
    return Chart("grad_norm", "g", "1", tuple(range(len(values))), tuple(values.tolist()))


def titles(report: RunReport) -> list[str]:
    return [suspect.title for suspect in story(report).incidents[0].suspects]


def test_a_broken_schedule_comes_first_and_speaks_against_the_data() -> None:
    report = run(finding("LR001"), finding("LOSS001", outcome="plateaued", level_before=2.0, level_after=3.0))
    first, *rest = story(report).incidents[0].suspects
    assert first.title == "Learning rate too high, or a broken schedule"
    assert first.speaks_for[0] == "LR001 says so."
    data = next(s for s in rest if s.title == "Bad data in a few batches")
    assert "LR001 says so." in data.speaks_against
    assert [s.score for s in (first, *rest)] == sorted((s.score for s in (first, *rest)), reverse=True)


def test_a_schedule_that_held_speaks_for_the_data() -> None:
    report = run(finding("LOSS001", outcome="recovered-fast", recovery_steps=12), checked=("LR001", "LOSS001"))
    assert titles(report)[0] == "Bad data in a few batches"
    assert "The loss was back after 12 steps." in story(report).incidents[0].suspects[0].speaks_for


def test_a_gradient_that_grew_long_before_is_an_instability() -> None:
    norms = np.concatenate([np.full(200, 1.7), np.linspace(1.7, 4.0, 300), np.full(500, 5.0)])
    report = run(finding("LOSS001", outcome="diverged"), charts=(gradient(norms),), checked=("LR001",))
    assert titles(report)[0].startswith("Instability that grows")
    steady = replace(report, charts=(gradient(np.full(1000, 1.7)),))
    assert not any("already grown" in clue for s in story(steady).incidents[0].suspects for clue in s.speaks_for)


@pytest.mark.parametrize("values", [np.full(1000, np.nan), np.array([1.0, 2.0]), np.full(0, 1.0)])
def test_a_gradient_that_tells_nothing_is_no_clue(values: np.ndarray) -> None:
    report = run(finding("LOSS001", outcome="diverged"), charts=(gradient(values),))
    assert not any("grown" in clue for s in story(report).incidents[0].suspects for clue in s.speaks_for)


def test_half_precision_in_the_configuration_is_said_with_its_key() -> None:
    report = run(finding("LOSS001", outcome="diverged"), config={"trainer.precision": "fp16"})
    suspect = next(s for s in story(report).incidents[0].suspects if s.title == "Numerical precision")
    assert suspect.speaks_for[0] == "The configuration says trainer.precision = fp16."
    bf16 = replace(report, config={"trainer.precision": "bf16"})
    assert "Numerical precision" not in titles(bf16)[:1]


def test_causes_that_nothing_speaks_for_are_left_out() -> None:
    assert titles(run(finding("LOG004"))) == []
    assert all(any(weight > 0 for weight, _ in cause.clues) for cause in CAUSES)


def test_precedents_name_their_source_and_fit_the_outcome() -> None:
    def told(report: RunReport) -> list[str]:
        found = story(report).incidents[0].precedents
        assert all(p.source for p in found)
        return [p.who for p in found]

    assert told(run(finding("LOSS001", outcome="plateaued"))) == ["PaLM", "Falcon", "Marin", "OLMo 2"]
    assert told(run(finding("LOSS001", outcome="recovered-fast"))) == ["BLOOM", "SmolLM3"]
    assert told(run(finding("EVAL001")))[0] == "SmolLM3"


def test_a_rewind_costs_the_training_after_it_on_every_gpu() -> None:
    action = Action("rewind-and-skip", "r", rewind_to_step=400, skip_steps=(500, 600))
    report = run(finding("LOSS001", outcome="plateaued"), action=action)
    (cost,) = story(report).incidents[0].costs
    assert cost.tokens == pytest.approx(600_000)
    assert cost.hours == pytest.approx(600 / 3600) and cost.gpu_hours == pytest.approx(8 * 600 / 3600)


def test_an_item_without_a_figure_is_no_cost() -> None:
    action = Action("rewind-and-skip", "r", rewind_to_step=400, skip_steps=(500, 600))
    bare = replace(run(finding("LOSS001", outcome="plateaued"), action=action), tokens=None, time=None)
    assert story(bare).incidents[0].costs == ()


def test_a_cause_from_the_first_step_on_is_not_nought_percent_in() -> None:
    suspects = story(run(finding("LOSS003", (0, 999), outcome="diverged"))).incidents[0].suspects
    clues = [clue for suspect in suspects for clue in suspect.speaks_for]
    assert "It began at the start of the run." in clues and not any("0 %" in clue for clue in clues)


def test_evidence_in_words() -> None:
    report = run(
        finding("TPUT001", hours_lost=0.25, gpu_hours_lost=2.0, ok=True, nothing=None,
                evals=[{"name": "a", "gap": 1.5, "n": 3}, {"name": "b", "gap": 2.5, "n": 3}])
    )  # fmt: skip
    (told,) = story(report).incidents[0].findings
    assert dict(told.evidence) == {"hours lost": "15 min", "gpu hours lost": "2 GPU h", "ok": "yes"}
    (sheet,) = told.sheets
    assert (sheet.title, sheet.columns, sheet.rows) == ("evals", ("name", "gap"), (("a", "1.5"), ("b", "2.5")))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2, "2"), (2.0, "2"), (12345678.0, "12,345,678"), (10**400, f"{10**400:,}"), (0.12346, "0.1235"),
        (None, "not known"), (float("nan"), "NaN"), (float("inf"), "Infinity"), ([], "none"),
        ([1, "a\nb"], "1; a\\nb"), ({"k": False}, "k: no"),
    ],
)  # fmt: skip
def test_values_in_words(value: object, text: str) -> None:
    assert plain(value) == text


def test_one_incident_alone_tells_of_nothing_else() -> None:
    told = story(fixed().runs[0], 1)
    assert [i.incident.number for i in told.incidents] == [1]
    assert {moment.finding.incident for moment in told.timeline} == {1}


def test_the_timeline_is_in_order_of_steps_and_at_one_step_of_cause() -> None:
    report = run(finding("GRAD002", (500, 999)), finding("LOSS001", (500, 600)), finding("LR001", (400, 900)))
    nowhere = Finding("LOG001", "unreadable-data", Severity.INFO, "", None, "m", {})
    told = story(replace(report, findings=(nowhere, *report.findings)))
    assert [m.finding.code for m in told.timeline] == ["LR001", "GRAD002", "LOSS001", "LOG001"]
