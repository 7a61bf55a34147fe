"""Frameworks of before and beside PyTorch, translation and speech, robots, and what prints a metric in an odd place."""

from __future__ import annotations

import numpy as np

from tests.sources.text_samples.curves import EVERY, N, Sample, Truth, at, evals, roles, sample, truth

BATCHES = 10


def _of_epochs(t: Truth, shift: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """Evaluations after each epoch of `BATCHES` rows."""
    which = np.arange(BATCHES - 1, N, BATCHES)
    return t.step[which], np.round(t.loss[which] + shift, 4)


@sample
def fb_resnet_torch() -> Sample:
    """fb.resnet.torch: the loop over test data counts within it; the last line of an epoch says its means, of errors."""
    t = truth()
    out = []
    for _, step, loss, _, _, time in t.rows():
        epoch, batch = (step - 1) // BATCHES + 1, (step - 1) % BATCHES + 1
        out.append(
            f" | Epoch: [{epoch}][{batch}/{BATCHES}]    Time {time:.3f}  Data 0.001  Err {loss:.4f}  top1  71.2  top5  32.1"
        )
        if batch == BATCHES:
            out += [
                f" | Test: [{epoch}][{b}/3]    Time 0.100  Data 0.001  top1  70.{b} ( 70.{b})  top5  31.1 ( 31.2)"
                for b in (1, 2, 3)
            ]
            out.append(f" * Finished epoch # {epoch}     top1:  {10 * (loss + 0.1):.3f}  top5:  31.150\n")
    steps, values = _of_epochs(t)
    return Sample("\n".join(out), roles(t, "train_loss", "step_time", eval_score=(steps, 10 * values)))


@sample
def wenet() -> Sample:
    """WeNet: the epoch and the batch parted by a slash, and the mean over held-out data so far behind a batch's loss."""
    t = truth(0, 100)
    out = []
    for i, step, loss, lr, *_ in t.rows():
        stamp, epoch = f"{at(i):%Y-%m-%d %H:%M:%S},123 DEBUG", step // 1000
        out.append(
            f"{stamp} TRAIN Batch {epoch}/{step % 1000} loss {loss:.6f} loss_att {loss:.6f} loss_ctc {loss + 1:.6f} lr {lr:.8f} rank 0"
        )
        if step % 1000 == 900:
            out += [
                f"{stamp} CV Batch {epoch}/{b} loss 3.5 loss_att 3.1 loss_ctc 4.5 history loss {loss + 0.1 + 0.01 * (100 - b):.6f} rank 0"
                for b in (0, 100)
            ]
    return Sample("\n".join(out), roles(t, "train_loss", "learning_rate", eval_loss=_of_epochs(t)), True)


@sample
def matconvnet() -> Sample:
    """MatConvNet: what it lowers is an objective, behind the speed."""
    t = truth()
    out = []
    for _, step, loss, *_ in t.rows():
        epoch, batch = (step - 1) // BATCHES + 1, (step - 1) % BATCHES + 1
        out.append(
            f"train: epoch {epoch:02d}: {batch:3d}/ {BATCHES}: {120 + batch:.1f} (120.3) Hz objective: {loss:.4f} top1err:0.512 top5err:0.201"
        )
        if batch == BATCHES:
            out += [
                f"val: epoch {epoch:02d}: {b:3d}/  3: 300.4 (300.3) Hz objective: {loss + 0.1 + 0.01 * (3 - b):.4f} top1err:0.5 top5err:0.2"
                for b in (1, 2, 3)
            ]
    return Sample("\n".join(out), roles(t, "train_loss", eval_loss=_of_epochs(t)))


@sample
def marian() -> Sample:
    """Marian: updates over epochs, the seconds since the line before, a rate with points in its name."""
    t = truth(500, 500)
    out = []
    for i, step, loss, lr, norm, _ in t.rows():
        stamp = f"[{at(i):%Y-%m-%d %H:%M:%S}]"
        out.append(f"{stamp} Ep. {1 + i // 25} : Up. {step} : Sen. {1234 * (i % 25 + 1):,} : Cost {loss:.4f} * 12,345 @ 1,234 after {12345 * (i + 1):,} : "
                   f"Time 123.45s : 12345.67 words/s : gNorm {norm:.3f} : L.r. {lr:.4e}")  # fmt: skip
        if (i + 1) % EVERY == 0:
            out.append(f"{stamp} [valid] Ep. {1 + i // 25} : Up. {step} : ce-mean-words : {loss + 0.1:.4f} : new best")
    return Sample("\n".join(out), roles(t, "train_loss", "learning_rate", "grad_norm"), True)


@sample
def kaldi_nnet3() -> Sample:
    """Kaldi's nnet3: an objective that training raises."""
    t = truth(99, 100)
    said = "LOG (nnet3-train[5.5.1047~1-0a5dc]:PrintStatsForThisPhase():nnet-training.cc:299)"
    lines = [
        f"{said} Average objective function for 'output' for minibatches {step - 99}-{step} is {-loss} over 12800 frames."
        for _, step, loss, *_ in t.rows()
    ]
    return Sample("\n".join(lines), roles(t, "train_loss"))


@sample
def kaldi_nnet1() -> Sample:
    """Kaldi's first networks."""
    t = truth()
    lines = [
        f"ITERATION {step:02d}: TRAIN AVG.LOSS {loss:.4f}, (lrate0.008), CROSSVAL AVG.LOSS {loss + 0.1:.4f}, nnet accepted (nnet_iter{step:02d}_learnrate0.008)"
        for _, step, loss, *_ in t.rows()
    ]
    return Sample("\n".join(lines) + "\n", roles(t, "train_loss", eval_loss=(t.step, t.loss + 0.1)))


@sample
def rsl_rl() -> Sample:
    """rsl_rl: a banner says the iteration, a metric a line follows."""
    t = truth(0)
    out = []
    for _, step, loss, _, _, time in t.rows():
        out += ["#" * 80, f"                        Learning iteration {step}/1500                        ", "",
                "                       Computation: 53210 steps/s (collection: 1.2s, learning 0.3s)",
                f"               Value function loss: {loss:.4f}", "                    Surrogate loss: -0.0012",
                f"                       Mean reward: {10 - loss:.2f}", "               Mean episode length: 500.00", "-" * 80,
                f"                   Total timesteps: {(step + 1) * 98304}", f"                    Iteration time: {time:.3f}s",
                f"                        Total time: {1.5 * (step + 1):.2f}s", "                               ETA: 200.1s", ""]  # fmt: skip
    return Sample("\n".join(out), roles(t, "step_time"))


@sample
def rl_games() -> Sample:
    """rl_games, which prints its speed and no more."""
    t = truth(0, 65536)
    lines = [
        f"fps step: 123456 fps step and policy inference: 80000 fps total: {10000 * loss:.0f} epoch: {i + 1}/500 frames: {step}"
        for i, step, loss, *_ in t.rows()
    ]
    return Sample("\n".join(lines), {"samples_per_second": (t.step, 10000 * t.loss)})


@sample
def sockeye() -> Sample:
    """Sockeye: batches of the epoch, and checkpoints that count updates over all of them."""
    t = truth(50, 50)
    out = []
    for i, step, loss, *_ in t.rows():
        stamp = f"[{at(i):%Y-%m-%d:%H:%M:%S}:INFO:sockeye.training"
        out.append(
            f"{stamp}:log] Epoch[{(step - 1) // 500}] Batch [{(step - 1) % 500 + 1}]\tSpeed: 512.34 samples/sec 12345.67 tokens/sec\tcross-entropy={loss:.4f}"
        )
        if (i + 1) % EVERY == 0:
            out.append(
                f"{stamp}:fit] Checkpoint [{step // 1000}]\tUpdates={step} Epoch={(step - 1) // 500} Samples={64 * step} Time-cost=123.4 Updates/sec=3.2"
            )
            out.append(f"{stamp}:fit] Checkpoint [{step // 1000}]\tValidation-cross-entropy={loss + 0.1:.4f}")
    return Sample("\n".join(out), roles(t, "train_loss", eval_loss=evals(t)))


@sample
def spacy() -> Sample:
    """spaCy 3: a table whose heads hold blanks."""
    t = truth(0, 200)
    head = [
        "E    #       LOSS TOK2VEC  LOSS NER  ENTS_F  ENTS_P  ENTS_R  SCORE ",
        "---  ------  ------------  --------  ------  ------  ------  ------",
    ]
    lines = [
        f"{step // 1000:3d}  {step:6d}  {loss * 10:12.2f}  {loss * 100:8.2f}  {50.1:6.2f}  {50.2:6.2f}  {50.3:6.2f}  {1 / loss:6.4f}"
        for _, step, loss, *_ in t.rows()
    ]
    return Sample("\n".join(["ℹ Pipeline: [tok2vec, ner]", *head, *lines]), {})


@sample
def jde() -> Sample:
    """JDE's table, through a logger, between its other lines."""
    t = truth(0, 40)
    stamp = "2021-03-14 12:00:01 [INFO]: "
    head = f"{stamp}   Epoch       Batch       box      conf        id     total  nTargets      time"
    out = ["loading weights", "2021-03-14 12:00:01 [INFO]: Namespace(epochs=30)", head]
    for _, step, loss, _, _, time in t.rows():
        cells = (f"{step // 400}/29", f"{step % 400}/3790", loss / 2, loss / 3, loss * 2, loss, 14.2, time)
        out.append(stamp + ("%8s%12s" + "%10.5g" * 6) % cells)
    return Sample("\n".join([*out, "saving the model"]), roles(t, "step_time"))


@sample
def confusions_of_torch() -> Sample:
    """Torch7's demos: a heading that holds a setting, scores below it."""
    t = truth()
    out = []
    for _, step, loss, *_ in t.rows():
        out += [f"==> online epoch # {step} [batchSize = 128]", f"Train accuracy: {90 - loss:.2f} %\t time: 23.1 s", f"Test accuracy: {80 - loss:.2f} %"]  # fmt: skip
    return Sample("\n".join(out), {"eval_score": (t.step, (80 - t.loss) / 100)})


@sample
def crossval_of_wenet() -> Sample:
    """WeNet's word on held-out data after an epoch."""
    t = truth(0)
    lines = [
        f"{at(i):%Y-%m-%d %H:%M:%S},123 INFO Epoch {step} CV info cv_loss {loss:.4f}" for i, step, loss, *_ in t.rows()
    ]
    return Sample("\n".join(lines), {"eval_loss": (t.step, t.loss)})


@sample
def metrics_before_the_bar() -> Sample:
    """A metric of each split before one bar: neither is its name."""
    t = truth(1)
    text = "".join(
        f"\rTrain loss: {loss:.4f} | Val loss: {loss + 0.1:.4f}: {step}%|{'█' * (step // 10):10}| {step}/100 [00:{i:02d}<01:00,  1.00s/it]"
        for i, step, loss, *_ in t.rows()
    )
    return Sample(text + "\n", roles(t, "train_loss", eval_loss=(t.step, t.loss + 0.1)))


@sample
def whole_bars() -> Sample:
    """A bar for each epoch, drawn when it is done; nothing says which epoch it is."""
    t = truth(391, 391)
    lines = [f"loss = {loss:.4f} 100%|██████████| 391/391 [00:30<00:00, 12.9it/s]" for _, _, loss, *_ in t.rows()]
    return Sample("\n".join(lines), roles(t, "train_loss"))


@sample
def epoch_before_its_metrics_and_a_bar() -> Sample:
    """The epoch in brackets, a metric, and the bar of its batches."""
    t = truth(391, 391)
    lines = [
        f"[{i + 1}/{N}] loss = {loss:.4f} 100%|██████████| 391/391 [00:30<00:00, 12.9it/s]"
        for i, _, loss, *_ in t.rows()
    ]
    return Sample("\n".join(lines), roles(t, "train_loss"))


def _scaled(said: str) -> Sample:
    """A log with what a trainer says of a gradient that overflows, before every tenth row but the first."""
    t = truth()
    out, scales = [], []
    for i, step, loss, *_ in t.rows():
        if i and i % 10 == 0:
            scales.append((step - 1, 2.0 ** (16 - i // 10)))
            out.append(said.format(scales[-1][1]))
        out.append(f"step {step} loss {loss:.4f}")
    steps, values = zip(*scales, strict=True)
    return Sample("\n".join(out), roles(t, "train_loss", loss_scale=(np.array(steps), np.array(values))))


@sample
def apex() -> Sample:
    """apex, where gradients of fp16 overflow."""
    return _scaled("Gradient overflow.  Skipping step, loss scaler 0 reducing loss scale to {}")


@sample
def deepspeed_overflow() -> Sample:
    """DeepSpeed, which says the scale before, too."""
    return _scaled("[deepspeed] OVERFLOW! Rank 0 Skipping step. Attempted loss scale: 131072, reducing to {}")


@sample
def paddle_detection() -> Sample:
    """PaddleDetection, whose costs are seconds."""
    t = truth(0, 20)
    lines = [
        f"[{at(i):%m/%d %H:%M:%S}] ppdet.engine INFO: Epoch: [{step // 200}] [{step % 200:4d}/200] learning_rate: {lr:.8f} loss_xy: 0.3 loss_wh: 0.4 loss: {loss:.4f} "
        f"eta: 0:10:00 batch_cost: {time:.3f} data_cost: 0.001 ips: 26.5 images/s"
        for i, step, loss, lr, _, time in t.rows()
    ]
    return Sample("\n".join(lines), roles(t, "train_loss", "learning_rate", "step_time"))


@sample
def epoch_beside_its_batches() -> Sample:
    """Own loops: the batches in brackets right behind the epoch."""
    t = truth()
    lines = [
        f"Epoch {(step - 1) // BATCHES + 1}[{(step - 1) % BATCHES + 1}/{BATCHES}]: loss:{loss:.5f}, lr:{lr:.8f}"
        for _, step, loss, lr, *_ in t.rows()
    ]
    return Sample("\n".join(lines), roles(t, "train_loss", "learning_rate"))


@sample
def batches_in_an_epoch() -> Sample:
    """Own loops: how many batches in which epoch, in words."""
    t = truth()
    lines = [
        f"{(step - 1) % BATCHES + 1}/{BATCHES} in {(step - 1) // BATCHES} epoch finished at time 0:10:25.652964 from start, Loss is {loss:.6f}"
        for _, step, loss, *_ in t.rows()
    ]
    return Sample("\n".join(lines), roles(t, "train_loss"))
