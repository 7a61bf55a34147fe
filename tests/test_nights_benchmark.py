"""The simulation of a gate over nights, on a small part of it: its floors hold, and its parts do what they say."""

from __future__ import annotations

from benchmarks import nights
from benchmarks.quality_floors import FLOORS, shortfalls
from runlens.model.twin import Twin
from tests.synthetic.nights import Night


def test_the_floors_hold_on_a_small_part(monkeypatch):
    monkeypatch.setattr("benchmarks.quality_floors.FLOORS", tuple(f for f in FLOORS if f.family == "nights"))
    text = nights.report(quick=True)
    assert shortfalls({"nights": text}) == []
    assert text.count("\n**") == 4 and "| all |" in text


def test_each_fault_changes_its_night():
    assert len(nights.FAULTS) == 20
    assert all(plant(Night(3)) != Night(3) for plant in nights.FAULTS.values())


def test_a_slower_night_is_slower_and_longer_and_a_worse_one_is_worse():
    twin: Twin = nights.lives([1], 0.003, 1)[0][0]
    slow, bad = nights.slower(twin, 0.1), nights.worse(twin, 0.1)
    assert slow.quantities["speed"].value == 0.9 * twin.quantities["speed"].value
    assert slow.quantities["duration"].value > twin.quantities["duration"].value
    assert (bad.curves["train_loss"].value > 1.09 * twin.curves["train_loss"].value).all()
