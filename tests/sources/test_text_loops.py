"""Rows of held-out data in the form of those of training: told apart by the batches, by a word before the counter or by
the heading above; and batches of an evaluation that are no steps.
"""

from __future__ import annotations

import numpy as np
import pytest

from runlens.roles import resolve
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


@pytest.mark.parametrize(
    ("word", "split"), [("VALIDATION ", "val"), ("valid ", "val"), ("test ", "test"), ("eval ", "val"), ("dev ", "val")]
)
@pytest.mark.parametrize(
    "form", ["{}step {} - loss {:.4f}", "{}step:{} || Loss:{:.4f}", "{}step [{}/40], loss = {:.4f}"]
)
def test_a_word_before_the_step_says_that_a_row_is_of_held_out_data(tmp_path, word, split, form):
    rows = [form.format(w, i, 3 - i / 100 + 9 * bool(w)) for i in range(1, 31) for w in ("", word)]
    run = run_of("\n".join(rows) + "\n", tmp_path)
    (trained,) = [s for n, s in run.series.items() if n.lower() == "loss"]
    (held,) = [s for n, s in run.series.items() if n.lower() == f"{split}/loss"]
    assert len(trained) == len(held) == 30 and trained.value.max() < 4 < held.value.min()
    np.testing.assert_array_equal(held.step, trained.step)


@pytest.mark.parametrize("word", ["", "training ", "train ", "latest "])
def test_another_word_before_the_step_does_not(tmp_path, word):
    text = "\n".join(f"{word}step {i} - loss {3 - i / 100:.4f}" for i in range(1, 31)) + "\n"
    assert list(run_of(text, tmp_path).series) == ["loss"]


def test_what_is_called_of_training_is_so_whatever_the_counter_is_called(tmp_path):
    rows = [f"validation epoch {i} - train loss {3 - i / 100:.4f} - val loss {4 - i / 100:.4f}" for i in range(1, 31)]
    run = run_of("\n".join(rows) + "\n", tmp_path)
    assert run.series["train loss"].value.max() < 3 < run.series["val loss"].value.min()


def under_headings(trained="Training epoch", held="Eval epoch", epochs=20):
    lines = []
    for epoch in range(epochs):
        lines += [f"{trained}: {epoch}", f"\tmean_loss: {3 - epoch / 10:.4f}", "Time consumption:", "Done."]
        if epoch % 5 == 4:
            lines += [f"{held}: {epoch}", f"\tmean_loss: {9 + epoch / 10:.4f}", f"\tTop1: {epoch + 0.5:.2f}%", "Done."]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("held", "split"), [("Eval epoch", "val"), ("Test epoch", "test"), ("Validation epoch", "val")]
)
def test_a_heading_says_of_which_data_the_rows_below_are(tmp_path, held, split):
    run = run_of(under_headings(held=held), tmp_path)
    trained, evals = run.series["mean_loss"], run.series[f"{split}/mean_loss"]
    assert len(trained) == 20 and trained.value.max() < 4
    np.testing.assert_array_equal(trained.step, np.arange(20))
    np.testing.assert_array_equal(evals.step, [4, 9, 14, 19])
    np.testing.assert_allclose(run.series[f"{split}/Top1"].value, [0.045, 0.095, 0.145, 0.195])


@pytest.mark.parametrize(("trained", "held"), [("Epoch", "Eval epoch"), ("Training epoch", "Training epoch")])
def test_where_no_heading_says_that_rows_are_of_training_none_tells_them_apart(tmp_path, trained, held):
    run = run_of(under_headings(trained, held), tmp_path)
    assert len(run.series["mean_loss"]) == 24 and "val/mean_loss" not in run.series


def paddleclas(epochs=4, mean=True, of_epoch=True):
    lines = []
    for epoch in range(1, epochs + 1):
        for i in range(0, 98, 10):
            done = (
                f"[Epoch {epoch}/{epochs}][Iter: {i}/98]"
                if of_epoch
                else f"[Iter: {98 * (epoch - 1) + i}/{98 * epochs}]"
            )
            lines.append(f"[Train]{done}lr: 0.00100000, loss: {7 - epoch / 10 - i / 1000:.5f}")
        lines += [
            f"[Eval][Epoch {epoch}][Iter: {i}/25]loss: {8 - epoch / 10:.5f}, ips: 53.27 images/sec" for i in (0, 10, 20)
        ]
        if mean:
            lines.append(f"[Eval][Epoch {epoch}][Avg]loss: {9 - epoch / 10:.5f}")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("of_epoch", [True, False])
@pytest.mark.parametrize(("mean", "level"), [(True, 9.0), (False, 8.0)])
def test_batches_of_an_evaluation_are_no_steps_and_its_mean_is_its_result(tmp_path, of_epoch, mean, level):
    run = run_of(paddleclas(mean=mean, of_epoch=of_epoch), tmp_path)
    evals = run.series["val/loss"]
    np.testing.assert_allclose(evals.value, [level - 0.1, level - 0.2, level - 0.3, level - 0.4])
    np.testing.assert_array_equal(evals.step, [90, 188, 286, 384])
    assert len(run.series["loss"]) == 40 and run.series["loss"].value.max() < 7


def test_steps_of_held_out_rows_that_count_on_are_those_of_training(tmp_path):
    lines = [
        f"step {i}/400 - loss: {3 - i / 400:.4f}"
        + (f"\nval step {i - 5}/400 - loss: {4 - i / 400:.4f}" if not i % 50 else "")
        for i in range(10, 401, 10)
    ]
    evals = run_of("\n".join(lines) + "\n", tmp_path).series["val/loss"]
    np.testing.assert_array_equal(evals.step, np.arange(45, 400, 50))


def test_tabs_in_a_first_line_alone_make_no_table(tmp_path):
    rows = [
        f"epoch: {i}, step: {35 * i}, time: 32.1, train: {26 - i:.3f}, valid: {18 - i / 2:.3f}, "
        f"train_acc: 0.{100 + i}, valid_acc: 0.{90 + i}"
        for i in range(1, 20)
    ]
    run = run_of("\n".join(["Epoch\tTrain\tValidation", *rows]) + "\n", tmp_path)
    np.testing.assert_array_equal(run.series["train"].step, 35 * np.arange(1, 20))
    assert {"train", "valid", "train_acc", "valid_acc"} <= set(run.series)


def test_bars_of_validation_are_held_out_whatever_stands_behind_the_word(tmp_path):
    lines = []
    for e in range(6):
        lines += [
            f"Epoch {e}:  50%|###       | {i}/40 [00:04<?, ?it/s, loss:{9 - e - i / 40:.3f}]" for i in range(0, 40, 4)
        ]
        lines += [f"validating...:  50%|###       | {i}/8 [00:04<?, ?it/s, loss:{5 - e / 2:.3f}]" for i in range(8)]
    (tmp_path / "train.log").write_text("\n".join(lines) + "\n")
    (ref,) = discover(str(tmp_path / "train.log"))
    run = resolve(read(ref))
    # a bar that is set back to 0 shows what was there before
    assert len(run.role("train_loss").series) == 54 and len(run.role("eval_loss").series) == 6
