"""What is read first is true, leads to one thing to do, and fits the life of the run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runlens.advice import advise
from runlens.advice.causes.table import _in_a_sentence
from runlens.model import Incident, Severity, Suspect
from tests.advice.headlines import STATES, TABLE, headline, lines, shown, table
from tests.builders import finding, report, run

LINES = list(lines())


def named(line) -> str:
    return f"{'+'.join(line.codes)}-{line.state}"


@pytest.mark.parametrize("line", LINES, ids=named)
def test_every_headline_keeps_the_rules(line):
    text, action = line.action.headline, line.action
    assert text and len(text) <= 220 and "\n" not in text
    assert text[0].isupper() or "/" in text.split()[0]
    if line.state == "finished":
        said = " ".join((text, *action.measures)).lower()
        assert "while it runs" not in said and "go on" not in text and "rewind to" not in text
        assert "more is logged" not in said
    assert "step 0" not in text.partition(":")[2] and action.rewind_to_step != 0
    if action.skip_steps is not None:
        suspects = next(i.suspects for i in line.report.incidents if "LOSS001" in i.codes)
        assert suspects[0].skips, "batches are left out only where the data leads the likely causes"
    assert ("without the batches" in text) is (action.skip_steps is not None)
    if action.kind == "rewind-and-skip":
        assert f"{action.rewind_to_step:,}" in text


@pytest.mark.parametrize("line", [x for x in LINES if len(x.codes) == 2], ids=named)
def test_the_worst_severity_leads(line):
    ranks = {code: max(f.severity.rank for f in line.report.findings if f.code == code) for code in line.codes}
    worst, other = sorted(line.codes, key=lambda code: -ranks[code])
    if ranks[worst] > ranks[other]:
        alone = headline((worst,), line.state).action
        assert line.action.kind == alone.kind, "what is less bad changes nothing in what to do"


def test_the_table_is_the_one_that_was_read():
    assert table() == TABLE.read_text(encoding="utf-8"), "looked at and meant? python -m tests.advice.headlines"


@pytest.mark.parametrize("code", ["LOSS001", "LOSS003"])
def test_a_run_that_is_judged_gets_the_advice_of_its_likely_causes(code):
    """The whole road, and not the advice alone: causes are ranked before the advice is made from them."""
    _, judged = shown(code)
    spike = max((f for f in judged.findings if f.code == code), key=lambda f: f.severity.rank)
    (suspect, *_) = next(i.suspects for i in judged.incidents if i.number == spike.incident)
    assert (judged.action.skip_steps is not None) is suspect.skips
    if suspect.mend:
        assert suspect.mend in judged.action.headline


def told(*suspects, spike=None, state="running"):
    """The action for a plateaued spike whose likely causes are these."""
    spike = replace(
        spike or finding("LOSS001", "error", (1500, 1512), outcome="plateaued"), incident=1, name="loss-spike"
    )
    incident = Incident(1, "loss spike", Severity.ERROR, spike.steps, ("LOSS001",), suspects)
    judged = replace(report(spike), incidents=(incident,), state=state)
    return advise(judged, replace(run(), state=state))


DATA = Suspect("Bad data in a few batches", "?", ("x",), (), 2, "bad data", "", True)
RATE = Suspect("Learning rate too high, or a broken schedule", "?", ("y",), (), 3, "a rate too high", "mend the rate")


@pytest.mark.parametrize(
    ("suspects", "skips"),
    [
        ((DATA,), True),
        ((RATE, DATA), False),
        ((DATA, replace(RATE, score=1)), True),
        ((DATA, replace(RATE, score=2)), False),
        ((replace(DATA, score=0),), False),
        ((), False),
    ],
)
def test_batches_are_left_out_only_where_nothing_speaks_as_much_for_another_cause(suspects, skips):
    action = told(*suspects)
    assert (action.skip_steps is not None) is skips
    assert action.rewind_to_step == 1400


def test_the_cause_comes_first_and_is_mended_first():
    action = told(RATE, DATA)
    assert action.cause == RATE.title
    assert action.headline == (
        "Likely a rate too high → loss spike at step 1,500 that plateaued: mend the rate, then rewind to the last "
        "checkpoint at or before step 1,400"
    )
    assert "train again from" in told(RATE, state="finished").headline


@pytest.mark.parametrize("state", STATES)
def test_there_is_no_rewind_to_the_first_step(state):
    early = finding("LOSS001", "error", (60, 2599), outcome="diverged")
    action = told(DATA, spike=early, state=state)
    assert action.kind == "restart"
    assert action.rewind_to_step is None
    assert "from the beginning" in action.headline


def test_a_requirement_that_fails_the_run_is_no_footnote_of_a_slowdown():
    slow = finding("TPUT001", "warning", (360, 599))
    missed = replace(finding("EVAL005", "error", (2599, 2599)), name="requirement-missed")
    assert advise(report(slow, missed), run()).headline.startswith("Requirement missed")


@pytest.mark.parametrize(
    ("title", "said"),
    [("GPUs throttled", "GPUs throttled"), ("Bad data", "bad data"), ("A slow disk", "a slow disk")],
)
def test_a_title_within_a_sentence_keeps_its_abbreviation(title, said):
    assert _in_a_sentence(title) == said
