"""The exact table: what 78 frameworks and monitors call their metrics, read from their sources."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from runlens.model import Scope, Split
from runlens.roles.names.claim import Claim

MONITORS = (
    "W&B system metrics",
    "NVIDIA DCGM exporter",
    "nvidia-smi --query-gpu",
    "nvidia_gpu_exporter (Prometheus)",
    "Lightning get_nvidia_gpu_stats",
    "Trackio system metrics",
    "W&B history internals",
)
"""Sources whose names are their own: they are looked up whatever trains the model."""

_ONE_SEGMENT = re.compile(r"\{[^{}]*\}")
_WORD = re.compile(r"[A-Za-z]+")
_WIDE = frozenset({"{param}", "{task}", "{tag}", "{path}", "{dataset}"})


def short(framework: str) -> str:
    """A framework's name without versions and remarks: `nanotron (v0.4)` -> `nanotron`."""
    return framework.split(" (")[0]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the table."""

    framework: str
    key: str
    role: str
    unit: str
    scope: Scope
    axis: str
    flags: frozenset[str]
    source: str
    """Where it was read: repository, path and line."""

    def claim(self, confidence: float, why: str = "name of") -> Claim:
        """What the table says of a series of this name."""
        flags = self.flags | {"known"} if self.role == "other" else self.flags
        split: Split = "eval" if self.role in ("eval_loss", "eval_score") or "dir:validation" in flags else "train"
        by = short(self.framework)
        return Claim(
            self.role, self.unit, self.scope, self.axis, flags, split, "", confidence, f"{why} {by}", "table", by
        )


@dataclass(slots=True)
class Names:
    """The names of one framework: those without placeholders, and those with, by their literal beginning."""

    exact: dict[str, Entry] = field(default_factory=dict)
    patterns: dict[str, list[tuple[str, Entry]]] = field(default_factory=dict)

    def find(self, name: str) -> Entry | None:
        """The entry for a logged name, or None."""
        found = self.exact.get(name)
        if found is not None:
            return found
        fitting = [
            candidate
            for start, candidates in self.patterns.items()
            if name.startswith(start)
            for candidate in candidates
            if name.endswith(candidate[0][candidate[0].rindex("}") + 1 :]) and _regex(candidate[0]).fullmatch(name)
        ]
        return max(fitting, key=lambda pair: len(_ONE_SEGMENT.sub("", pair[0])))[1] if fitting else None


@cache
def table() -> dict[str, Names]:
    """Framework to names; read once, about 3 ms."""
    text = files("runlens.roles.names").joinpath("catalogue.tsv").read_text("utf-8")
    out: dict[str, Names] = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        framework, key, role, unit, scope, axis, flags, source = line.split("\t")
        entry = Entry(framework, key, role, unit, scope, axis, frozenset(flags.split(",") if flags else ()), source)  # type: ignore[arg-type]
        names = out.setdefault(framework, Names())
        brace = key.find("{")
        if brace < 0:
            names.exact.setdefault(key, entry)
        else:
            names.patterns.setdefault(key[:brace], []).append((key, entry))
    return out


@cache
def monitors() -> Names:
    """The names of all monitors, which are looked up whatever trains the model."""
    out = Names()
    for monitor in MONITORS:
        out.exact.update(table()[monitor].exact)
        for start, candidates in table()[monitor].patterns.items():
            out.patterns.setdefault(start, []).extend(candidates)
    return out


@cache
def common() -> dict[str, Entry]:
    """Names that mean one thing in every framework that logs them: usable when no framework is recognised.

    A bare word such as `loss` or `throughput` is left out: it is too common to be anybody's own.
    """
    seen: dict[str, list[Entry]] = {}
    for names in table().values():
        for key, entry in names.exact.items():
            seen.setdefault(key, []).append(entry)
    return {
        key: entries[0]
        for key, entries in seen.items()
        if len({(e.role, e.scope, e.unit, e.axis) for e in entries}) == 1 and len(_WORD.findall(key)) >= 2
    }


@cache
def _regex(key: str) -> re.Pattern[str]:
    """A key with placeholders as a regular expression."""
    out, at = [], 0
    for found in _ONE_SEGMENT.finditer(key):
        out.append(re.escape(key[at : found.start()]))
        name = found.group()
        out.append(r"\d+" if name in ("{i}", "{r}", "{n}", "{index}") else ".+" if name in _WIDE else "[^/]+")
        at = found.end()
    return re.compile("".join(out) + re.escape(key[at:]))
