"""The page by the standard's own parser, and what browsers forgive but readers and screen readers do not."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from xml.etree.ElementTree import Element

import pytest
from tinyhtml5.parser import HTMLParser

from runlens.model import Chart, Report, Severity, Skip
from runlens.render import html
from runlens.render.many import beside
from runlens.render.many.rows import row
from tests.render.reports import HOSTILE, fixed, hostile

EMPTY = Report("0.1.0", "2025-11-24T01:15:00Z", "undecided", 3, ())
ONE = replace(fixed(), runs=fixed().runs[:1])


def parsed(page: str) -> tuple[Element, list[object]]:
    parser = HTMLParser(namespace_html_elements=False)
    return parser.parse(page), parser.errors


@pytest.fixture(scope="module", params=["many", "one", "none", *HOSTILE])
def tree(request: pytest.FixtureRequest) -> Element:
    reports = {"many": fixed(), "one": ONE, "none": EMPTY}
    report = reports.get(request.param) or hostile(HOSTILE[request.param])
    root, errors = parsed(html.render(report))
    assert errors == []
    return root


def attributes(root: Element, name: str) -> Iterator[str]:
    return (value for element in root.iter() if (value := element.get(name)) is not None)


def test_the_parser_finds_what_is_wrong() -> None:
    assert parsed("<!doctype html><p>a</b>")[1]
    assert parsed("<p>no doctype")[1]


def test_ids_are_unique_and_references_to_them_hold(tree: Element) -> None:
    ids = list(attributes(tree, "id"))
    assert len(set(ids)) == len(ids)
    named = [part for value in attributes(tree, "aria-labelledby") for part in value.split()]
    links = [href[1:] for href in attributes(tree, "href") if href.startswith("#")]
    assert set(named) | set(links) <= set(ids)


def test_nothing_is_fetched(tree: Element) -> None:
    assert not list(attributes(tree, "src"))
    away = {href for href in attributes(tree, "href") if not href.startswith("#")}
    assert away <= {"data:,", "https://wandb.example.com/entity/project/runs/exp8"}, "to read on, on a click"
    policy = next(m.get("content", "") for m in tree.iter("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy
    assert not any(re.search(r"url\(|@import", style.text or "") for style in tree.iter("style"))


def test_names_make_no_elements_and_no_handlers(tree: Element) -> None:
    assert len(list(tree.iter("script"))) == 1
    assert not list(tree.iter("img"))
    assert not any(name.startswith("on") for element in tree.iter() for name in element.attrib)


def test_headings_go_down_one_level_at_a_time(tree: Element) -> None:
    levels = [int(e.tag[1]) for e in tree.iter() if isinstance(e.tag, str) and re.fullmatch("h[1-6]", e.tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_tables_have_captions_and_figures_have_words(tree: Element) -> None:
    assert all(table.find("caption") is not None for table in tree.iter("table"))
    for figure in tree.iter("figure"):
        assert figure.find("figcaption") is not None
        drawing = next(e for e in figure if isinstance(e.tag, str) and e.tag.endswith("svg"))
        assert drawing.get("role") == "img" and drawing.get("aria-label")


def test_the_language_and_the_title_are_said() -> None:
    root, _ = parsed(html.render(ONE))
    assert root.get("lang") == "en"
    assert next(root.iter("title")).text == "RunLens: fail, exp7/lr-3e-3"


def test_a_chart_without_a_finite_value_says_so_and_what_fails_is_said_in_words() -> None:
    run = replace(fixed().runs[1], charts=(Chart("train_loss", "loss", "nats", (1, 2), (math.nan, math.nan)),))
    page = html.render(replace(ONE, runs=(run,)))
    assert "Loss (nats): no finite value" in page
    assert "a run fails on an error." in page


def several(count: int) -> Report:
    """So many runs of one log, of which the first has a warning and the second a note."""
    clean = fixed().runs[1]
    runs = [replace(clean, run=f"r{i}", name=f"r{i}", config={"lr": i % 2, "same": 1}) for i in range(count)]
    spike = fixed().runs[0].findings[2]
    for at, severity in ((0, Severity.WARNING), (1, Severity.INFO)):
        runs[at] = replace(runs[at], findings=(replace(spike, severity=severity, incident=None),))
    return replace(fixed(), runs=tuple(runs), notes=())


def texts(root: Element) -> list[str]:
    return ["".join(element.itertext()) for element in root.iter("details")]


def test_the_notes_of_a_run_that_needs_no_look_can_be_unfolded_in_the_table() -> None:
    root, errors = parsed(html.render(several(3)))
    assert errors == []
    notes = [text for text in texts(root) if text.startswith("1 note")]
    assert len(notes) == 1 and fixed().runs[0].findings[2].message in notes[0]


def test_what_no_run_was_checked_for_is_said_once_and_each_run_says_what_is_its_own() -> None:
    report = several(3)
    own = Skip("EVAL003", "of this run alone", "other")
    runs = (replace(report.runs[0], skips=(*report.runs[0].skips, own)), *report.runs[1:])
    root, _ = parsed(html.render(replace(report, runs=runs)))
    tables = [
        "".join(t.itertext())
        for t in root.iter("table")
        if "".join(t.find("caption").itertext()) == "Not checked"  # type: ignore[union-attr]
    ]
    assert len(tables) == 2, "the run's own, and that of all"
    assert "of this run alone" in tables[0] and "HW001" not in tables[0]
    assert "HW001" in tables[1] and "EVAL003 (1 of 3)" in tables[1]


@pytest.mark.parametrize(("count", "columns"), [(2, 2), (3, 3), (61, 60)])
def test_any_two_of_many_runs_can_be_put_side_by_side(count: int, columns: int) -> None:
    root, errors = parsed(html.render(several(count)))
    assert errors == []
    found = [e for e in root.iter("div") if e.get("class") == "column"]
    assert len(found) == columns
    rows = [["".join(th.itertext()) for th in column.iter("th")] for column in found]
    assert all(row == rows[0] for row in rows), "the same lines in the same order"
    assert rows[0][-1] == "lr" and "same" not in rows[0]
    assert [e.get("data-open") is not None for e in found] == [count == 2] * columns
    assert not [e for e in parsed(html.render(ONE))[0].iter("div") if e.get("class") == "column"]


def test_columns_hold_few_points_and_the_extremes_among_them() -> None:
    values = [2.0] * 5000
    values[1234], values[4000] = 9.0, math.nan
    chart = Chart("train_loss", "loss", "nats", tuple(range(5000)), tuple(values))
    first, _ = beside.columns([row(replace(r, charts=(chart,))) for r in several(2).runs])
    (curve,) = first.curves
    assert len(curve["x"]) == len(curve["y"]) <= beside.POINTS and max(curve["y"]) == 9.0  # type: ignore[arg-type, type-var]
    assert (curve["title"], curve["log"], curve["end"]) == ("Loss", True, "2")


def test_a_page_of_very_many_runs_says_first_which_are_alike() -> None:
    bad, good = fixed().runs[0], fixed().runs[1]
    runs = tuple(replace(bad, run=f"b{i}") for i in range(7)) + tuple(replace(good, run=f"g{i}") for i in range(40))
    page = html.render(replace(fixed(), runs=runs))
    (said,) = re.findall(r'<ul class="alike">(.*?)</ul>', page, re.DOTALL)
    assert said.count("<li>") == 1 and "7 runs alike, such as" in said and "b0" in said
    assert 'class="alike"' not in html.render(replace(fixed(), runs=runs[:20]))
