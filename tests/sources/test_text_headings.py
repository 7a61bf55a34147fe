"""Headings without a number (`Validation`, `Test Error:`) that say of which data the lines below are; and results told
as a sentence.
"""

from __future__ import annotations

import numpy as np
import pytest

from runlens.roles import resolve
from runlens.sources import discover, read

N = 12
LOSS = np.round(0.5 + 2 * np.exp(-np.arange(N) / 4), 4)


def run_of(text, folder):
    (folder / "train.log").write_text(text)
    (ref,) = discover(str(folder / "train.log"))
    return resolve(read(ref))


def check(run, held="val"):
    np.testing.assert_allclose(run.role("train_loss").series.value, LOSS)
    np.testing.assert_allclose(run.series[f"{held}/loss"].value, LOSS + 1)


@pytest.mark.parametrize(
    ("first", "second", "held"),
    [("Training", "Validation", "val"), ("--- train ---", "--- test ---", "test"), ("train:", "val:", "val"),
     ("[10:00:00] INFO Start training", "[10:00:00] INFO Evaluating", "val"), ("a word", "Validation results:", "val")],
)  # fmt: skip
def test_rows_of_one_form_below_two_headings(tmp_path, first, second, held):
    row = "loss: {:.4f} acc: 0.5\n"
    rows = [f"Epoch {e}\n{first}\n{row.format(v)}{second}\n{row.format(v + 1)}" for e, v in enumerate(LOSS, 1)]
    run = run_of("".join(rows), tmp_path)
    check(run, held)
    np.testing.assert_array_equal(run.role("train_loss").series.step, np.arange(1, N + 1))


@pytest.mark.parametrize(
    "second", ["Validation of what was learnt", "Validation\n\nand\nso\non", "Validation\nloss: 1.0 acc: 0.5"]
)
def test_rows_that_may_be_of_something_else_are_left_alone(tmp_path, second):
    row = "loss: {:.4f} acc: 0.5\n"
    rows = [f"Epoch {e}\n{row.format(v)}{second}\n{row.format(v + 1)}" for e, v in enumerate(LOSS, 1)]
    assert not any(name.startswith("val") for name in run_of("".join(rows), tmp_path).series)


def test_what_stands_below_an_evaluation_alone_is_left_alone_where_it_may_be_of_training(tmp_path):
    rows = [f"Epoch {e}\nEvaluating\nloss: {v:.4f} acc: 0.5\n" for e, v in enumerate(LOSS, 1)]
    assert run_of("".join(rows), tmp_path).role("train_loss").series.name == "loss"


def test_the_quick_start_of_pytorch(tmp_path):
    rows = [
        f"Epoch {e}\n-----\nloss: {v + 0.1:>7f}  [   64/60000]\nloss: {v:>7f}  [32064/60000]\n"
        f"Test Error: \n Accuracy: {40 + e}.1%, Avg loss: {v + 1:>8f} \n\n"
        for e, v in enumerate(LOSS, 1)
    ]
    run = run_of("".join(rows), tmp_path)
    loss = run.role("train_loss").series
    np.testing.assert_array_equal(loss.step[:4], [64, 32064, 60064, 92064])
    np.testing.assert_allclose(run.role("eval_loss").series.value, LOSS + 1)
    assert run.role("eval_score").series.name == "test/Accuracy" and len(run.series["test/Accuracy"]) == N


def test_a_text_of_headings_alone_is_no_log(tmp_path):
    (tmp_path / "notes.txt").write_text("Training\nValidation\n" * 20)
    (tmp_path / "train.log").write_text("step 1 loss 0.5\nstep 2 loss 0.4\nstep 3 loss 0.3\n")
    assert [ref.id for ref in discover(str(tmp_path))] == ["train"]


@pytest.mark.parametrize(
    "said",
    ["Accuracy of the network on the 10000 test images: {} %", "Accuracy of the model on the test images is {}%"],
)
def test_a_score_told_as_a_sentence(tmp_path, said):
    rows = [f"[{e}, {i}] loss: {v:.3f}\n" + (said.format(40 + e) + "\n" if i == 200 else "")
            for e, v in enumerate(LOSS, 1) for i in (100, 200)]  # fmt: skip
    score = run_of("".join(rows), tmp_path).role("eval_score")
    assert score.split == "eval" and len(score.series) == N


SETTINGS = """[11/17 15:16:17] detectron2 INFO: Running with full config:
DATASETS:
  TRAIN:
  - nyu_train
  TEST:
  - nyu_val
TEST:
  EVAL_PERIOD: 1000
"""


def test_headings_in_printed_settings_are_those_of_no_row(tmp_path):
    rows = "".join(
        f"[11/17 15:00:{i:02}] events INFO: iter: {20 * i + 19}  total_loss: {2 - i / 50:.3f}  lr: 0.01\n"
        for i in range(60)
    )
    path = tmp_path / "log.txt"
    path.write_text(SETTINGS + rows)
    (ref,) = discover(str(path))
    run = resolve(read(ref))
    assert len(run.role("train_loss").series) == 60
    assert not run.every("eval_loss")


def test_a_row_of_two_words_in_brackets_says_its_epoch(tmp_path):
    path = tmp_path / "val.log"
    path.write_text(
        "".join(
            f"2026_08_19_16_{i:02} [Epoch] {i:03} [Loss] loss_span {0.4 - i / 100:.3f} loss_overall {5 - i / 9:.3f}\n"
            for i in range(30)
        )
    )
    (ref,) = discover(str(path))
    run = resolve(read(ref))
    assert run.step_range() == (0, 29)
    assert len(run.role("eval_loss").series) == 30  # the file is named for its split


def test_what_wandb_says_of_steps_that_it_drops_is_no_step(tmp_path):
    said = "wandb: WARNING (User provided step: {i} is less than current step: 125. Dropping entry: {{'loss': 1.3}})."
    lines = [line for i in range(20) for line in (f"epoch {i} loss {2 - i / 20:.4f}", "  " + said.format(i=i % 3))]
    path = tmp_path / "output.log"
    path.write_text("\n".join(lines) + "\n")
    (ref,) = discover(str(path))
    run = resolve(read(ref))
    assert list(run.series) == ["loss"]
    assert run.step_range() == (0, 19)


def test_evaluations_of_a_policy_stand_at_the_steps_of_its_environment(tmp_path):
    lines = [
        line
        for i in range(20)
        for line in (
            f"Eval num_timesteps={24000 * (i + 1)}, episode_reward={10.0 * i:.2f} +/- 0.00",
            "Episode length: 1000.00 +/- 0.00",
        )
    ]
    path = tmp_path / "eval.log"
    path.write_text("\n".join(lines) + "\n")
    (ref,) = discover(str(path))
    assert resolve(read(ref)).step_range() == (24000, 480000)
