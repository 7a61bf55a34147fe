"""Numbers that a run's configuration tells: batch size, sequence length, world size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

KEYS = {
    "sequence length": (
        "seq_length",
        "seq_len",
        "sequence_length",
        "max_seq_len",
        "max_seq_length",
        "max_sequence_length",
        "block_size",
        "context_length",
        "encoder_seq_length",
        "model_max_length",
        "cutoff_len",
    ),
    "batch size": (
        "global_batch_size",
        "train_batch_size",
        "global_train_batch_size",
        "total_batch_size",
        "effective_batch_size",
    ),
    "world size": ("world_size", "WORLD_SIZE", "num_gpus", "n_gpus", "num_devices", "ngpus"),
}
"""What to the names under which frameworks configure it, the first that is found counts."""


def configured_number(config: Mapping[str, object], what: str) -> tuple[float, str]:
    """A positive number of the configuration, and the key that says so; 0 and empty if none does.

    Parameters
    ----------
    config : mapping
        Flat or nested; keys may be dotted or slashed paths, of which the last part counts.
    what : str
        A key of `KEYS`.
    """
    leaves = {path.replace("/", ".").rsplit(".", 1)[-1]: (value, path) for path, value in _leaves(config)}
    for key in KEYS[what]:
        value, path = leaves.get(key, (None, ""))
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0:
            return float(value), path
    return 0.0, ""


def _leaves(config: Mapping[str, object], before: str = "", depth: int = 0) -> Iterator[tuple[str, object]]:
    for key, value in config.items():
        path = f"{before}{key}"
        if isinstance(value, Mapping):
            if "value" in value and len(value) <= 2:
                yield path, value["value"]  # W&B wraps each value
            elif depth < 5:
                yield from _leaves(value, f"{path}.", depth + 1)
        else:
            yield path, value
