"""What a sign in a table means: commas in numbers, quotes, zeros, heads and letters of two bytes."""

from __future__ import annotations

import gzip
import json
import math

import numpy as np
import pytest

from runlens.errors import ReadError
from runlens.sources.table.forms.packed import LONGEST_HEAD, shows_rows, wide
from tests.sources.tables import read, values


def told(run, name="loss"):
    return sum(note.records for note in run.notes if note.series == name)


def column(tmp_path, cells, name="loss"):
    """A column of texts in JSON lines."""
    return read(tmp_path, "a.jsonl", "".join(json.dumps({"step": i, name: c}) + "\n" for i, c in enumerate(cells)))


@pytest.mark.parametrize(
    ("cells", "name", "read_as", "lost"),
    [
        (["9.8", "9,809", "9.7"], "loss", [9.8, 9.7], 1),
        (["9.8", "9,8", "9.7"], "loss", [9.8, 9.7], 1),
        (["9,8", "9,809", "9"], "loss", [9.8, 9.809, 9.0], 0),
        (["9,809", "8,019", "7,5"], "loss", [9.809, 8.019, 7.5], 0),
        (["9,809", "8,019"], "loss", [9.809, 8.019], 0),
        (["9,809", "8,019"], "tokens_per_second", [9809.0, 8019.0], 0),
        (["987", "1,002"], "tokens_per_second", [987.0, 1002.0], 0),
        (["987.5", "1,002.5", "1,002"], "tokens_per_second", [987.5, 1002.5, 1002.0], 0),
        (["9,8", "1,002.5"], "tokens_per_second", [1002.5], 1),
        (["1,234,567", "9,8"], "tokens_per_second", [1234567.0], 1),
        (["1200.5", "1,300"], "tokens_per_second", [1200.5, 1300.0], 0),
    ],
)  # fmt: skip
def test_what_a_comma_means_is_told_by_its_column(cells, name, read_as, lost, tmp_path):
    run = column(tmp_path, [*cells, "2", "2"], name)
    if not lost and all("," in cell for cell in cells):  # whole numbers beside it would speak for thousands
        run = column(tmp_path, cells, name)
        assert values(run, name) == read_as
    else:
        assert values(run, name) == [*read_as, 2.0, 2.0]
    assert told(run, name) == lost


def test_cells_that_wait_stand_in_their_rows(tmp_path):
    run = column(tmp_path, ["5", "4,5", "4", "3,5", "3"])
    assert values(run) == [5.0, 4.5, 4.0, 3.5, 3.0]
    assert run.series["loss"].step.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(("loss", "first"), [("2.5", 1000), ("2,5", 1)])
def test_a_comma_in_a_step_is_decimal_only_beside_decimal_commas(loss, first, tmp_path):
    run = read(tmp_path, "a.csv", "step;loss\n" + "".join(f"{i},000;{loss}\n" for i in range(1, 9)))
    assert run.series["loss"].step.tolist() == [first * i for i in range(1, 9)]


def test_a_comma_in_a_late_step_is_no_decimal_one(tmp_path):
    steps = [f"{i},000" if i == 80 else f"{i}000" for i in range(1, 101)]
    run = read(tmp_path, "a.csv", "step;loss\n" + "".join(f"{step};2.5\n" for step in steps))
    assert run.series["loss"].step.tolist() == [1000 * i for i in range(1, 101)]


def test_two_stray_quotes_swallow_nothing_between_them(tmp_path):
    rows = [f"{i},{'' if i not in (5, 8) else chr(34)}{i}.5" for i in range(20)]
    assert values(read(tmp_path, "a.csv", "step,loss\n" + "\n".join(rows) + "\n")) == [i + 0.5 for i in range(20)]


@pytest.mark.parametrize("torn", [(5,), (8,), (5, 8)])
def test_two_stray_quotes_swallow_nothing_where_they_tear_their_rows(torn, tmp_path):
    rows = [f'{i},"{i}.' if i in torn else f'{i},"{i}.5,x' if i in (5, 8) else f"{i},{i}.5,x" for i in range(20)]
    run = read(tmp_path, "a.csv", "step,loss,note\n" + "\n".join(rows) + "\n")
    assert run.series["loss"].step.tolist() == list(range(20))


def test_a_cell_of_several_lines_is_one_cell(tmp_path):
    rows = [f'{i},{i}.5,"one {i}\ntwo, and\nthree"' for i in range(20)]
    assert values(read(tmp_path, "a.csv", "step,loss,note\n" + "\n".join(rows) + "\n")) == [i + 0.5 for i in range(20)]


@pytest.mark.parametrize("place", [1, 3, 20])
def test_a_late_head_names_what_came_before(place, tmp_path):
    rows = [f"{10 * i},{i}.5" for i in range(20)]
    run = read(tmp_path, "a.csv", "\n".join([*rows[:place], "step,loss", *rows[place:]]) + "\n")
    assert values(run) == [i + 0.5 for i in range(20)]
    assert run.series["loss"].step.tolist() == list(range(0, 200, 10))


def test_decimal_commas_that_nobody_quoted_are_no_rows_with_names(tmp_path):
    """Rows are one cell longer than the head, as those of R are, whose first cell is the row's name."""
    rows = [f"{i},{9 - i / 20:.3f}".replace(".", ",") for i in range(60)]
    with pytest.raises(ReadError, match="60 of 61 lines"):
        read(tmp_path, "a.csv", "step,loss\n" + "\n".join(rows) + "\n")
    with pytest.raises(ReadError, match="60 of 61 lines"):
        read(
            tmp_path,
            "b.csv",
            "loss,step\n" + "\n".join(",".join(r.split(",")[1:] + r.split(",")[:1]) for r in rows) + "\n",
        )


@pytest.mark.parametrize("names", [[f'"{i}"' for i in range(1, 21)], [f'"row {i}"' for i in range(20)]])
def test_the_names_of_rows_are_left_out(names, tmp_path):
    rows = [f"{name},{i},{i}.5" for i, name in enumerate(names)]
    run = read(tmp_path, "a.csv", '"step","loss"\n' + "\n".join(rows) + "\n")
    assert values(run) == [i + 0.5 for i in range(20)] and run.series["loss"].step.tolist() == list(range(20))


def test_a_decimal_comma_here_and_there_makes_no_longer_rows(tmp_path):
    rows = [f"{i},{9 - i / 20:.5f},0.1" for i in range(60)]
    rows[30:36] = [row.replace(".", ",", 1) for row in rows[30:36]]
    run = read(tmp_path, "a.csv", "step,loss,lr\n" + "\n".join(rows) + "\n")
    np.testing.assert_array_equal(run.series["loss"].step, np.delete(np.arange(60), range(30, 36)))
    assert told(run) == 6  # and their steps, which stand before the comma, do no harm


@pytest.mark.parametrize(
    ("line", "loss"),
    [
        ("10,\x00\x00875,0.1", None),  # digits that a hole swallowed
        ("10,9.\x00875,0.1", None),
        ("\x00,9.875,0.1", 9.875),
        ("\x0010,9.875,0.1", 9.875),
        ("10,9.875,0.\x00", 9.875),
        ("1\x00\x00875,0.1", None),
    ],
)
def test_what_a_hole_may_have_cut_is_no_number(line, loss, tmp_path):
    rows = [f"{i},9.{i + 100},0.1" for i in range(10, 40)]
    rows[0] = line
    run = read(tmp_path, "a.csv", "step,loss,lr\n" + "\n".join(rows) + "\n")
    at = run.series["loss"]
    assert values(run)[0] == (loss or 9.111)
    assert at.step.tolist()[-29:] == list(range(11, 40))
    assert any("zeros" in note.message for note in run.notes)


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-16", "utf-32", "utf-8-sig"])
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.json"])
def test_letters_of_two_bytes_are_read_with_and_without_a_mark(codec, name, tmp_path):
    rows = [{"step": i, "loss": i + 0.5} for i in range(30)]
    text = {
        "a.csv": "step,loss\n" + "".join(f"{i},{i}.5\n" for i in range(30)),
        "a.jsonl": "".join(json.dumps(row) + "\n" for row in rows),
        "a.json": json.dumps(rows),
    }[name]
    assert values(read(tmp_path, name, text.encode(codec))) == [i + 0.5 for i in range(30)]


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (b"a\0" * 16, "utf-16-le"),
        (b"\0a" * 16, "utf-16-be"),
        (b"a\0" * 15, ""),
        (bytes(64), ""),
        (b"a" * 64, ""),
        (b"", ""),
    ],
)
def test_how_wide_letters_are(head, found):
    assert wide(head) == found


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1.#QNAN", math.nan),
        ("-1.#IND", math.nan),
        ("-nan(ind)", math.nan),
        ("1.#INF", math.inf),
        ("-1.#INF", -math.inf),
    ],
)
def test_what_microsofts_library_prints_for_no_number(cell, value, tmp_path):
    run = read(tmp_path, "a.csv", "step,loss\n" + "".join(f"{i},{cell if i == 3 else i + 0.5}\n" for i in range(20)))
    assert repr(values(run)[3]) == repr(value)


def test_the_torn_end_of_a_last_line_is_not_mended(tmp_path):
    """Blanks divide this line, too, into as many cells as the head has."""
    text = "step\tlr\tloss\n" + "".join(f"{i}\t0.1\t{i}.12345\n" for i in range(10, 40))
    assert values(read(tmp_path, "a.tsv", text[:-2])) == [float(f"{i}.12345") for i in range(10, 39)]


def test_a_head_longer_than_what_is_looked_at_first_is_read(tmp_path):
    names = [f"metric_{i:05d}_of_layer_weights" for i in range(3000)]
    rows = ["step,loss," + ",".join(names), *(f"{i},{i}.5," + ",".join(["0.5"] * 3000) for i in range(4))]
    for name, packed in (("a.csv", bytes), ("a.csv.gz", gzip.compress)):
        run = read(tmp_path, name, packed(("\n".join(rows) + "\n").encode()))
        assert values(run) == [0.5, 1.5, 2.5, 3.5] and len(run.series) == 3001 and not run.notes


def test_a_long_line_of_something_else_is_not_looked_through():
    assert shows_rows(b"{" * 100_000) and shows_rows(b"x" * LONGEST_HEAD) and shows_rows(b"a\0" * 50_000)
    assert not shows_rows(b"step,loss," * 9000)


def test_rows_of_one_cell_under_a_head_of_three_are_told(tmp_path):
    run = read(tmp_path, "a.csv", "epoch,step,train_loss\n" + "".join(f"0{i}2.5\n" for i in range(40)))
    assert told(run, "train_loss") == 40 and not run.series
