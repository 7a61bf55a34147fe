"""Boosting, speech, translation, reinforcement learning, and JAX."""

from __future__ import annotations

import numpy as np

from tests.sources.text_samples.curves import Sample, at, roles, sample, truth


@sample
def fairseq() -> Sample:
    """fairseq: the inner lines of training, and lines of whole epochs."""
    t = truth(100, 100)
    out = []
    for i, step, loss, lr, norm, _ in t.rows():
        epoch, batch = (step - 1) // 2000 + 1, (step - 1) % 2000 + 1
        stamp = f"{at(i):%Y-%m-%d %H:%M:%S} | INFO |"
        out.append(
            f"{stamp} train_inner | epoch {epoch:03d}:   {batch:4d} / 2000 loss={loss:.4f}, nll_loss={loss - 0.1:.4f}, ppl=31.2, wps=31243.1, "
            f"ups=2.1, wpb=14800.0, bsz=512, num_updates={step}, lr={lr:.8f}, gnorm={norm:.3f}, loss_scale=8, train_wall=48, wall={50 * i}"
        )
        if batch == 2000:
            out.append(f"{stamp} valid | epoch {epoch:03d} | valid on 'valid' subset | loss {loss + 0.1:.4f} | nll_loss {loss:.4f} | ppl 33.1 | wps 90000"
                       f" | wpb 1500.1 | bsz 50 | num_updates {step}")  # fmt: skip
            out.append(f"{stamp} train | epoch {epoch:03d} | loss {loss + 0.5:.4f} | nll_loss {loss:.4f} | ppl 40.1 | wps 31000 | ups 2.1 | wpb 14800 | "
                       f"bsz 512 | num_updates {step} | lr {lr:.8f} | gnorm 1.0 | train_wall 900 | wall 1000")  # fmt: skip
    return Sample("\n".join(out), roles(t, "learning_rate", "grad_norm"), True)


@sample
def fairseq_old() -> Sample:
    """fairseq before 0.9: one line for an epoch's batch, no date."""
    t = truth(100, 100)
    lines = [
        f"| epoch {(step - 1) // 2000 + 1:03d}:   {(step - 1) % 2000 + 1} / 2000 loss={loss:.4f}, nll_loss={loss:.4f}, ppl=9.1, wps=25000, ups=2, wpb=12000, "
        f"bsz=400, num_updates={step}, lr={lr:.8f}, gnorm={norm:.3f}, clip=0, wall=100"
        for _, step, loss, lr, norm, _ in t.rows()
    ]
    return Sample("\n".join(lines), roles(t, "train_loss", "learning_rate", "grad_norm"))


@sample
def transformer_xl() -> Sample:
    """Transformer-XL in TensorFlow, and what grew from it: the step in brackets, beside means over so many batches."""
    t = truth(1000, 1000)
    lines = []
    for _, step, loss, lr, norm, _ in t.rows():
        lines.append(f"INFO:tensorflow:[{step:6d}] | gnorm {norm:5.4f} lr {lr:9.8f} | loss {loss:5.4f}")
        lines.append(f"INFO:tensorflow:Eval  batches[  100]                | loss {loss + 0.1:5.4f}")
    return Sample(
        "\n".join(lines), roles(t, "train_loss", "learning_rate", "grad_norm", eval_loss=(t.step, t.loss + 0.1))
    )


@sample
def catboost() -> Sample:
    """CatBoost, which calls its losses by their split alone."""
    t = truth(0)
    lines = [
        f"{step}:\tlearn: {loss:.7f}\ttest: {loss + 0.1:.7f}\tbest: {loss + 0.1:.7f} ({step})\ttotal: {step}ms\tremaining: 5.1s"
        for _, step, loss, *_ in t.rows()
    ]
    return Sample("\n".join(lines), roles(t, "train_loss", eval_loss=(t.step, t.loss + 0.1)))


@sample
def common_loop_utils() -> Sample:
    """CLU, as Flax's examples use it, under absl."""
    t = truth(0, 100)
    lines = [
        f"I{at(i):%m%d %H:%M:%S}.123456 140 logging_writer.py:48] [{step}] learning_rate={lr}, steps_per_second=2.5, train_loss={loss:.4f}"
        for i, step, loss, lr, *_ in t.rows()
    ]
    return Sample("\n".join(lines), roles(t, "train_loss", "learning_rate"), True)


@sample
def xgboost() -> Sample:
    """XGBoost."""
    t = truth(0)
    lines = [f"[{step}]\ttrain-rmse:{loss:.5f}\tvalidation-rmse:{loss + 0.1:.5f}" for _, step, loss, *_ in t.rows()]
    return Sample("\n".join(lines), roles(t, "train_loss", eval_loss=(t.step, np.round(t.loss + 0.1, 4))))


@sample
def lightgbm() -> Sample:
    """LightGBM, with its infos between."""
    t = truth()
    out = ["[LightGBM] [Info] Total Bins 2550", "Training until validation scores don't improve for 10 rounds"]
    out += [f"[{step}]\ttraining's l2: {loss:.5f}\tvalid_1's l2: {loss + 0.1:.5f}" for _, step, loss, *_ in t.rows()]
    return Sample("\n".join(out), roles(t, "train_loss", eval_loss=(t.step, np.round(t.loss + 0.1, 4))))


@sample
def stable_baselines() -> Sample:
    """Stable-Baselines3: a box for each rollout, the step in its middle."""
    t = truth(2048, 2048)
    out = []
    for i, step, loss, *_ in t.rows():
        rule = "-" * 44
        out += [rule, "| rollout/                |                |", "|    ep_len_mean          | 120            |", f"|    ep_rew_mean          | {10 + i:<14} |",
                "| time/                   |                |", "|    fps                  | 1500           |", f"|    iterations           | {i + 1:<14} |",
                f"|    total_timesteps      | {step:<14} |", "| train/                  |                |", f"|    loss                 | {loss:<14} |", rule]  # fmt: skip
    return Sample("\n".join(out), {})


@sample
def espnet() -> Sample:
    """ESPnet: the epoch glued to its word, a range of batches."""
    t = truth(50, 50)
    lines = [
        f"[node1] {at(i):%Y-%m-%d %H:%M:%S},123 (trainer:700) INFO: {(step - 1) // 500 + 1}epoch:train:{(step - 1) % 500 - 48}-{(step - 1) % 500 + 1}batch: iter_time=0.012, "
        f"forward_time=0.123, loss_ctc={loss + 1:.3f}, loss={loss:.4f}, acc=0.567, backward_time=0.2, optim0_lr0={lr:.3e}, train_time={time:.3f}"
        for i, step, loss, lr, _, time in t.rows()
    ]
    return Sample("\n".join(lines), roles(t, "train_loss"), True)


@sample
def tensorflow_estimator() -> Sample:
    """TensorFlow's estimators: the step after the loss."""
    t = truth(0, 100)
    out = []
    for _, step, loss, _, _, time in t.rows():
        out.append(f"INFO:tensorflow:loss = {loss:.4f}, step = {step} ({time * 100:.3f} sec)")
        out.append(f"INFO:tensorflow:global_step/sec: {1 / time:.4f}")
    return Sample("\n".join(out), roles(t, "train_loss"))


@sample
def opennmt() -> Sample:
    """OpenNMT-py."""
    t = truth(50, 50)
    lines = [
        f"[{at(i):%Y-%m-%d %H:%M:%S},123 INFO] Step {step}/100000; acc: 34.5; ppl: {np.exp(loss):.2f}; xent: {loss:.4f}; lr: {lr:.5f}; sents: 5000; bsz: 1000/1000/10; "
        f"12345/12340 tok/s;    {30 * i} sec;"
        for i, step, loss, lr, _, _ in t.rows()
    ]
    return Sample("\n".join(lines), {}, True)


@sample
def dl4j() -> Sample:
    """Deeplearning4j: the loss is a score, in a sentence."""
    t = truth()
    lines = [
        f"06:{i // 60:02d}:{i % 60:02d}.402 [main] INFO org.deeplearning4j.optimize.listeners.ScoreIterationListener - "
        f"Score at iteration {step} is {loss}"
        for i, (_, step, loss, *_) in enumerate(t.rows())
    ]
    return Sample("\n".join(lines), {"train_loss": (t.step, t.loss)})


@sample
def dcgan() -> Sample:
    """DCGAN-tensorflow, which prints the time since its start and no other."""
    t = truth(0)
    lines = [
        f"[{step + 1:8d} Epoch:[{step // 512:2d}/25] [{step % 512:4d}/ 512] time: {4.5 * i + 9.3:.4f}, d_loss: {loss:.8f}, g_loss: 0.72183109"
        for i, step, loss, *_ in t.rows()
    ]
    return Sample("\n".join(lines), {})


@sample
def stylegan() -> Sample:
    """StyleGAN's console: ticks of thousands of images, and the time since the start in hours, minutes and seconds."""
    t = truth(0)
    lines = [
        f"tick {step:<5d} kimg {4.0 * step:<8.1f} time {_lasting(46 + 615 * i):<12s} sec/tick 615.8   sec/kimg 153.96  maintenance 0.0    "
        "cpumem 6.46   gpumem 30.90  augment 0.000"
        for i, step, *_ in t.rows()
    ]
    return Sample("\n".join(lines), {})


def _lasting(seconds: int) -> str:
    if seconds < 60:
        return f"{seconds}s"
    if seconds < 3600:
        return f"{seconds // 60}m {seconds % 60:02d}s"
    return f"{seconds // 3600}h {seconds // 60 % 60:02d}m {seconds % 60:02d}s"


@sample
def pytorch_tutorial() -> Sample:
    """PyTorch's seq2seq tutorial: the time gone and left, the step and its share, and the loss without a name."""
    t = truth(1000, 1000)
    lines = [f"{i // 2}m {i % 60}s (- 5m {i % 7}s) ({step} {i}%) {loss:.4f}" for i, step, loss, *_ in t.rows()]
    return Sample("\n".join(lines), roles(t, "train_loss"))


@sample
def pytorch_tutorial_named() -> Sample:
    """Its descendants, which name the loss."""
    t = truth(1000, 1000)
    lines = [
        f"INFO---->train--->{at(i):%Y-%m-%d %H:%M:%S},123--->0m {i}s ({step} {i}%) training loss = {loss:.4f}"
        for i, step, loss, *_ in t.rows()
    ]
    return Sample("\n".join(lines), roles(t, "train_loss"), True)


@sample
def batches_above_their_losses() -> Sample:
    """Own loops: the batch of the epoch on one line, what it gave on the next."""
    t = truth(1, 10)
    lines = []
    for _, step, loss, lr, *_ in t.rows():
        of = (step - 1) % 200 + 1
        lines.append(f"epoch: {(step - 1) // 200 + 1}, {of}/200 {of / 2:.1f}%, 0.31s per iter, lr: {lr:.8f}")
        lines.append(f"    recon loss: {loss:.3f}  ppl:{np.exp(loss):.2f}")
    return Sample("\n".join(lines), roles(t, "train_loss", "learning_rate"))


@sample
def own_bar() -> Sample:
    """A bar of a program of its own, in equal signs, before its metrics."""
    t = truth(1000, 1000)
    lines = [
        f"Training [{'=' * (i // 2):40s}] {100 * step / 60000:.1f}% {step}/60000 | 4.62 it/s | ETA: {600 - i}.0 s | loss={loss:.4f}"
        for i, step, loss, *_ in t.rows()
    ]
    return Sample("\n".join(lines), roles(t, "train_loss"))


@sample
def braces() -> Sample:
    """Numbers in braces."""
    t = truth(1)
    lines = [
        f"{at(i):%Y-%m-%d %H:%M:%S},241 INFO epoch: {{{(step - 1) // 2 + 1}/300}}, step: {{{(step - 1) % 2 + 1}/2}}, loss : {{{loss:.7f}}}, lr : {{{lr:.7f}}}"
        for i, step, loss, lr, *_ in t.rows()
    ]
    return Sample("\n".join(lines), roles(t, "train_loss"), True)


@sample
def ssd() -> Sample:
    """ssd.pytorch, whose timer is that of an iteration."""
    t = truth(10, 10)
    lines = [
        f"iter {step} || Loss: {loss:.4f} || timer: {seconds:.4f} sec." for _, step, loss, _, _, seconds in t.rows()
    ]
    return Sample("\n".join(lines), roles(t, "train_loss", "step_time"))


@sample
def sentences() -> Sample:
    """A row told as a sentence, its epoch glued to the words beside it, its loss a tensor of TensorFlow's."""
    t = truth(0)
    lines = [
        f"The loss of epoch{step}is:tf.Tensor({loss:.6f}, shape=(), dtype=float32)" for _, step, loss, *_ in t.rows()
    ]
    return Sample("\n".join(lines), roles(t, "train_loss"), name="training_loss.txt")


@sample
def sentences_of_two() -> Sample:
    """Sentences of a training loss and one of held-out data."""
    t = truth(1)
    lines = [
        f"{name} loss of Epoch {step} was {loss + more:.4f}"
        for _, step, loss, *_ in t.rows()
        for name, more in (("Training", 0.0), ("Validation", 0.1))
    ]
    return Sample("\n".join(lines), roles(t, "train_loss", eval_loss=(t.step, t.loss + 0.1)))


@sample
def quick_start() -> Sample:
    """PyTorch's quick start: samples of the epoch behind the loss."""
    t = truth(64, 640)
    lines = ["Epoch 1", "-----", *(f"loss: {loss:>7f}  [{step:>5d}/60000]" for _, step, loss, *_ in t.rows())]
    return Sample("\n".join(lines), roles(t, "train_loss"))


@sample
def swin() -> Sample:
    """Swin Transformer: the epoch and all of them in the first brackets."""
    t = truth(0, 10)
    lines = [
        f"[{at(i):%Y-%m-%d %H:%M:%S} swin_tiny] (main.py 187): INFO Train: [{step // 100}/300][{step % 100}/100]\teta 0:01:02 lr {lr:.8f}"
        f"\ttime 0.5 (0.5)\tloss {loss:.4f} ({loss:.4f})\tgrad_norm {norm:.4f} (1.2)\tmem 1000MB"
        for i, step, loss, lr, norm, _ in t.rows()
    ]
    return Sample("\n".join(lines), roles(t, "train_loss", "learning_rate", "grad_norm"), True)


@sample
def epoch_times() -> Sample:
    """A tutorial whose heading of an epoch says how long it took."""
    t = truth(1)
    lines = [
        f"Epoch: {step:02} | Epoch Time: 0m {20 + i % 3}s\n\tTrain Loss: {loss:.4f} | Train PPL: {loss * 3:7.3f}\n"
        f"\t Val. Loss: {loss + 0.1:.4f} |  Val. PPL: {loss * 4:7.3f}"
        for i, step, loss, *_ in t.rows()
    ]
    return Sample("\n".join(lines), roles(t, "train_loss", eval_loss=(t.step, np.round(t.loss + 0.1, 4))))
