"""Why a GPU's clocks are held down, as drivers and monitors log it: flags, counters of time, or one number of bits."""

from __future__ import annotations

import re
from typing import Literal

import numpy as np

from runlens.rules.hardware.parts.devices import Mask
from runlens.stats.robust import Floats

Reason = Literal["slowdown", "power-cap"]

POWER_BITS = 0x4
"""`nvmlClocksEventReasonSwPowerCap`."""
SLOWDOWN_BITS = 0x8 | 0x20 | 0x40 | 0x80
"""`HwSlowdown`, `SwThermalSlowdown`, `HwThermalSlowdown`, `HwPowerBrakeSlowdown`; the others (idle, application clocks,
sync boost, display) are settings or rest."""
_HARMLESS = re.compile(r"idle|app(lication)?s?_?clock|sync_?boost|display|supported")
_ONE_NUMBER = re.compile(r"(throttle|event)_?reasons?(_active)?([^a-z]|$)(?!.*(power|thermal|slowdown|brake))")


def active_reasons(name: str, kind: str, value: Floats) -> list[tuple[Reason, Mask]]:
    """What holds the clocks down at each sample.

    Parameters
    ----------
    name : str
        As logged: a single reason (`clocks_event_reasons.sw_power_cap`), a counter of the time lost to one
        (`DCGM_FI_DEV_THERMAL_VIOLATION`), or all reasons as bits (`DCGM_FI_DEV_CLOCK_THROTTLE_REASONS`).
    kind : str
        `counter` where the roles know it for one.
    value : ndarray of float64, shape (n,), finite

    Returns
    -------
    list of (reason, mask of shape (n,))
        Empty for reasons that are no loss, such as a GPU at rest.
    """
    text = name.lower().replace(".", "_")
    if _HARMLESS.search(text):
        return []
    if _ONE_NUMBER.search(text):
        bits = np.where((value >= 0) & (value < 2**31), value, 0.0).astype(np.int64)
        return [("slowdown", (bits & SLOWDOWN_BITS) > 0), ("power-cap", (bits & POWER_BITS) > 0)]
    if kind == "counter" or "violation" in text:
        active = np.diff(value, prepend=value[:1]) > 0
    else:
        active = value > 0
    brake = "brake" in text  # the board's emergency brake, no cap by design
    return [("power-cap" if "power" in text and not brake else "slowdown", np.asarray(active))]
