from __future__ import annotations

import json
import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runlens.sources.wandb_api import exports
from runlens.sources.wandb_api.rows import body, lines
from runlens.sources.wandb_api.rows.table import Table, joined
from tests.sources.test_wandb_api_table import VALUES, points

COMPACT = {"separators": (",", ":")}


def answer(said: list[str], **how: object) -> bytes:
    return json.dumps({"data": {"project": {"internalId": "1", "run": {"history": said}}}}, **how).encode()  # type: ignore[arg-type]


def read(sent: bytes) -> tuple[Table, int]:
    """The page, by the way of its bytes; that way must have been taken."""
    found = body.loads(sent)["data"]["project"]["run"]["history"]
    assert isinstance(found, body.Lines)
    return found.table()


def same(quick: Table, slow: Table) -> None:
    assert {k: repr(v) for k, v in points(quick).items()} == {k: repr(v) for k, v in points(slow).items()}
    np.testing.assert_array_equal(quick.step, slow.step)
    np.testing.assert_array_equal(quick.time, slow.time)


@settings(deadline=None, max_examples=150)
@given(
    st.lists(
        st.dictionaries(st.sampled_from(["x", "y", "a.b", "n\u00e9 \u202e", "q q", "", 'q"', "history"]), VALUES),
        min_size=1,
        max_size=12,
    ),
    st.booleans(),
    st.booleans(),
    st.sampled_from([1, 64, 1 << 20]),
    st.randoms(use_true_random=False),
)
def test_bytes_and_lines_read_the_same(
    rows: list[dict[str, object]], compact: bool, plain: bool, part: int, shuffle: random.Random
) -> None:
    said = []
    for i, row in enumerate(rows):
        items = list({"_step": i, "_timestamp": 1e9 + i, **row}.items())
        shuffle.shuffle(items)
        said.append(json.dumps(dict(items), ensure_ascii=not plain, **(COMPACT if compact else {})))  # type: ignore[arg-type]
    sent = answer(said, **(COMPACT if compact else {}), ensure_ascii=not plain)
    old = body._FEW, body._PART
    body._FEW, body._PART = 0, part
    try:
        if len(said) > 1:
            quick, count = read(sent)
        else:
            quick, count = body.Lines(memoryview(json.dumps(said[0]).encode())).table()
    finally:
        body._FEW, body._PART = old
    assert count == len(said)
    same(joined([quick]), joined([lines._by_json(said)]))


def flat(many: int) -> list[str]:
    rows = [{"_step": i, "_timestamp": 1e9 + i, "_runtime": i * 0.5, "loss": 1 / (i + 1), "n": i} for i in range(many)]
    for row in rows[::7]:
        row["loss"], row["eval"] = math.nan, -math.inf
    return [json.dumps(row) for row in rows]


def test_flat_rows_are_read_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    said = flat(500)
    slow = lines.from_lines(said)
    monkeypatch.setattr(body, "from_lines", None)
    quick, count = read(answer(said))
    assert count == 500
    same(quick, slow)


def test_rows_of_another_form_cost_no_more_than_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    said = flat(500)
    said[3] = '{"_step": 3, "_timestamp": 2.5, "hist": {"_type": "histogram", "bins": [1, 2]}, "loss": 4.5, "n": [7]}'
    said[9] = '{"_step": 9, "loss": {"a": 1, "b": 2}}'
    said[11] = "{}"
    said[13] = ""
    said[15] = '{ "_step": 15, "loss": "NaN", "word": "text", "flag": true, "none": null }'
    seen: list[str] = []
    slow = joined([lines.from_lines(said)])

    def counted(some: list[str]) -> Table:
        seen.extend(some)
        return lines.from_lines(some)

    monkeypatch.setattr(body, "from_lines", counted)
    quick, count = read(answer(said))
    assert (count, len(seen)) == (500, 5)
    same(quick, slow)


@pytest.mark.parametrize(
    "line",
    [
        '{"_step": 1.0, "x": 2}',
        '{"_step": "7", "x": 2}',
        '{"_step": null, "x": 2}',
        '{"x": 2}',
        '{"_step": 7, "x": 1, "x": 2}',
        '{"_step": 7, "x": 1e999}',
        '{"_step": 7, "x": 1' + "0" * 400 + "}",
        '{"_step": 7, "x": 9007199254740993}',
        '{"_step": 7, "x": -0.0, "y": 1E+5, "z": 5e-324}',
        '{"_step": 7, "x": "a\\"b", "y": 3}',
        '{"_step": 7, "x": "\\\\", "y": 3}',
        '{"_step": 7, "x": "\\u003cb\\u003e", "y": 3}',
        '{"_step": 7, "x": "{\\": 1,", "y": 3}',
        '{"_step": 7, "x": "a, b: {c}", "y": 3}',
        '{"_step": 7, "x"',
        '{"_step": 7, "x": }',
        '{"_step": 7, "x": 1}}',
        '{"_step": 7, "x": 1,}',
        '{"_step": 7, "x": 1 "y": 2}',
        '{"_step": 7, "x": --1}',
        '"_step": 7',
        "[1, 2]",
        "7",
        '", "',
        '", ',
    ],
)
def test_lines_of_every_form_read_the_same(line: str) -> None:
    said = [*flat(120)[:60], line, *flat(120)[60:]]
    quick, count = read(answer(said))
    assert count == 121
    same(joined([quick]), joined([lines._by_json(said)]))


@pytest.mark.parametrize(
    "sent",
    [
        b'{"errors": [{"message": "no"}], "data": null}',
        b'{"data": {"project": {"run": {"history": []}}}}',
        b'{"data": {"project": {"run": null}}}',
        b'{"data": {"project": {"run": {"history": null}}}, "extensions": {"history": ["a", "b"]}}',
        b'{"data": {"other": {"run": {"history": ["{}", "{}"]}}}}',
        b'{"data": {"project": {"run": {"history": ["{}", 7]}}}}',
        b'{"history": ["a", "b"], "data": {"project": {"run": {"history": ["{}"]}}}}',
    ],
)
def test_answers_without_a_page_are_plain_json(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "_FEW", 0)
    assert body.loads(sent) == json.loads(sent)


def test_errors_beside_a_page_are_kept() -> None:
    sent = answer(flat(100))[:-1] + b', "errors": [{"message": "half of it"}]}'
    found = body.loads(sent)
    assert found["errors"] == [{"message": "half of it"}]


def test_what_is_no_json_is_said() -> None:
    for sent in (b"<html>", answer(flat(100))[:-1], answer(flat(100))[:-4], b'{"history": [' + b" " * 5000):
        with pytest.raises(ValueError, match=r"Expecting|Unterminated|Extra"):
            body.loads(sent)


@pytest.mark.parametrize("how", [{}, COMPACT])
@pytest.mark.parametrize("rows", [[{"_step": i} for i in range(2_000)], [{"_step": 1}], [], [{"_step": "7"}] * 900])
def test_live_steps(rows: list[object], how: dict[str, object]) -> None:
    said = {"parquetHistory": {"parquetUrls": ["http://h/a[1].parquet"], "liveData": rows}}
    sent = json.dumps({"data": {"project": {"run": said}}}, **how).encode()  # type: ignore[arg-type]
    live = exports.loads(sent)["data"]["project"]["run"]["parquetHistory"]["liveData"]
    assert isinstance(live, np.ndarray) == (len(rows) == 2_000)
    assert [*live] == rows or live.tolist() == list(range(2_000))
