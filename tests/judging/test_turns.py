"""Small runs are judged in turns, a rule at a time: each says what it says alone, whatever becomes of the others."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import runlens
from runlens.judging import check as judging
from runlens.judging.engines.turns import MOST_HELD, TOGETHER, in_turns, shared_out, through
from runlens.judging.limits import Limits, OverBudget
from runlens.judging.one import Settings
from runlens.model import RunRef
from runlens.rules import RULES

RULES_OF_ALL = Settings(tuple(rule() for rule in RULES), quiet_points=0)


def counting(name: str, steps: int, told: list[str], held: int = 1):
    for _ in range(steps):
        told.append(name)
        yield held
    return name * 2


def test_each_has_its_turn_and_what_comes_of_it_stands_in_its_place():
    told: list[str] = []
    assert in_turns([counting("a", 3, told), counting("b", 1, told), counting("c", 2, told)]) == ["aa", "bb", "cc"]
    assert "".join(told) == "abcaca"
    assert in_turns([]) == [] and through(counting("d", 2, told)) == "dd"


def test_what_holds_much_is_finished_before_the_next():
    told: list[str] = []
    in_turns([counting("a", 2, told, MOST_HELD), counting("b", 3, told, MOST_HELD + 1), counting("c", 1, told)])
    assert "".join(told) == "abbbca"


@pytest.mark.parametrize(("sizes", "shares"), [("", []), ("sLss", ["s", "L", "ss"]), ("LL", ["L", "L"])])
def test_small_ones_go_together_in_order(sizes, shares):
    assert ["".join(share) for share in shared_out(sizes, str.islower)] == shares


def test_no_more_than_so_many_go_together():
    assert [len(share) for share in shared_out(range(2 * TOGETHER + 1), bool)] == [1, TOGETHER, TOGETHER]


@pytest.fixture
def plan(tmp_path) -> list[tuple[RunRef, Settings]]:
    """A healthy run, one with a spike, one that is none, one of many points, and one that is gone by then."""
    rng = np.random.default_rng(0)
    for name, points in (("calm", 300), ("spike", 300), ("long", 12_000), ("gone", 300)):
        loss = 2.0 + np.exp(-np.arange(points) / 60) + rng.normal(0, 0.02, points)
        if name == "spike":
            loss[200:206] += 3.0
        rows = [f"{10 * i},{value:.5f},3e-4" for i, value in enumerate(loss)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["step,loss,lr", *rows]) + "\n")
    (tmp_path / "broken.csv").write_text("step,loss\n\0\0\0\0\0\0")
    refs = runlens.discover(str(tmp_path))
    (tmp_path / "gone.csv").unlink()
    assert [judging._is_small(ref) for ref in refs] == [True, True, False, False, True]
    return [(ref, RULES_OF_ALL) for ref in refs]


def judged(plan, together: bool, monkeypatch):
    with monkeypatch.context() as m:
        m.setattr(judging, "_is_small", lambda ref: together and ref.id != "gone")
        return [replace(report, latest=()) for report in judging.check(plan)]


def spikes(report) -> int:
    return sum(finding.code == "LOSS001" for finding in report.findings)


def test_runs_say_together_what_they_say_alone(plan, monkeypatch):
    alone, together = judged(plan, False, monkeypatch), judged(plan, True, monkeypatch)
    assert together == alone == [replace(report, latest=()) for report in judging.check(plan)]
    assert [spikes(report) for report in alone] == [0, 0, 0, 0, 1]
    assert [bool(report.failures) for report in alone] == [True, False, True, False, False]


@pytest.mark.parametrize("error", [OverBudget, MemoryError])
def test_who_takes_too_long_or_too_much_costs_nobody_else(error, plan, monkeypatch):
    steps = judging._in_steps

    def dear(ref, *rest):
        if ref.id == "calm":
            raise error
        return (yield from steps(ref, *rest))

    alone = judged(plan, False, monkeypatch)
    monkeypatch.setattr(judging, "_in_steps", dear)
    found = judged(plan, True, monkeypatch)
    (failure,) = found[1].failures
    assert ("given up" if error is OverBudget else "memory") in failure.message
    assert found[:1] + found[2:] == alone[:1] + alone[2:]


def test_runs_with_limits_of_their_own_are_not_judged_together(plan, monkeypatch):
    taken: list[int] = []
    monkeypatch.setattr(judging, "in_turns", lambda pieces: taken.append(len(pieces)) or in_turns(pieces))
    assert len(judged(plan, True, monkeypatch)) == 5 and taken == [2, 2]
    own = [(ref, replace(settings, limits=Limits(seconds=i + 60.0))) for i, (ref, settings) in enumerate(plan)]
    assert len(judged(own, True, monkeypatch)) == 5 and taken == [2, 2]


def test_workers_judge_their_share_in_turns(tmp_path):
    fixtures = Path(__file__).parents[2] / "fixtures" / "rules" / "LOSS001"
    for i in range(6):
        shutil.copy(fixtures / ("bad.jsonl" if i % 2 else "good.jsonl"), tmp_path / f"run{i}.jsonl")
    alone, shared = runlens.check(tmp_path, jobs=1).runs, runlens.check(tmp_path, jobs=2).runs
    assert alone == shared and [spikes(run) for run in alone] == [0, 1] * 3
