"""A total loss from its parts, for trainers that log only these (Ultralytics, MMDetection without its total)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from runlens.model import PlacedSeries, RoleSeries

_LOGS_PARTS = "Ultralytics YOLO"
"""The framework in whose table the parts themselves stand as training losses."""


def with_total_loss(groups: Mapping[str, list[RoleSeries]]) -> dict[str, list[RoleSeries]]:
    """Put the sum of the loss parts first among the training losses, where nothing else is a total.

    Parameters
    ----------
    groups : mapping
        Role to series.

    Returns
    -------
    dict
        Unchanged unless there are two parts or more with the same steps and no other training loss. The sum is marked
        `derived`; one part alone is taken for the loss itself.
    """
    out = {role: list(group) for role, group in groups.items()}
    losses = out.get("train_loss", [])
    parts = [r for r in losses if r.by == _LOGS_PARTS]
    if losses and len(parts) < len(losses):
        return out
    parts = parts or [r for r in out.get("other", []) if r.by == "loss-component" and len(r.series) > 1]
    if not losses and len(parts) == 1:
        (only,) = parts
        why = "the only loss in the log"
        out["train_loss"] = [
            RoleSeries("train_loss", only.series, "1", direction="down", confidence=0.5, why=why, origin="only")
        ]
        out["other"] = [r for r in out["other"] if r is not only]
        return out
    if len(parts) < 2 or not all(np.array_equal(r.series.step, parts[0].series.step) for r in parts):
        return out
    first = parts[0].series
    total = np.sum([r.series.value for r in parts], axis=0)
    series = PlacedSeries("train_loss (derived)", first.step, first.time, total)
    why = f"derived: sum of {', '.join(r.series.name for r in parts)}"
    summed = RoleSeries(
        "train_loss", series, "1", "global", direction="down", confidence=0.5, why=why, derived=True, origin="derived"
    )
    out["train_loss"] = [summed, *losses]
    return out
