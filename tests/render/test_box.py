"""The box that a manager reads, what is to be filled in, the contents, and a sane length for many findings."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from runlens.advice.causes import table
from runlens.judging.about import described
from runlens.model import Action, Finding, Incident, Report, RunReport, Severity, Suspect
from runlens.render import html, png
from runlens.render.figures.panels import answers
from runlens.render.postmortem import markdown, story
from runlens.render.postmortem.box import box, lead
from tests.render.reports import fixed
from tests.render.test_postmortem import finding, run


def boxed(report: RunReport) -> dict[str, str]:
    told = box(report, lead(report))
    assert told is not None
    return dict(told.lines)


def noted(report: RunReport, *severities: Severity) -> RunReport:
    """The run with an incident of one finding each."""
    parts = tuple(
        replace(finding("LOSS001", (100 + 10 * at, 105 + 10 * at)), severity=s, incident=at + 1, help=f"Do {at + 1}.")
        for at, s in enumerate(severities)
    )
    incidents = tuple(Incident(f.incident or 0, f"t{f.incident}", f.severity, f.steps, (f.code,)) for f in parts)
    return replace(report, findings=parts, incidents=incidents)


PLATEAU = run(finding("LOSS001", outcome="plateaued"), action=Action("restart", "r", order="start again", incident=1))


def test_the_box_says_what_why_cost_since_when_and_next() -> None:
    action = Action(
        "rewind-and-skip", "r", 400, order="mend the rate, then rewind", cause="the rate jumped", incident=1
    )
    told = boxed(replace(PLATEAU, action=action))
    assert told == {
        "What happened": "LOSS001 says so.",
        "Why": "The rate jumped.",
        "Cost": "Training from step 400 on, to be done again: 600 k tokens, 10 min, 1.33 GPU h.",
        "Since when": "Step 500; the run went on for 500 steps and 8.3 min since.",
        "Next step": "Mend the rate, then rewind.",
        "Owner": "",
    }


def test_a_running_run_still_goes_on_and_an_incident_at_the_end_has_no_since() -> None:
    assert "has gone on for 500 steps" in boxed(replace(PLATEAU, state="running"))["Since when"]
    last = run(finding("LOSS001", (1000, 1000)))
    assert boxed(last)["Since when"] == "Step 1,000, where the log ends."
    timed = run(replace(finding("LOSS001"), time=(1.7e9, 1.7e9 + 60), tokens=(5e5, 1e6)))
    assert boxed(timed)["Since when"].startswith("Step 500 (500 k tokens, 2023-11-14 22:13 UTC); ")


def test_what_is_not_known_is_said() -> None:
    bare = replace(PLATEAU, action=None, tokens=None, time=None)
    told = boxed(bare)
    assert told["Cost"] == "Not known: the log has no wall times and no tokens."
    assert told["Why"].startswith("Not known: nothing in the log speaks")
    assert told["Next step"] == "Look at the evidence below."
    assert boxed(replace(PLATEAU, action=None))["Cost"] == "No training has to be repeated."


def test_the_likeliest_cause_is_named_with_what_speaks_for_it() -> None:
    suspect = Suspect("A title", "c", ("it was seen",), (), 3, "short words")
    with_it = replace(PLATEAU, incidents=(replace(PLATEAU.incidents[0], suspects=(suspect,)),))
    assert boxed(with_it)["Why"] == "Likely short words: it was seen."
    other = replace(with_it, action=Action("restart", "r", cause="another finding", incident=2))
    assert boxed(other)["Why"] == "Likely short words: it was seen.", "the advice answers another incident"


def test_what_happened_is_not_said_again_as_the_reason() -> None:
    suspect = Suspect("A title", "c", ("LOSS001 says so.", "another sign"), (), 3)
    with_it = replace(PLATEAU, incidents=(replace(PLATEAU.incidents[0], suspects=(suspect,)),))
    assert boxed(with_it)["Why"] == "Likely A title: another sign."
    alone = replace(suspect, speaks_for=("LOSS001 says so.",))
    assert (
        boxed(replace(PLATEAU, incidents=(replace(PLATEAU.incidents[0], suspects=(alone,)),)))["Why"]
        == "Likely A title."
    )


def test_pages_leave_out_evidence_that_says_nothing_and_costs_of_seconds() -> None:
    evidence = {
        "back": False,
        "nothing": None,
        "steps_before_loss": 0,
        "gradient_first": 3,
        "count": 0,
        "hours_lost": 1e-4,
    }
    report = run(finding("TPUT001", **evidence, gpu_hours_lost=8e-4))
    (told,) = story(report).incidents[0].findings
    assert dict(told.evidence) == {"gradient first": "3", "count": "0", "hours lost": "0.36 s"}
    assert story(report).incidents[0].costs == ()
    (kept,) = story(run(finding("TPUT001", hours_lost=3e-4, gpu_hours_lost=2.4e-3))).incidents[0].costs
    assert kept.hours == 3e-4


def test_the_box_is_about_the_incident_that_the_advice_answers_else_the_gravest() -> None:
    several = noted(PLATEAU, Severity.WARNING, Severity.ERROR, Severity.INFO)
    assert lead(several).number == 1  # type: ignore[union-attr]
    assert lead(replace(several, action=None)).number == 2  # type: ignore[union-attr]
    assert "1 more incident below" in boxed(several)["What happened"]
    assert lead(noted(PLATEAU, Severity.INFO)) is None
    assert story(noted(PLATEAU, Severity.INFO)).box is None


def test_a_page_of_one_run_begins_with_the_box_and_has_lines_to_fill_in() -> None:
    report = replace(fixed(), runs=(PLATEAU,), notes=())
    page = html.render(report)
    assert (
        page.index("Owner") < page.index("Contents") < page.index("To be filled in</h2>") < page.index("Appendix</h2>")
    )
    text = markdown.render(report, 0, markdown.FigureFiles())
    assert text.index("| **Owner** |") < text.index("Contents:") < text.index("## Timeline")
    for field in ("Root cause", "Trigger", "Detection", "Resolution", "Where luck helped", "| action item |"):
        assert field in text
    many = html.render(replace(fixed(), notes=()))
    assert "To be filled in" not in many


@pytest.mark.parametrize("number", [None, 2])
def test_the_contents_lead_to_headings(number: int | None) -> None:
    text = markdown.render(fixed(), 0, markdown.FigureFiles(), number)
    contents = next(line for line in text.splitlines() if line.startswith("Contents: "))
    headings = {re.sub("[^a-z0-9 ]", "", h.lower()).replace(" ", "-") for h in re.findall("^## (.+)$", text, re.M)}
    assert set(re.findall(r"\]\(#([^)]+)\)", contents)) == headings


def test_many_findings_stay_a_page_that_is_read() -> None:
    one = replace(fixed(), runs=(replace(noted(PLATEAU, *[Severity.ERROR] * 49), charts=fixed().runs[0].charts),))
    told = story(one.runs[0])
    assert (len(told.incidents), len(told.further), len(told.timeline), told.left) == (8, 41, 40, 9)
    page = html.render(one)
    assert page.count('<section class="incident">') == 8 and "9 more are in the JSON report" in page
    text = markdown.render(one, 0, markdown.FigureFiles())
    assert len(text.splitlines()) < 500 and "and 9 more in the JSON report" in text


def test_notes_are_told_in_a_line_and_the_gravest_parts_of_one_incident_in_full() -> None:
    told = story(noted(PLATEAU, Severity.ERROR, Severity.INFO))
    assert [i.incident.number for i in told.incidents] == [1]
    assert [m.finding.incident for m in told.further] == [2]
    assert [i.incident.number for i in story(noted(PLATEAU, Severity.ERROR, Severity.INFO), 2).incidents] == [2]
    parts = [replace(finding("LOSS001", (500 + at, 999)), severity=Severity.WARNING) for at in range(9)]
    (incident,) = story(run(*parts[:8], replace(parts[8], severity=Severity.ERROR))).incidents
    assert len(incident.findings) == 6 and len(incident.further) == 3
    assert incident.findings[-1].finding.severity is Severity.ERROR


def test_a_cause_that_was_seen_comes_before_one_that_is_inferred() -> None:
    """A resume right before the spike is seen to have happened; that only the batches are left is inferred."""
    restart = Finding("LOG002", "restart", Severity.INFO, "", (450, 450), "m", {})
    report = run(finding("LOSS001", outcome="recovered-fast", recovery_steps=5), checked=("LR001", "LOSS001"))
    report = described(replace(report, findings=(*report.findings, restart)))
    first, second, *_ = report.incidents[0].suspects
    assert first.title.startswith("The resume before it") and second.title == "Bad data in a few batches"
    assert second.score > first.score
    configured = described(
        run(
            finding("LOSS001", outcome="recovered-fast", recovery_steps=5),
            checked=("LR001", "LOSS001"),
            config={"fp16": True},
        )
    )
    assert configured.incidents[0].suspects[0].title == "Bad data in a few batches", "a setting is no event"
    assert all(weight <= table.SETTLES for cause in table.CAUSES for weight, _ in cause.clues)


def test_figures_of_incidents_say_what_to_do() -> None:
    several = noted(PLATEAU, Severity.WARNING, Severity.ERROR)
    several = replace(several, charts=fixed().runs[0].charts)
    assert answers(several, None) and answers(several, several.incidents[0])
    assert not answers(several, several.incidents[1])
    report = Report("0", "", "fail", 1, (several,))
    bare = replace(report, runs=(replace(several, findings=tuple(replace(f, help="") for f in several.findings)),))
    assert len(png.render(report, 0, incident=2)) > len(png.render(bare, 0, incident=2))
    silent = replace(report, runs=(replace(several, action=None),))
    assert png.render(report, 0, incident=1) != png.render(silent, 0, incident=1)
