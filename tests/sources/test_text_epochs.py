"""Epochs of a console log: told below their batches, in the name of a bar, or beside lines that come more often."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.roles import resolve
from runlens.sources import discover, read


def all_of(text, folder):
    path = folder / "train.log"
    path.write_text(text)
    return [resolve(read(ref)) for ref in discover(str(path))]


def of(text, folder):
    (run,) = all_of(text, folder)
    return run


def falling(n, first=2.5, seed=1):
    return 1 + (first - 1) * np.exp(-np.arange(n) / (n / 3)) + 0.01 * np.random.default_rng(seed).standard_normal(n)


def batches(epochs, each, above=False, first=0, seed=1):
    """Batches of epochs, which are told at their end; or above them."""
    out, loss = [], iter(falling(epochs * each, seed=seed))
    for epoch in range(first, first + epochs):
        told = f"Epoch [{epoch}]/[{epochs - 1}] \t Training Phase Loss: {falling(epochs)[epoch - first]:.4f}"
        out += [told] if above else []
        out += [f"train --- Current batch:{100 * (i + 1)}/{100 * each}  loss:[ {next(loss):.5f}]" for i in range(each)]
        out += [] if above else [told]
    return "\n".join(out) + "\n"


@pytest.mark.parametrize("above", [False, True])
def test_batches_are_of_the_epoch_that_is_told_at_their_end(tmp_path, above):
    series = of(batches(6, 4, above), tmp_path).role("train_loss").series
    np.testing.assert_array_equal(series.step, np.arange(100, 2401, 100))


@pytest.mark.parametrize("first", [0, 1, 2, 50])
def test_a_resume_in_the_middle_tells_its_epochs_at_their_end_too(tmp_path, first):
    steps = of(batches(6, 4, first=first), tmp_path).series["loss"].step
    np.testing.assert_array_equal(np.diff(steps), 100)
    assert steps[0] == 100 + 400 * max(first - 1, 0)


def test_a_log_that_was_cut_within_an_epoch_has_them_above(tmp_path):
    lines = batches(6, 4, above=True).split("\n")[3:]  # batches 3 and 4 of epoch 0, then epoch 1
    steps = of("\n".join(lines), tmp_path).series["loss"].step
    np.testing.assert_array_equal(steps, np.arange(300, 2401, 100))


def test_an_epoch_after_the_last_one_told_goes_on(tmp_path):
    text = batches(5, 4) + "train --- Current batch:100/400  loss:[ 1.01]\n"
    assert of(text, tmp_path).series["loss"].step[-1] == 2100


def test_launches_with_epochs_told_at_their_end_are_told_apart(tmp_path):
    def launch(seed):
        out, loss = ["loading"], iter(falling(120, seed=seed))
        for epoch in range(1, 31):
            out += [f"  Train: {25 * i}%|##| {i}/4 [00:01<00:02,  1.1it/s, loss={next(loss):.4f}]" for i in range(1, 5)]
            out.append(f"[Epoch {epoch:02d}/30] lr={1e-3 / epoch:.2e}")
        return "\n".join(out) + "\n"

    runs = all_of("".join(launch(seed) for seed in range(4)), tmp_path)
    assert [run.role("train_loss").series.step[-1] for run in runs] == [120] * 4


@pytest.mark.parametrize("name", ["[fold_{f}] {e:03d}/20:", "[{e}/20]", "{e}/20"])
def test_the_name_of_a_bar_tells_its_epoch(tmp_path, name):
    text = ""
    for f in range(3):
        text += f"\n  FOLD {f}  val: case{f}\n"
        loss = iter(falling(80, seed=f))
        for e in range(1, 21):
            label = name.format(f=f, e=e)
            text += "".join(
                f"{label}  {25 * i}%|##| {i}/4 [00:01<00:02, 1.1it/s, loss={next(loss):.4f}]\n" for i in (1, 2, 3, 4)
            )
    runs = all_of(text, tmp_path)
    assert [run.role("train_loss").series.step[-1] for run in runs] == [80, 80, 80]


def test_bars_of_later_ultralytics(tmp_path):
    """Its own bars: no brackets, and a heading that stays far above when they are drawn again."""
    head = "      Epoch    GPU_mem   box_loss   cls_loss   dfl_loss  Instances       Size"
    text = "train: Scanning labels/train.cache... 9000 images, 0 corrupt: 100% ━━━━━━━━━━━━ 9000/9000 28.7Git/s 0.0s\n"
    for e in range(1, 13):
        text += head + "\n"
        for i in range(100):
            pace = f"{9.1 + i / 10:.1f}it/s " if i else ""
            left = "<1:09" if i % 2 else ""
            loss = 3 - 0.1 * e - i / 5000
            cells = f"{6 + i % 3}.15G      {loss:.3f}      {2 * loss:.2f}    0.03198         49        736"
            text += f"\x1b[K     {e:2d}/12      {cells}: {i}% ━━──────────── {i}/99 {pace}{i / 9:.1f}s{left}\r"
        cells = f"8.15G      {3 - 0.1 * e:.3f}      {6 - 0.2 * e:.2f}    0.03198         49        736"
        text += f"      {e:2d}/12      {cells}: 100% ━━━━━━━━━━━━ 99/99 9.1it/s 10.9s\n"
    series = of(text, tmp_path).series
    np.testing.assert_allclose(series["box_loss"].value, 3 - 0.1 * np.arange(1, 13), atol=1e-9)
    np.testing.assert_array_equal(series["box_loss"].step, 99 * np.arange(1, 13))


def test_one_epoch_of_later_ultralytics_is_read_by_its_bars(tmp_path):
    text = "   Epoch    GPU_mem   box_loss   cls_loss   dfl_loss  Instances       Size\n"
    for i in range(600):
        bar = f"{i / 68:.0f}% ━━─── {i}/6848 2.5it/s {i // 60}:{i % 60:02d}<41:52"
        text += f"   1/100      15G      {3 - i / 500:.3f}      {5 - i / 400:.2f}    0.03        49        736: {bar}\n"
    run = of(text, tmp_path)
    assert len(run.role("train_loss").series) == 600 and run.role("train_loss").series.step[-1] == 599


@pytest.mark.parametrize("named", ["box cls dfl", "giou obj lnd"])
def test_of_two_headings_far_above_the_nearer_one_holds(named, tmp_path):
    heads = {
        "box cls dfl": "  Epoch  GPU_mem  box_loss  cls_loss  dfl_loss  Instances\n",
        "giou obj lnd": "  Epoch  GPU_mem  giou_loss  obj_loss  lnd_loss  Labels\n",
    }
    nearer = heads.pop(named)
    text = "".join(heads.values()) + nearer + "".join(f"{'abcdefgh'[i % 8] * (1 + i // 8)}\n" for i in range(60))
    text += "".join(f"  {i}/99  2.5G  {1.5 - i / 100:.4f}  0.75{i}  1.25{i}  {i + 10}\n" for i in range(1, 10))
    assert {f"{name}_loss" for name in named.split()} <= set(of(text, tmp_path).series)


def test_a_loss_an_epoch_is_the_axis_beside_lines_that_come_more_often(tmp_path):
    text = ""
    for e in range(40):
        text += f"\nEpoch: {e} | Epoch Time: 29.04 s\n\tTrain: loss = {falling(40)[e]:.5f} | f1 = 0.5{e:02d}\n"
        if e > 20:
            text += "".join(f"cutloss: {5.7 - i / 10} | rerankloss: 0.{i}\n" for i in range(5))
        text += f"\tTest: loss = {falling(40, seed=2)[e]:.5f} | f1 = 0.4{e:02d}\n"
    run = of(text, tmp_path)
    assert run.role("train_loss").series.name == "loss" and run.role("eval_loss").series.name == "test/loss"
    np.testing.assert_array_equal(run.role("train_loss").series.step, np.arange(40))
    np.testing.assert_array_equal(run.role("eval_loss").series.step, np.arange(40))


@pytest.mark.parametrize(
    ("train", "held"),
    [("Train acc: {a:.4f} | loss: {b:.4f}", "Valid acc: {a:.4f} | loss: {c:.4f}"),
     ("Training Phase Loss: {b:.4f} \t Accuracy: {a:.4f}", "Validation Phase Loss: {c:.4f} \t Accuracy: {a:.4f}")],
)  # fmt: skip
def test_what_a_held_out_line_shares_with_one_of_training_is_held_out(tmp_path, train, held):
    b, c = falling(20), falling(20, 3.0, 2)
    text = ""
    for e in range(20):
        text += "".join(f"[Epoch: {e:02d}] {line.format(a=0.8 + e / 200, b=b[e], c=c[e])}\n" for line in (train, held))
    run = of(text, tmp_path)
    np.testing.assert_allclose(run.role("train_loss").series.value, b, atol=1e-4)
    np.testing.assert_allclose(run.role("eval_loss").series.value, c, atol=1e-4)
    assert len(run.role("eval_score").series) == 20


def test_a_rate_beside_a_validation_score_is_none_of_its_split(tmp_path):
    """No line of training resembles it: what is called `lr` stays what it is."""
    text = "".join(
        f"Epoch {e} Loss: {falling(20)[e]:.4f}\nEpoch {e} Val acc: 0.8{e:02d} | lr: {1e-3 / (e + 1):.6f}\n"
        for e in range(20)
    )
    run = of(text, tmp_path)
    assert run.role("learning_rate").series.name == "lr" and run.role("train_loss").series.name == "Loss"


def test_lines_of_scores_alone_are_a_log_of_evaluations(tmp_path):
    text = "".join(
        f"2020-04-27 00:{h:02d}:32,444 - precision: 0.7{h:02d}, recall: 0.6{h:02d}, fscore: 0.65{h:02d} ||\n"
        for h in range(40)
    )
    run = of(text, tmp_path)
    assert run.role("eval_score").series.name == "fscore" and len(run.role("eval_score").series) == 40


def test_a_bar_of_epochs_beside_bars_of_batches_tells_the_epoch(tmp_path):
    text, loss = "", iter(falling(60))
    for e in range(6):
        if not e:
            text += "INFO - 0%|          | 0/6 [00:00<?, ?epoch/s]\n"
        for i in range(10):
            text += f"INFO - {10 * (i + 1)}%|##| {i + 1}.00/10 [00:00<00:28, 5.89batch/s, loss={next(loss):.4f}]\n"
        text += f"INFO - 17%|# | {e + 1}/6 [00:26<04:01, 26.86s/epoch, loss=1.5, val_loss={2 - e / 9:.4f}]\n"
    run = of(text, tmp_path)
    assert list(run.series["loss"].step[:10]) == list(range(1, 11)) and run.series["loss"].step[-1] == 60
    np.testing.assert_array_equal(run.role("eval_loss").series.step, 10 * np.arange(1, 7))


@pytest.mark.parametrize(
    ("cost", "is_loss"), [("Cost: {:.1f} sec", False), ("Cost {:.1f} s", False), ("Cost: {:.4f}", True)]
)
def test_a_cost_in_seconds_is_none_that_training_lowers(tmp_path, cost, is_loss):
    text = "".join(f"Epoch {e} Train, reg:0.{30 - e}, {cost.format(falling(20)[e])}\n" for e in range(20))
    role = of(text, tmp_path).role("train_loss")
    assert (role is not None and role.series.name.lower() == "cost") is is_loss


def test_a_word_that_says_of_how_many_epochs_its_number_is_one(tmp_path):
    run = of("".join(f"Epochs(/40): {e}  loss: {x:.4f}\n" for e, x in enumerate(falling(40), 1)), tmp_path)
    np.testing.assert_array_equal(run.role("train_loss").series.step, np.arange(1, 41))
    assert not run.notes


@pytest.mark.parametrize("word", ["Epoch_num:", "Epoch num", "epoch_idx:", "Epoch No", "epoch_id ="])
def test_what_else_epochs_are_called(tmp_path, word):
    rows = [f"{word} {e} train_loss: tensor({x:.4f}, device='cuda:0')\n" for e, x in enumerate(falling(12))]
    run = of("".join(rows), tmp_path)
    np.testing.assert_array_equal(run.role("train_loss").series.step, np.arange(12))


@pytest.mark.parametrize(
    "boxed",
    [
        "tensor({:.4f}, device='cuda:0', grad_fn=<NllLossBackward0>)",
        "tensor([{:.4f}], grad_fn=<AddBackward0>)",
        "tf.Tensor({:.4f}, shape=(), dtype=float32)",
        "<tf.Tensor: id=5, shape=(), dtype=float32, numpy={:.4f}>",
        "Array({:.4f}, dtype=float32)",
        "np.float64({:.4f})",
    ],
)
def test_numbers_as_libraries_print_them(tmp_path, boxed):
    """What stands behind the number hides no pair that follows, and is none itself."""
    rows = [f"epoch {e} loss: {boxed.format(x)} val_loss: {boxed.format(x + 0.5)}\n" for e, x in enumerate(falling(12))]
    run = of("".join(rows), tmp_path)
    train, held_out = run.role("train_loss").series.value, run.role("eval_loss").series.value
    np.testing.assert_allclose(held_out - train, 0.5, atol=2e-4)
    assert len(train) == 12 and set(run.series) == {"loss", "val_loss"}


def test_a_tensor_of_several_numbers_is_left_as_it_is(tmp_path):
    run = of(
        "".join(f"epoch {e} loss: {x:.4f} parts: tensor([{x:.3f}, 0.25])\n" for e, x in enumerate(falling(12))),
        tmp_path,
    )
    assert len(run.role("train_loss").series) == 12
