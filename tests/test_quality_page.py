"""The quality page: its summary says what its tables say."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.quality import HEADINGS
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


def test_the_page_has_every_family_and_a_summary_without_gaps():
    text = PAGE.read_text("utf-8")
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == [*HEADINGS.values(), "Known limits"]
    assert "not measured here" not in text
