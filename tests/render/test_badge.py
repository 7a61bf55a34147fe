"""badge: what shields.io reads, and never greener than the verdict."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from runlens.model import HeldAgainst, Report, RunReport
from runlens.render import render
from tests.render.reports import HOSTILE, fixed, hostile

KEYS = {"schemaVersion", "label", "message", "color", "isError"}
"""Of an endpoint badge (shields.io/badges/endpoint-badge); all are known there."""


def badge(report: Report) -> dict[str, object]:
    told = json.loads(render(report, "badge"))
    assert set(told) == KEYS and told["schemaVersion"] == 1 and told["label"] and told["message"]
    return told


def one(verdict: str, held: HeldAgainst | None = None) -> Report:
    run = RunReport("night-7", "n", "s", "finished", verdict, (0, 9), None, 9, job="night-*", held_against=held)
    return replace(fixed(), verdict=verdict, runs=(run,))


@pytest.mark.parametrize(("verdict", "color"), [("pass", "brightgreen"), ("fail", "red"), ("undecided", "yellow")])
def test_the_colour_is_the_verdict(verdict, color):
    told = badge(one(verdict))
    assert told["color"] == color and told["isError"] == (verdict != "pass") and told["label"] == "night"


def test_it_says_how_many_nights_it_was_held_against():
    held = HeldAgainst(("a", "b"), None, None, 2, (), ())
    assert badge(one("pass", held))["message"] == "pass, 2 good nights before"
    assert badge(one("pass"))["message"] == "pass"


def test_many_runs_are_counted():
    assert "runs" in badge(fixed())["message"]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_name_is_a_label_and_no_more(text):
    assert render(hostile(text), "badge").count("\n") == 1
    badge(hostile(text))
