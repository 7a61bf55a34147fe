"""Fine-tuning, progress bars, and what people write themselves."""

from __future__ import annotations

import numpy as np

from tests.sources.text_samples.curves import EVERY, N, Sample, at, evals, roles, sample, truth


@sample
def hf_stdout() -> Sample:
    """The HF Trainer: dicts that say the epoch alone, between redraws of a bar that counts the steps."""
    t = truth(10, 10)
    out = ["***** Running training *****", "  Num examples = 6,400", "  Num Epochs = 6", "  Instantaneous batch size per device = 8",
           "  Total train batch size (w. parallel, distributed & accumulation) = 64", "  Gradient Accumulation steps = 8",
           "  Total optimization steps = 600"]  # fmt: skip
    text = "\n".join(out) + "\n"
    for i, step, loss, lr, norm, _ in t.rows():
        bar = f"{step // 6:3d}%|{'█' * (step // 60):10}| {step}/600 [00:{i:02d}<01:00,  1.00it/s]"
        text += f"\r{bar}\r{' ' * 60}\r{{'loss': {loss:.4f}, 'grad_norm': {norm}, 'learning_rate': {lr}, 'epoch': {step / 100:.2f}}}\n\r{bar}"
        if (i + 1) % EVERY == 0:
            inner = "".join(f"\r{k * 10:3d}%|{'█' * k}| {k}/10 [00:00<00:00, 30.0it/s]" for k in range(1, 11))
            text += f"\n{inner}\r{{'eval_loss': {loss + 0.1:.4f}, 'eval_runtime': 1.5, 'eval_samples_per_second': 100.0, 'epoch': {step / 100:.2f}}}\n\r{bar}"
    text += "\n{'train_runtime': 60.5, 'train_samples_per_second': 634.7, 'train_steps_per_second': 9.9, 'train_loss': 2.5, 'epoch': 6.0}\n"
    config = {"global_batch_size": 64, "max_steps": 600, "num_train_epochs": 6}
    return Sample(text, roles(t, "train_loss", "learning_rate", "grad_norm", eval_loss=evals(t)), config=config)


@sample
def hf_values_as_text() -> Sample:
    """Newer versions and axolotl quote the values."""
    t = truth(0)
    lines = [
        f"{{'loss': '{loss}', 'grad_norm': '{norm}', 'learning_rate': '{lr}', 'memory/max_active (GiB)': '10.1', 'epoch': '{i / 100}'}}"
        for i, _, loss, lr, norm, _ in t.rows()
    ]
    return Sample("\n".join(lines), roles(t, "train_loss", "learning_rate", "grad_norm"))


@sample
def llama_factory() -> Sample:
    """LLaMA-Factory: the dict behind a logger's prefix, with the throughput."""
    t = truth(0)
    lines = [
        f"[INFO|{at(i):%Y-%m-%d %H:%M:%S}] llamafactory.train.callbacks:157 >> {{'loss': {loss:.4f}, 'learning_rate': {lr:.4e}, 'epoch':"
        f" {i / 100:.2f}, 'throughput': 1234.56}}"
        for i, _, loss, lr, _, _ in t.rows()
    ]
    return Sample("\n".join(lines), roles(t, "train_loss"), True)


@sample
def torchtune_file() -> Sample:
    """torchtune's `log_*.txt`."""
    t = truth(10, 10)
    lines = [
        f"Step {step} | loss:{loss} lr:{lr} tokens_per_second_per_gpu:2300.1 grad_norm:{norm} peak_memory_active:30.5 "
        for _, step, loss, lr, norm, _ in t.rows()
    ]
    return Sample("\n".join(lines), roles(t, "train_loss", "learning_rate", "grad_norm"), name="log_1714560000.txt")


@sample
def torchtune_console() -> Sample:
    """torchtune's bar: epoch, step and loss before it."""
    t = truth()
    bars = [
        f"1|{step}|Loss: {loss}: {100 * step // 600:3d}%|{'█' * (step // 60)}{'▏' * (step % 2)}   | {step}/600 [00:{i:02d}<10:00,  1.00s/it]"
        for i, step, loss, *_ in t.rows()
    ]
    return Sample("\r".join(bars) + "\n", roles(t, "train_loss"))


@sample
def lightning_bar() -> Sample:
    """Lightning: a bar for each epoch; the validation loss is shown again and again until the next one."""
    t = truth(1, 1)
    bars, val = [], ""
    for i, step, loss, *_ in t.rows():
        epoch, batch = (step - 1) // EVERY, (step - 1) % EVERY + 1
        bars.append(
            f"Epoch {epoch}: {100 * batch // EVERY:3d}%|{'█' * (batch // 2):10}| {batch}/{EVERY} [00:{i % 60:02d}<00:10,  4.50it/s, v_num=12, "
            f"train_loss={loss:.4f}{val}]"
        )
        if batch == EVERY:
            bars += [
                f"Validation DataLoader 0: {k * 25:3d}%|{'█' * k}| {k}/4 [00:00<00:00, 90.0it/s]" for k in range(1, 5)
            ]
            val = f", val_loss={loss + 0.1:.4f}"
            bars.append(
                f"Epoch {epoch}: 100%|██████████| {batch}/{EVERY} [00:{i % 60:02d}<00:10,  4.50it/s, v_num=12, train_loss={loss:.4f}{val}]"
            )
    return Sample("\r".join(bars) + "\n", roles(t, "train_loss", eval_loss=evals(t)))


@sample
def keras() -> Sample:
    """Keras: running means within the epoch, the epoch's own values on its last bar."""
    t = truth(100, 100)
    text = ""
    for i, _, loss, _, _, _ in t.rows():
        text += f"Epoch {i + 1}/{N}\n"
        for batch in (1, 50):
            text += f"\r{batch:3d}/100 [{'=' * (batch // 4)}>{'.' * 10}] - ETA: 0:{30 - i % 20:02d} - loss: {loss + 0.5:.4f} - accuracy: 0.1234"
        text += f"\r100/100 [==============================] - 3s 6ms/step - loss: {loss:.4f} - accuracy: 0.5678 - val_loss: {loss + 0.1:.4f}\n"
    return Sample(text, roles(t, "train_loss", eval_loss=(t.step, np.round(t.loss + 0.1, 4))))


@sample
def keras_3() -> Sample:
    """Keras 3: colours and a drawn line."""
    t = truth(100, 100)
    text = ""
    for i, _, loss, *_ in t.rows():
        text += f"Epoch {i + 1}/{N}\n"
        for batch, width in ((1, 1), (50, 15)):
            text += (
                f"\x1b[1m{batch:3d}/100\x1b[0m \x1b[32m{'━' * width}\x1b[0m\x1b[37m{'━' * (20 - width)}\x1b[0m \x1b[1m2s\x1b[0m 25ms/step - accuracy: 0.1 - "
                f"loss: {loss + 0.5:.4f}\x08\x08\r"
            )
        text += f"\x1b[1m100/100\x1b[0m \x1b[32m{'━' * 20}\x1b[0m\x1b[37m\x1b[0m \x1b[1m3s\x1b[0m 6ms/step - accuracy: 0.5 - loss: {loss:.4f} - val_loss: {loss + 0.1:.4f}\n"
    return Sample(text, roles(t, "train_loss", eval_loss=(t.step, np.round(t.loss + 0.1, 4))))


@sample
def ultralytics() -> Sample:
    """Ultralytics: a heading over bare numbers and a bar, for each epoch."""
    t = truth(1, 1)
    text = ""
    for i, epoch, loss, *_ in t.rows():
        text += "\n      Epoch    GPU_mem   box_loss   cls_loss   dfl_loss  Instances       Size\n"
        for k in (64, 128):
            text += (
                f"\r{f'{epoch}/{N}':>11}{'2.31G':>11}{loss:11.4f}{loss + 1:11.4f}{1.1:11.4f}{16:11d}{640:11d}: {100 * k // 128:3d}%|{'█' * (k // 16)}| "
                f"{k}/128 [00:20<00:00,  6.20it/s]"
            )
        text += "\n                 Class     Images  Instances      Box(P          R      mAP50  mAP50-95): 100%|██████████| 4/4 [00:01<00:00,  3.10it/s]\n"
        text += (
            f"                   all        128        929      0.640      0.530      {0.1 + i / 100:.3f}      0.440\n"
        )
    return Sample(text, {})


@sample
def verl() -> Sample:
    """verl's console: pairs behind dashes."""
    t = truth()
    lines = [
        f"step:{step} - global_seqlen/min:1234 - actor/entropy:0.5 - actor/pg_loss:{loss - 2:.5f} - actor/grad_norm:{norm} - actor/lr:{lr} - critic/score/mean:{0.01 * i:.3f}"
        for i, step, loss, lr, norm, _ in t.rows()
    ]
    return Sample("\n".join(lines), roles(t, "grad_norm"))


@sample
def own_script_by_epochs() -> Sample:
    """What people write themselves: an epoch a line, both splits."""
    t = truth()
    lines = [
        f"Epoch {step}/{N} - Train Loss: {loss:.4f}, Train Acc: 0.50, Val Loss: {loss + 0.1:.4f}, Val Acc: 0.40"
        for _, step, loss, *_ in t.rows()
    ]
    return Sample("\n".join(lines), roles(t, "train_loss", eval_loss=(t.step, np.round(t.loss + 0.1, 4))))


@sample
def own_script_by_batches() -> Sample:
    """A well-known tutorial's lines: epoch and step of so many."""
    t = truth(100, 100)
    lines = [
        f"Epoch [{(step - 1) // 600 + 1}/10], Step [{(step - 1) % 600 + 1}/600], Loss: {loss:.4f}"
        for _, step, loss, *_ in t.rows()
    ]
    return Sample("\n".join(lines), roles(t, "train_loss"))


@sample
def own_script_with_a_colon() -> Sample:
    """Epoch and batch in brackets of their own, the batch with a colon before how many there are."""
    t = truth(100, 100)
    lines = [
        f"{at(i):%m-%d %H:%M:%S}: main.py[280]: [Epoch {(step - 1) // 600 + 1}/10][{(step - 1) % 600 + 1:4d}:600]  Loss: {loss:.4f}"
        for i, step, loss, *_ in t.rows()
    ]
    return Sample("\n".join(lines), roles(t, "train_loss"))


@sample
def own_script_in_brackets() -> Sample:
    """The step of so many in brackets, and splits without a word for what was measured."""
    t = truth(0, 200)
    lines = [
        f"[{step:5d}/12000]  {step / 120:5.1f}%   train={loss:.4f}   val={loss + 0.1:.4f}   elapsed={step}s     ETA={step}s"
        for _, step, loss, *_ in t.rows()
    ]
    return Sample("\n".join(lines), roles(t, "train_loss", eval_loss=(t.step, np.round(t.loss + 0.1, 4))))


@sample
def own_script_without_steps() -> Sample:
    """A loss a line, the epoch alone: lines are counted."""
    t = truth(0)
    lines = [
        f"{at(i):%Y-%m-%d %H:%M:%S},604 - INFO - Epoch {i // 30 + 1} - Batch loss: {loss:.4f}"
        for i, _, loss, *_ in t.rows()
    ]
    return Sample("\n".join(lines), roles(t, "train_loss"), True)


@sample
def mnist_example() -> Sample:
    """PyTorch's MNIST example: samples of the epoch, and a share of right answers."""
    t = truth(0, 640)
    lines = [
        f"Train Epoch: 1 [{step}/60000 ({step * 100 // 60000}%)]\tLoss: {loss:.6f}" for _, step, loss, *_ in t.rows()
    ]
    lines += ["", "Test set: Average loss: 0.0500, Accuracy: 9830/10000 (98%)", ""]
    return Sample("\n".join(lines), roles(t, "train_loss"))


@sample
def ms_swift() -> Sample:
    """ms-swift: a dict that says the step as text, and durations in words."""
    t = truth(10, 10)
    lines = [
        f"{{'loss': {loss}, 'grad_norm': {norm}, 'learning_rate': {lr}, 'token_acc': 0.58, 'epoch': 0.01, 'global_step/max_steps': '{step}/600', "
        f"'percentage': '{step / 6:.2f}%', 'elapsed_time': '1m 52s', 'remaining_time': '6d 12h 26m 57s', 'memory(GiB)': 17.99}}"
        for _, step, loss, lr, norm, _ in t.rows()
    ]
    return Sample("\n".join(lines), roles(t, "train_loss", "learning_rate", "grad_norm"))


@sample
def own_script_in_sentences() -> Sample:
    """Numbers after `is`."""
    t = truth(25, 25)
    out = []
    for i, step, loss, *_ in t.rows():
        out.append(
            f"Epoch {(step - 1) // 500 + 1}, Step {(step - 1) % 500 + 1}, total used time {i * 6.5} (s), avg loss so far is {loss}"
        )
        if (i + 1) % EVERY == 0:
            out.append(f"Epoch {(step - 1) // 500 + 1}, val loss is {loss + 0.1:.4f}, val mse is 0.0159.")
    return Sample("\n".join(out), roles(t, "train_loss", eval_loss=evals(t)))
