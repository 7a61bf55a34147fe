"""Losses in bits: told by the perplexity beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from runlens.model import RoleSeries
from runlens.roles.numbers import middle


def in_nats(groups: Mapping[str, list[RoleSeries]]) -> dict[str, list[RoleSeries]]:
    """Change losses to nats whose own perplexity is 2 to the loss (fairseq and its children log base 2).

    A loss without a perplexity at the same steps, or whose perplexity is e to the loss, stays as it is.
    """
    out = {role: list(group) for role, group in groups.items()}
    for role in ("train_loss", "eval_loss"):
        for i, loss in enumerate(out.get(role, [])):
            twin = next((p for p in out.get("perplexity", []) if p.split == loss.split and p.task == loss.task), None)
            if loss.unit != "nats" or twin is None:
                continue
            _, a, b = np.intersect1d(loss.series.step, twin.series.step, return_indices=True)
            with np.errstate(divide="ignore", invalid="ignore"):
                base = np.exp(np.log(twin.series.value[b]) / loss.series.value[a])
            base = base[np.isfinite(base)]
            if len(base) and abs(middle(base) - 2.0) < 0.02:
                series = loss.series.with_value(loss.series.value * np.log(2.0))
                out[role][i] = replace(
                    loss, series=series, why=f"{loss.why}; in bits, because {twin.series.name} is 2 to it"
                )
    return out
