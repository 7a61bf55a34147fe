from __future__ import annotations

import io
import json
import math
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runlens.sources.wandb_api.rows import arrow, lines
from runlens.sources.wandb_api.rows import table as t
from runlens.sources.wandb_api.rows.table import Table


def points(table: Table) -> dict[str, list[tuple[int, float, str]]]:
    """All points of a table, with values as text so that NaN equals NaN."""
    return {
        name: [
            (int(s), float(w), repr(float(v)))
            for s, w, v in zip(table.step[c.rows], table.time[c.rows], c.value, strict=True)
        ]
        for name, c in table.columns.items()
        if len(c.rows)
    }


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from(["NaN", "Infinity", "-Infinity", "text", "2024-01-01 00:00:00", "12", ""]),
    st.lists(st.integers(0, 3), max_size=2),
    st.sampled_from([{"_type": "histogram", "bins": [1, 2]}, {"a": 1.5, "b": {"c": None, "d": 2}}, {}]),
)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.dictionaries(st.sampled_from(["x", "y", "a.b", "n\u00e9 \u202e", "q"]), VALUES), min_size=1, max_size=12
    )
)
def test_arrow_and_json_read_the_same(rows: list[dict[str, object]]) -> None:
    said = [json.dumps({"_step": i, "_timestamp": 1e9 + i, **row}) for i, row in enumerate(rows)] * 1
    slow = lines._by_json(said)
    few, lines._FEW = lines._FEW, 0
    try:
        quick = lines.from_lines(said)
    finally:
        lines._FEW = few
    assert points(quick) == points(slow)
    np.testing.assert_array_equal(quick.step, slow.step)


def test_what_is_a_point_and_what_is_none() -> None:
    line = (
        '{"_step": 3, "_timestamp": 1.5, "nan": NaN, "inf": Infinity, "text_nan": "NaN", "minus": "-Infinity", '
        '"null": null, "flag": true, "word": "hello", "list": [1], "image": {"_type": "image-file", "width": 3}, '
        '"nest": {"a": 1, "b": {"c": 2}}, "huge": 1e400}'
    )
    found = {name: column.value[0] for name, column in lines.from_lines([line]).columns.items()}
    assert math.isnan(found.pop("nan"))
    assert math.isnan(found.pop("text_nan"))
    assert found == {"inf": math.inf, "minus": -math.inf, "flag": 1.0, "nest.a": 1.0, "nest.b.c": 2.0, "huge": math.inf}


def test_damaged_lines_lose_no_others() -> None:
    table = lines.from_lines(['{"_step": 0, "x": 1}', '{"_step": 1, "x"', '{"x": 5}', '{"_step": 2, "x": 3}', "7"])
    assert table.step.tolist() == [0, 2]
    assert table.columns["x"].value.tolist() == [1.0, 3.0]


def test_rows_that_repeat_are_one_and_rows_of_a_resumed_run_are_two() -> None:
    def rows(*given: tuple[int, float, float]) -> Table:
        return t.from_rows([{"_step": s, "_timestamp": w, "x": v} for s, w, v in given])

    first, second = rows((0, 10.0, 1.0), (1, 11.0, 2.0)), rows((1, 11.0, 2.0), (2, 12.0, 3.0))
    joined = t.joined([second, first])
    assert joined.step.tolist() == [0, 1, 2]
    assert joined.columns["x"].value.tolist() == [1.0, 2.0, 3.0]
    resumed = t.joined([joined, rows((1, 20.0, 9.0), (2, 21.0, 8.0))])
    assert resumed.step.tolist() == [0, 1, 2, 1, 2]
    assert resumed.columns["x"].value.tolist() == [1.0, 2.0, 3.0, 9.0, 8.0]


def test_columns_of_one_row_in_two_sources_are_united() -> None:
    one = t.from_rows([{"_step": 5, "_timestamp": 1.0, "x": 1.0}])
    two = t.from_rows([{"_step": 5, "_timestamp": 1.0 + 1e-8, "x": 2.0, "y": 3.0}])
    joined = t.joined([one, two])
    assert len(joined) == 1
    assert {n: c.value.tolist() for n, c in joined.columns.items()} == {"x": [1.0], "y": [3.0]}


def test_a_table_survives_parquet() -> None:
    rows = [{"_step": i, "_timestamp": 1e9 + i, "x": math.nan if i % 3 else 1.5} for i in range(20)]
    rows[4]["rare"] = 7.0
    table = t.from_rows(rows)
    sink = io.BytesIO()
    pq.write_table(arrow.to_arrow(table), sink)
    assert points(arrow.from_arrow(arrow.read_parquet(sink.getvalue()))) == points(table)


def test_exports_of_other_shapes() -> None:
    data = pa.table(
        {
            "_step": pa.array([0.0, 1.0, None]),
            "_timestamp": pa.array([1.0, None, 3.0]),
            "count": pa.array([1, None, 3], pa.int32()),
            "half": pa.array(np.array([1, 2, 3], np.float16)),
            "words": pa.array(["NaN", "x", None]),
            "nest": pa.array([{"a": 1.0}, {"a": None}, None]),
            "media": pa.array([{"_type": "image-file", "width": 3}] * 3),
            "list": pa.array([[1.0], [2.0], None]),
        }
    )
    table = arrow.from_arrow(data)
    assert table.step.tolist() == [0, 1]
    found = {n: (c.rows.tolist(), c.value.tolist()) for n, c in table.columns.items() if n != "words"}
    assert found == {"count": ([0], [1.0]), "half": ([0, 1], [1.0, 2.0]), "nest.a": ([0], [1.0])}
    assert math.isnan(table.columns["words"].value[0])


@pytest.mark.parametrize("rows", [[], [{"x": 1}], [{"_step": None}], [{"_step": "later"}]])
def test_nothing_to_read(rows: list[dict[str, object]]) -> None:
    assert len(t.from_rows(rows)) == 0
    assert len(t.joined([t.EMPTY, t.from_rows(rows)])) == 0


def test_neither_reading_nor_writing_imports_pandas() -> None:
    script = (
        "import io, sys, json, pyarrow.parquet as pq\n"
        "from runlens.sources.wandb_api.rows import arrow, lines, table as t\n"
        "a = lines.from_lines([json.dumps({'_step': i, 'x': 1.5, 'y': {'z': i}, 's': 'NaN'}) for i in range(200)])\n"
        "b = io.BytesIO(); pq.write_table(arrow.to_arrow(t.joined([a, a])), b)\n"
        "arrow.from_arrow(arrow.read_parquet(b.getvalue()))\n"
        "assert 'pandas' not in sys.modules and 'wandb' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True, timeout=60)


def test_what_is_read_may_be_written_to() -> None:
    table = t.from_rows([{"_step": i, "_timestamp": 1e9 + i, "x": 1.5} for i in range(20)])
    again = t.joined([arrow.from_arrow(arrow.read_parquet(arrow.write_parquet(arrow.to_arrow(table))))])
    for array in (again.step, again.time, again.columns["x"].value):
        assert array.flags.writeable
