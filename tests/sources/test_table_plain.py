"""Lines of numbers that are taken all at once give what they give one by one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runlens.sources.table.forms import delimited
from runlens.sources.table.forms.plain import all_numbers
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
        patch.setattr(delimited, "all_numbers", lambda *_: [])
        assert found == told(path)


def test_plain_lines_are_taken():
    assert all_numbers(["1,2.5", "2,-3e-4"], ["step", "loss"], ",") == [["1", "2.5"], ["2", "-3e-4"]]
    assert all_numbers(["1,,3"], ["step", "loss", "lr"], ",") == [["1", "", "3"]]


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
