"""A file an epoch (AllenNLP) or an iteration (Kaldi) is one run a folder."""

import json

import numpy as np
import pytest

from runlens.errors import NotALog, RunLensError
from runlens.roles import resolve
from runlens.sources import discover, read
from tests.sources.tfevents_writer import scalar, version, write

N = 12
FALL = np.round(0.5 + 2.0 * np.exp(-np.arange(N) / 4.0), 4)


def allennlp(folder, count=N):
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        row = {"best_epoch": i, "training_duration": "0:01:10", "epoch": i, "training_loss": FALL[i]}
        row |= {"validation_loss": FALL[i] + 0.1, "validation_accuracy": 1 - FALL[i] / 4, "best_validation_loss": 0.6}
        (folder / f"metrics_epoch_{i}.json").write_text(json.dumps(row, indent=2))
    (folder / "metrics.json").write_text(json.dumps({"best_epoch": 3, "training_loss": 0.5}))
    return folder


def kaldi(folder):
    (folder / "log").mkdir(parents=True)
    for i in range(N):
        for split, more in (("train", 0.0), ("valid", 0.1)):
            said = "LOG (nnet3-compute-prob[5.5]:PrintTotalStats():nnet-diagnostics.cc:200) Overall"
            text = f"# nnet3-compute-prob\n{said} log-likelihood for 'output' is {-(FALL[i] + more)} per frame.\n"
            text += f"{said} accuracy for 'output' is {1 - FALL[i] / 4} per frame, over 4000 frames.\n"
            (folder / "log" / f"compute_prob_{split}.{i}.log").write_text(text)
        body = "".join(
            f"Average objective function for 'output' for minibatches {k}-{k + 9} is {-FALL[i]} over 12800 frames.\n"
            for k in range(0, 40, 10)
        )
        (folder / "log" / f"train.{i}.1.log").write_text("# nnet3-train\n" + body)
    return folder


def run_at(path):
    (ref,) = discover(str(path))
    return resolve(read(ref))


@pytest.mark.parametrize("make", [allennlp, kaldi])
def test_the_files_of_a_folder_are_one_run(tmp_path, make):
    run = run_at(make(tmp_path / "exp"))
    assert run.role("train_loss").series.step.tolist() == list(range(N))
    np.testing.assert_allclose(run.role("train_loss").series.value, FALL)
    np.testing.assert_allclose(run.role("eval_loss").series.value, FALL + 0.1)
    assert not [name for name in run.series if "best" in name]


@pytest.mark.parametrize("make", [allennlp, kaldi])
def test_one_of_them_names_them_all(tmp_path, make):
    folder = make(tmp_path / "exp")
    path = next(folder.rglob("*valid.3.log")) if make is kaldi else folder / "metrics_epoch_3.json"
    assert len(run_at(path).role("train_loss").series) == N


def test_a_file_that_is_cut_is_said_and_hides_no_other(tmp_path):
    folder = allennlp(tmp_path / "exp")
    (folder / "metrics_epoch_11.json").write_text('{"training_loss": 0.')
    run = run_at(folder)
    assert len(run.role("train_loss").series) == N - 1
    assert ["metrics_epoch_11.json" in note.message for note in run.notes] == [True]


@pytest.mark.parametrize("count", [1, 2])
def test_two_files_are_a_run(tmp_path, count):
    folder = allennlp(tmp_path / "exp", count)
    if count == 2:
        assert len(run_at(folder).role("train_loss").series) == 2
        return
    with pytest.raises(NotALog):
        run_at(folder)


def test_event_files_below_say_the_same_and_are_the_run(tmp_path):
    folder = allennlp(tmp_path / "exp")
    write(folder / "log" / "train", [version(), *(scalar("loss", i, FALL[i]) for i in range(N))])
    (ref,) = discover(str(folder))
    assert ref.source == "tensorboard"


def test_files_of_such_names_that_hold_something_else_are_none(tmp_path):
    (tmp_path / "metrics_epoch_1.json").write_text("[1, 2, 3]")
    with pytest.raises(RunLensError):
        discover(str(tmp_path))
