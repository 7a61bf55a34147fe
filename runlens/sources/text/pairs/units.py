"""Values in the units that stand behind them, and the names of those that have none but a unit."""

from __future__ import annotations

import re
from dataclasses import replace

from runlens.sources.text.pairs.place import Place
from runlens.sources.units import KEPT_UNITS, MANY, MEMORY, NAMED_BY_UNIT, PER_STEP, RATE, SECONDS, TIMED, TIMES, UNIT

PARTS = re.compile(r"[|,;\t{}\[\]]| {2,}| [-\xb7] | -{2,} |: |=|\s>+\s|[\x80-\xff]+")
_SPEED = re.compile(r"(?<![a-z])(?:speed|throughput|thrput|rate|perf\w*|pace|velocity)$", re.IGNORECASE)
"""Names of a speed that leave it to the unit what is counted: `throughput: 12.5k tok/s`."""


def unit_of(line: str, end: int) -> tuple[str, int]:
    """The unit after a number, and where the text after it goes on."""
    found = UNIT.match(line, end)
    if found is None:
        return "", end
    unit = found["attached"] or found["apart"]
    rate = RATE.match(line, found.end()) if unit in MANY else None
    return (unit, found.end()) if rate is None else (f"{unit} {rate[1]}", rate.end())


def by_unit(gap: str, unit: str) -> str:
    """The name of a number that has none, by its unit; empty if it stays without."""
    if not unit or PARTS.split(gap)[-1].strip(" |,;\t-(["):
        return ""
    if unit.endswith("/step") and unit[:-5] in TIMES:
        return "time/step"
    return NAMED_BY_UNIT.get(unit) or NAMED_BY_UNIT.get(unit.rpartition(" ")[2], "")


def in_unit(name: str, place: Place, unit: str) -> tuple[str, Place]:
    """Times in seconds, shares as fractions, 2.05K as 2050; a unit that stays becomes part of the name."""
    many, _, rate = unit.partition(" ")
    if many in MANY and rate:
        place, unit = replace(place, scale=place.scale * MANY[many]), rate
    length, _, step = unit.partition("/")
    length = "min" if length == "m" and TIMED.search(name) else length
    timed = TIMES.get(length) if not step or step in PER_STEP else None
    if timed and name not in KEPT_UNITS:
        name = f"{name} time" if name.lower() in ("cost", "costs") else name  # no cost that training lowers
        name = f"{name} (s/it)" if step and _SPEED.search(name) else name
        return name, replace(place, scale=place.scale * SECONDS[timed])
    if timed and name == "train_time":  # the time since the start, which says by its unit how long a step took
        return f"{name} ({timed})", place
    memory = re.search(r"(?<![a-z])(mem|memory|gpu_mem|vram|alloc\w*|reserved)", name, re.IGNORECASE)
    if unit in MANY and not memory:
        return name, replace(place, scale=place.scale * MANY[unit])
    if unit.startswith("%"):
        return name, replace(place, scale=place.scale * 0.01)
    if unit in MANY or unit in MEMORY:
        shown = unit if len(unit) > 1 else f"{unit}B"
        return (name if shown.lower() in name.lower() else f"{name} ({shown})"), place
    if unit and "flop" in unit.lower() and "flop" not in name.lower():
        return f"{name} ({unit})", place
    if RATE.fullmatch(unit) and _SPEED.search(name):
        return f"{name} ({unit})", place
    return name, place
