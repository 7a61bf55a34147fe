"""What a run's config says of how it is trained: its keys differ from trainer to trainer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping


def items(config: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """All entries of a nested config, keys joined with `/`; dots in keys count as nesting."""
    for key, value in config.items():
        if isinstance(value, Mapping):
            yield from items(value, f"{prefix}{key}/")
        else:
            yield f"{prefix}{key}".replace(".", "/"), value


def first_number(config: Mapping[str, object], keys: tuple[str, ...]) -> float | None:
    """The first of these keys, at any depth, that holds a positive number; None if none does."""
    flat = {key.rsplit("/", 1)[-1].lower(): value for key, value in items(config)}
    for key in keys:
        value = flat.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
            return float(value)
    return None


def precision(config: Mapping[str, object]) -> str:
    """`fp16` or `bf16`: the precision of the weights or of autocast; empty if the config says neither."""
    for key, value in items(config):
        name = key.rsplit("/", 1)[-1].lower()
        text = str(value).lower()
        if name in ("fp16", "bf16") and value is True:
            return name
        if "dtype" in name or "precision" in name:
            if "bf16" in text or "bfloat16" in text:
                return "bf16"
            if "fp16" in text or "float16" in text or text in ("16", "16-mixed", "half"):
                return "fp16"
    return ""
