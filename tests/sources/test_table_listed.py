"""Lists of numbers that Python or numpy printed, and what is refused with a word on what it is."""

import sqlite3

import numpy as np
import pytest

from runlens.errors import RunLensError
from runlens.roles import resolve
from runlens.sources import discover, read

N = 40
FALL = np.round(0.5 + 2.0 * np.exp(-np.arange(N) / 10.0), 4)


def run_at(path):
    (ref,) = discover(str(path))
    return resolve(read(ref))


def refusal(path):
    with pytest.raises(RunLensError) as caught:
        run_at(path)
    return str(caught.value)


@pytest.mark.parametrize(
    "printed", [str(FALL.tolist()), str(FALL), repr(FALL), FALL.tolist().__repr__().replace(",", "")]
)
@pytest.mark.parametrize("inside", [False, True], ids=["named", "in a folder"])
def test_a_list_is_a_curve_of_the_name_of_its_file(tmp_path, printed, inside):
    path = tmp_path / "out" / "train_loss.txt"
    path.parent.mkdir()
    path.write_text(printed + "\n")
    loss = run_at(tmp_path if inside else path).role("train_loss").series
    assert loss.value.tolist() == FALL.tolist() and loss.step.tolist() == list(range(N))


@pytest.mark.parametrize(
    "form",
    [
        "{{'loss': {a}, 'val_loss': {b}}}\n",
        "loss: {a}\nval_loss: {b}\n",
        "loss = {a}\nval_loss = {b}",
        "loss: array({a}, dtype=float32)\nval_loss: array({b}, dtype=float32)\n",
    ],
)
def test_lists_have_their_names(tmp_path, form):
    path = tmp_path / "history.log"
    path.write_text(form.format(a=FALL.tolist(), b=(FALL + 0.1).round(4).tolist()))
    run = run_at(path)
    assert run.role("train_loss").series.value.tolist() == FALL.tolist()
    assert run.role("eval_loss").series.value.tolist() == (FALL + 0.1).round(4).tolist()


def test_a_number_that_is_none_stays_in_its_place(tmp_path):
    path = tmp_path / "loss.txt"
    path.write_text(str([*FALL.tolist(), float("nan")]))
    assert np.isnan(run_at(path).role("train_loss").series.value[-1])


@pytest.mark.parametrize(("count", "is_read"), [(4, False), (5, True)])
def test_five_numbers_are_a_list(tmp_path, count, is_read):
    path = tmp_path / "train_loss.txt"
    path.write_text(str(FALL[:count].tolist()))
    if is_read:
        assert len(run_at(path).series["train_loss"]) == 5
    else:
        refusal(path)


@pytest.mark.parametrize(
    "text",
    [
        "widths: [64, 64, 128, 128, 256]\nEpoch 1 began\n",  # a setting above a log
        "[1, 2, 3, 4, 5] are the classes",
        "loss: [1, 2, 3, 4, 5] and more\n",
    ],
)
def test_lists_among_words_are_none(tmp_path, text):
    path = tmp_path / "loss.txt"
    path.write_text(text)
    refusal(path)


def test_a_setting_above_a_log_hides_it_not(tmp_path):
    path = tmp_path / "train.log"
    path.write_text("widths: [64, 64, 128, 128, 256]\n" + "".join(f"step {i} loss {v}\n" for i, v in enumerate(FALL)))
    assert run_at(path).role("train_loss").series.value.tolist() == FALL.tolist()


def test_columns_without_names_are_refused_as_such(tmp_path):
    path = tmp_path / "train_log.txt"
    path.write_text("".join(f"{i} {v} {v + 1:.4f} 0.9\n" for i, v in enumerate(FALL)))
    assert "a table of 4 columns of numbers that have no names" in refusal(path)


def test_an_empty_store_says_that_it_is_one(tmp_path):
    with sqlite3.connect(tmp_path / "mlflow.db") as db:
        db.execute("CREATE TABLE metrics (key TEXT, value REAL, timestamp INTEGER, run_uuid TEXT, step INTEGER)")
        db.execute("CREATE TABLE runs (run_uuid TEXT, name TEXT, experiment_id INTEGER, start_time INTEGER)")
        db.execute("CREATE TABLE experiments (experiment_id INTEGER, name TEXT)")
        db.execute("CREATE TABLE tags (run_uuid TEXT, key TEXT, value TEXT)")
    assert "store and holds no run with a metric" in refusal(tmp_path / "mlflow.db")


@pytest.mark.parametrize("inner", [False, True])
def test_an_aim_repository_says_how_its_runs_can_be_read(tmp_path, inner):
    (tmp_path / ".aim" / "meta").mkdir(parents=True)
    assert "docs/formats.md" in refusal(tmp_path / ".aim" if inner else tmp_path)


def test_what_wandb_logs_of_itself_is_no_run(tmp_path):
    text = "".join(f"2024-05-01 12:00:{i:02d} INFO step {i} loss: {v}\n" for i, v in enumerate(FALL))
    for name in ("debug-cli.someone.log", "output.log"):
        path = tmp_path / "wandb" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    (ref,) = discover(str(tmp_path))
    assert ref.location.endswith("output.log")
