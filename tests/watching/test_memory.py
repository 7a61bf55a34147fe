"""What was found and told."""

import json
from dataclasses import replace

import pytest

from runlens.watching.memory import MOST, PATIENCE, Incidents, of_json
from tests.builders import finding, report


def looks(*reports, incidents=None):
    incidents = incidents or Incidents()
    return [[(c.what, c.incident.code) for c in incidents.look(r)] for r in reports]


def test_an_incident_is_found_once_though_its_end_moves():
    grows = [report(finding(steps=(1500, 1500 + n))) for n in (2, 20, 200)]
    assert looks(*grows) == [[("found", "LOSS001")], [], []]


def test_two_that_do_not_overlap_are_two():
    both = report(finding(steps=(1500, 1512)), finding(steps=(1600, 1612)))
    assert looks(both, both) == [[("found", "LOSS001")] * 2, []]


def test_it_is_news_when_it_gets_worse_or_turns_out_otherwise():
    first = report(finding(severity="warning", outcome="unresolved"))
    worse = report(finding(severity="error", outcome="unresolved"))
    other = report(finding(severity="warning", outcome="recovered-slow"))
    assert looks(first, worse, other, worse, first) == [
        [("found", "LOSS001")], [("worse", "LOSS001")], [("changed", "LOSS001")], [], []
    ], "what was told is not told again when it flips"  # fmt: skip


def test_what_is_not_found_any_more_is_taken_back_after_its_patience():
    old, now = report(finding(steps=(1500, 1512))), report()
    assert looks(old, *[now] * PATIENCE, now) == [
        [("found", "LOSS001")], *[[]] * (PATIENCE - 1), [("retracted", "LOSS001")], []
    ]  # fmt: skip
    assert looks(old, now, old, now, old) == [[("found", "LOSS001")], [], [], [], []], "what comes and goes is no news"


def test_what_held_at_the_end_of_the_run_and_does_not_any_more_is_resolved():
    at_end = report(finding(steps=(1500, 2599)))
    assert looks(at_end, *[report(steps=(0, 2999))] * PATIENCE)[-1] == [("resolved", "LOSS001")]
    whole = report(finding(steps=None))
    assert looks(whole, *[report()] * PATIENCE)[-1] == [("resolved", "LOSS001")]


def test_a_rule_that_could_not_judge_takes_nothing_back():
    assert looks(report(finding()), *[report(checked=())] * 5)[1:] == [[]] * 5


def test_what_is_there_again_is_told_again():
    incidents = Incidents()
    looks(report(finding()), *[report()] * PATIENCE, incidents=incidents)
    assert looks(report(finding()), report(finding()), incidents=incidents) == [[("found", "LOSS001")], []]
    assert len(incidents.known) == 1


def test_known_findings_are_no_news_and_end_without_a_word():
    known = report(finding(suppressed="known"))
    assert looks(known, report(finding()), known, *[report()] * 4) == [[], [("found", "LOSS001")], [], [], [], [], []]


def test_runs_are_told_apart():
    incidents = Incidents()
    assert looks(report(finding()), report(finding(), run="b"), incidents=incidents) == [[("found", "LOSS001")]] * 2
    assert looks(report(run="b"), report(run="b"), incidents=incidents)[-1] == [("retracted", "LOSS001")]
    assert [i.over for i in incidents.known.values()] == [False, True]


def test_it_survives_a_restart():
    incidents = Incidents()
    looks(report(finding(), finding("GRAD002", steps=None)), incidents=incidents)
    again = of_json(json.loads(json.dumps(incidents.to_json())))
    assert again == incidents
    assert looks(report(finding(), finding("GRAD002", steps=None)), incidents=again) == [[]]


@pytest.mark.parametrize("over", [True, False])
def test_what_is_over_is_forgotten_first(over):
    incidents = Incidents()
    looks(report(finding(steps=(0, 1))), *[report()] * (PATIENCE if over else 0), incidents=incidents)
    (first,) = incidents.known
    many = replace(report(), findings=tuple(finding(steps=(10 * n, 10 * n)) for n in range(1, MOST + 1)))
    looks(many, incidents=incidents)
    assert (first in incidents.known) != over and len(incidents.known) == MOST + (not over)
