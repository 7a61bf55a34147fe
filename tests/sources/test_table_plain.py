"""Lines of numbers that are taken all at once give what they give one by one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runlens.sources.table import appended
from runlens.sources.table.appended import may_be
from runlens.sources.table.forms import delimited
from runlens.sources.table.forms.plain import all_numbers, full_numbers, never_falls
from runlens.sources.table.reading import read_file

CELLS = st.sampled_from(["1", "2.5", "-3e-4", "", ".5", "1e5", "nan", "1_000", "x", " 7", "+", "1e400", "step", '"4"'])
ROWS = st.lists(st.lists(CELLS, min_size=2, max_size=4), min_size=3, max_size=12)


def told(path):
    """All that a table holds, for comparison."""
    read = read_file(path)
    held = read.columns
    joined = {name: [list(map(repr, part.tolist())) for part in held.joined(name)] for name in held.parts}
    return joined, held.rows, held.odd, held.short, held.labels, read.notes


@given(ROWS, st.sampled_from(",;\t|"), st.booleans())
@settings(max_examples=200, deadline=None)
def test_rows_are_the_same(tmp_path_factory, rows, sign, torn):
    path = tmp_path_factory.mktemp("t") / "log.csv"
    head = ["step,loss,lr", *(f"{i},{2 - i / 10},0.1" for i in range(8))]
    lines = [line.replace(",", sign) for line in head] + [sign.join(row) for row in rows]
    path.write_text("\n".join(lines) + "\n" * (not torn))
    found = told(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "add_numbers", lambda *_: False)
        assert found == told(path)
        patch.setattr(delimited, "all_numbers", lambda *_: [])
        assert found == told(path)


def test_plain_lines_are_taken():
    assert all_numbers(["1,2.5", "2,-3e-4"], ["step", "loss"], ",") == [["1", "2.5"], ["2", "-3e-4"]]
    assert all_numbers(["1,,3"], ["step", "loss", "lr"], ",") == [["1", "", "3"]]


def test_lines_without_an_empty_cell_are_parsed_at_once():
    assert full_numbers(["1,2.5", "2,-3e-4"], ["step", "loss"], ",").tolist() == [[1.0, 2.0], [2.5, -3e-4]]
    assert full_numbers(["1,1e400", "+2,.1"], ["step", "loss"], ",").tolist() == [[1.0, 2.0], [float("inf"), 0.1]]
    assert full_numbers(["1,,3"], ["step", "loss", "lr"], ",") is None
    assert full_numbers(["1,2", "", "2,3"], ["step", "loss"], ",") is None


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20), st.booleans())
@settings(max_examples=200, deadline=None)
def test_they_are_the_numbers_of_float(values, rounded):
    texts = [f"{value:.6g}" if rounded else repr(value) for value in values]
    (found,) = full_numbers(texts, ["loss"], ",")
    assert found.tolist() == list(map(float, texts))


STEPS = st.lists(st.sampled_from(["1", "2", "2", "3", "10", "-4", ".5", "nan", "", "x", '"7"', " 8"]), max_size=9)


@given(STEPS, st.sampled_from(",;\t|"), st.sampled_from(["\n", "\r\n"]), st.integers(0, 2))
@settings(max_examples=300, deadline=None)
def test_the_quick_look_for_falls_decides_nothing_else(tmp_path_factory, steps, sign, end, place):
    path = tmp_path_factory.mktemp("t") / "log.csv"
    names = ["loss", "lr"]
    names.insert(place, "step")
    rows = [["1", "0.5"] for _ in steps]
    for row, step in zip(rows, steps, strict=True):
        row.insert(place, step)
    path.write_bytes((end.join(map(sign.join, [names, *rows])) + end).encode())
    found = may_be(path, names)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(appended, "never_falls", lambda *_: False)
        assert found == may_be(path, names)


def test_a_column_that_never_falls_is_known():
    assert never_falls(b"step,loss\n1,2\n1,3\n4,1\n", ["step", "loss"], "step")
    assert not never_falls(b"step,loss\n1,2\n1,3\n4,1\n", ["step", "loss"], "loss")
    assert not never_falls(b"step,loss\n1,2\nnan,3\n4,1\n", ["step", "loss"], "step")
    assert not never_falls(b"step,loss\n", ["step", "loss"], "step")


@pytest.mark.parametrize(
    ("lines", "names", "sign"),
    [
        (["1,2", "2,x"], ["step", "loss"], ","),
        (["1,2", "2"], ["step", "loss"], ","),
        (["1,2", "2,"], ["step", "loss"], ","),  # no number at its end: it may be a row that ends early
        (["1,2", "2,3"], ["1", "2"], ","),  # a line could be the head again
        (["1 2", "2 3"], ["step", "loss"], " "),
        (["1,2"], [], ","),
        ([], ["step"], ","),
        (["1,+"], ["step", "loss"], ","),
    ],
)
def test_other_lines_are_not(lines, names, sign):
    assert all_numbers(lines, names, sign) == []
    assert full_numbers(lines, names, sign) is None
