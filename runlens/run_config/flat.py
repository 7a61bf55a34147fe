"""A run's configuration as a report may carry it: flat, short, and without secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping

from runlens.run_config.leaves import leaves

HIDDEN = "(hidden)"
MOST = 400
"""Entries at most: some trainers log whole environments."""
_LONGEST = 300
_SECRET_KEY = re.compile(
    r"(?i)(^|[._\-/ ])(\w*(password|passwd|secret|credential|private_?key|api_?key|access_?key|auth)\w*|"
    r"(\w*[_-])?token|key)$"
)
_SECRET_VALUE = re.compile(
    r"\b(hf_[A-Za-z0-9]{20,}|gh[pousr]_[A-Za-z0-9]{20,}|sk-[A-Za-z0-9_-]{16,}|AKIA[A-Z0-9]{12,}|xox[abp]-[\w-]{10,}|"
    r"wandb_v\d_\w{20,}|[0-9a-f]{40})\b|://[^/\s:@]+:[^/\s@]+@"
)


def flat(config: Mapping[str, object]) -> dict[str, object]:
    """The configuration with one level, sorted by key.

    Nested keys are joined with dots; W&B's `{"value": …, "desc": …}` wrapper and its own `_wandb` entries go. A text
    under a key that names a secret, and a text that looks like one, becomes `(hidden)`. What is no number, text,
    boolean or None becomes text; texts are cut at 300 characters, and more than 400 entries are counted in a last one.
    """
    pairs = sorted(leaves(config), key=lambda pair: pair[0])
    kept: dict[str, object] = {key: _shown(key, value) for key, value in pairs[:MOST]}
    if len(pairs) > MOST:
        kept["…"] = f"{len(pairs) - MOST} more entries"
    return kept


def _shown(key: str, value: object) -> object:
    if hasattr(value, "tolist"):  # an array or a number of numpy's
        value = value.tolist()
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value)
    if _SECRET_KEY.search(key) or _SECRET_VALUE.search(text):
        return HIDDEN
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
