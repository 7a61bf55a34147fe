"""What a run logs of the load of its experts: shares of the tokens, multiples of a fair share, the balancing loss."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from runlens.model import PlacedSeries, Run
from runlens.run_config import RunConfig, Spelling
from runlens.stats.robust import Floats

Kind = Literal["share", "multiple", "auxiliary-loss"]

_ROUTING = re.compile(r"moe|expert|rout(er|ing)|load[_ -]?balanc|load[_ -]?imbalance|max[_ -]?vio")
"""What one of these names must hold at all: most runs have none, and are passed over at this price."""
_OTHER = re.compile(r"(^|[/_.])(eval|val|valid|validation|test)([/_.]|$)|coef|weight|bias|z[_-]?loss|grad|norm|lr$")
"""Held-out values, settings and other losses of the router."""
_SHARE = re.compile(r"max[_ -](expert[_ -])?(load|frac(tion)?|share|usage)([_ -](mean|max))?$|"
                    r"expert[_ -](load|frac(tion)?|share|usage)[_/ -]max$")  # fmt: skip
_EXCESS = re.compile(r"max[_ -]?vio(lation)?([_ -](global|batch|mean|max))?$")
"""Largest load over the mean load, less one (Wang et al. 2024)."""
_MULTIPLE = re.compile(r"load[_ -]imbalance$|(expert[_ -])?utili[sz]ation[_/ -]max$")
"""Largest load over the mean load: OLMo-core's `load imbalance`, NeMo Automodel's `utilization_max`."""
_AUXILIARY = re.compile(r"load[_ -]?balanc(e|ing)[_ -]?loss([_/ -]?layer[_ -]?\d+)?$|"
                        r"(moe|router|expert)[_/ .-]aux(iliary)?[_ -]?loss$")  # fmt: skip
_EXPERT = re.compile(r"^(.*(?:experts?|tokens_per_expert|expert_load)[_/ .-]?)(\d+)([^0-9]*)$")
_COUNTED = re.compile(r"load|token|frac|share|usage|count|prob")
_EXPERTS = tuple(map(Spelling, ("num_experts", "num_local_experts", "n_routed_experts", "num_moe_experts",
                                "moe_num_experts", "moe.num_experts", "n_experts")))  # fmt: skip
"""Megatron-LM and OLMo, HF Mixtral, DeepSeek, NeMo, MegaBlocks and LLM Foundry, torchtitan."""
_CHOSEN = tuple(map(Spelling, ("num_experts_per_tok", "moe_router_topk", "moe_top_k", "moe.top_k")))


@dataclass(frozen=True, slots=True)
class Load:
    """One measure of how uneven the loads are."""

    metric: str
    kind: Kind
    step: npt.NDArray[np.int64]
    """(n,) int64, strictly increasing."""
    value: Floats
    """(n,) float64, finite: share of the tokens, multiple of a fair share, or the loss as it is logged."""


def loads(run: Run) -> list[Load]:
    """Every measure that the run logs, those of a load before the balancing loss.

    Values that cannot be what their name says (a share above 1, a multiple below 1, counts that lack an expert) are no
    measure: what they mean is not known.
    """
    named = {name: name.lower() for name in run.placed if _ROUTING.search(name.lower())}
    told = {name: low for name, low in named.items() if not _OTHER.search(low)}
    found = _of_each_expert(run, told)
    for name, low in told.items():
        if _SHARE.search(low):
            found.append(_load(run.placed[name], "share", 0.0, 1.0))
        elif _EXCESS.search(low):
            found.append(_load(run.placed[name], "multiple", 1.0, np.inf, add=1.0))
        elif _MULTIPLE.search(low):
            found.append(_load(run.placed[name], "multiple", 1.0, np.inf))
        elif _AUXILIARY.search(low):
            found.append(_load(run.placed[name], "auxiliary-loss", 0.0, np.inf))
    known = [load for load in found if load is not None]
    return sorted(known, key=lambda load: load.kind == "auxiliary-loss")


def fair_share(run: Run) -> float | None:
    """Share of the tokens that each expert gets if all get the same, by the config; None if it does not tell."""
    config = RunConfig(run.config)
    experts, chosen = config.first(_EXPERTS), config.first(_CHOSEN)
    return chosen.value / experts.value if experts and chosen and chosen.value < experts.value else None


def _load(series: PlacedSeries, kind: Kind, least: float, most: float, add: float = 0.0) -> Load | None:
    latest = series.latest()
    known = latest.where(np.isfinite(latest.value))
    value = known.value + add
    if not len(value) or value.min() < least or value.max() > most * 1.001:
        return None
    return Load(series.name, kind, known.step, value)


def _of_each_expert(run: Run, told: dict[str, str]) -> list[Load | None]:
    """The largest of the loads that are logged one by one, as a multiple of their mean; each group of names alone."""
    groups: dict[tuple[str, str], dict[int, str]] = {}
    for name, low in told.items():
        match = _EXPERT.match(low)
        if match and _COUNTED.search(low):
            groups.setdefault((match[1], match[3]), {})[int(match[2])] = name
    found: list[Load | None] = []
    for members in groups.values():
        if len(members) < 3 or sorted(members) != list(range(len(members))):
            continue
        series = [run.placed[members[i]].latest() for i in range(len(members))]
        if any(not np.array_equal(s.step, series[0].step) for s in series):
            continue
        table = np.array([s.value for s in series])
        total = table.sum(axis=0)
        good = np.isfinite(total) & (total > 0) & (table.min(axis=0) >= 0)
        if good.any():
            most = table[:, good].max(axis=0) * len(members) / total[good]
            heaviest = int(np.argmax(table[:, good][:, -1]))
            found.append(Load(members[heaviest], "multiple", series[0].step[good], most))
    return found
