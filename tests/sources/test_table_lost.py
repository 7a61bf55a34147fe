"""Every row and cell of a table is used or counted."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from runlens.errors import ReadError
from runlens.sources import table
from tests.sources.tables import read, values


def test_a_stray_quote_swallows_nothing(tmp_path):
    text = "step,loss,note\n" + "".join(f"{i},{i}.5,{chr(34) if i == 20 else ''}ok\n" for i in range(100))
    run = read(tmp_path, "a.csv", text)
    assert values(run) == [i + 0.5 for i in range(100)]


def test_a_stray_quote_before_a_number(tmp_path):
    text = "step,loss,note\n" + "".join(f"{i},{chr(34) if i == 20 else ''}{i}.5,ok\n" for i in range(100))
    assert values(read(tmp_path, "a.csv", text)) == [i + 0.5 for i in range(100)]


def test_a_cell_of_several_lines_is_one(tmp_path):
    text = 'step,loss,note\n1,2.5,"two\nlines, one comma"\n2,2.25,ok\n'
    assert values(read(tmp_path, "a.csv", text)) == [2.5, 2.25]


def test_rows_that_end_early_are_told(tmp_path):
    text = "step,lr,loss\n" + "".join(f"{i},0.1\n" if i % 2 else f"{i},0.1,2.5\n" for i in range(100))
    run = read(tmp_path, "a.csv", text)
    assert [(n.series, n.share, n.records) for n in run.notes] == [("loss", 0.5, 50)]
    assert "50 cells of 'loss'" in run.notes[0].message and "missing from rows that end early" in run.notes[0].message


@pytest.mark.parametrize("other", [";", "\t", "|", "  "])
def test_a_delimiter_that_changes_is_followed(tmp_path, other):
    text = "step,loss\n" + "".join(f"{i},{i}.5\n" if i < 50 else f"{i}{other}{i}.5\n" for i in range(100))
    run = read(tmp_path, "a.csv", text)
    assert (values(run), run.notes) == ([i + 0.5 for i in range(100)], ())


def test_a_head_that_changes_is_followed(tmp_path):
    run = read(tmp_path, "a.csv", "step,loss\n1,2.5\nstep,lr,loss\n2,0.1,2.25\n3,0.1,2.125\n")
    assert (values(run), values(run, "lr"), run.notes) == ([2.5, 2.25, 2.125], [0.1, 0.1], ())


@pytest.mark.parametrize(
    ("loss", "number"),
    [("8,019", 8.019), ("0,125", 0.125), ("1.234,5", 1234.5), ("-2,5", -2.5), ("2,5e-3", 0.0025), ("7", 7.0)],
)
def test_decimal_commas(tmp_path, loss, number):
    run = read(tmp_path, "a.tsv", f"step\tloss\n0\t7,952\n1\t{loss}\n2\t0,5\n")
    assert values(run)[1] == number


def test_commas_that_all_may_set_thousands_apart_are_decimal_in_a_loss(tmp_path):
    run = read(tmp_path, "a.tsv", "step\tloss\n" + "".join(f"{i}\t{8 - i},019\n" for i in range(5)))
    assert values(run) == [8.019, 7.019, 6.019, 5.019, 4.019]


def test_commas_that_set_thousands_apart_stay_so(tmp_path):
    text = "step\ttokens\tloss\n" + "".join(f"{1000 * i:,}\t{2048 * i:,}\t2.5\n" for i in range(1, 5))
    run = read(tmp_path, "a.tsv", text)
    assert run.series["tokens"].value.tolist() == [2048.0 * i for i in range(1, 5)]
    assert run.series["loss"].step.tolist() == [1000 * i for i in range(1, 5)]


def test_a_tail_of_zeros_is_told(tmp_path):
    text = "step,loss\n" + "".join(f"{i},{i}.5\n" for i in range(100)) + "100," + "\0" * 4096
    run = read(tmp_path, "a.csv", text)
    (note,) = run.notes
    assert (note.kind, note.bytes_unread) == ("damaged", 4096)
    assert values(run) == [i + 0.5 for i in range(100)]


def test_a_hole_of_zeros_in_json_lines_is_told(tmp_path):
    rows = [json.dumps({"step": i, "loss": 2.5}) for i in range(100)]
    rows[50] = rows[50][:8] + "\0" * 512
    run = read(tmp_path, "a.jsonl", "\n".join(rows) + "\n")
    assert {(n.kind, n.records, n.bytes_unread) for n in run.notes} == {("damaged", 1, 9), ("damaged", 0, 512)}


@pytest.mark.parametrize("cell", ["[1", "tensor([1, 2])", "(1 2)"])
def test_several_numbers_in_a_cell_or_a_torn_one_are_none(tmp_path, cell):
    run = read(tmp_path, "a.tsv", "step\tloss\n" + "".join(f"{i}\t{cell if i == 7 else 2.5}\n" for i in range(20)))
    assert [(n.series, n.records) for n in run.notes] == [("loss", 1)]


@pytest.mark.parametrize("cell", ['"oops"', "[1, 2]", "[]", '{"value": 2}', '[{"a": 1}]', '"2.5 nats"'])
def test_cells_that_are_no_number_are_counted(tmp_path, cell):
    rows = [f'{{"step": {i}, "loss": {cell if i % 4 == 0 else 2.5}}}\n' for i in range(100)]
    run = read(tmp_path, "a.jsonl", "".join(rows))
    lost = [n for n in run.notes if n.series == "loss"]
    if cell == '{"value": 2}':  # another name, and nothing lost
        assert values(run, "loss/value") == [2.0] * 25
    else:
        assert [(n.records, n.share) for n in lost] == [(25, 0.25)]


@pytest.mark.parametrize("cell", ["2.5", '"2.5"', " 2.5 ", "[2.5]", '"tensor(2.5)"', "25e-1"])
def test_cells_that_are_one_number_however_written(tmp_path, cell):
    assert values(read(tmp_path, "a.jsonl", f'{{"step": 1, "loss": {cell}}}\n')) == [2.5]


def test_the_last_cell_is_read_where_it_cannot_be_torn(tmp_path):
    whole = "step,loss\n" + "".join(f"{i},{i % 10}.1234\n" for i in range(100))
    assert len(values(read(tmp_path, "a.csv", whole[:-1]))) == 100
    assert len(values(read(tmp_path, "a.csv", whole[:-2]))) == 99


def test_numbers_of_any_size_are_kept_as_they_are(tmp_path):
    cells = ["1e308", "-1e308", "5e-324", "nan", "inf", "-inf", "1e400", "123456789012345678901234567890"]
    run = read(tmp_path, "a.csv", "step,loss\n" + "".join(f"{i},{c}\n" for i, c in enumerate(cells)))
    expected = np.array([1e308, -1e308, 5e-324, np.nan, np.inf, -np.inf, np.inf, 123456789012345678901234567890.0])
    assert np.array_equal(run.series["loss"].value, expected, equal_nan=True)


SEEDS = {
    "csv": "step,loss,note\n" + "".join(f"{i},{i}.5,ok\n" for i in range(30)),
    "jsonl": "".join(json.dumps({"step": i, "loss": i / 7, "deep": {"a": 1}}) + "\n" for i in range(30)),
    "json": json.dumps({"loss": [1.5, 1.25, 1.0], "val_loss": [2.0, 1.75, 1.5]}),
    "chart.csv": '"Step","r1 - loss","r2 - loss"\n' + "".join(f'"{i}","{i}.5","{i}"\n' for i in range(20)),
    "long.csv": "run,step,loss\n" + "".join(f"{r},{i},{i}.5\n" for r in "ab" for i in range(10)),
}
TOKENS = [
    b'"',
    b",",
    b";",
    b"\n",
    b"{",
    b"}",
    b"[",
    b"]",
    b"NaN",
    b"1e999",
    b"\0",
    b"null",
    b'"step":',
    b"\xff",
    b"9" * 30,
]


@pytest.mark.parametrize("kind", SEEDS)
@pytest.mark.parametrize("seed", range(60))
def test_no_damage_is_more_than_a_note_or_a_sentence(tmp_path, kind, seed):
    """Bytes are cut out, put in, changed and doubled: a table is read, or refused in words."""
    draw = np.random.default_rng(seed)
    raw = bytearray(SEEDS[kind].encode())
    for _ in range(int(draw.integers(1, 8))):
        at, size = int(draw.integers(0, len(raw))), int(draw.integers(1, 40))
        token = TOKENS[int(draw.integers(0, len(TOKENS)))]
        piece = [b"", token, bytes(raw[:size]), bytes([int(draw.integers(0, 256))])][int(draw.integers(0, 4))]
        raw[at : at + (size if not piece else 1)] = piece
        raw = raw or bytearray(b"x")
    path = tmp_path / f"a.{kind}"
    path.write_bytes(bytes(raw))
    for ref in table.find(str(path)):
        try:
            run = table.read(ref)
        except ReadError as error:
            assert "\n" not in str(error)
            continue
        assert all(len(s.step) == len(s.value) == len(s.time) for s in run.series.values())


@pytest.mark.parametrize(("cell", "value"), [
    ("-nan", math.nan), ("+nan", math.nan), ("-NaN", math.nan), ("+inf", math.inf), ("+Infinity", math.inf),
    ("-INF", -math.inf),
])  # fmt: skip
def test_what_c_prints_for_no_number_is_read_beside_odd_cells(cell, value, tmp_path):
    """glibc prints a NaN with its sign: alone in its column it was one, and beside an odd cell it was lost."""
    for odd in ("2.5", "oops"):
        text = "step,loss\n" + "".join(f"{i},{cell if i == 3 else odd if i == 5 else i + 0.5}\n" for i in range(20))
        assert repr(values(read(tmp_path, "a.csv", text))[3]) == repr(value)


@pytest.mark.parametrize(("cell", "value"), [
    ("2,345", 2.345), (",5", 0.5), ("1.234,5", 1234.5), ("-12.345.678,25", -12345678.25), ("1,5e3", 1500.0),
    ("3.83,5", None), ("0.939,75", None), ("8.053,", None), ("1.2345,6", None), ("1,2,3", None),
])  # fmt: skip
def test_points_before_a_decimal_comma_set_thousands_apart_or_it_is_no_number(cell, value, tmp_path):
    text = "step;loss\n" + "".join(f"{i};{cell if i == 4 else f'{i},5'}\n" for i in range(20))
    run = read(tmp_path, "a.csv", text)
    at = dict(zip(run.series["loss"].step.tolist(), values(run), strict=True))
    assert at.get(4) == value
    assert sum(note.records for note in run.notes) == (value is None)


def test_rows_that_go_on_with_more_columns_are_read_as_far_as_they_are_alike(tmp_path):
    """A script that was changed appended a column before the last one: nothing tells its name."""
    short = "".join(f"{e},{2 - e / 50:.3f},2026-01-01 00:{e:02d}:00\n" for e in range(20))
    long = "".join(f"{e},{2 - e / 50:.3f},1e-4,2026-01-01 01:{e:02d}:00\n" for e in range(20, 40))
    (tmp_path / "log.csv").write_text("epoch,loss,timestamp\n" + short + long)
    run = table.read(table.find(str(tmp_path / "log.csv"))[0])
    np.testing.assert_array_equal(run.series["loss"].step, np.arange(40))
    assert set(run.series) == {"loss"}
    assert [n.message.split(" of ")[0] for n in run.notes] == ["40 cells"]


@pytest.mark.parametrize(("long", "read_rows"), [(2, 20), (3, 23)])
def test_two_rows_that_are_too_long_are_damage(tmp_path, long, read_rows):
    rows = [f"{e},{2 - e / 50:.3f}" + ",7" * (10 <= e < 10 + long) for e in range(20 + long)]
    (tmp_path / "log.csv").write_text("epoch,loss\n" + "\n".join(rows) + "\n")
    run = table.read(table.find(str(tmp_path / "log.csv"))[0])
    assert len(run.series["loss"]) == read_rows
    assert ("damaged" in [n.kind for n in run.notes]) == (long == 2)


def test_a_short_row_after_a_new_head_does_not_bring_back_the_old_one(tmp_path):
    """The columns that only the new head names were lost from there on."""
    rows = [f"{e},{2 - e / 50:.3f}" + ",0.1" * (e >= 20 and e != 40) for e in range(60)]
    run = read(tmp_path, "log.csv", "\n".join(["step,loss", *rows[:30], "step,loss,lr", *rows[30:]]) + "\n")
    np.testing.assert_array_equal(run.series["loss"].step, np.arange(60))
    np.testing.assert_array_equal(run.series["lr"].step, np.delete(np.arange(30, 60), 10))
