"""Folders of event files that are one run, and folders that look alike and are several."""

from __future__ import annotations

import numpy as np
import pytest

from runlens import sources
from runlens.roles import resolve
from runlens.sources import tensorboard
from runlens.sources.tfevents.kin import name_below
from tests.sources.tfevents_writer import T0, hparams, scalar, version, write


def points(tag, steps, value=1.0, later=0.0):
    return [scalar(tag, step, value, T0 + later + step) for step in steps]


def put(folder, *tags, steps=range(0, 50, 10), later=0.0, name="events.out.tfevents.1790000000.host.1.0"):
    write(folder, [version(), *(p for tag in tags for p in points(tag, steps, later=later))], name)


def found(path):
    """Series by run, with their first and last steps."""
    out = {}
    for ref in tensorboard.find(str(path)):
        series = tensorboard.read(ref).series
        out[ref.id] = {name: (int(s.step[0]), int(s.step[-1])) for name, s in series.items()}
    return out


@pytest.mark.parametrize(
    ("train", "held_out"),
    [("train", "val"), ("train", "validation"), ("train", "valid"), ("train", "test"), ("training", "eval"),
     ("Train", "Val"), ("train_inner", "valid")],
)  # fmt: skip
def test_folders_of_splits_are_one_run(tmp_path, train, held_out):
    put(tmp_path / "exp" / train, "loss", "lr")
    put(tmp_path / "exp" / held_out, "loss", steps=[20, 40])
    run = {f"{train.lower()}/loss": (0, 40), f"{train.lower()}/lr": (0, 40), f"{held_out.lower()}/loss": (20, 40)}
    assert found(tmp_path) == {"exp": run}
    (ref,) = tensorboard.find(str(tmp_path / "exp"))
    assert (ref.id, ref.location) == ("exp", str(tmp_path / "exp"))


def test_a_held_out_loss_of_a_folder_is_never_the_training_loss(tmp_path):
    put(tmp_path / "train", "loss")
    put(tmp_path / "validation", "loss", steps=[20, 40])
    (ref,) = sources.discover(str(tmp_path))
    run = resolve(sources.read(ref))
    assert run.roles["train_loss"][0].series.name == "train/loss"
    assert run.roles["eval_loss"][0].series.name == "validation/loss"


def test_split_words_in_the_names_of_folders_above_change_nothing(tmp_path):
    for split in ("train", "val"):
        put(tmp_path / "train_and_val" / "test_3" / split, "loss")
    assert found(tmp_path) == {"train_and_val/test_3": {"train/loss": (0, 40), "val/loss": (0, 40)}}


def test_from_inside_the_folder_too(tmp_path, monkeypatch):
    put(tmp_path / "train", "loss")
    put(tmp_path / "val", "loss")
    monkeypatch.chdir(tmp_path)
    assert found(".") == {tmp_path.name: {"train/loss": (0, 40), "val/loss": (0, 40)}}


def test_an_eval_folder_below_the_folder_of_the_training(tmp_path):
    put(tmp_path, "loss", "lr")
    put(tmp_path / "eval", "loss", "accuracy")
    assert found(tmp_path) == {
        tmp_path.name: {"loss": (0, 40), "lr": (0, 40), "eval/loss": (0, 40), "eval/accuracy": (0, 40)}
    }


def test_a_run_that_was_tried_out_below_another_stays_a_run(tmp_path):
    put(tmp_path, "loss", "lr")
    put(tmp_path / "test", "loss", "lr")
    assert list(found(tmp_path)) == [tmp_path.name, "test"]


def test_names_that_differ_in_the_split_alone(tmp_path):
    for name in ("a_train", "a_val", "b-train", "b-val", "pretrain", "latest"):
        put(tmp_path / name, "loss")
    both = {"train/loss": (0, 40), "val/loss": (0, 40)}
    alone = {"loss": (0, 40)}
    assert found(tmp_path) == {"a": both, "b": both, "latest": alone, "pretrain": alone}


def test_splits_above_the_runs(tmp_path):
    for split in ("train", "val"):
        for run in ("x", "y"):
            put(tmp_path / split / run, "loss")
    assert found(tmp_path) == {run: {"train/loss": (0, 40), "val/loss": (0, 40)} for run in ("x", "y")}


@pytest.mark.parametrize("names", [("train",), ("val", "test"), ("exp1", "exp2"), ("train_val", "val_train")])
def test_folders_that_are_no_splits_of_one_run_stay_apart(tmp_path, names):
    for name in names:
        put(tmp_path / name, "loss")
    assert list(found(tmp_path)) == sorted(names)


@pytest.mark.parametrize(
    ("tag", "folders"),
    [("loss", {"loss_train": "train/loss", "loss_val": "val/loss"}),
     ("Loss/step", {"Loss_step_train": "train/Loss/step", "Loss_step_test": "test/Loss/step"}),
     ("out", {"out_pred": "out/pred", "out_target": "out/target"}),
     ("loss", {"loss/train": "train/loss", "loss/val": "val/loss"})],
)  # fmt: skip
@pytest.mark.parametrize("own", [(), ("lr",)])
def test_curves_of_add_scalars_belong_to_the_run(tmp_path, tag, folders, own):
    put(tmp_path / "exp", *own)
    for folder in folders:
        put(tmp_path / "exp" / folder, tag)
    assert found(tmp_path) == {"exp": dict.fromkeys((*own, *folders.values()), (0, 40))}


def test_a_folder_with_other_tags_is_no_curve(tmp_path):
    put(tmp_path, "lr")
    put(tmp_path / "loss_fn2", "loss", "acc")
    assert list(found(tmp_path)) == [tmp_path.name, "loss_fn2"]


def test_curves_of_a_folder_of_a_split(tmp_path):
    put(tmp_path / "train", "lr")
    put(tmp_path / "train" / "loss_a", "loss")
    put(tmp_path / "val", "loss")
    assert found(tmp_path) == {tmp_path.name: dict.fromkeys(["train/lr", "val/loss", "train/loss/a"], (0, 40))}


def test_the_writer_of_torch_itself(tmp_path):
    tensorboard_of_torch = pytest.importorskip("torch.utils.tensorboard")
    with tensorboard_of_torch.SummaryWriter(str(tmp_path)) as writer:
        for step in range(5):
            writer.add_scalar("lr", 0.1, step)
            writer.add_scalars("Loss/all", {"train": 1.0, "val": 2.0}, step)
    assert found(tmp_path) == {tmp_path.name: dict.fromkeys(["lr", "train/Loss/all", "val/Loss/all"], (0, 4))}


@pytest.mark.parametrize(
    ("first", "later", "one"),
    [(50, 1000, True), (40, 1000, True), (70, 1000, False), (0, 1000, False), (10, 1000, False), (50, -1000, False)],
)
def test_versions_are_attempts_only_where_the_second_goes_on(tmp_path, first, later, one):
    logs = tmp_path / "lightning_logs"
    put(logs / "version_0", "loss")
    put(logs / "version_1", "loss", steps=range(first, first + 50, 10), later=later)
    runs = found(tmp_path)
    if not one:
        assert list(runs) == ["lightning_logs/version_0", "lightning_logs/version_1"]
        return
    assert runs == {"lightning_logs/version_0": {"loss": (0, first + 40)}}
    (ref,) = tensorboard.find(str(tmp_path))
    run = tensorboard.read(ref)
    assert len(run.series["loss"]) == 10 and len(run.starts) == 2


def test_hyperparameters_of_a_split_stay_with_it(tmp_path):
    put(tmp_path / "train", "loss")
    put(tmp_path / "val", "loss")
    write(tmp_path / "train" / "1790000000.5", [version(), hparams({"lr": 0.1})])
    (ref,) = tensorboard.find(str(tmp_path))
    run = tensorboard.read(ref)
    assert run.config == {"lr": 0.1} and sorted(run.series) == ["train/loss", "val/loss"]


@pytest.mark.parametrize("name", ["{}.meta", "{}.md5", "{}.sha256", "{}.dvc", "{}.lock", "{}.tmp", "{}~", ".{}.crc"])
def test_companions_of_event_files_are_no_logs(tmp_path, name):
    put(tmp_path, "loss")
    usual = "events.out.tfevents.1790000000.host.1.0"
    (tmp_path / name.format(usual)).write_bytes(b"no record at all" * 20)
    (ref,) = tensorboard.find(str(tmp_path))
    run = tensorboard.read(ref)
    assert not run.notes and np.array_equal(run.series["loss"].step, [0, 10, 20, 30, 40])


def test_names_of_series():
    assert name_below("", "loss") == "loss"
    assert name_below("val", "val_loss") == "val_loss"
    assert name_below("exp_test", "acc") == "test/acc"
