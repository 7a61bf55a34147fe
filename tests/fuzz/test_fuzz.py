"""A share of the fuzzers' cases with every run of the tests; `just fuzz` runs on for an hour."""

from __future__ import annotations

import pytest

from tests.fuzz.harness import Hangs, Lost, Totals, run_one
from tests.fuzz.targets import SMALL, TARGETS

CASES = 600
"""Of each target; a minute in all on two slow cores."""
FEWER = {
    "judged": 200,
    "tables-damaged": 100,
    "watch-state": 100,
    "nights": 100,
    "kept": 60,
    **dict.fromkeys(SMALL, 40),
}
"""A case of a small target is some hundred inputs."""


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("part", range(2))
def test_nothing_is_lost_hangs_or_crashes(name, part, tmp_path):
    totals, half = Totals(), FEWER.get(name, CASES) // 2
    for case in range(part * half, (part + 1) * half):
        run_one(name, TARGETS[name], case, tmp_path / "case", totals)
    assert totals.inputs >= half
    assert totals.inputs > totals.counts["refused"]  # one that refuses all of them tests nothing
    assert not totals.failed, f"python -m tests.fuzz --only {name} --case {totals.failed[0][0]}\n{totals.failed[0][1]}"


@pytest.mark.parametrize(
    ("error", "kind"), [(ValueError("x"), "crash"), (Lost("x"), "lost"), (Hangs(), "hang"), (KeyError(), "crash")]
)
def test_a_target_that_fails_is_counted(error, kind, tmp_path):
    def fails(draw, folder):
        (folder / "left").write_text("over")
        raise error

    totals = Totals()
    run_one("fails", fails, 7, tmp_path / "case", totals)
    assert (totals.counts, [case for case, _ in totals.failed]) == ({kind: 1}, [7])
    assert not list((tmp_path / "case").iterdir())


def test_what_takes_too_long_is_broken_off(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.fuzz.harness.LONGEST", 0.05)

    def hangs(draw, folder):
        while True:
            pass

    totals = Totals()
    run_one("hangs", hangs, 0, tmp_path / "case", totals)
    assert totals.counts == {"hang": 1}


def test_a_case_is_the_same_each_time(tmp_path):
    seen = []

    def looks(draw, folder):
        seen.append(draw.random())
        return "read"

    for _ in range(2):
        run_one("looks", looks, 3, tmp_path / "case", Totals())
    assert seen[0] == seen[1]
