"""Federated learning, several writers of one log, and scripts that say the metric before the step."""

from __future__ import annotations

import numpy as np

from tests.sources.text_samples.curves import Sample, at, evals, roles, sample, truth


@sample
def tensorflow_estimator_eval() -> Sample:
    """TensorFlow's estimators: what they save of an evaluation."""
    t = truth(0, 100)
    out, (steps, values) = [], evals(t)
    for _, step, loss, *_ in t.rows():
        out.append(f"INFO:tensorflow:loss = {loss:.4f}, step = {step} (8.123 sec)")
        if step in steps:
            held = values[list(steps).index(step)]
            said = f"accuracy = 0.8123, global_step = {step}, loss = {held:.4f}"
            out.append(f"INFO:tensorflow:Saving dict for global step {step}: {said}")
    return Sample("\n".join(out), roles(t, "train_loss", eval_loss=(steps, values)))


@sample
def flower() -> Sample:
    """Flower 1.7: rounds, the server's own evaluation, and the history at the end."""
    t = truth(1)
    out = []
    for _, step, loss, *_ in t.rows():
        out += [
            "INFO :      ",
            f"INFO :      [ROUND {step}]",
            "INFO :      aggregate_fit: received 10 results and 0 failures",
        ]
        out.append(f"INFO :      fit progress: ({step}, {loss:.4f}, {{'accuracy': {1 / loss:.4f}}}, {12.5 * step:.3f})")
    out += ["INFO :      [SUMMARY]", "INFO :      \tHistory (loss, centralized):"]
    out += [f"INFO :      \t\tround {step}: {loss:.4f}" for _, step, loss, *_ in t.rows()]
    return Sample("\n".join(out), {"eval_score": (t.step, 1 / t.loss)})


@sample
def tacotron() -> Sample:
    """NVIDIA's Tacotron 2 and what grew from it: a number behind the name is the iteration."""
    t = truth(0, 10)
    out, (steps, values) = [], evals(t)
    for _, step, loss, _, norm, _ in t.rows():
        out.append(f"Train loss {step} {loss:.6f} Grad Norm {norm:.6f} 1.23s/it")
        if step in steps:
            out.append(f"Validation loss {step}: {values[list(steps).index(step)]:9f}  ")
    return Sample("\n".join(out), roles(t, "train_loss", "grad_norm", eval_loss=(steps, values)))


@sample
def nielsen() -> Sample:
    """The network of a well-known book, which counts what it knows of the test data."""
    t = truth(0)
    right = np.round(10_000 / t.loss)
    lines = [f"Epoch {step} : {int(n)} / 10000" for step, n in zip(t.step.tolist(), right.tolist(), strict=True)]
    return Sample("\n".join(lines), {"eval_score": (t.step, right / 10_000)})


@sample
def nielsen_2() -> Sample:
    """Its second network: a heading that an epoch is complete, then a line a metric."""
    t = truth(0)
    out = []
    for _, step, loss, *_ in t.rows():
        out += [f"Epoch {step} training complete", f"Cost on training data: {loss:.4f}"]
        out += [
            f"Cost on evaluation data: {loss + 0.1:.4f}",
            f"Accuracy on evaluation data: {int(9999 / loss)} / 10000",
            "",
        ]
    return Sample("\n".join(out), roles(t, "train_loss", eval_score=(t.step, np.floor(9999 / t.loss) / 10_000)))


@sample
def cost_after_iteration() -> Sample:
    """Exercises of many courses: the metric before the step."""
    t = truth(0, 100)
    lines = [f"Cost after iteration {step}: {loss:.4f}" for _, step, loss, *_ in t.rows()]
    return Sample("\n".join(lines), roles(t, "train_loss"))


@sample
def loss_of_one_batch_at_step() -> Sample:
    """The custom training loop of Keras' guides."""
    t = truth(0, 200)
    lines = [f"Training loss (for one batch) at step {step}: {loss:.4f}" for _, step, loss, *_ in t.rows()]
    return Sample("\n".join(lines), roles(t, "train_loss"))


@sample
def rounds_over_clients() -> Sample:
    """Federated learning in an own script: the server's rounds, the epochs of a few clients within each."""
    t = truth(1)
    out = []
    for i, step, loss, *_ in t.rows():
        out.append(f"=== Round {step}/60 ===")
        for client in range(3):
            said = f"{at(i):%Y-%m-%d %H:%M:%S} [Client {client}]"
            out += [
                f"{said} Epoch {e}/2 - loss: {loss + client + 0.1 * (2 - e):.4f} - acc: {1 / loss:.4f}" for e in (1, 2)
            ]
        out.append(f"Global model: test loss={loss + 0.1:.4f}, test acc={1 / loss:.4f}")
    return Sample("\n".join(out), {"eval_loss": (t.step, t.loss + 0.1), "eval_score": (t.step, 1 / t.loss)})


@sample
def number_of_the_round_above() -> Sample:
    """Federated learning as PFLlib prints it: a rule around the number of the round."""
    t = truth(0)
    out = []
    for _, step, loss, *_ in t.rows():
        out += ["", f"-------------Round number: {step}-------------", "", "Evaluate global model"]
        out += [f"Averaged Train Loss: {loss:.4f}", f"Averaged Test Accuracy: {1 / loss:.4f}"]
    return Sample("\n".join(out), roles(t, "train_loss", eval_score=(t.step, 1 / t.loss)))


@sample
def ranks_in_brackets() -> Sample:
    """Distributed scripts after PyTorch's tutorial: each GPU says the loss of its own part."""
    t = truth(0)
    lines = [
        f"[GPU{rank}] Epoch {step} | Batchsize: 32 | Steps: 32 | loss {loss + rank:.4f}"
        for _, step, loss, *_ in t.rows()
        for rank in (0, 1, 2, 3)
    ]
    return Sample("\n".join(lines), roles(t, "train_loss"))


@sample
def ijepa() -> Sample:
    """I-JEPA and what grew from it: epoch and batch in brackets behind the logger's name."""
    t = truth(0, 50)
    out = []
    for _, step, loss, lr, *_ in t.rows():
        epoch, batch = step // 1000 + 1, step % 1000
        out.append(f"INFO:root:[{epoch}, {batch:5d}/ 1000] loss: {loss:.4f} [wd: 4.00e-02] [lr: {lr:.8f}] (812.3 ms)")
    return Sample("\n".join(out), roles(t, "train_loss", "learning_rate"))


@sample
def loss_of_a_word_that_nobody_knows() -> Sample:
    """A loss behind what it is the loss of, in a word that is no counter's: the number before the colon is no loss."""
    t = truth(1)
    out = [f"train loss of iteraction {step}:{loss:.6f}" for _, step, loss, *_ in t.rows()]
    return Sample("\n".join(out), roles(t, "train_loss"))


@sample
def singan() -> Sample:
    """Adversaries by their letters."""
    t = truth(0, 100)
    lines = [
        f"{at(i):%Y-%m-%d %H:%M:%S} - INFO - Iteration {step}, D: {loss:.6f}, D_r: -0.6, G: {-loss:.5f}, G_recon: 0.01"
        for i, step, loss, *_ in t.rows()
    ]
    return Sample("\n".join(lines), {})


@sample
def copypaste() -> Sample:
    """detectron2's evaluations: the names of its scores a line above the scores, boxes and masks with the same ones."""
    t = truth(19, 20)
    out, (steps, values) = [], evals(t)
    for i, step, loss, lr, *_ in t.rows():
        stamp = f"[{at(i):%m/%d %H:%M:%S} d2"
        out.append(f"{stamp}.utils.events]:  eta: 0:10:00  iter: {step}  total_loss: {loss:.4f}  lr: {lr:.8f}")
        if step in steps:
            said = f"{stamp}.evaluation.testing]: copypaste:"
            for task, off in (("bbox", 0.0), ("segm", 20.0)):
                ap = 10 * values[list(steps).index(step)] + off
                out += [f"{said} Task: {task}", f"{said} AP,AP50,APs", f"{said} {ap:.4f},{ap + 5:.4f},-100.0"]
    return Sample("\n".join(out), roles(t, "train_loss", eval_score=(steps, values / 10)))


def bare(line: str, name: str) -> Sample:
    t = truth(1)
    text = "\n".join(line.format(step=step, loss=loss) for _, step, loss, *_ in t.rows())
    return Sample(text, roles(t, "train_loss"), name=name)


@sample
def glued_to_its_value() -> Sample:
    """A file named for its metric, each line the epoch, a dash below and the number."""
    return bare("{step}_{loss:.16f}", "train_loss.txt")


@sample
def glued_to_its_word() -> Sample:
    """Chainer's examples: a file named for its metric, each line the epoch and the number."""
    return bare("epoch{step}\t{loss:.6f}", "train_loss.txt")


@sample
def step_and_number_alone() -> Sample:
    """A file named for its metric, and what it names is said nowhere else."""
    return bare("Epoch {step}: {loss:.4f}", "loss_history.log")


@sample
def epoch_and_batch_in_brackets() -> Sample:
    """GANs that print as the PyTorch tutorials do, with a colon: `[2 :  30200] loss G : 0.930 loss D : 0.361`."""
    t = truth(0, 100)
    rows = [f"[{step // 1000 + 1} :  {step % 1000}] loss : {loss:.4f} loss D : 0.361" for _, step, loss, *_ in t.rows()]
    return Sample("\n".join(rows), {"train_loss": (t.step, t.loss)})


@sample
def all_in_one_line() -> Sample:
    """A trainer of 3D detectors that writes its rows without a line end."""
    t = truth(0)
    parts = "reg_loss: 2.4721 cls_loss: 15.0255 cls_pos_loss: 1.3883 forward time: 50.1182 " * 3
    rows = [f"train: {step + 1} @ epoch:1/2 loss: {loss:.4f} {parts}batch time: 50.9" for _, step, loss, *_ in t.rows()]
    return Sample(" ".join(rows), {"train_loss": (t.step, t.loss)})
