"""A program that says again what it says once, as it begins: its arguments, or that training starts."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.sources import discover, read
from runlens.sources.text.ends import begun

ARGS = "Namespace(arch='resnet18', batch_size=128, epochs=50, lr=0.1)\n"
DUMP = "batch_size: 32\nwidth: 64\ndepth: 4\ndropout: 0.1\nheads: 8\nk: 1\n"
FLAT = 0.6931 + np.random.default_rng(5).normal(0, 0.004, 60)
FALL = 0.5 + 2 * np.exp(-np.arange(60) / 15)


def found(text, folder):
    (folder / "train.log").write_text(text)
    return [read(ref) for ref in discover(str(folder / "train.log"))]


def epochs(loss):
    return "".join(f"Epoch {e} loss {v:.4f}\n" for e, v in enumerate(loss, 1))


@pytest.mark.parametrize("banner", [ARGS, "Start training\n", "2024-01-01 10:00:00 INFO Start training...\n", DUMP])
def test_a_loss_that_got_nowhere_is_of_two_trainings_where_the_program_begins_again(tmp_path, banner):
    runs = found(banner + epochs(FLAT[:12]) + banner + epochs(FLAT[12:30]), tmp_path)
    assert [len(run.series["loss"]) for run in runs] == [12, 18]


@pytest.mark.parametrize("banner", ["", "a word\n", "Start training epoch 1\n", "".join(DUMP.splitlines(True)[:4])])
def test_without_that_nobody_can_tell(tmp_path, banner):
    (run,) = found(banner + epochs(FLAT[:12]) + banner + epochs(FLAT[12:30]), tmp_path)
    assert len(run.series["loss"].attempts()) == 2


def test_a_loss_that_goes_on_is_of_one_training_all_the_same(tmp_path):
    (run,) = found(ARGS + epochs(FALL[:20]) + ARGS + epochs(FALL[20:45]), tmp_path)
    assert len(run.series["loss"]) == 45


def test_rows_without_a_step_are_counted_from_where_training_starts(tmp_path):
    rows = "".join(f"loss: {v:.4f} acc: 0.5\n" for v in FALL)
    runs = found(("Start training\n" + rows) * 3, tmp_path)
    assert [len(run.series["loss"]) for run in runs] == [60] * 3


@pytest.mark.parametrize("loss", [FALL, FLAT])
def test_training_that_starts_in_every_epoch_is_one(tmp_path, loss):
    rows = [f"loss: {v:.4f} acc: 0.5\n" for v in loss]
    text = "".join("Start training\n" + "".join(rows[k : k + 10]) for k in range(0, 60, 10))
    (run,) = found(text, tmp_path)
    assert len(run.series["loss"]) == 60 and not any("counted on" in note.message for note in run.notes)


@pytest.mark.parametrize(
    ("line", "said"),
    [(ARGS, True), ("args: " + ARGS, True), ("Starting the training ...\n", True), ("[INFO] START TRAINING\n", True),
     ("======= Start Training =======\n", True), ("Start training epoch 3\n", False), ("start train client 3\n", False),
     ("we start training here\n", False), ("Namespace()\n", False)],
)  # fmt: skip
def test_what_is_said_once(line, said):
    assert bool(begun(b"a\n" + line.encode())) is said
