"""How many devices a run has."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from runlens.model import RoleSeries, Run
from runlens.roles.numbers import middle


def world_size(run: Run, groups: Mapping[str, list[RoleSeries]], devices: int) -> int:
    """GPUs or other accelerators of the whole run, 0 if unknown.

    Parameters
    ----------
    run : Run
        `config` may tell it.
    groups : mapping
        Role to series.
    devices : int
        Distinct devices that log hardware metrics: a lower bound, since a monitor often sees one node only.

    Notes
    -----
    In order of belief: a logged world size, a rate logged both whole and per GPU, the configuration, the devices seen.
    """
    for r in groups.get("world_size", []):
        finite = r.series.value[np.isfinite(r.series.value)]
        if len(finite) and finite[-1] >= 1:
            return round(float(finite[-1]))
    for role in ("tokens_per_second", "samples_per_second", "tflops"):
        ratio = _pair_ratio(groups.get(role, []))
        if ratio:
            return max(ratio, devices)
    told = run.configured.gpus()
    return max(int(told.value) if told else 0, devices)


def _pair_ratio(group: list[RoleSeries]) -> int:
    """Whole rate over rate per GPU where both are logged, if it is a whole number; else 0."""
    train = [r for r in group if r.split == "train" and not r.derived and not r.device and not r.cumulative]
    whole = next((r.series for r in train if r.scope == "global"), None)
    single = next((r.series for r in train if r.scope == "per_gpu"), None)
    if whole is None or single is None:
        return 0
    _, a, b = np.intersect1d(whole.step, single.step, return_indices=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = whole.value[a] / single.value[b]
    ratios = ratios[np.isfinite(ratios)]
    if len(ratios) == 0:
        return 0
    usual = middle(ratios)
    return round(usual) if usual >= 0.9 and abs(usual - round(usual)) <= 0.05 * usual else 0
