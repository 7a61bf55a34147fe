from __future__ import annotations

import json
import math
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runlens.sources.wandb_file.counts import counts
from runlens.sources.wandb_file.framing import PAD
from runlens.sources.wandb_file.rows import HISTORY_ITEM, STATS_ITEM, Keys, read_rows
from runlens.sources.wandb_file.slow import number_of, slow_counts, slow_row
from tests.sources.wandb_writer import count, field, item, varint

NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.integers().map(str),
    st.sampled_from(["0", "-0", "1e5", "1E-7", "-1.5e+300", "1e400", "123456789012345678901234567890", "5e-324"]),
)
WORDS = st.sampled_from(
    ["NaN", "Infinity", "-Infinity", "true", "false", "null", '"NaN"', '"Infinity"', '"-Infinity"', '"nan"', '""', ""]
)
OTHERS = st.one_of(
    st.text(max_size=30).map(json.dumps),
    st.lists(st.integers(), max_size=3).map(json.dumps),
    st.just('{"_type": "image-file", "path": "media/images/x.png", "size": 123}'),
    st.sampled_from(['{"a": 1, "b": {"c": NaN, "d": "x"}}', "{}", "{", '{"x": {"_type": "histogram"}, "y": true}']),
    st.sampled_from(
        [
            "1-2",
            "1.5.2",
            "0x10",
            "1_0",
            "1 2",
            "-",
            "-x",
            "1e",
            "--1",
            "1.",
            "01",
            " 1",
            "1 ",
            "\n2.5\t",
            " NaN ",
            ' {"a": 1} ',
            "1,2",
            ".",
        ]
    ),
)
NAMES = st.one_of(st.sampled_from(["loss", "_step", "_timestamp", "_runtime", "train/loss", "é"]), st.text(max_size=9))


BEYOND = b"\x0a" + b"\xff" * 8 + b"\x7f"
"""An item of 2**63 - 1 bytes: its end is beyond 64 bits."""


@st.composite
def items(draw, number):
    keys = draw(st.lists(NAMES, min_size=1, max_size=3))
    return item(
        number, keys if draw(st.booleans()) else keys[:1], draw(st.one_of(NUMBERS, WORDS, OTHERS)), draw(st.booleans())
    )


@st.composite
def odd_items(draw, number):
    """Items in forms that the side-by-side parser does not know: typed values, no value, value first, other fields."""
    key = field(2, draw(NAMES).encode())
    value = field(16, draw(NUMBERS).encode())
    typed = [
        count(4, draw(st.integers(0, 1))),
        count(5, draw(st.integers(0, 1 << 40))),
        varint(6 << 3 | 1) + struct.pack("<d", draw(st.floats())),
    ]
    form = draw(
        st.sampled_from(
            [
                key,
                value,
                value + key,
                key + value + key,
                *(key + t for t in typed),
                b"",
                b"\xff" * 12,
                key + BEYOND,
                BEYOND,
            ]
        )
    )
    return field(number, form)


@st.composite
def rows(draw, number):
    parts = draw(st.lists(st.one_of(items(number), items(number), items(number), odd_items(number)), max_size=6))
    if draw(st.booleans()):
        place = draw(st.sampled_from([b"", count(1, 7), count(1, 1 << 40), count(1, -3), count(1, 2) + count(2, 3)]))
        parts.insert(draw(st.integers(0, len(parts))), field(2, place))
    if draw(st.integers(0, 9)) == 0:
        parts.append(draw(st.sampled_from([field(200, b"info"), count(9, 9), b"\x0a\x7f", BEYOND, b"\x00", b"\x1a"])))
    return b"".join(parts)


def slowly(messages, number):
    out = []
    for message in messages:
        try:
            found, _, place = slow_row(message, number)
        except ValueError:
            out.append(None)
            continue
        kept = [(k, v) for k, v in found if k in ("_step", "_timestamp") or not k.startswith("_")]
        out.append((sorted(kept, key=repr), (0, 0) if place is None else slow_counts(place), place is None))
    return out


def side_by_side(messages, number, quick):
    raw = b"??" + b"".join(messages) + PAD
    stop = 2 + np.cumsum([len(m) for m in messages], dtype=np.int64)
    start = stop - np.array([len(m) for m in messages], dtype=np.int64)
    keys = Keys()
    values = read_rows(raw, start, stop, number, keys, quick)
    places = counts(raw, values.place)
    out = []
    for i in range(len(messages)):
        mine = values.row == i
        found = [
            (keys.names[k], v) for k, v in zip(values.key[mine].tolist(), values.value[mine].tolist(), strict=True)
        ]
        out.append((sorted(found, key=repr), tuple(places[i].tolist()), bool(values.place[i, 0] < 0)))
    assert np.all(np.diff(values.row) >= 0)
    return out, values.bad


@pytest.mark.parametrize("quick", [False, True])
@settings(max_examples=250, deadline=None)
@given(data=st.data(), number=st.sampled_from([HISTORY_ITEM, STATS_ITEM]))
def test_many_rows_side_by_side_are_what_each_is_alone(quick, data, number):
    messages = data.draw(st.lists(rows(number), min_size=1, max_size=8))
    expected = slowly(messages, number)
    found, bad = side_by_side(messages, number, quick)
    assert bad == expected.count(None)
    for mine, theirs in zip(found, expected, strict=True):
        assert repr(mine) == repr(theirs if theirs is not None else ([], (0, 0), True))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1.0),
        ("-2.5e-3", -0.0025),
        ("true", 1.0),
        ("false", 0.0),
        ("Infinity", math.inf),
        ('"-Infinity"', -math.inf),
    ],
)
def test_what_counts_as_a_number(text, value):
    assert number_of(text.encode()) == value


@pytest.mark.parametrize("text", ["NaN", '"NaN"'])
def test_nan_is_a_number(text):
    assert math.isnan(number_of(text.encode()))


@pytest.mark.parametrize(
    "text", ["null", '"x"', "[1]", "{}", '"1"', "", "nan", "1-2", "[NaN]", '{"_type":"image-file"}']
)
def test_what_counts_as_none(text):
    assert number_of(text.encode()) is None


def test_nested_dicts_of_older_clients_are_taken_apart_and_media_are_passed_over():
    nested = item(HISTORY_ITEM, ["train"], '{"loss": 1.5, "acc": {"top1": 0.5}, "img": {"_type": "image-file"}}', False)
    media = item(HISTORY_ITEM, ["hist"], '{"_type":"histogram","values":[1]}', False)
    found, _ = side_by_side([nested, media], HISTORY_ITEM, False)
    assert [mine[0] for mine in found] == [[("train.acc.top1", 0.5), ("train.loss", 1.5)], []]


def test_numbers_are_rounded_as_python_rounds_them():
    rng = np.random.default_rng(0)
    texts = [repr(x) for x in (rng.standard_normal(2000) * 10.0 ** rng.integers(-300, 300, 2000)).tolist()]
    texts += [f"{x:.25e}" for x in rng.standard_normal(500)]
    message = b"".join(item(1, f"k{i}", t) for i, t in enumerate(texts))
    for quick in (False, True):
        values = read_rows(message + PAD, np.array([0]), np.array([len(message)]), 1, Keys(), quick)
        assert values.value.tolist() == [float(t) for t in texts]
