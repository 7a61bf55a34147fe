"""The quality page: its summary says what its tables say."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.quality import HEADINGS, LIMITS
from benchmarks.quality_floors import FLOORS, Floor, number, shortfalls
from benchmarks.quality_summary import cell
from benchmarks.tables import table

PAGE = Path(__file__).parent.parent / "docs" / "quality.md"
TEXT = "\n".join(
    [
        table("First", [("4 %", "us", "0.9"), ("4 %", "them", "0.5")], ("drop", "rule", "found (95 %)")),
        table("Second of them", [("40 %", "us", "1.0"), ("4 %", "us", "0.8")], ("drop", "rule", "found")),
    ]
)


@pytest.mark.parametrize(
    ("title", "row", "column", "said"),
    [
        ("First", ("4 %", "them"), "found", "0.5"),
        ("Second", "4 %", "found", "0.8"),
        ("", ("4 %", "us"), "rule", "us"),
        ("Third", "4 %", "found", ""),
        ("First", "5 %", "found", ""),
        ("First", "4 %", "lost", ""),
    ],
)
def test_a_cell_is_found_by_title_row_and_column_or_not_at_all(title, row, column, said):
    assert cell(TEXT, title, row, column) == said


def test_the_page_ends_with_the_limits_that_are_written_when_it_is_made_again():
    assert PAGE.read_text("utf-8").endswith(LIMITS)


def test_the_page_has_every_family_and_a_summary_without_gaps():
    text = PAGE.read_text("utf-8")
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == [*HEADINGS.values(), "Known limits"]
    assert "not measured here" not in text


def sections():
    """The tables of the page by family."""
    text = PAGE.read_text("utf-8")
    return {family: text.split(f"## {heading}\n")[1].split("\n## ")[0] for family, heading in HEADINGS.items()}


def test_the_page_holds_all_floors_and_each_has_figures():
    assert shortfalls(sections()) == []
    assert {floor.family for floor in FLOORS} == set(HEADINGS)


@pytest.mark.parametrize("floor", FLOORS, ids=lambda floor: floor.name)
def test_a_floor_is_one_that_can_be_missed(floor):
    assert (floor.least is None) != (floor.most is None)
    gone = {family: text if family != floor.family else "" for family, text in sections().items()}
    assert any(sentence.startswith(f"{floor.name}: no figure") for sentence in shortfalls(gone))


@pytest.mark.parametrize(("said", "below"), [("0.9", 0), ("0.89", 1), ("", 1)])
def test_what_lies_below_its_floor_is_said(monkeypatch, said, below):
    monkeypatch.setattr("benchmarks.quality_floors.FLOORS", (Floor("loss", "First", "4 %", "found", least=0.9),))
    told = shortfalls({"loss": table("First", [("4 %", said)], ("drop", "found"))})
    assert len(told) == below


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("", None),
        ("-", None),
        ("0 of 0", None),
        ("19 of 20", 0.95),
        ("1.000 (0.9-1.0)", 1.0),
        ("94 % (87)", 94.0),
        ("1,095.0 (7)", 1095.0),
        ("1 in 10 runs", 0.1),
    ],
)
def test_the_figure_of_a_cell_is_its_first_number(said, value):
    assert number(said) == value


def test_continuous_integration_holds_the_floors():
    assert "\n.venv/bin/python -m benchmarks.quality --quick" in (PAGE.parents[1] / ".ci" / "run").read_text("utf-8")
