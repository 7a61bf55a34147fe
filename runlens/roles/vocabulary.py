"""The roles that a series can play, each with its canonical unit."""

from __future__ import annotations

from types import MappingProxyType

ROLES = MappingProxyType(
    {
        # training
        "train_loss": "nats",
        "eval_loss": "nats",  # also bits per byte: RoleSeries.unit "bits/byte", metric_kind "bpb"
        "eval_score": "1",  # accuracies as fractions 0-1; task, metric_kind, setting and direction say what
        "train_score": "1",  # of training batches, or of a split that the log does not tell: no rule judges it
        "reward": "1",  # what a policy earns: RL001 judges it
        "perplexity": "ppl",
        "discriminator_loss": "1",  # of two networks that train against each other: neither need fall
        "generator_loss": "1",
        "grad_norm": "1",
        "learning_rate": "1",
        "z_loss": "1",
        "loss_scale": "1",
        "clip_fraction": "1",
        "param_norm": "1",
        "weight_decay": "1",
        # counters
        "step": "steps",
        "epoch": "epochs",
        "tokens": "tokens",  # cumulative, of the whole run
        "samples": "samples",
        "batch_size": "1",  # samples or tokens per step: RoleSeries.unit says which
        # speed
        "tokens_per_second": "tokens/s",
        "samples_per_second": "samples/s",
        "step_time": "s",
        "tflops": "TFLOP/s",
        "mfu": "fraction",
        "data_time": "s",
        "checkpoint_time": "s",
        # hardware, one series a device
        "gpu_temperature": "C",
        "gpu_power": "W",
        "gpu_memory": "bytes",  # or "%": RoleSeries.unit says which
        "gpu_utilization": "%",
        "gpu_clock": "MHz",
        "gpu_throttle": "1",  # reasons or flags of clocks or power being capped
        "gpu_errors": "1",
        "host_memory": "bytes",  # or "%"
        "host_cpu": "%",
        "network_errors": "1/s",
        "world_size": "ranks",
        # understood to be nothing that a rule uses
        "other": "",
    }
)
"""Role to canonical unit. A series of a role is converted to it where the logged unit is known."""

_FINER = frozenset(
    {
        "discriminator_loss",
        "generator_loss",
        "train_score",
        "reward",
        "gpu_clock",
        "gpu_throttle",
        "data_time",
        "checkpoint_time",
        "host_memory",
        "host_cpu",
        "network_errors",
        "world_size",
    }
)


def catalogue_role(role: str) -> str:
    """The role in the coarser vocabulary of metric catalogues: clocks, timers and scores of training are `other`."""
    return "other" if role in _FINER else role
