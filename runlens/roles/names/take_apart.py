"""Names taken apart: the x axis, the device and the forks that loggers add to a metric's own name."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from functools import lru_cache

_AXIS = re.compile(r"^(?!samples vs )(?P<base>.+?) vs (?P<axis>samples|tokens|gigaflos)\b[^/]*$")
_WRITER = re.compile(r" \(writer (?P<n>\d+)\)$")
_LABEL = re.compile(r"/l:(?P<label>[\w.-]+)$")
_DATALOADER = re.compile(r"/dataloader_idx_\d+$")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2,})")
_NUMBER = re.compile(r"(?<![a-z0-9])\d+(?![a-z0-9])")
_BINARY = re.compile(r"[KMGT]iB")
_SEPARATOR = re.compile(r"[^A-Za-z0-9/%]+")

_GPU = re.compile(
    r"(?<![a-z])(?P<kind>gpu|tpu|ipu|hpu|npu|xpu|device|cuda)(?:_id)?(?:[._/\s-]process)?"
    r"[._/:\s-]{0,2}(?P<n>\d+)(?![a-z0-9])",
    re.I,
)
_CLIENT = re.compile(r"/clients?(?:_(?P<n>\d+))?$")
_RANK = re.compile(r"[._/\s-]?(?<![a-z])(?:tp_|dp_|pp_|global_|local_)?rank[._/\s:=-]?(?P<n>\d+)(?!\d)", re.I)
_NODE = re.compile(r"(?<![a-z])(?:node|host)[._/\s:=-]?(?P<n>\d+)(?!\d)", re.I)
_PROMETHEUS = re.compile(
    r"^(?:.*\.)?(?:DCGM_FI_\w+|nvidia_smi_\w+?|node_(?:memory|cpu|network)_\w+(?=\{))(?:\.(?P<n>\d+)|\{(?P<labels>.*)\})?$"
)
_SMI = re.compile(
    r"^(?:.*/)?(?:(?:temperature|utilization|fan)\.\w+|memory\.(?:used|free|total|reserved)|(?:enforced\.)?power\.[a-z.]+"
    r"|(?:clocks|clocks_\w+|ecc|retired_pages|remapped_rows)\.[a-z_.]+?)(?:\s*[\[(][^\])]*[\])])?"
    r"[._/:\s-]\s*(?P<n>\d+)(?:\s*[\[(][^\])]*[\])])?$"
)
"""A field of `nvidia-smi --query-gpu` with the index of the GPU after it, its unit before or after that."""
_LABEL_GPU = re.compile(r'\bgpu="?(\d+)')
_LABEL_HOST = re.compile(r'\b(?:Hostname|hostname|instance)="?([\w.-]+)')


@dataclass(frozen=True, slots=True)
class Name:
    """One logged name, taken apart."""

    raw: str
    base: str
    """Without x-axis suffix, node label, rank, dataloader index and fork suffix."""
    normal: str
    """`base` in lower case, words joined by `_`, path segments by `/`: what the patterns read."""
    axis: str = ""
    """`samples`, `tokens` or `flops` if the name says that it is drawn over these."""
    device: str = ""
    """Such as `gpu 3`, `node1 gpu 3` or `rank 5`; empty if the name tells no device."""


def take_apart(raw: str, siblings: Container[str] = ()) -> Name:
    """Take a logged name apart.

    Parameters
    ----------
    raw : str
        The name as logged.
    siblings : container of str
        The other names of the run; a suffix `_step` or `_epoch` is a fork only where its twin is among them.
    """
    base, axis, node = raw.strip(), "", ""
    writer = ""
    if found := _WRITER.search(base):
        base, writer = base[: found.start()], f"writer {found['n']}"
    if found := _AXIS.match(base):
        base, axis = found["base"], found["axis"].replace("gigaflos", "flops")
    if found := _LABEL.search(base):
        base, node = base[: found.start()], found["label"]
    base = _DATALOADER.sub("", base)
    for fork, twin in (("_step", "_epoch"), ("_epoch", "_step")):
        if base.endswith(fork) and base.removesuffix(fork) + twin in siblings:
            base = base.removesuffix(fork)
            break
    base = _spelt_out(base, siblings)
    base, device = _device(base, node)
    return Name(raw, base, normalise(base), axis, " ".join(part for part in (device, writer) if part))


def _spelt_out(base: str, siblings: Container[str]) -> str:
    """`tr_loss` and `vl_loss` with their splits by their usual names, where the run has both."""
    for short, split, twin in (("tr", "train", "vl"), ("vl", "val", "tr")):
        if base[:2] == short and base[2:3] in ("_", "/") and twin + base[2:] in siblings:
            return split + base[2:]
    return base


@lru_cache(maxsize=8192)
def normalise(text: str) -> str:
    """Lower case, words joined by `_`, path segments by `/`: `Train/CrossEntropyLoss` -> `train/cross_entropy_loss`."""
    if not text.islower():
        text = _BINARY.sub(lambda unit: unit[0].lower(), text)
        text = _CAMEL.sub("_", text)
    segments = (_SEPARATOR.sub("_", part).strip("_") for part in text.split("/"))
    return "/".join(part for part in segments if part).lower()


def shape_of(normal: str) -> str:
    """A normalised name with every number made 0, so that the names of a hundred layers are one."""
    return _NUMBER.sub("0", normal)


def _device(base: str, node: str) -> tuple[str, str]:
    """Split the device off; the base keeps hardware names whole, because the table knows them so."""
    if found := _PROMETHEUS.match(base):
        labels = found["labels"] or ""
        gpu, host = _LABEL_GPU.search(labels), _LABEL_HOST.search(labels)
        number = found["n"] or (gpu[1] if gpu else "")
        where = node or (host[1] if host else "")
        short = base[: base.index("{")] if labels or base.endswith("{}") else base
        return short, " ".join(part for part in (where, f"gpu {number}" if number else "") if part)
    if found := _CLIENT.search(base):
        return base[: found.start()], f"client {found['n']}" if found["n"] else "clients"
    if not any(c.isdigit() for c in base):
        return base, node
    if found := _RANK.search(base):
        rest = base[: found.start()] + base[found.end() :]
        rest = re.sub(r"^[._/\s-]+|[._/\s-]+$", "", rest) or base
        return (base if "gpu" in rest.lower() and "_rank_" in base else rest), f"rank {found['n']}"
    where = node
    if not where and (found := _NODE.search(base)):
        where = f"node{found['n']}"
    if found := _SMI.match(base):
        return base, f"{where} gpu {found['n']}".strip()
    if found := _GPU.search(base):
        kind = "gpu" if found["kind"].lower() in ("cuda", "device", "gpu") else found["kind"].lower()
        return base, f"{where} {kind} {found['n']}".strip()
    return base, where
