"""Many runs in one table, and one run in many."""

from __future__ import annotations

import json

import pytest

from runlens.model import AS_FOUND
from runlens.roles import resolve
from runlens.sources import discover, read, table
from runlens.sources.contract import Look


def put(tmp_path, name, content):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def found(path):
    """The runs at a file or below a folder: id to series to steps and values."""
    refs = table.find(str(path))
    runs = {ref.id: table.read(ref) for ref in refs}
    return {name: {n: (s.step.tolist(), s.value.tolist()) for n, s in run.series.items()} for name, run in runs.items()}


def test_an_exported_chart_holds_a_run_a_group(tmp_path):
    head = ["Step"] + [f"{run} - train/loss{end}" for run in ("calm-sky-1", "a - b") for end in ("", "__MIN", "__MAX")]
    rows = [["0", "3.5", "3.5", "3.5", "4.5", "4.5", "4.5"], ["1", "2.5", "2.5", "2.5", "", "", ""]]
    text = "".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in (head, *rows))
    assert found(put(tmp_path, "export.csv", text)) == {
        "export/calm-sky-1": {"train/loss": ([0, 1], [3.5, 2.5])},
        "export/a - b": {"train/loss": ([0], [4.5])},
    }


def test_an_exported_chart_over_another_axis(tmp_path):
    text = '"epoch","r1 - _step","r1 - loss","r2 - _step","r2 - loss"\n' + "".join(
        f'"{i}","{10 * i}","{i}.5","{10 * i}","{i}.25"\n' for i in range(3)
    )
    runs = found(put(tmp_path, "export.csv", text))
    assert runs["export/r2"] == {"loss": ([0, 1, 2], [0.25, 1.25, 2.25])}


@pytest.mark.parametrize("column", ["run", "run_id", "experiment", "seed", "Exp Name", "fold"])
def test_a_long_table_holds_a_run_for_each_value_of_its_column(tmp_path, column):
    values = [7, 8] if column in ("seed", "fold") else ["a", "b"]
    text = f"{column},step,loss\n" + "".join(f"{v},{i},{i}.5\n" for v in values for i in range(4))
    runs = found(put(tmp_path, "t.csv", text))
    assert list(runs) == [f"t/{v}" for v in values]
    assert runs[f"t/{values[1]}"] == {"loss": ([0, 1, 2, 3], [0.5, 1.5, 2.5, 3.5])}


def test_rows_of_several_runs_may_take_turns(tmp_path):
    rows = [{"run": f"r{k}", "step": i, "loss": i + k / 10} for i in range(4) for k in range(3)]
    runs = found(put(tmp_path, "t.jsonl", "".join(json.dumps(row) + "\n" for row in rows)))
    assert runs["t/r2"]["loss"] == ([0, 1, 2, 3], [0.2, 1.2, 2.2, 3.2])


def test_other_columns_tell_runs_apart_where_the_axis_begins_again(tmp_path):
    text = "env,run,step,episode_reward,agent\n" + "".join(
        f"{env},{run},{i},{i},sac\n" for env in "ab" for run in (0, 1) for i in (10, 20, 30)
    )
    runs = found(put(tmp_path, "t.csv", text))
    assert list(runs) == ["t/run=0,env=a", "t/run=1,env=a", "t/run=0,env=b", "t/run=1,env=b"]
    assert runs["t/run=1,env=b"] == {"episode_reward": ([10, 20, 30], [10.0, 20.0, 30.0])}


def test_labels_alone_tell_runs_apart_only_where_the_axis_begins_again(tmp_path):
    apart = "method,step,loss\n" + "".join(f"{m},{i},{i}\n" for m in ("adam", "sgd") for i in range(5))
    assert list(found(put(tmp_path, "apart.csv", apart))) == ["apart/adam", "apart/sgd"]
    one = "type,step,loss\n" + "".join(f"{'warm' if i < 3 else 'main'},{i},{i}\n" for i in range(6))
    assert list(found(put(tmp_path, "one.csv", one))) == ["one"]


def test_a_resumed_run_is_one(tmp_path):
    text = "run,step,loss\n" + "".join(f"x,{i},1\n" for i in (0, 1, 2, 3, 2, 3, 4))
    assert found(put(tmp_path, "t.csv", text)) == {"t": {"loss": ([0, 1, 2, 3, 2, 3, 4], [1.0] * 7)}}


def test_a_table_with_one_row_for_each_run_is_no_table_of_runs(tmp_path):
    text = "run,epoch,loss\n" + "".join(f"r{i},10,{i}\n" for i in range(5))
    assert list(found(put(tmp_path, "t.csv", text))) == ["t"]


def test_a_csv_for_each_metric_is_one_run(tmp_path):
    for name in ("train_loss", "lr"):
        put(tmp_path, f"job/Train_Samples_{name}.csv", f"step,Train_Samples_{name}\n512,2.5\n1024,2.25\n")
    assert found(tmp_path) == {
        "job": {
            "Train/Samples/lr": ([512, 1024], [2.5, 2.25]),
            "Train/Samples/train_loss": ([512, 1024], [2.5, 2.25]),
        }
    }


def test_tensorboards_downloads_of_a_run_are_one_run(tmp_path):
    for run in ("a", "b"):
        for tag in ("loss_train", "lr"):
            put(tmp_path, f"run-{run}-tag-{tag}.csv", f"Wall time,Step,Value\n17{ord(run)}000000,1,2.5\n")
    for runs in (table.refs(sorted(tmp_path.iterdir()), Look(tmp_path, AS_FOUND)),):
        assert len(runs) == 2
        assert {name for ref in runs for name in table.read(ref).series} == {"loss_train", "lr"}


def test_dvclive_is_one_run_with_its_splits(tmp_path):
    for split, value in (("train", 0.5), ("eval", 0.75)):
        put(tmp_path, f"dvclive/plots/metrics/{split}/loss.tsv", f"step\tloss\n0\t{value}\n1\t{value}\n")
    assert found(tmp_path) == {"dvclive": {"eval/loss": ([0, 1], [0.75] * 2), "train/loss": ([0, 1], [0.5] * 2)}}


def test_logs_of_two_splits_are_one_run(tmp_path):
    for split, value in (("train", 0.5), ("val", 0.75)):
        put(tmp_path, f"exp/{split}_log.csv", f"epoch,loss\n0,{value}\n1,{value}\n")
    assert found(tmp_path) == {"exp": {"train/loss": ([0, 1], [0.5] * 2), "val/loss": ([0, 1], [0.75] * 2)}}


def test_tables_in_folders_of_two_splits_are_one_run(tmp_path):
    for split, value in (("train", 0.5), ("val", 0.75)):
        put(tmp_path, f"exp/{split}/metrics.csv", f"step,loss\n0,{value}\n1,{value}\n")
    for other in ("val", "test"):
        put(tmp_path, f"two/{other}/metrics.csv", "step,loss\n0,1\n1,1\n")
    both = {"train/loss": ([0, 1], [0.5] * 2), "val/loss": ([0, 1], [0.75] * 2)}
    runs = found(tmp_path)
    assert runs.pop("exp") == both
    assert sorted(runs) == ["two/test/metrics", "two/val/metrics"]


def test_a_file_that_cannot_be_read_hides_nothing_of_the_others(tmp_path):
    put(tmp_path, "exp/train_log.csv", "epoch,loss\n0,0.5\n1,0.25\n")
    put(tmp_path, "exp/val_log.csv", "epoch,loss\n")
    (ref,) = table.find(str(tmp_path))
    run = table.read(ref)
    assert list(run.series) == ["train/loss"]
    assert [note.kind for note in run.notes] == ["damaged"]


def test_a_folder_of_other_tables_is_left_alone(tmp_path):
    put(tmp_path, "data/train.csv", "id,text\n1,a\n")
    put(tmp_path, "iris.csv", "sepal_length,species\n5.1,setosa\n")
    put(tmp_path, "log.csv", "epoch,loss\n1,2\n2,1\n")
    assert list(found(tmp_path)) == ["log"]


def test_the_two_files_of_catboost_are_one_run(tmp_path):
    folder = tmp_path / "catboost_info"
    folder.mkdir()
    for name, level in (("learn", 0.1), ("test", 0.2)):
        rows = "".join(f"{i}\t{0.6 * 0.98**i + level:.6f}\n" for i in range(100))
        (folder / f"{name}_error.tsv").write_text("iter\tLogloss\n" + rows)
    (folder / "time_left.tsv").write_text("iter\tPassed\tRemaining\n0\t1\t9\n1\t2\t8\n")
    (ref,) = discover(str(tmp_path))
    run = resolve(read(ref))
    assert run.role("train_loss").series.name == "train/Logloss"
    assert run.role("eval_loss").series.name == "test/Logloss"
