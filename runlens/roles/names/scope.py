"""Whether a rate counts the whole run or one GPU."""

from __future__ import annotations

import re

from runlens.model import Scope
from runlens.roles.names.take_apart import Name

_PER_GPU = re.compile(
    r"per_(gpu|device|chip|core|rank|accelerator)|(^|/)device/|(?<![a-z])(tgs|gpu_s)(?![a-z])|tps_gpu|/gpu(/|$)|sec/core|tok/s/gpu"
)
_WHOLE = re.compile(r"(?<![a-z])(global|aggregate|cluster|total)_(tok|sample|throughput|tps)")
_REPLICA = re.compile(r"per_replica|per_dp")
_RATES = frozenset({"tokens_per_second", "samples_per_second", "tflops", "mfu", "gpu_memory"})


def scope_of_name(role: str, name: Name) -> Scope:
    """Scope as the name tells it; `global` for what exists once in a run, `unknown` for a bare rate."""
    if name.device.startswith("rank"):
        return "per_rank"
    if role.startswith("gpu_"):
        return "per_gpu"
    if _REPLICA.search(name.normal):
        return "unknown"
    if _PER_GPU.search(name.normal):
        return "per_gpu"
    return "unknown" if role in _RATES and not _WHOLE.search(name.normal) else "global"
