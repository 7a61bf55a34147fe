"""Edges of the forms in `text_samples/older.py`: what looks like them and means something else."""

import numpy as np
import pytest

from runlens.errors import RunLensError
from runlens.roles import resolve
from runlens.sources import discover, read

N = 24
FALL = np.round(0.5 + 2.0 * np.exp(-np.arange(N) / 8.0), 4)


def run_of(folder, text):
    path = folder / "train.log"
    path.write_text(text)
    (ref,) = discover(str(path))
    return resolve(read(ref))


def lines(form):
    return "\n".join(form.format(i=i, v=v) for i, v in enumerate(FALL)) + "\n"


def test_a_word_of_held_out_data_that_names_the_bar_still_says_what_it_counts(tmp_path):
    text = "".join(
        f"Train: 100%|████| 9/9 [00:09<00:00, 1.0it/s, loss={v:.4f}]\n"
        f"Val: 100%|████| 3/3 [00:01<00:00, 3.0it/s, loss={v + 0.1:.4f}]\n"
        for v in FALL
    )
    run = run_of(tmp_path, text)
    assert run.role("train_loss").series.value.tolist() == FALL.tolist()
    assert run.role("eval_loss").series.name == "val/loss"


@pytest.mark.parametrize("whole", [True, False], ids=["done", "drawn again"])
def test_bars_of_one_epoch_each_are_told_by_their_end(tmp_path, whole):
    count = [9] * N if whole else [9 if i % 2 else 4 for i in range(N)]
    text = "".join(
        f"loss = {v:.4f} {11 * c}%|██| {c}/9 [00:0{c}<00:00, 1.0it/s]\n" for v, c in zip(FALL, count, strict=True)
    )
    steps = run_of(tmp_path, text).role("train_loss").series.step
    assert steps.tolist() == (
        [9 * (i + 1) for i in range(N)] if whole else [9 * (i // 2) + c for i, c in enumerate(count)]
    )


@pytest.mark.parametrize("epochs", [2, 3], ids=["one boundary", "two boundaries"])
def test_updates_beside_batches_of_an_epoch_stand_where_they_are_written(tmp_path, epochs):
    text = ""
    for i in range(8 * epochs):
        text += f"Epoch[{i // 8}] Batch [{50 * (i % 8 + 1)}]\tcross-entropy={FALL[i]:.4f}\n"
        if i % 8 == 7:
            text += f"Checkpoint [{i // 8 + 1}]\tUpdates={50 * (i + 1)} Epoch={i // 8} loss-so-far={FALL[i]:.4f}\n"
    steps = run_of(tmp_path, text).role("train_loss").series.step
    right = steps.tolist() == [50 * (i + 1) for i in range(8 * epochs)]
    assert right == (epochs == 3)  # a single boundary may be two stages of another length


def test_what_a_logger_tells_in_brackets_is_no_metric_but_a_loss_is(tmp_path):
    run = run_of(tmp_path, lines("(trainer:672) INFO: step {i} loss {v} (acc:7)"))
    assert set(run.series) == {"loss", "acc"}


@pytest.mark.parametrize("rises", [False, True])
def test_catboost_calls_what_falls_a_loss(tmp_path, rises):
    value = FALL[::-1] if rises else FALL
    text = "".join(
        f"{i}:\tlearn: {v:.4f}\ttest: {v:.4f}\tbest: {v:.4f} ({i})\ttotal: {i}ms\tremaining: 5s\n"
        for i, v in enumerate(value)
    )
    run = run_of(tmp_path, text)
    assert (run.role("train_loss") is None) is rises
    assert "total loss" not in run.series


@pytest.mark.parametrize(
    ("said", "scales"),
    [
        ("NOTE: gradient overflow detected, ignoring gradient, setting loss scale to: {}", True),
        ("Gradient overflow.  Skipping step, loss scaler 0 reducing loss scale to {}", True),
        ("WARNING: overflow encountered in exp, clipping to {} values", False),
    ],
)
def test_the_scale_after_an_overflow_is_a_series(tmp_path, said, scales):
    text = "".join(
        (said.format(2.0 ** (16 - i // 6)) + "\n" if i and i % 6 == 0 else "") + f"step {i} loss {v}\n"
        for i, v in enumerate(FALL)
    )
    run = run_of(tmp_path, text)
    assert ("loss_scale" in run.series) is scales
    if scales:
        assert run.series["loss_scale"].value.tolist() == [2.0**15, 2.0**14, 2.0**13]


def test_a_heading_with_a_setting_is_one_and_a_sentence_is_none(tmp_path):
    told = "".join(f"epoch # {i} [batchSize = 128]\nTrain accuracy: {v:.4f}\n" for i, v in enumerate(FALL, 5))
    assert run_of(tmp_path, told).series["Train accuracy"].step.tolist() == list(range(5, 5 + N))
    prose = "".join(
        f"at epoch {i} we changed the size of our batches = 128\nTrain loss: {v:.4f}\n" for i, v in enumerate(FALL, 5)
    )
    assert run_of(tmp_path, prose).axis_name == "lines"


def test_a_count_of_successes_is_no_episode(tmp_path):
    text = "".join(f"Success Episode: {30 + i % 7}\nP1 reward mean: {v}\n" for i, v in enumerate(FALL))
    with pytest.raises(RunLensError):
        run_of(tmp_path, text.replace("P1 reward mean", "P1 mean"))
    assert run_of(tmp_path, "".join(f"Episode: {i} reward: {v}\n" for i, v in enumerate(FALL))).axis_name == "episode"


def test_bare_numbers_under_no_heading_stay_refused(tmp_path):
    with pytest.raises(RunLensError):
        run_of(tmp_path, lines("2021-03-14 12:00:01 [INFO]: {i} {v} 3.1 4.1"))
