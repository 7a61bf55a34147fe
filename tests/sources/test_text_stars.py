"""Rows behind a star, ` * Prec@1 71.2 Prec@5 90.1`, which sum up an evaluation; and results told as those of a set."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.roles import resolve
from runlens.sources import discover, read

EPOCHS = 6


def run_of(text, folder):
    (folder / "train.log").write_text(text)
    (ref,) = discover(str(folder / "train.log"))
    return resolve(read(ref))


def log(star, evaluation="", after_training=""):
    """Epochs of ten rows, a loop over held-out data if it is printed, and the star."""
    lines = []
    for epoch in range(EPOCHS):
        lines += [
            f"Epoch: [{epoch}][{i}/100]\tLoss {3 - epoch / 4 - i / 1000:.4f}\tPrec@1 {30 + epoch}.00"
            for i in range(0, 100, 10)
        ]
        lines += [after_training.format(e=epoch)] if after_training else []
        lines += [evaluation.format(i=i, e=epoch) for i in (0, 10)] if evaluation else []
        lines.append(star.format(e=epoch))
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    "star", [" * Prec@1 {e}1.250 Prec@5 90.100", " *   Prec@1 {e}1.250 loss 1.9", "[10:00:00] INFO * Prec@1 {e}1.250"]
)
def test_a_row_behind_a_star_is_what_an_evaluation_came_to(tmp_path, star):
    run = run_of(log(star), tmp_path)
    score = run.role("eval_score")
    assert score.series.name == "val/Prec@1" and score.split == "eval"
    np.testing.assert_allclose(score.series.value, [(10 * e + 1.25) / 100 for e in range(EPOCHS)])
    assert len(run.series["Prec@1"]) == 10 * EPOCHS
    assert any("star" in note.message for note in run.notes)


def test_it_is_the_result_of_the_loop_above_it(tmp_path):
    run = run_of(log(" * Prec@1 {e}1.250", "Test: [{i}/20]\tLoss 2.5\tPrec@1 {i}.000"), tmp_path)
    np.testing.assert_allclose(run.series["test/Prec@1"].value, [10 * e + 1.25 for e in range(EPOCHS)])
    assert not any("star" in note.message for note in run.notes)


def test_one_after_training_and_one_after_an_evaluation_that_is_not_printed_are_left_alone(tmp_path):
    run = run_of(log(" * Prec@1 {e}1.250", after_training=" * Prec@1 {e}7.250"), tmp_path)
    assert not any(name.startswith(("val/", "test/")) for name in run.series)


def test_errors_of_trajectories_are_metrics(tmp_path):
    run = run_of(log(" * ADE 1.{e} FDE 2.{e}"), tmp_path)
    assert run.role("eval_score").direction == "down"
    assert {"val/ADE", "val/FDE"} <= set(run.series)


@pytest.mark.parametrize("said", ["Accuracy on Test-Set: {v}%", "Accuracy of the test set: {v}%"])
def test_results_on_a_set_are_of_its_split(tmp_path, said):
    rows = [f"epoch {e} loss: {3 - e / 4}\n" + said.format(v=40 + e) for e in range(EPOCHS)]
    score = run_of("\n".join(rows) + "\n", tmp_path).role("eval_score")
    assert score.split == "eval" and len(score.series) == EPOCHS


def test_where_all_rows_stand_behind_stars_they_sum_up_nothing(tmp_path):
    rows = [f"Epoch {e}\n * loss: {3 - e / 4}\n * accuracy: 0.{50 + e}\n" for e in range(EPOCHS)]
    run = run_of("".join(rows), tmp_path)
    assert run.role("train_loss").series.name == "loss" and len(run.series["loss"]) == EPOCHS
