"""Rows that are no steps and say none: results in any order, rankings, range tests; and their healthy twins."""

import numpy as np
import pytest

from runlens.errors import NotALog
from runlens.sources import discover, read

N = 40
RNG = np.random.default_rng(7)
NOISE = np.round(RNG.random(N), 4)
FALL = np.round(0.5 + 2.0 * np.exp(-np.arange(N) / 10.0) + 0.05 * RNG.standard_normal(N), 4)


def refused(folder, name, text):
    path = folder / name
    path.write_text(text)
    (ref,) = discover(str(path))
    try:
        read(ref)
    except NotALog as error:
        return str(error)
    return ""


def table(head, *columns):
    return head + "\n" + "".join(",".join(map(str, row)) + "\n" for row in zip(*columns, strict=True))


@pytest.mark.parametrize("rows", [7, 8, N])
@pytest.mark.parametrize(("kind", "value"), [("samples", NOISE), ("a training", FALL)])
def test_a_table_without_steps_needs_a_course_from_eight_rows_on(tmp_path, kind, value, rows):
    said = refused(tmp_path, "losses.csv", table("length,loss", [10 * i for i in range(rows)], value[:rows]))
    assert ("follows no course" in said) is (kind == "samples" and rows >= 8)


@pytest.mark.parametrize(
    ("line", "value", "is_refused"),
    [
        ("sample {i}: bleu {v} loss {v}", NOISE, True),
        ("sample {i}: bleu {v} loss {v}", FALL, False),
        ("seed {i} test_acc {v} test_loss {v}", NOISE, True),
        ("step {i}: bleu {v} loss {v}", NOISE, False),  # a training that learns nothing says its steps
        ("2024-05-01 12:00:{i:02d} INFO loss: {v}", NOISE, False),  # or its times
    ],
)
def test_so_does_a_log(tmp_path, line, value, is_refused):
    text = "".join(line.format(i=i, v=v) + "\n" for i, v in enumerate(value))
    assert ("follows no course" in refused(tmp_path, "out.log", text)) is is_refused


@pytest.mark.parametrize("value", [np.full(N, 0.6931), np.full(N, np.nan), np.r_[FALL[:30], np.full(10, np.nan)]])
def test_a_loss_that_died_is_no_noise(tmp_path, value):
    assert refused(tmp_path, "train_loss.csv", table("x,loss", NOISE, value)) == ""


@pytest.mark.parametrize(("rows", "is_refused"), [(21, False), (22, True)])
def test_a_rate_that_rises_by_one_factor_over_two_decades_is_a_range_test(tmp_path, rows, is_refused):
    rate = [f"{1e-6 * 1.24595**i:.10f}" for i in range(rows)]  # a decade each 10.47 rows
    assert ("range test" in refused(tmp_path, "lr.csv", table("lr,loss", rate, FALL[:rows]))) is is_refused


@pytest.mark.parametrize(("head", "is_refused"), [("class,iou", True), ("class,step,iou", False), ("phase,iou", False)])
def test_a_row_for_each_class_is_a_result(tmp_path, head, is_refused):
    names = ["warmup"] * 4 + ["main"] * 4 if head.startswith("phase") else list("abcdefgh")
    columns = [names, range(8), FALL[:8]] if "step" in head else [names, FALL[:8]]
    assert ("one of each class" in refused(tmp_path, "scores.csv", table(head, *columns))) is is_refused


def test_a_warm_up_is_none(tmp_path):
    rate = [f"{1e-6 * (1 + 10 * i):.8f}" for i in range(N)]
    assert refused(tmp_path, "lr.csv", table("lr,loss", rate, FALL)) == ""


@pytest.mark.parametrize(("head", "is_refused"), [("rank,score", True), ("index,score", False)])
def test_a_ranking_is_no_course(tmp_path, head, is_refused):
    said = refused(tmp_path, "board.csv", table(head, range(1, N + 1), np.round(1 - np.arange(N) / 100, 3)))
    assert ("places of a ranking" in said) is is_refused
