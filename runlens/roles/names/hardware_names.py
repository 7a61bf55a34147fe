"""Hardware metrics by name: W&B system metrics, DCGM, nvidia-smi and trainers' own."""

from __future__ import annotations

import re
from types import MappingProxyType

from runlens.roles.names.claim import Claim
from runlens.roles.names.take_apart import Name, normalise

_START = re.compile(
    r"^(.*\.)?system\.(gpu|tpu|ipu|npu|hpu|xpu)\.|DCGM_FI_|^nvidia_smi_"
    r"|^(?:ray/)?node[._]?\d+\.gpu|^(temperature|utilization|memory|power|clocks(_\w+)?|ecc|"
    r"fan|retired_pages|remapped_rows|enforced|pstate)\.|(?<![a-z])(gpu|tpu|cuda"
    r"|device)s?[ ._/:-]?\d+[ ._/-]|^gpu/|gpu_?(temp|power|util|clock|mem|percentage"
    r"|energy)|power/gpu|power_draw"
    r"|_rank_\d+$|^gpus?[._ ]|(sm|graphics)_clock",
    re.IGNORECASE,
)
_RULES = tuple(
    (role, re.compile(regex), frozenset(flags.split(",") if flags else ()), unit)
    for role, regex, flags, unit in (
        (
            "other",
            r"power_limit|limit_watts|enforced|fan|encoder|decoder|pcie(?!_replay)|nvlink|energy"
            r"|pstate|memory_total|fb_reserved|fb_total|mem_clock|memory_clock|link_",
            "",
            "",
        ),
        (
            "gpu_clock",
            r"sm_clock|graphics_clock|clocks?_(current_)?(sm|gr|graphics)|gpu_clock|core_clock"
            r"|clock_?(speed|mhz|rate|freq)",
            "",
            "",
        ),
        (
            "gpu_throttle",
            r"throttl|slowdown|power_cap|(thermal|power|reliability|sync_boost)_violation"
            r"|clocks_(event|throttle)_reasons",
            "",
            "1",
        ),
        ("gpu_errors", r"xid", "code", "1"),
        ("gpu_errors", r"(?<!un)corrected|(?<!un)correctable|ecc_sbe|pcie_replay|single_bit", "soft", "1"),
        ("gpu_errors", r"ecc|uncorrect|retired_pages|remap|row_remap|xid|memory_errors", "", "1"),
        ("gpu_temperature", r"(memory_temp|temperature_memory|hbm_temp|temp_mem|mem_temp)", "hbm", "C"),
        ("gpu_temperature", r"temp|(^|_|/)c$", "", "C"),
        ("gpu_power", r"power\w*(percent|%)", "", "%"),
        ("gpu_power", r"power|watts", "", ""),
        (
            "gpu_utilization",
            r"mem_copy_util|utilization_memory|memory_util|memory_percentage|dram_active|mem_util"
            r"|gpu(_process)?_\d+_memory$",
            "bus",
            "%",
        ),
        ("gpu_memory", r"memory_allocated$|memory_allocated_percent|mem(ory)?_(percent|pct)|hbm_util", "", "%"),
        ("gpu_memory", r"mem_gb|memory_gb", "", "GB"),
        ("gpu_memory", r"fb_free|memory_free|mem_free", "free", ""),
        (
            "gpu_memory",
            r"fb_used|memory_used|mem(ory)?_?(alloc|reserv|used|active|usage|bytes|gb|gib|mb|mib)"
            r"|allocated_mem|reserved_mem|active_mem|allocated_bytes|reserved_bytes|hbm_cap|vram"
            r"|peak_mem|max_mem|(^|_|/)mem$",
            "",
            "",
        ),
        (
            "gpu_utilization",
            r"sm_active|sm_occupancy|pipe_\w*active|engine_active|tensor_?(core)?_?(active|util)",
            "activity",
            "",
        ),
        (
            "gpu_utilization",
            r"util|percentage|duty_cycle|gpu_(process_)?\d+_gpu$|gpu_percent",
            "",
            "",
        ),
    )
)


def hardware_claim(name: Name) -> Claim | None:
    """The reading of a hardware metric, or None if the name is none.

    Everything else under `system.` (dot: the namespace of W&B) is host statistics; `system/` (slash) is not.
    """
    raw = name.base
    if raw in _NODE:
        return _host_of_exporter(name)
    if raw.startswith("system.") and not _START.search(raw):
        return _host(name)
    if not _START.search(raw):
        return None
    text = normalise(raw).replace("/", "_")
    for role, regex, flags, unit in _RULES:
        if regex.search(text):
            if not unit:
                unit = _unit(role, raw, text)
            known = flags | {"known"} if role == "other" else flags
            why = f"hardware name ({role})"
            return Claim(
                role, unit, "per_gpu", name.axis, known, "train", name.device, 0.75, why, "pattern", "hardware"
            )
    return None


def _unit(role: str, raw: str, text: str) -> str:
    """Unit by the name; empty if it does not say."""
    if role == "gpu_power":
        return "mW" if re.search(r"(^|_)(mw|milliwatts?)($|_)", text) else "W"
    if role == "gpu_clock":
        return next((unit for unit in ("GHz", "Hz") if re.search(rf"(^|_){unit.lower()}($|_)", text)), "MHz")
    for unit in ("GiB", "MiB"):
        if unit.lower() in raw.lower():
            return unit
    if raw.startswith(("DCGM_FI_DEV_FB", "memory.")) or "DCGM_FI_DEV_FB" in raw:
        return "MB" if "(MB)" in raw else "MiB"
    if "%" in raw:
        return "%"
    if re.search(r"bytes|hbm_capacity", text):
        return "bytes"
    if re.search(r"(^|_)gb($|_)", text):
        return "GB"
    if re.search(r"(^|_)mb($|_)", text):
        return "MB"
    if role == "gpu_utilization":
        return "fraction" if "DCGM_FI_PROF" in raw or text.endswith("ratio") else ""
    return ""


_OF_HOST = "host statistics of W&B"
_NODE = MappingProxyType(
    {
        "node_memory_used_percent": ("host_memory", "%"),
        "node_cpu_used_percent": ("host_cpu", "%"),
        "node_network_errors_per_second": ("network_errors", "1/s"),
    }
)
"""What `--hardware prometheus://…` makes of node_exporter's series."""


def _host(name: Name) -> Claim:
    text = normalise(name.base).replace("/", "_")
    found = re.search(r"memory_percent|proc_memory_(rss_mb|percent)|memory_rss|^system_memory$", text)
    if found:
        unit = "MB" if text.endswith("mb") else "%"
        return Claim(
            "host_memory", unit, "global", "", frozenset(), "train", name.device, 0.75, _OF_HOST, "pattern", "host"
        )
    return Claim("other", "", "global", "", frozenset({"known"}), "train", "", 0.75, _OF_HOST, "pattern", "host")


def _host_of_exporter(name: Name) -> Claim:
    role, unit = _NODE[name.base]
    why = "host statistics of node_exporter"
    return Claim(role, unit, "global", "", frozenset(), "train", name.device, 0.75, why, "pattern", "host")
