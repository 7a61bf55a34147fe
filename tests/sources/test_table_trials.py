"""Tables of trials, seeds, folds and models are no courses of a training; tables of trainings with settings are."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from runlens.errors import NotALog
from runlens.model import ReadOptions
from runlens.sources import discover, read
from runlens.sources.table.trials import FEWEST
from runlens.sources.unread import Search

N = 30
RNG = np.random.default_rng(7)
LOSS = np.round(3 * 0.9 ** np.arange(N), 4)


def anything(n=N):
    return np.round(RNG.uniform(0, 1, n), 4)


def drawn(*values, n=N):
    return RNG.choice(values, n)


def table(folder, columns, name="results.csv"):
    path = folder / name
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(columns)
        out.writerows(zip(*columns.values(), strict=True))
    return path


def one(path):
    (ref,) = discover(str(path))
    return read(ref)


def draw_trials(kind):
    ids, lr, size = [f"a{i}" for i in range(N)], drawn(0.1, 0.01, 0.001), drawn(16, 32, 64)
    optuna = {
        "number": range(N),
        "value": anything(),
        "params_lr": lr,
        "val_loss": anything(),
        "state": ["COMPLETE"] * N,
    }
    grid = {"mean_fit_time": anything(), "param_C": drawn(1, 10), "mean_test_score": anything()}
    project = dict.fromkeys(("State", "Notes", "User", "Tags", "Created", "Sweep"), ["x"] * N)
    return {
        "optuna": optuna,
        "grid search": grid | {"rank_test_score": range(N)},
        "ray": {"loss": anything(), "training_iteration": [10] * N, "trial_id": ids, "config/lr": lr},
        "own": {"lr": lr, "batch_size": size, "dropout": drawn(0, 0.5), "val_loss": anything()},
        "own, rates alone": {"batch_size": [64] * N, "learning_rate": lr, "num_epoch": [10] * N, "val_acc": anything()},
        "own, by hand": {"batch_size": np.tile([32] * 5 + [64] * 5, 3), "lr": anything(), "val_loss": anything()},
        "own, with words": {"optimizer": drawn("adam", "sgd"), "layers": drawn(1, 2, 3), "val_loss": anything()},
        "all of one length": {"trial": range(N), "lr": lr, "batch_size": size, "loss": anything(), "epochs": [20] * N},
        "the best epoch of each": {
            "lr": lr,
            "dropout": drawn(0, 0.2),
            "epoch": drawn(*range(30)),
            "val_loss": anything(),
        },
        "the runs of a project": {"Name": ids} | project | {"val_loss": anything(), "epoch": [19] * N},
        "seeds": {"seed": range(N), "accuracy": anything(), "loss": anything()},
        "folds": {"fold": range(5), "train_loss": anything(5), "val_loss": anything(5)},
        "models": {"model": ids, "accuracy": anything(), "loss": anything()},
    }[kind]


@pytest.mark.parametrize(
    "kind",
    ["optuna", "grid search", "ray", "own", "own, rates alone", "own, by hand", "own, with words", "all of one length",
     "the best epoch of each", "the runs of a project", "seeds", "folds", "models"],
)  # fmt: skip
def test_rows_that_are_no_steps_are_refused_with_what_they_are(tmp_path, kind):
    path = table(tmp_path, draw_trials(kind))
    with pytest.raises(NotALog, match=r"its rows are .* and no steps"):
        one(path)


COURSES = {
    "settings that stay": {"epoch": range(N), "lr": LOSS / 30, "batch_size": [32] * N, "train_loss": LOSS},
    "a batch size that grows": {"step": range(N), "batch_size": np.repeat([16, 32, 64], N // 3), "loss": LOSS},
    "a momentum that waves along an axis": {"step": range(N), "momentum": drawn(0.8, 0.9, 0.95), "loss": LOSS},
    "a rate that waves, of no step": {"batch_size": [32] * N, "lr": 0.1 + 0.01 * np.sin(np.arange(N)), "loss": LOSS},
    "a fold that stays": {"fold": [1] * N, "train_loss": LOSS, "val_loss": LOSS + 0.1},
    "an optimizer that is changed once": {"optimizer": ["adam"] * 20 + ["sgd"] * 10, "train_loss": LOSS},
    "episodes called trials": {"trial": range(N), "reward": range(N), "loss": LOSS},
    "resumed twice": {
        "epoch": [*range(12), *range(10, 20), *range(18, 26)],
        "batch_size": [32] * N,
        "train_loss": LOSS,
    },
}


@pytest.mark.parametrize("kind", COURSES)
def test_a_training_with_settings_beside_it_is_read(tmp_path, kind):
    run = one(table(tmp_path, COURSES[kind]))
    assert sum(len(s) for s in run.series.values() if "loss" in s.name) >= N


@pytest.mark.parametrize(("rows", "read_as_a_run"), [(FEWEST - 1, True), (FEWEST, False)])
def test_fewer_rows_show_no_habit(tmp_path, rows, read_as_a_run):
    path = table(tmp_path, {"seed": range(rows), "accuracy": anything(rows), "loss": anything(rows)})
    if read_as_a_run:
        one(path)
    else:
        with pytest.raises(NotALog, match="one of each seed"):
            one(path)


def test_the_column_that_the_user_names_is_believed(tmp_path):
    path = table(tmp_path, {"seed": range(N), "n": range(N), "loss": LOSS})
    (ref,) = discover(str(path), options=ReadOptions(x="n"))
    np.testing.assert_array_equal(read(ref).series["loss"].step, np.arange(N))


def test_such_a_table_spoils_no_folder_and_is_said(tmp_path):
    table(tmp_path, {"epoch": range(N), "train_loss": LOSS}, "log.csv")
    table(tmp_path, draw_trials("the best epoch of each"), "search_results.csv")
    search = Search()
    assert [ref.id for ref in discover(str(tmp_path), search=search)] == ["log"]
    assert [one.reason for one in search.unread] == ["its rows are trials of a search, and no steps"]


def grid_of_switches(data, rows=None):
    """A result for each set of two switches and each data set."""
    every = [(d, a, b) for d in data for a in (0, 1) for b in (0, 1)][:rows]
    names, first, second = (list(one) for one in zip(*every, strict=True))
    return {"dataset": names, "noise": first, "shuffle": second, "acc": np.linspace(0.1, 0.5, len(names))}


@pytest.mark.parametrize(("data", "rows", "refused"), [("abc", None, True), ("ab", 8, True), ("ab", 7, False)])
def test_results_of_each_set_of_switches(tmp_path, data, rows, refused):
    path = table(tmp_path, grid_of_switches(data, rows))
    if refused:
        with pytest.raises(NotALog, match="one of each configuration"):
            one(path)
    else:
        one(path)


def test_switches_of_a_training_are_no_grid(tmp_path):
    columns = grid_of_switches("abc")
    columns["noise"][-1] = columns["noise"][-2]  # two rows of one set
    one(table(tmp_path, {**columns, "shuffle": [0] * 12, "loss": np.linspace(3, 1, 12)}))


@pytest.mark.parametrize("rows", ["one", "several"])
def test_a_row_of_each_seed_and_method_is_a_result_of_it(tmp_path, rows):
    each = [(seed, method) for seed in range(5) for method in ("erm", "chip", "mixup")]
    each = each if rows == "one" else [pair for pair in each for _ in range(3)]
    columns = {
        "dataset": ["mnist"] * len(each),
        "method": [method for _, method in each],
        "seed": [seed for seed, _ in each],
        "train_acc": anything(len(each)),
        "test_acc": anything(len(each)),
    }
    path = table(tmp_path, columns)
    if rows == "several":
        assert len(discover(str(path))) > 1
        return
    with pytest.raises(NotALog, match="results of each"):
        one(path)
