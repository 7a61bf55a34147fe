"""Tables that a folder must find as their name alone does."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.errors import NoRunFound
from runlens.roles import resolve
from runlens.sources import discover, read

N = 12
RANDOM = np.random.default_rng(5)
FALL = (3.0 / np.arange(1, N + 1) * RANDOM.uniform(0.95, 1.0, N)).round(4)


def written(folder, name, head, row, n=N):
    (folder / name).write_text("\n".join([head, *(row(i) for i in range(n))]) + "\n")
    return folder


def runs(path):
    return [resolve(read(ref)) for ref in discover(str(path))]


@pytest.mark.parametrize(
    ("name", "head", "row", "series", "first"),
    [
        ("log.csv", "Episode,TotalReward,Epsilon", lambda i: f"{i + 1},{FALL[i]},{1 - i / 50}", "TotalReward", 1),
        ("city.csv", "epoch, iters, G_GAN, D_real", lambda i: f"1, {100 * i}, 1.5, {FALL[i]}", "D_real", 0),
        ("any.csv", "gen_loss,disc_loss", lambda i: f"4.5,{FALL[i]}", "disc_loss", 0),
        ("a.csv", "generation,best_fitness,dead", lambda i: f"{i},{FALL[i]},3", "best_fitness", 0),
        ("training_metrics.csv", "epoch,hamiltonian,T", lambda i: f"{i + 1},{FALL[i]},0.5", "hamiltonian", 1),
    ],
)
def test_a_table_is_found_by_what_its_columns_or_its_name_say(tmp_path, name, head, row, series, first):
    for path in (written(tmp_path, name, head, row), tmp_path / name):
        (run,) = runs(path)
        np.testing.assert_array_equal(run.series[series].value, FALL)
        assert run.series[series].step[0] == first


def test_a_row_for_each_metric(tmp_path):
    rows = [f"{i + 1},{split},loss,{v}" for i, v in enumerate(FALL) for split, v in (("train", v), ("val", v + 1))]
    (tmp_path / "log.csv").write_text("\n".join(["epoch,split,metric,value", *rows]) + "\n")
    (run,) = runs(tmp_path)
    np.testing.assert_array_equal(run.role("train_loss").series.value, FALL)
    np.testing.assert_allclose(run.role("eval_loss").series.value, FALL + 1)


@pytest.mark.parametrize(
    ("name", "head", "row"),
    [
        ("train.csv", "epoch,hamiltonian,T", lambda i: f"{i + 1},{FALL[i]},0.5"),  # may be data
        ("training_metrics.csv", "id,hamiltonian,T", lambda i: f"{i + 1},{FALL[i]},0.5"),  # no step
        ("training_metrics.csv", "step,name,T", lambda i: f"{i + 1},a{i},0.5"),  # words
        ("training_metrics.csv", "step,x,T", lambda i: f"{i % 3},{FALL[i]},0.5"),  # a step that falls
        ("a.csv", "round,G_home,G_away", lambda i: f"{i},{i % 3},2"),  # one side alone
        ("a.csv", "loss,name", lambda i: f"{FALL[i]},a{i}"),
        ("prices.csv", "year,item,metric,value", lambda i: f"{1990 + i},loss,loss,{FALL[i]}"),  # no axis
        ("prices.csv", "step,metric,value", lambda i: f"{i},price,{FALL[i]}"),  # no metric of a training
        ("prices.csv", "step,metric,value", lambda i: f"{i},3,{FALL[i]}"),
    ],
)
def test_other_tables_are_passed_over(tmp_path, name, head, row):
    with pytest.raises(NoRunFound):
        discover(str(written(tmp_path, name, head, row)))


def test_four_rows_are_too_few_for_a_name_alone(tmp_path):
    told = ("training_log.csv", "step,x", lambda i: f"{i},{FALL[i]}")
    with pytest.raises(NoRunFound):
        discover(str(written(tmp_path, *told, n=4)))
    assert len(runs(written(tmp_path, *told, n=5))) == 1


def test_a_table_without_a_head_is_called_so(tmp_path):
    with pytest.raises(NoRunFound, match="no head that names its columns"):
        discover(str(written(tmp_path, "train_log.csv", "0,0,0,1.0", lambda i: f"{1000 * i},{i},-20,{FALL[i]}")))


def test_a_folder_without_a_log_names_the_few_files_that_may_have_been_meant(tmp_path):
    written(tmp_path, "series.csv", "Step,Queue", lambda i: f"{i},{i % 3}")
    (tmp_path / "requirements.txt").write_text("numpy==2.1.0\n")
    with pytest.raises(NoRunFound, match=r"1 file .*series\.csv' \(neither its name nor its beginning"):
        discover(str(tmp_path))
    for i in range(3):
        written(tmp_path, f"other_{i}.csv", "Step,Queue", lambda i: f"{i},{i % 3}")
    with pytest.raises(NoRunFound, match="holds no log; RunLens looks for"):
        discover(str(tmp_path))
