"""Loops over held-out data that are printed as training is: told apart by how many batches there are."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.sources import discover, read


def paddle(epochs, batches=60, evals=8, ended=True, loss=3.0):
    lines = []
    for epoch in range(1, epochs + 1):
        lines.append(f"Epoch {epoch}/{epochs}")
        last = batches if ended else batches - 10
        lines += [
            f"step {i:3d}/{batches} - loss: {loss / epoch - i / 1000:.4f} - acc: 0.5" for i in range(10, last + 1, 10)
        ]
        lines += ["Eval begin..."] + [
            f"step {i}/{evals} - loss: {9 + i:.4f} - acc: 0.4" for i in range(2, evals + 1, 2)
        ]
    return "\n".join(lines) + "\n"


def run_of(text, folder):
    (folder / "train.log").write_text(text)
    (ref,) = discover(str(folder / "train.log"))
    return read(ref)


def test_the_lines_of_an_evaluation_are_no_training(tmp_path):
    run = run_of(paddle(4), tmp_path)
    assert len(run.series["loss"]) == 24 and run.series["loss"].value.max() < 4
    assert bool(np.all(np.diff(run.series["loss"].step) > 0))


def test_the_last_word_of_each_evaluation_is_its_value_where_training_stood(tmp_path):
    evals = run_of(paddle(4), tmp_path).series["val/loss"]
    np.testing.assert_array_equal(evals.value, [17.0] * 4)
    np.testing.assert_array_equal(evals.step, [60, 120, 180, 240])


@pytest.mark.parametrize(
    "text",
    [
        paddle(1),  # one loop of another length may be a second stage
        paddle(4, ended=False),  # it begins before the epoch was over
        paddle(4, evals=60),  # no total tells them apart
    ],
)
def test_without_that_they_are_left_alone(text, tmp_path):
    (tmp_path / "train.log").write_text(text)
    assert all("val/loss" not in read(ref).series for ref in discover(str(tmp_path / "train.log")))
