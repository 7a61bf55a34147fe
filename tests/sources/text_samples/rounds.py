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
