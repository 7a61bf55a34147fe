"""Numbers in lines, found in columns, are those that a plain reader finds one by one."""

from __future__ import annotations

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from runlens.sources.text.tokens import tokens


def found(line: str) -> list[tuple[str, float]]:
    taken = tokens(line.encode() + b"\n")
    assert taken.line.tolist() == [0, len(line.encode()) + 1]
    return [
        (taken.text[a:b].decode(), v)
        for a, b, v in zip(taken.start.tolist(), taken.end.tolist(), taken.value.tolist(), strict=True)
    ]


def texts(line: str) -> list[str]:
    return [text for text, _ in found(line)]


def test_numbers_of_all_forms():
    assert texts("a 1 2.5 -3 +4 5e-4 -6.E+2 .5 1.e-05") == ["1", "2.5", "-3", "+4", "5e-4", "-6.E+2", ".5", "1.e-05"]
    assert texts("x=nan y=-inf z: Infinity w: NAN") == ["nan", "-inf", "Infinity", "NAN"]
    np.testing.assert_array_equal([v for _, v in found("nan -inf 1e3 .25")], [np.nan, -np.inf, 1000.0, 0.25])


def test_a_word_that_only_begins_like_infinity_is_none():
    """`Infin ty` was taken for a number of eight letters, and the whole log could not be read."""
    for odd in ("Infin ty", "Infin%ty", "Infin1ty", "infinixy", "inf nity"):
        assert [text for text in texts(f"loss: {odd} 7") if text not in ("inf", "1")] == ["7"], odd
    assert texts("infinity INFINITY Infinity, -infinity") == ["infinity", "INFINITY", "Infinity", "-infinity"]


def test_what_is_no_number_after_all_is_marked():
    taken = tokens(b"1.2.3 4 1e5.2 nan 6e7e8\n")
    assert taken.malformed.tolist() == [True, False, True, False, True]


def test_digits_of_names_are_no_numbers():
    assert texts("acc@5: 0.7 top1=0.5 layer_12/norm 3 layers.0.w: 4 mAP50-95: 0.3 loss/3: 2") == [
        "0.7",
        "0.5",
        "3",
        "4",
        "0.3",
        "2",
    ]
    assert texts("nanotron info infinite 7 information") == ["7"]


def test_numbers_that_meet():
    assert texts("2024-05-01T12:00:00,123 1-50batch 10/200 4h3m 40.00%") == [
        *("2024", "05", "01", "12", "00", "00", "123"), *("1", "50"), *("10", "200"), "4", "40.00",
    ]  # fmt: skip
    np.testing.assert_array_equal([v for _, v in found("version 1.2.3 ip 10.0.0.1 5")], [np.nan, np.nan, 5.0])


def test_lines_that_differ_in_numbers_alone_have_one_shape():
    bars = ("step 1: loss 2.5, 10%|#   | [=>..]", "step 999: loss nan, 70%|#####  | [===>]", "step 1: lose 2.5, 1%|")
    shape = tokens("\n".join([*bars, "---", "", ""]).encode()).shape
    assert shape[0] == shape[1] != shape[2]
    assert shape[3] == shape[4] == 0, "a rule and a blank line say nothing"


def test_nothing_and_one_line():
    assert len(tokens(b"").shape) == 0
    assert len(tokens(b"\n").shape) == 1


@given(st.lists(st.floats(width=32) | st.integers(-(10**9), 10**9), min_size=1, max_size=8))
def test_every_number_that_python_prints_is_read_back(values):
    line = ", ".join(f"m: {v!r}" for v in values)
    np.testing.assert_array_equal([v for _, v in found(line)], np.array(values, dtype=np.float64))


@given(st.text(st.sampled_from("ab1 23.:=,-+eE/%|[]()_\tnaif"), max_size=60))
def test_any_text_is_taken_apart_as_a_plain_reader_would(line):
    for text, value in found(line):
        assert re.fullmatch(r"[-+]?(\d[\d.eE+-]*|\.\d[\d.eE+-]*|nan|inf(inity)?)", text, re.IGNORECASE), text
        try:
            np.testing.assert_equal(value, float(text))
        except ValueError:
            assert np.isnan(value)
