"""Roles that the findings of several rules are drawn in or beside (`Figure.panels`, `Figure.beside`)."""

from __future__ import annotations

LOSSES = ("train_loss", "eval_loss")
TRAINING = ("train_loss", "grad_norm", "learning_rate")
SPEEDS = ("tokens_per_second", "samples_per_second", "step_time")
HARDWARE = ("gpu_temperature", "gpu_utilization", "gpu_memory", "gpu_power", "gpu_clock", "host_memory")
MACHINES = SPEEDS + HARDWARE
EVALS = ("eval_score", "perplexity", "eval_loss")
BESIDE_EVALS = ("train_loss", "eval_score")
BESIDE_LOG = ("train_loss", *SPEEDS)
