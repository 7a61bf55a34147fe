"""A tiny language model trained with the Trainer of transformers, under a callback that stops it when it goes wrong.

    python docs/library/train_hf.py [--break-at STEP]

Nothing is downloaded: the model has two layers and random weights, the text is made here. With `--break-at` the
learning rate is far too high from that step on, and the callback ends the run.
"""

from __future__ import annotations

import argparse
import tempfile

import torch
from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainerCallback, TrainingArguments

from runlens.integrations.transformers import RunLensCallback

WORDS = 64
"""Size of the vocabulary, and length of a text."""


class Texts(torch.utils.data.Dataset):
    """Rising numbers modulo the vocabulary, from a random start, with a random stride: learnt within minutes."""

    def __init__(self, count: int = 4096) -> None:
        made = torch.Generator().manual_seed(0)
        start = torch.randint(WORDS, (count, 1), generator=made)
        stride = torch.randint(1, 5, (count, 1), generator=made)
        self.rows = (start + stride * torch.arange(WORDS)) % WORDS

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, at: int) -> dict[str, torch.Tensor]:
        return {"input_ids": self.rows[at], "labels": self.rows[at]}


class Fault(TrainerCallback):
    """Sets the learning rate far too high from one step on."""

    def __init__(self, at: int) -> None:
        self.at = at

    def on_step_begin(self, args, state, control, optimizer=None, **kwargs):
        """Called by the Trainer before each step."""
        if self.at and state.global_step >= self.at:
            for group in optimizer.param_groups:
                group["lr"] = 1.0


def train(steps: int = 400, break_at: int = 0, every: int = 50) -> tuple[int, RunLensCallback]:
    """Train, and return the last step and the callback, whose report tells what was found."""
    torch.manual_seed(0)
    size = {"vocab_size": WORDS, "n_positions": WORDS, "n_embd": 32, "n_layer": 2, "n_head": 2}
    model = GPT2LMHeadModel(GPT2Config(**size, bos_token_id=0, eos_token_id=0))
    # The speed of a toy on a busy machine says nothing: a real training leaves `select` out.
    watch = RunLensCallback(every=every, stop_on="error", select=["LOSS", "GRAD", "LR"])
    with tempfile.TemporaryDirectory() as folder:
        args = TrainingArguments(
            folder,
            max_steps=steps,
            per_device_train_batch_size=8,
            learning_rate=3e-3,
            warmup_steps=20,
            logging_steps=1,
            save_strategy="no",
            report_to=[],
            use_cpu=True,
            disable_tqdm=True,
            seed=0,
        )
        trainer = Trainer(model, args, train_dataset=Texts(), callbacks=[Fault(break_at), watch])
        trainer.train()
    return trainer.state.global_step, watch


def main() -> None:
    """Train, and say how it went."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--break-at", type=int, default=0)
    options = parser.parse_args()
    last, watch = train(options.steps, options.break_at)
    print(f"ended at step {last}")
    print(watch.report)


if __name__ == "__main__":
    main()
