"""The table of delays: what it measures is what happens."""

import re
from pathlib import Path

import pytest

from benchmarks.watch_delays import FAULTS, LOOKS, delay, delays


@pytest.mark.parametrize("fault", [f for f in FAULTS if "TPUT" not in f.code], ids=lambda f: f.what)
def test_every_fault_is_found_soon_and_not_before(fault):
    found, before = delay(fault, 300, seed=1)
    assert found is not None and found <= 60 and not before


def test_the_page_has_a_row_for_each_fault():
    page = (Path(__file__).parents[2] / "docs" / "watching.md").read_text(encoding="utf-8")
    assert [fault.what for fault in FAULTS if f"| {fault.code} | {fault.what} | " not in page] == []


def test_looks_lie_farther_apart_the_later():
    assert LOOKS[0] == 1 and LOOKS[-1] == 2000 and len(LOOKS) < 45


def test_a_healthy_run_that_is_alarmed_about_is_counted(monkeypatch):
    monkeypatch.setattr("benchmarks.watch_delays._found", lambda *_: True)
    assert delay(FAULTS[0], 50, seed=0) == (None, True)


def test_what_is_never_found_is_said(monkeypatch):
    monkeypatch.setattr("benchmarks.watch_delays._found", lambda *_: False)
    text = delays([50], seeds=2)
    assert len(re.findall(r"–, 2 missed", text)) == len(FAULTS) and "0 found before" in text
