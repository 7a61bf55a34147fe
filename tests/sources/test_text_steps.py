"""Where the lines of a console log stand: bars far from their rows, epochs in fractions, one step an epoch."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.errors import NotALog
from runlens.roles import resolve
from runlens.sources import discover, read
from runlens.sources.text.axis.fractions import came_in_blocks, steps_of


def of(text, folder, name="train.log"):
    path = folder / name
    path.write_text(text)
    (ref,) = discover(str(path))
    return resolve(read(ref))


def bar(it, of, name=""):
    return f"{name} {100 * it // of:3d}%|###   | {it}/{of} [00:10<00:12,  4.50it/s]"


def trainer(steps, every, epochs, block, digits=4, first=None):
    """The HF Trainer's output where it is redirected: the bar comes at once, its dicts in blocks."""
    an_epoch = steps / epochs if first is None else first
    out, held = [bar(0, 9000, "Map:"), bar(9000, 9000, "Map:")], []
    for it in range(1, steps + 1):
        out.append(bar(it, steps))
        if it % every == 0:
            held.append(f"{{'loss': '{3 - it / steps:.4g}', 'epoch': '{it / an_epoch:.{digits}g}'}}")
        if len(held) == block or it == steps:
            out, held = [*out, *held, bar(it, steps)], []  # the bar is drawn again below what was printed
    return "\n".join(out) + "\n"


@pytest.mark.parametrize("block", [1, 8, 1000])
@pytest.mark.parametrize(("steps", "every", "epochs"), [(300, 10, 3), (200, 1, 4), (1677, 10, 6)])
def test_rows_that_come_in_blocks_stand_where_their_epoch_says(tmp_path, steps, every, epochs, block):
    run = of(trainer(steps, every, epochs, block), tmp_path)
    np.testing.assert_array_equal(run.role("train_loss").series.step, np.arange(every, steps + 1, every))


def test_a_plan_of_steps_within_an_epoch_is_known_by_its_last_row(tmp_path):
    run = of(trainer(50, 1, 0, 1000, first=1868.0), tmp_path)
    np.testing.assert_array_equal(run.role("train_loss").series.step, np.arange(1, 51))


@pytest.mark.parametrize(
    ("epoch", "by_bar", "blocks"),
    [([0.1, 0.2, 0.3], [9, 9, 9], True), ([0.1, 0.2, 0.3], [1, 2, 3], False), ([1, 2, 3], [9, 9, 9], False),
     ([0.3, 0.2, 0.1], [9, 9, 9], False), ([0.1, 0.2], [9, 9], False), ([0.1, np.nan, 0.3], [9, 9, 9], False),
     ([0.1, 0.2, 0.3, 0.4, 0.5], [1, 2, 3, 4, 4], False),
     ([0.1, 0.2, 0.3, 0.4, 0.5], [1, 2, 3, 3, 3], True)],
)  # fmt: skip
def test_when_rows_came_in_blocks(epoch, by_bar, blocks):
    assert came_in_blocks(np.array(epoch, float), np.array(by_bar)) is blocks


def test_epochs_of_four_digits_give_whole_intervals():
    step = np.arange(25, 50_001, 25)
    epoch = np.array([float(f"{s / 12_500:.4g}") for s in step])
    np.testing.assert_array_equal(steps_of(epoch, 50_000, 50_000), step)


def test_of_several_bars_that_of_the_rows_counts(tmp_path):
    lines = [bar(it, 50_000, "Tokenizing:") for it in (0, 25_000, 50_000)]
    for it in range(1, 31):
        lines += [f"{{'loss': {3 - it / 50}}}", bar(it, 30)]
    run = of("\n".join(lines) + "\n", tmp_path)
    np.testing.assert_array_equal(run.role("train_loss").series.step, np.arange(1, 31))


def test_one_batch_of_each_epoch_stands_at_its_epoch(tmp_path):
    rows = [f"Epoch[{e}] - Iter: [0/13]\tTime 0.5 (0.5)\tLoss {9 - e / 9:.4f} (8.0)\tLR 0.1" for e in range(30)]
    run = of("\n".join(rows) + "\n", tmp_path)
    np.testing.assert_array_equal(run.role("train_loss").series.step, np.arange(30))


def test_batches_in_brackets_without_their_number(tmp_path):
    rows = [
        f"INFO - Epoch: [{e}][{b}]\tTime 2.3 (1.9)\tLoss {9 - e - b / 200:.4f} (8.0)"
        for e in range(3)
        for b in range(0, 200, 50)
    ]
    run = of("\n".join(rows) + "\n", tmp_path)
    assert len(run.role("train_loss").series) == 12
    assert (np.diff(run.role("train_loss").series.step) > 0).all()
    assert run.role("train_loss").series.step[4] > 150


def test_printed_settings_are_no_series(tmp_path):
    once = "TrainingArguments(\nmax_grad_norm=1.0,\nlearning_rate=5e-05,\nloss_scale=2,\n)\n"
    text = ""
    for part in range(4):
        text += once + "  GRAD_NORM_CLIP: 5.0\n"
        text += "".join(f"step {i} loss {3 - i / 50}\n" for i in range(10 * part, 10 * part + 10))
    run = of(text, tmp_path)
    assert set(run.series) == {"loss"} and run.summary["lines_understood"] == 1.0


@pytest.mark.parametrize("name", ["nohup.out", "train.log"])
def test_the_output_of_a_simulator_is_no_log(tmp_path, name):
    """What a traffic simulator prints: times and speeds, no step, and a `TimeLoss` that nobody trains down."""
    said = [
        f"Warning: Vehicle 'flow_{i}' performs emergency braking with decel=9.0{i % 9} wished=4.50, time={i}.50."
        for i in range(300)
    ]
    said += [f" Speed: {i}.31\n Duration: {80 + i}.15\n WaitingTime: {i}.52\n TimeLoss: {i}.77\n" for i in range(30)]
    with pytest.raises(NotALog, match="is no log that RunLens knows"):
        of("\n".join(said) + "\n", tmp_path, name)


def test_a_bar_without_metrics_is_no_log(tmp_path):
    with pytest.raises(NotALog):
        of(
            "Epoch 1/100: 0it [00:00, ?it/s]\nEpoch 1/100: 0it [00:05, ?it/s]\nTraceback (most recent call last):\n",
            tmp_path,
        )


@pytest.mark.parametrize("first", [0, 1])
def test_rows_below_a_line_of_the_epoch_stand_at_it(tmp_path, first):
    """What PyTorch's tutorial of transfer learning prints."""
    rows = [
        f"Epoch {e}/24\n----------\ntrain Loss: {3 - e / 9:.4f} Acc: 0.8\nval Loss: {3.1 - e / 9:.4f} Acc: 0.7\n"
        for e in range(first, 20)
    ]
    run = of("\n".join(rows), tmp_path)
    for role in ("train_loss", "eval_loss"):
        np.testing.assert_array_equal(run.role(role).series.step, np.arange(first, 20))
    assert not run.notes


def test_words_in_chinese_are_read_as_those_in_english(tmp_path):
    rows = [
        f"2026-01-28 18:{e:02d}:18 - INFO - \nEpoch {e}/30\n训练损失: {3 - e / 9:.4f}, 训练准确率: {40 + e}.5%\n"
        f"验证损失：{3.1 - e / 9:.4f}，验证准确率：{38 + e}.5%\n学习率: 0.001\n"
        for e in range(1, 30)
    ]
    run = of("".join(rows), tmp_path)
    np.testing.assert_allclose(run.role("train_loss").series.value, 3 - np.arange(1, 30) / 9, atol=1e-4)
    np.testing.assert_allclose(run.role("eval_loss").series.value, 3.1 - np.arange(1, 30) / 9, atol=1e-4)
    np.testing.assert_array_equal(run.role("eval_loss").series.step, np.arange(1, 30))
    assert run.role("learning_rate") is not None and run.role("eval_score") is not None


def test_a_round_in_chinese_is_an_epoch(tmp_path):
    rows = [f"第 {e} 轮 损失: {3 - e / 9:.4f} 准确率: 0.{e + 10}\n" for e in range(1, 30)]
    np.testing.assert_array_equal(of("".join(rows), tmp_path).role("train_loss").series.step, np.arange(1, 30))


def test_a_bar_that_is_set_back_to_0_says_nothing_new(tmp_path):
    """Lightning draws the bar of the last epoch once more at 0, with its values, before that of the next one."""
    bar = "Epoch {e}: {p:3d}%|###   | {i}/4 [00:01<00:01, 2.00it/s, v_num=0, train_loss={loss:.3f}]\n"
    text = "".join(
        bar.format(e=e, p=25 * i, i=i, loss=2 - shown / 10)
        for e in range(5)
        for i, shown in [*((i, e) for i in range(1, 5)), (0, e)]
    )
    loss = of(text, tmp_path).series["train_loss"]
    assert np.all(np.diff(loss.step) > 0) and loss.step[-1] == 20


@pytest.mark.parametrize(("rows", "counts"), [(4, "epochs"), (5, "steps")])
def test_a_few_steps_among_many_headings_of_epochs_are_those_of_an_epoch(tmp_path, rows, counts):
    """ST-GCN prints a line every hundred iterations, and has fewer in an epoch."""
    lines = []
    for e in range(11):
        lines.append(f"Training epoch: {e}")
        if e % 2 == 0 and e // 2 < rows:
            lines.append(f"	Iter {0 if e != 2 else 100} Done. | loss: 1.5 | lr: 0.1")
        lines.append(f"	mean_loss: {2 - e / 20:.4f}")
    mean = of("\n".join(lines) + "\n", tmp_path).series["mean_loss"]
    assert (len(np.unique(mean.step)) == 11) == (counts == "epochs")


def test_decimal_commas(tmp_path):
    text = "".join(
        f"=== Episode {i} Statistics ===\nAverage Reward: -{100 - i},5\nLoss: {i},0{i % 10}\nTokens: 1,234\n"
        for i in range(1, 21)
    )
    run = of(text, tmp_path)
    np.testing.assert_allclose(run.series["Loss"].value, [i + (i % 10) / 100 for i in range(1, 21)])
    np.testing.assert_allclose(run.series["Average Reward"].value, [-(100 - i) - 0.5 for i in range(1, 21)])
    np.testing.assert_array_equal(run.series["Loss"].step, np.arange(1, 21))
    assert set(run.series["Tokens"].value) == {1234.0}


def test_three_digits_after_a_comma_are_decimals_of_zero_alone(tmp_path):
    text = "".join(f"step {i} loss: 0,{500 - i} tokens: 1,{200 + i} accs loss: 1,2,3\n" for i in range(20))
    run = of(text, tmp_path)
    np.testing.assert_allclose(run.series["loss"].value, [(500 - i) / 1000 for i in range(20)])
    np.testing.assert_allclose(run.series["tokens"].value, [1200 + i for i in range(20)])
    assert set(run.series["accs loss"].value) == {1.0}


def splits(folder, train, val, said="[{i:5d}/3000]  {p:4.1f}%   train={t:.4f}   val={v:.4f}   elapsed={i}s\n"):
    lines = (said.format(i=100 * i, p=i / 30, t=t, v=v) for i, (t, v) in enumerate(zip(train, val, strict=True)))
    return of("".join(lines), folder)


def test_splits_alone_are_losses_where_the_training_falls(tmp_path):
    run = splits(tmp_path, 3 - np.arange(30) / 15, 3 + np.arange(30) / 15)
    assert run.role("train_loss").series.name == "train loss" and run.role("eval_loss").series.name == "val loss"
    np.testing.assert_array_equal(run.role("train_loss").series.step, 100 * np.arange(30))
    assert any("called by their split alone" in note.message for note in run.notes)


def test_splits_alone_are_no_losses_where_the_training_rises(tmp_path):
    run = splits(tmp_path, np.arange(30) / 30, np.arange(30) / 30)
    assert run.role("train_loss") is None and {"train", "val"} <= set(run.series)
    assert not any("split alone" in note.message for note in run.notes)


def test_beside_a_named_metric_a_split_is_only_a_split(tmp_path):
    said = "step {i} accuracy train={t:.4f} val={v:.4f} loss {p:.4f}\n"
    assert splits(tmp_path, 3 - np.arange(30) / 15, np.arange(30) / 30, said).role("train_loss").series.name == "loss"


def test_a_line_of_step_split_and_number(tmp_path):
    text = "".join(f"{i} train {11 - i / 50:.6f}\n" + f"{i} val {11 - i / 60:.4f}\n" * (i % 10 == 0) for i in range(99))
    run = of(text + "99 hella 0.2524\n", tmp_path)
    assert run.role("train_loss").series.name == "train_loss" and len(run.role("eval_loss").series) == 10


def test_printed_namespaces_and_flags_are_no_metrics(tmp_path):
    once = "INFO:Namespace(epochs=100, warmup_epochs=10, lr=0.1)\n"
    once += "{'step': 3, 'loss': 9, 'a': True, 'b': None, 'c': False}\n"
    run = of("".join(once * 3 + f"step {i} loss {3 - i / 50}\n" for i in range(20)), tmp_path)
    assert set(run.series) == {"loss"} and len(run.series["loss"]) == 20


def test_chinese_of_windows(tmp_path):
    rows = [
        f"当前Batch：{10 * i}/600 | 当前epoch:0/5 | 当前损失值：{9 - i / 9:.4f} | 当前准确率：{i}.0%\n"
        for i in range(1, 50)
    ]
    (tmp_path / "train.log").write_bytes("".join(rows).encode("gb18030"))
    (ref,) = discover(str(tmp_path / "train.log"))
    loss = resolve(read(ref)).role("train_loss").series
    np.testing.assert_allclose(loss.value, 9 - np.arange(1, 50) / 9, atol=1e-4)
    np.testing.assert_array_equal(loss.step, 10 * np.arange(1, 50))


@pytest.mark.parametrize("said", [
    "Эпоха: {e:4d} | Train потери: {t:.4f} | Val потери: {v:.4f} | точность: 0.5",
    "에포크 {e} 학습 손실: {t:.4f} 검증 손실: {v:.4f}",
    "エポック {e}: 訓練損失: {t:.4f}, 検証損失: {v:.4f}",
    "Époque {e}/50 - train_loss: {t:.4f} - val_loss: {v:.4f}",
    "Época {e} - Train loss: {t:.4f} - Val loss: {v:.4f}",
])  # fmt: skip
def test_words_in_other_languages_are_read_as_those_in_english(tmp_path, said):
    run = of("".join(said.format(e=e, t=3 - e / 9, v=3.1 - e / 9) + "\n" for e in range(1, 30)), tmp_path)
    for role, first in (("train_loss", 3.0), ("eval_loss", 3.1)):
        np.testing.assert_array_equal(run.role(role).series.step, np.arange(1, 30))
        np.testing.assert_allclose(run.role(role).series.value, first - np.arange(1, 30) / 9, atol=1e-4)


def test_a_number_alone_before_the_first_loss_is_the_step(tmp_path):
    text = "".join(f"{i} Image loss: {0.8 - i / 99:.4f} Fake loss: {0.4 + i / 99:.4f}\n" for i in range(40))
    run = of(text, tmp_path)
    np.testing.assert_array_equal(run.series["Fake loss"].step, np.arange(40))
    assert not run.notes


@pytest.mark.parametrize("held", ["heldout", "held_out", "val", "validation"])
def test_splits_without_a_metric_beside_a_rate_are_losses(tmp_path, held):
    rows = "".join(
        f"[pre] epoch {i:3d}/40  train={35 / i:.4f}  {held}={36 / i:.4f}  lr=1.5e-04  (best)\n" for i in range(1, 41)
    )
    run = of(rows, tmp_path)
    np.testing.assert_allclose(run.role("train_loss").series.value, np.round(35 / np.arange(1, 41), 4))
    np.testing.assert_allclose(run.role("eval_loss").series.value, np.round(36 / np.arange(1, 41), 4))
    assert run.role("learning_rate").series.name == "lr"


def test_the_time_of_an_iteration_of_basicsr_is_one(tmp_path):
    rows = "".join(
        f"2024-02-13 17:{i:02d}:40,638 INFO: [CVH..][epoch: {i:2d}, iter:   {i * 200:,}, lr:(1.000e-04,)] "
        f"[eta: 1 day, 3:33:01, time (data): 0.4{i:02d} (0.005)] l_pix: {1 / i:.4e} \n"
        for i in range(1, 30)
    )
    run = of(rows, tmp_path)
    np.testing.assert_allclose(run.role("step_time").series.value, 0.4 + np.arange(1, 30) / 1000)
    np.testing.assert_array_equal(run.role("train_loss").series.step, np.arange(1, 30) * 200)


def test_a_line_behind_a_bar_stands_where_it_says_itself(tmp_path):
    """A program that prints epochs while a bar of steps is drawn: the bar ends in no line end, and buffers go apart."""
    lines = [bar(it, 1000) for it in range(1, 176)]
    lines[-1] += "Epoch 1: Validation Accuracy: 7.27%"
    lines += [f"Epoch {e}: Validation Accuracy: {min(7.27 + e, 99.27):.2f}%" for e in range(2, 201)]
    run = of("\n".join(lines) + "\n", tmp_path)
    score = run.role("eval_score").series
    np.testing.assert_array_equal(score.step, np.arange(1, 201))
    assert score.value[0] == pytest.approx(0.0727) and len(score) == 200


def elapsed(n=40, each=4.0, first=9.3, name="time", unit=""):
    rows = [f"step {10 * i} {name}: {first + each * i:.2f}{unit} loss: {3 - i / 20:.3f}" for i in range(n)]
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize(("unit", "seconds"), [("", 1.0), ("s", 1.0), ("m", 60.0), ("h", 3600.0)])
def test_a_time_that_never_falls_is_the_time_since_the_start(tmp_path, unit, seconds):
    run = of(elapsed(unit=unit), tmp_path)
    assert run.role("step_time") is None or "derived" in run.role("step_time").series.name
    np.testing.assert_allclose(np.diff(run.series["loss"].time), 4.0 * seconds)


@pytest.mark.parametrize(
    ("log", "is_time_of_a_step"),
    [
        (elapsed(n=8), False),
        (elapsed(n=7), True),  # too few to tell
        (elapsed(first=160.0, each=4.0), True),  # 160 to 316 s: a step that slows down, less than twice
        (elapsed(first=156.0, each=4.0), False),  # 156 to 312 s: twice
    ],
    ids=["eight", "seven", "less than twice", "twice"],
)
def test_what_tells_a_time_since_the_start_from_times_of_steps(tmp_path, log, is_time_of_a_step):
    run = of(log, tmp_path)
    assert ("time" in run.series) is is_time_of_a_step


def test_a_launch_that_counts_anew_is_counted_on(tmp_path):
    both = [f"step {i} time: {4 * (i if i < 150 else i - 149):.1f} loss: {3 - i / 200:.3f}" for i in range(1, 300)]
    run = of("\n".join(both) + "\n", tmp_path)
    time = run.series["loss"].time
    assert np.all(np.diff(time) >= 0) and time[-1] - time[0] == pytest.approx(4 * 297)


@pytest.mark.parametrize(("name", "seconds"), [("Time (mins)", 60.0), ("elapsed (h)", 3600.0), ("Time (s)", 1.0)])
def test_a_time_since_the_start_is_in_the_unit_that_its_name_tells(tmp_path, name, seconds):
    run = of(elapsed(name=name), tmp_path)
    np.testing.assert_allclose(np.diff(run.series["loss"].time), 4.0 * seconds)


@pytest.mark.parametrize(("evaluated", "stands"), [(2, False), (3, True)])
def test_a_form_that_says_one_step_all_along_stands_where_it_is_written(tmp_path, evaluated, stands):
    """`Eval batches[  100]` says over how many batches, beside rows that count on from 1,000."""
    rows = []
    for i in range(1, 21):
        rows.append(f"step {1000 * i} | loss {3 - i / 20:.3f}")
        if i % (20 // evaluated) == 0 and i // (20 // evaluated) <= evaluated:
            rows.append(f"Eval batches[  100] | loss {3.5 - i / 20:.3f}")
    run = of("\n".join(rows) + "\n", tmp_path)
    held = run.role("eval_loss").series.step
    assert len(run.role("train_loss").series) == 20 and run.role("train_loss").series.step[-1] == 20_000
    assert bool(np.all(held >= 1000)) is stands


def test_a_time_since_the_start_is_in_the_unit_behind_it(tmp_path):
    """modded-nanogpt's: 0.08 s a step, though its name is kept for its milliseconds."""
    rows = [f"step:{i}/999 train_loss:{3 - i / 500:.4f} train_time:{80 * i}ms step_avg:80.00ms" for i in range(1, 60)]
    run = of("\n".join(rows) + "\n", tmp_path)
    np.testing.assert_allclose(np.diff(run.series["train_loss"].time), 0.08, rtol=1e-3)
    np.testing.assert_allclose(run.role("step_time").series.value, 0.08)


def by_epochs(rows=8, epochs=5, began=3, first=2.0):
    """A time that is counted from the beginning of each epoch, three seconds a row; the log begins within one."""
    said = []
    for epoch in range(epochs):
        for row in range(began if not epoch else 0, rows):
            said.append(
                f"Epoch: {epoch} | Batch: {row}/{rows} | Loss: {3 - epoch / 9:.3f} | Time: {first + 3 * row:.1f}s"
            )
    return "\n".join(said) + "\n"


def test_a_time_since_an_epoch_began_is_counted_on(tmp_path):
    """Each epoch begins 2 s after the last row of the one before it."""
    run = of(by_epochs(began=0), tmp_path)
    gone = np.diff(run.series["Loss"].time)
    assert "Time" not in run.series and len(gone) == 39
    np.testing.assert_allclose(gone[7::8], 2.0)
    np.testing.assert_allclose(np.delete(gone, np.arange(7, 39, 8)), 3.0)


@pytest.mark.parametrize(
    ("log", "is_time_of_a_step"),
    [
        (by_epochs(rows=8, began=0), False),
        (by_epochs(rows=7, began=0), True),  # too few to tell
        (by_epochs(rows=12, began=4), False),
        (by_epochs(first=6.0, began=0), False),  # twice the distance of two rows
        (by_epochs(first=6.2, began=0), True),
    ],
    ids=["eight", "seven", "begun within one", "near zero", "not near zero"],
)
def test_what_tells_a_time_since_an_epoch_began(tmp_path, log, is_time_of_a_step):
    assert ("Time" in of(log, tmp_path).series) is is_time_of_a_step


@pytest.mark.parametrize("shown", ["02/05/2018--11:41", "02/05/2018 11:41:20", "2/5/2018"])
def test_a_date_behind_the_word_time_is_no_time_of_a_step(tmp_path, shown):
    rows = [
        f"Episode {50 * i} reward: {i % 3}.0, loss: {0.1 + i / 99:.4f} Time: {shown} Frame: {178 * i}"
        for i in range(30)
    ]
    run = of("\n".join(rows) + "\n", tmp_path)
    assert "Time" not in run.series and len(run.series["Frame"]) == 30


def test_durations_of_days_are_no_numbers(tmp_path):
    rows = [f"step {i} loss: {3 - i / 50:.3f} time 1d 0{i % 9}h 06m sec/step {i % 4}.5" for i in range(30)]
    run = of("\n".join(rows) + "\n", tmp_path)
    assert "time" not in run.series and len(run.series["loss"]) == 30


def test_what_stands_behind_the_place_of_a_warning_is_no_metric(tmp_path):
    rows = [
        f"Epoch {i} Loss {3 - i / 50:.4f} 2019-06-09 13:40:33: W ./tensorflow/core/framework/model.h:213] stopped"
        for i in range(9)
    ]
    run = of("\n".join(rows) + "\n", tmp_path)
    assert not any("model.h" in name for name in run.series)


@pytest.mark.parametrize(("falls", "length"), [(8, True), (7, False)])
def test_a_step_that_goes_up_and_down_beside_an_episode_that_counts_on_is_its_length(tmp_path, falls, length):
    step = np.cumsum([0, *([-5, 20] * falls), *([20] * (40 - 2 * falls))]) + 100
    rows = [f"Episode {i} reward {10 + i / 3:.2f} steps {s}" for i, s in enumerate(step, 1)]
    reward = of("\n".join(rows) + "\n", tmp_path).role("reward").series
    np.testing.assert_array_equal(reward.step, np.arange(1, 42) if length else step)


def test_the_counter_of_an_epoch_that_has_several_rows_is_no_length(tmp_path):
    rows = [f"Episode {i // 4 + 1} reward {10 + i / 9:.2f} steps {i % 4 * 10}" for i in range(40)]
    step = of("\n".join(rows) + "\n", tmp_path).role("reward").series.step
    assert bool(np.all(np.diff(step) > 0))


@pytest.mark.parametrize(("said", "step"), [("step: {}ms", False), ("step: {}", True)])
def test_the_time_of_a_step_is_no_step(tmp_path, said, step):
    rows = [f"epoch {i} | loss: {3 - i / 50:.4f} | {said.format(100 * i)}" for i in range(1, 30)]
    loss = of("\n".join(rows) + "\n", tmp_path).role("train_loss").series
    np.testing.assert_array_equal(loss.step, np.arange(1, 30) * (100 if step else 1))
